"""Calls on a stream that stays open: each request has its own answer, and costs a third of a call of its own.

A contract asks for it by streaming both ways. A stream carries one call at a time, so nothing is numbered; calls at the
same time have a stream each. A stream serves for a while and is replaced, so that its server may change.
"""

from __future__ import annotations

import asyncio
import math
import time
from typing import Any, Protocol

import grpc

from mesh import errors
from mesh.rpc import uploads

# How long a stream takes on calls.
LIFE_S = 60.0
# More streams than this are never kept for later calls.
IDLE_LIMIT = 4


class Accounts(Protocol):
    """What a stub knows of its calls (`channels.Caller`)."""

    def budget_s(self, timeout_s: float | None, default_s: float) -> float: ...

    def succeeded(self) -> None: ...

    def failed(self, error: grpc.aio.AioRpcError) -> errors.ServiceError: ...


class Conversation:
    """One method that streams both ways, called like one that does not: `await stub.BatchVerifyTokens(request)`.

    `request.timeout_ms` is set here. Calls on one stream have different causes, so none of their contexts travels.
    """

    def __init__(self, inner: Any, accounts: Accounts, default_s: float) -> None:
        self._inner, self._accounts, self._default_s = inner, accounts, default_s
        self._idle: list[_Line] = []

    async def __call__(self, request: Any, *, timeout: float | None = None) -> Any:  # noqa: ASYNC109 - as in grpc.aio
        accounts = self._accounts
        budget_s = accounts.budget_s(timeout, self._default_s)
        request.timeout_ms = math.ceil(budget_s * 1000)
        try:
            async with asyncio.timeout(budget_s):
                answer = await self._ask(request, budget_s)
        except TimeoutError:
            raise errors.DeadlineExceeded from None
        except grpc.aio.AioRpcError as error:
            raise accounts.failed(error) from None
        accounts.succeeded()
        return answer

    async def _ask(self, request: Any, budget_s: float) -> Any:
        """The answer; on a second stream if the server ended the first one before it read the request."""
        for _ in range(2):
            line = self._line(budget_s)
            try:
                answer = await line.ask(request)
            except BaseException:
                line.call.cancel()  # whatever comes on it now is nobody's answer
                raise
            if answer is not grpc.aio.EOF:
                self._keep(line)
                return answer
        raise errors.Unavailable

    def _line(self, budget_s: float) -> _Line:
        """A stream that lasts as long as the call may take."""
        while self._idle:
            line = self._idle.pop()
            if line.lasts(budget_s):
                return line
            line.call.cancel()
        return _Line(self._inner(timeout=LIFE_S + budget_s), LIFE_S + budget_s)

    def _keep(self, line: _Line) -> None:
        if len(self._idle) < IDLE_LIMIT:
            self._idle.append(line)
        else:
            line.call.cancel()


class _Line:
    """An open stream, `lasts_s` seconds from now."""

    def __init__(self, call: Any, lasts_s: float) -> None:
        self.call = call
        self._own_words = uploads.last_words(call)
        self._ends_at = time.monotonic() + lasts_s
        self._is_used = False

    def lasts(self, budget_s: float) -> bool:
        """Whether it is open, and stays so for that long."""
        return time.monotonic() + budget_s <= self._ends_at and not self.call.done()

    async def ask(self, request: Any) -> Any:
        """The answer; EOF when the stream ended before the request was read, so that another may carry it."""
        if not await self._is_sent(request):
            return grpc.aio.EOF
        self._is_used = True
        try:
            return await self.call.read()
        except grpc.aio.AioRpcError as error:
            raise self._own_words(error) from None

    async def _is_sent(self, request: Any) -> bool:
        """False on a stream that served before and has ended meanwhile."""
        try:
            await self.call.write(request)
        except asyncio.InvalidStateError:
            return False
        except grpc.aio.AioRpcError as error:
            if self._is_used:
                return False
            raise self._own_words(error) from None
        return True
