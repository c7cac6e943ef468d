"""The interceptors of a method and its behaviour, put together once at start into the one function that a call runs.

grpc.aio would await each interceptor for each call and build a handler each time; here a call costs a few plain
function calls, and errors in parsing and serialising are ours to answer too.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import grpc

from mesh import errors
from mesh.rpc import interceptors, status
from mesh.rpc.call import Call, Handler, Interceptor, ServicerContext, Surroundings
from mesh.rpc.interceptors.audit import Audit
from mesh.rpc.once import Once
from mesh.rpc.policy import MethodPolicy, PolicyError

Work = Callable[[Call], Awaitable[Any]]


class Pipeline:
    """Runs the calls of one method through the interceptors."""

    def __init__(self, surroundings: Surroundings, policy: MethodPolicy, handler: Handler) -> None:
        self._service, self._policy, self._handler = surroundings.service, policy, handler
        self._load = surroundings.load
        self._make: Work = self._once(surroundings) if policy.takes_key else self._answer
        chain = [
            kind(surroundings, policy, handler) for kind in interceptors.ORDER if kind is not Audit or policy.audit
        ]
        audit = next((index for index, link in enumerate(chain) if isinstance(link, Audit)), None)
        inner = 0 if audit is None else audit + 1
        self._befores = tuple(link.before for link in chain if _overrides(link, "before"))
        self._afters = tuple(link.after for link in reversed(chain[inner:]) if _overrides(link, "after"))
        self._settle = None if audit is None else chain[audit].settle
        self._last_afters = tuple(link.after for link in reversed(chain[:inner]) if _overrides(link, "after"))

    async def unary(self, raw: Any, grpc_context: ServicerContext) -> bytes:
        """A call with one answer; `raw` is bytes, or a stream of them."""
        answer: bytes = await self._run(Call(self._policy, raw, grpc_context), self._make)
        return answer

    async def stream(self, raw: Any, grpc_context: ServicerContext) -> None:
        """A call whose answers are written as they come."""
        await self._run(Call(self._policy, raw, grpc_context), self._write)

    def _once(self, surroundings: Surroundings) -> Once:
        if surroundings.claims is None:
            raise PolicyError(f"{self._policy.name}: the server has no place to claim idempotency keys in")
        return Once(surroundings.claims, self._policy, self._answer)

    async def _answer(self, call: Call) -> bytes:
        return self._handler.serialise(await self._handler.behaviour(call.request, call.grpc))

    async def _write(self, call: Call) -> None:
        async with contextlib.aclosing(self._handler.behaviour(call.request, call.grpc)) as answers:
            async for answer in answers:
                await call.grpc.write(self._handler.serialise(answer))

    async def _run(self, call: Call, work: Work) -> Any:
        answer = None
        self._load.unsettled += 1
        try:
            for before in self._befores:
                before(call)
            call.bind(self._service)
            if call.timeout_s is None:
                answer = await work(call)
            else:
                async with asyncio.timeout(call.timeout_s):
                    answer = await work(call)
        except asyncio.CancelledError:
            call.cancelled, call.error = True, _cancellation(call)
            await self._leave(call)
            raise
        except Exception as error:  # noqa: BLE001 - the outermost place: everything becomes an answer here
            call.error = error
        await self._leave(call)
        if call.error is not None:
            await status.abort(call.grpc, call.service_error or errors.Internal())
        return answer

    async def _leave(self, call: Call) -> None:
        try:
            for after in self._afters:
                after(call)
            if self._settle is not None:
                await self._settle(call)
            for after in self._last_afters:
                after(call)
        finally:
            self._load.unsettled -= 1


def _overrides(link: Interceptor, name: str) -> bool:
    return getattr(type(link), name) is not getattr(Interceptor, name)


def _cancellation(call: Call) -> errors.ServiceError:
    """Why the transport ended the call: its deadline passed, or the caller went away."""
    if call.grpc.time_remaining() == 0:
        return errors.DeadlineExceeded()
    return errors.Unavailable("The caller went away before the answer.")


def method_handler(
    surroundings: Surroundings, policy: MethodPolicy, registered: grpc.RpcMethodHandler[Any, Any]
) -> grpc.RpcMethodHandler[Any, Any]:
    """The handler that takes the place of the generated one: it works on bytes and runs the whole pipeline.

    grpc.aio looks at the function itself to choose how to run it, so these are real coroutine functions.
    """
    behaviour = registered.unary_unary or registered.unary_stream or registered.stream_unary or registered.stream_stream
    assert behaviour is not None
    assert registered.request_deserializer is not None
    assert registered.response_serializer is not None
    handler = Handler(behaviour, registered.request_deserializer, registered.response_serializer)
    pipeline = Pipeline(surroundings, policy, handler)
    match (policy.client_streaming, policy.server_streaming):
        case (False, False):
            return grpc.unary_unary_rpc_method_handler(pipeline.unary)
        case (False, True):
            return grpc.unary_stream_rpc_method_handler(pipeline.stream)
        case (True, False):
            return grpc.stream_unary_rpc_method_handler(pipeline.unary)
        case _:
            return grpc.stream_stream_rpc_method_handler(pipeline.stream)
