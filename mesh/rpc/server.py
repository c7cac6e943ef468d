"""The only builder of servers: mTLS always, policy always, drained before it stops."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import grpc
from grpc_reflection.v1alpha import reflection  # type: ignore[import-untyped]

from mesh import telemetry, tls
from mesh.rpc import pipeline, policy
from mesh.rpc.call import Surroundings

MESSAGE_LIMIT_BYTES = 8 * 1024 * 1024
# Answers to a statement with many bad rows name each of them in the trailing metadata.
METADATA_LIMIT_BYTES = 256 * 1024
# sockaddr_un holds 108 bytes, one of them the end.
SOCKET_PATH_LIMIT_BYTES = 107
SETTLE_LIMIT_S = 5.0
SETTLE_PAUSE_S = 0.01

SIZE_OPTIONS: tuple[tuple[str, int], ...] = (
    ("grpc.max_receive_message_length", MESSAGE_LIMIT_BYTES),
    ("grpc.max_send_message_length", MESSAGE_LIMIT_BYTES),
    ("grpc.max_metadata_size", METADATA_LIMIT_BYTES),
    ("grpc.absolute_max_metadata_size", METADATA_LIMIT_BYTES),
)
OPTIONS: tuple[tuple[str, int], ...] = (
    *SIZE_OPTIONS,
    ("grpc.so_reuseport", 0),  # a second process on the same port must fail, not share it silently
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),  # channels of the mesh ping every 30 s
    ("grpc.http2.max_ping_strikes", 3),
)


class StartError(Exception):
    """Something that is needed to start cannot be had. One line for the operator."""


@dataclasses.dataclass(frozen=True)
class Registration:
    """A servicer and how it is added: `add` is the generated `add_XServicer_to_server`.

    `name`: full name of the contract's service, such as "credpass.auth.v1.AuthService".
    """

    name: str
    add: Callable[[Any, grpc.aio.Server], None]
    servicer: Any


class Server:
    """Serves the contracts of one service."""

    def __init__(
        self, surroundings: Surroundings, registrations: Sequence[Registration], identity: tls.Identity, address: str
    ) -> None:
        """`address`: `host:port`, where port 0 takes a free one, or `unix:/path`.

        Raises:
            policy.PolicyError: a contract does not say who may call each method.
        """
        self._surroundings, self._address = surroundings, address
        names = [registration.name for registration in registrations]
        policies = policy.of_services(names)
        handlers = _handlers(surroundings, policies, registrations)
        self._server = grpc.aio.server(options=OPTIONS)
        self._server.add_generic_rpc_handlers((_Handlers(handlers),))
        reflection.enable_server_reflection([*names, reflection.SERVICE_NAME], self._server)
        self._bound = _bind(self._server, address, identity, surroundings.service)
        in_flight = telemetry.RPC_IN_FLIGHT.labels(surroundings.service)
        in_flight.set_function(lambda: float(surroundings.load.in_flight))

    @property
    def target(self) -> str:
        """Where it can be reached: its address, with the port that it got."""
        return self._bound

    async def start(self) -> None:
        """Begin to serve."""
        await self._server.start()

    async def drain(self, grace_s: float) -> None:
        """Take no new calls, let those under way finish for so long, then end them and stop.

        A call that was ended still leaves its log line and its record, so the stores stay open until this returns.
        """
        stopping = asyncio.ensure_future(self._server.stop(grace_s))
        await asyncio.sleep(0)  # from here on no stream is opened anew
        self._surroundings.load.hang_up()
        await stopping
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_LIMIT_S):
                while self._surroundings.load.unsettled:  # noqa: ASYNC110 - an event would cost every call something
                    await asyncio.sleep(SETTLE_PAUSE_S)


class _Handlers(grpc.GenericRpcHandler):
    """All methods behind one handler: grpc.aio waits on each registered method apart, which makes every call dearer."""

    def __init__(self, handlers: Mapping[str, grpc.RpcMethodHandler[Any, Any]]) -> None:
        self._handlers = handlers

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, Any] | None:
        return self._handlers.get(handler_call_details.method)


class _Recorder:
    """Stands in for a server while the generated code registers its handlers."""

    def __init__(self) -> None:
        self.handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {}

    def add_generic_rpc_handlers(self, handlers: Iterable[object]) -> None:
        """The generated code also registers everything this way; nothing is in it that the other way does not bring."""

    def add_registered_method_handlers(
        self, service: str, handlers: Mapping[str, grpc.RpcMethodHandler[Any, Any]]
    ) -> None:
        self.handlers |= {f"/{service}/{method}": handler for method, handler in handlers.items()}


def _handlers(
    surroundings: Surroundings, policies: Mapping[str, policy.MethodPolicy], registrations: Sequence[Registration]
) -> dict[str, grpc.RpcMethodHandler[Any, Any]]:
    recorder: Any = _Recorder()
    for registration in registrations:
        registration.add(registration.servicer, recorder)
    if recorder.handlers.keys() != policies.keys():
        odd = ", ".join(sorted(recorder.handlers.keys() ^ policies.keys()))
        raise policy.PolicyError(f"registrations and contracts differ in {odd}")
    return {
        path: pipeline.method_handler(surroundings, policies[path], handler)
        for path, handler in recorder.handlers.items()
    }


def _bind(server: grpc.aio.Server, address: str, identity: tls.Identity, service: str) -> str:
    path = address.removeprefix("unix:")
    if path != address and len(path.encode()) > SOCKET_PATH_LIMIT_BYTES:
        raise StartError(f"{service}: a socket's path has at most {SOCKET_PATH_LIMIT_BYTES} bytes: {path}")
    try:
        port = server.add_secure_port(address, identity.server_credentials())
    except RuntimeError:
        raise StartError(f"CREDPASS_{service.upper()}_LISTEN: cannot listen on {address}; is it in use?") from None
    return address if path != address else f"{address.rpartition(':')[0]}:{port}"
