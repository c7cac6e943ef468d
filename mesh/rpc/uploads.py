"""Sending a stream of requests for one answer, so that a failure on either side ends both."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterable, Callable, Coroutine
from typing import Any

import grpc

# What grpc.aio writes over the server's own words when a message was on its way as the server ended the call.
_OVERWRITTEN = "Internal error from Core"


async def send(call: Any, requests: AsyncIterable[Any]) -> Any:
    """Write all requests to a stream-unary call of grpc.aio and give its answer.

    The other side may answer, or refuse, before it has read everything: then the rest is not read either. What
    `requests` raises ends the call and is raised here. (grpc.aio itself would make a CancelledError of it.)

    Raises:
        grpc.aio.AioRpcError: the call failed; it says what the server said.
    """
    own_words = last_words(call)
    writing = asyncio.create_task(_write(call, requests))
    try:
        return await call
    except grpc.aio.AioRpcError as error:
        raise own_words(error) from None
    except asyncio.CancelledError:
        if writing.done() and not writing.cancelled() and writing.exception() is not None and not _is_cancelled():
            await writing
        raise
    finally:
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
        call.cancel()


def last_words(call: Any) -> Callable[[grpc.aio.AioRpcError], grpc.aio.AioRpcError]:
    """For an error of a call that is written to: the one that tells what the server said, where that is known."""
    outcomes: list[grpc.aio.AioRpcError] = []
    call.add_done_callback(lambda ended: outcomes.append(_outcome(ended)))
    return lambda error: next((each for each in outcomes if each.details() != _OVERWRITTEN), error)


async def _write(call: Any, requests: AsyncIterable[Any]) -> None:
    try:
        async for request in requests:
            try:
                await call.write(request)
            except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
                return  # the call is over: its outcome tells why
        with contextlib.suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):
            await call.done_writing()
    except Exception:
        call.cancel()
        raise


def _outcome(ended: Any) -> grpc.aio.AioRpcError:
    """The status of a call that has just ended, before anything can write over it."""
    code, details = _immediate(ended.code()), _immediate(ended.details())
    return grpc.aio.AioRpcError(code, None, _immediate(ended.trailing_metadata()), details)


def _immediate(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """The result of a coroutine that has nothing to wait for."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    coroutine.close()
    raise RuntimeError("a call that has ended did not know its status")


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
