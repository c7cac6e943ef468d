"""Calls to other services: mTLS, a deadline on each, retries where the contract allows them, typed errors back.

A stub from here is used like a generated one: `await stub.Login(request)`, `async for x in stub.StreamRows(request)`,
`await stub.UploadStatement(requests)`. A call is sent when it is awaited. Whoever leaves a stream early closes it
(`contextlib.aclosing`).
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterable, Callable, Iterable
from typing import Any, TypeVar, cast

import grpc
from google.protobuf import descriptor

from mesh import errors, telemetry, tls
from mesh.rpc import context, idempotency, policy, uploads
from mesh.rpc.server import SIZE_OPTIONS, StartError
from mesh.rpc.status import from_rpc_error
from mesh.settings import Settings

DEFAULT_TIMEOUT_S = 5.0
STREAM_TIMEOUT_S = 60.0
# Kept back at each hop, so that the inner service reports its own timeout before the outer one's passes.
SHAVE_S = 0.05

RETRY_POLICY = {
    "maxAttempts": 3,
    "initialBackoff": "0.05s",
    "maxBackoff": "0.5s",
    "backoffMultiplier": 2,
    # Only this: the call was not answered, and calling again may help. Everything else was an answer.
    "retryableStatusCodes": ["UNAVAILABLE"],
}
# The budget: each failure takes a token, each success gives a fifth back; at half the tokens retries stop.
RETRY_THROTTLING = {"maxTokens": 20, "tokenRatio": 0.2}

OPTIONS: tuple[tuple[str, Any], ...] = (
    *SIZE_OPTIONS,
    ("grpc.enable_retries", 1),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    # A service that is down is an answer within milliseconds, and is found again soon after it came back.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 2_000),  # this is the time allowed for connecting
    ("grpc.max_reconnect_backoff_ms", 1_000),
)

Stub = TypeVar("Stub")


class Channels:
    """The stubs of one service towards the others. It shows `service`'s certificate."""

    def __init__(self, settings: Settings, tls_: tls.Tls, service: str) -> None:
        self._settings, self._identity = settings, tls_.identity(service)
        self._credentials = self._identity.channel_credentials()
        self._open: list[grpc.aio.Channel] = []

    def stub(self, factory: Callable[[grpc.aio.Channel], Stub], service: str) -> Stub:
        """A stub of the generated class `factory` whose calls go to `service`. Make it once, at start.

        Calls take `timeout` in seconds (default 5, streams 60), which never exceeds what is left to the call under way.
        They raise `mesh.errors.ServiceError`, of the type that was raised over there where this process knows it.

        Raises:
            StartError: there is no such service, or its methods are of a kind that the mesh does not have.
        """
        if service not in self._settings.targets:
            raise StartError(f"{self._identity.service}: no target for a service named {service!r}")
        options = (*OPTIONS, *tls.target_options(service), ("grpc.service_config", _service_config(factory)))
        target = self._settings.target(service)
        channel = grpc.aio.secure_channel(target, self._credentials, options=options)
        self._open.append(channel)
        caller = Caller(service, with_principal=self._identity.service == "gateway")
        return factory(cast("grpc.aio.Channel", _StubChannel(channel, caller)))

    async def close(self) -> None:
        """Close every connection; calls that are still under way are cancelled."""
        while self._open:
            await self._open.pop().close()


class Caller:
    """What every call of a stub carries."""

    def __init__(self, target: str, *, with_principal: bool) -> None:
        self.target, self._with_principal = target, with_principal
        self._succeeded = telemetry.CLIENT_CALLS.labels(target, "ok")

    def budget_s(self, timeout_s: float | None, default_s: float) -> float:
        """How long a call may take: what was asked for, within what is left to the call under way.

        Raises:
            errors.DeadlineExceeded: nothing is left.
        """
        asked_s = default_s if timeout_s is None else timeout_s
        remaining_s = context.remaining_s()
        budget_s = asked_s if remaining_s is None else min(asked_s, remaining_s - SHAVE_S)
        if budget_s <= 0:
            raise errors.DeadlineExceeded
        return budget_s

    def metadata(self) -> tuple[tuple[str, str | bytes], ...]:
        """The context of the call under way, as it travels."""
        info = context.current()
        told = (context.METADATA_KEY, context.encode(info, with_principal=self._with_principal))
        return (told, (context.TRACE_KEY, info.traceparent)) if info.traceparent else (told,)

    def succeeded(self) -> None:
        """Count an answer."""
        self._succeeded.inc()

    def failed(self, error: grpc.aio.AioRpcError) -> errors.ServiceError:
        """Count a failure; the error that it stands for."""
        rebuilt = from_rpc_error(error)
        telemetry.CLIENT_CALLS.labels(self.target, rebuilt.kind.value).inc()
        return rebuilt


class _Unary:
    def __init__(self, inner: Any, caller: Caller) -> None:
        self._inner, self._caller = inner, caller

    async def __call__(self, request: Any, *, timeout: float | None = None) -> Any:  # noqa: ASYNC109 - as in grpc.aio
        caller = self._caller
        budget_s = caller.budget_s(timeout, DEFAULT_TIMEOUT_S)
        try:
            answer = await self._inner(request, timeout=budget_s, metadata=caller.metadata())
        except grpc.aio.AioRpcError as error:
            raise caller.failed(error) from None
        caller.succeeded()
        return answer


class _ServerStream:
    def __init__(self, inner: Any, caller: Caller) -> None:
        self._inner, self._caller = inner, caller

    async def __call__(self, request: Any, *, timeout: float | None = None) -> Any:  # noqa: ASYNC109 - as in grpc.aio
        caller = self._caller
        budget_s = caller.budget_s(timeout, STREAM_TIMEOUT_S)
        call = self._inner(request, timeout=budget_s, metadata=caller.metadata())
        try:
            async for answer in call:
                yield answer
        except grpc.aio.AioRpcError as error:
            raise caller.failed(error) from None
        finally:
            call.cancel()
        caller.succeeded()


class _ClientStream:
    def __init__(self, inner: Any, caller: Caller) -> None:
        self._inner, self._caller = inner, caller

    async def __call__(self, requests: AsyncIterable[Any], timeout: float | None = None) -> Any:  # noqa: ASYNC109
        caller = self._caller
        budget_s = caller.budget_s(timeout, STREAM_TIMEOUT_S)
        sent = idempotency.under_way()
        metadata = (*caller.metadata(), sent.entry) if sent else caller.metadata()
        call = self._inner(timeout=budget_s, metadata=metadata)
        try:
            answer = await idempotency.noted(call, uploads.send(call, requests), sent)
        except grpc.aio.AioRpcError as error:
            raise caller.failed(error) from None
        caller.succeeded()
        return answer


class _KeyedUnary(_Unary):
    """A call that takes an idempotency key: one that is made while a key is under way carries it."""

    async def __call__(self, request: Any, *, timeout: float | None = None) -> Any:  # noqa: ASYNC109 - as in grpc.aio
        sent = idempotency.under_way()
        if sent is None:
            return await super().__call__(request, timeout=timeout)
        caller = self._caller
        budget_s = caller.budget_s(timeout, DEFAULT_TIMEOUT_S)
        call = self._inner(request, timeout=budget_s, metadata=(*caller.metadata(), sent.entry))
        try:
            answer = await idempotency.noted(call, call, sent)
        except grpc.aio.AioRpcError as error:
            raise caller.failed(error) from None
        caller.succeeded()
        return answer


class _StubChannel:
    """Stands in for a channel while a generated stub makes its methods."""

    def __init__(self, channel: grpc.aio.Channel, caller: Caller) -> None:
        self._channel, self._caller = channel, caller

    def unary_unary(self, method: str, **codecs: Any) -> _Unary:
        kind = _KeyedUnary if policy.takes_key(_method(method)) else _Unary
        return kind(self._channel.unary_unary(method, **codecs), self._caller)

    def unary_stream(self, method: str, **codecs: Any) -> Any:
        # A bound method: calling it must give an async generator, not a coroutine of one.
        return _ServerStream(self._channel.unary_stream(method, **codecs), self._caller).__call__

    def stream_unary(self, method: str, **codecs: Any) -> _ClientStream:
        return _ClientStream(self._channel.stream_unary(method, **codecs), self._caller)

    def stream_stream(self, method: str, **_codecs: Any) -> Any:
        raise StartError(f"{method}: calls that stream both ways are not made in the mesh")


class _Paths:
    """Stands in for a channel to learn which methods a stub has."""

    def __init__(self) -> None:
        self.paths: list[str] = []

    def _note(self, method: str, **_codecs: Any) -> None:
        self.paths.append(method)

    unary_unary = unary_stream = stream_unary = stream_stream = _note


def _service_config(factory: Callable[[Any], object]) -> str:
    """Retries for the idempotent methods of a stub (gRPC A6)."""
    noted = _Paths()
    factory(noted)
    names = [{"service": service, "method": method} for service, method in _idempotent(noted.paths)]
    config: dict[str, Any] = {"retryThrottling": RETRY_THROTTLING}
    if names:
        config["methodConfig"] = [{"name": names, "retryPolicy": RETRY_POLICY}]
    return json.dumps(config)


def _idempotent(paths: Iterable[str]) -> Iterable[tuple[str, str]]:
    for path in paths:
        if policy.is_idempotent(_method(path)):
            service, _, method = path.strip("/").rpartition("/")
            yield service, method


def _method(path: str) -> descriptor.MethodDescriptor:
    """The contract of a method by its request path."""
    service, _, method = path.strip("/").rpartition("/")
    return policy.service_descriptor(service).methods_by_name[method]
