"""A call as the server works on it, and what an interceptor is."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import Any, TypeAlias

import grpc
from google.protobuf import message as protobuf

from mesh import clock as clocks
from mesh import errors, idempotency
from mesh.documents import port as documents
from mesh.rpc import context
from mesh.rpc.policy import MethodPolicy

ServicerContext: TypeAlias = grpc.aio.ServicerContext[Any, Any]


class Call:
    """What is learned about a call on its way in and what comes of it.

    `raw`: the request's bytes, or an async iterator of them for a client stream. `request`: what the servicer gets.
    `error`: what was raised. `timeout_s`: set where the server must end the call itself, since the caller did not say.
    `told_principal`: the principal that the context named; `principal`: the one that is believed.
    """

    __slots__ = (
        "cancelled",
        "client_address",
        "correlation_id",
        "deadline",
        "error",
        "grpc",
        "notes",
        "peer",
        "policy",
        "principal",
        "raw",
        "request",
        "request_id",
        "started",
        "taken",
        "timeout_s",
        "told_principal",
        "traceparent",
        "user_agent",
    )

    def __init__(self, policy: MethodPolicy, raw: Any, grpc_context: ServicerContext) -> None:
        self.policy, self.raw, self.grpc = policy, raw, grpc_context
        self.started = time.monotonic()
        self.request: Any = None
        self.error: Exception | None = None
        self.cancelled = self.taken = False
        self.deadline: float | None = None
        self.timeout_s: float | None = None
        self.told_principal: context.Principal | None = None
        self.principal: context.Principal | None = None
        self.peer = self.request_id = self.correlation_id = self.client_address = self.user_agent = ""
        self.traceparent = ""
        self.notes: dict[str, str] | None = None

    def bind(self, service: str) -> None:
        """Make it the call under way in this task."""
        info = context.CallInfo(
            service,
            self.policy.name,
            self.peer,
            self.request_id,
            self.correlation_id,
            self.principal,
            self.client_address,
            self.user_agent,
            self.deadline,
            self.traceparent,
            self.notes,
        )
        context.set_current(info)

    @property
    def service_error(self) -> errors.ServiceError | None:
        """The error as the caller will be told it; set once the errors interceptor has had its turn."""
        return self.error if isinstance(self.error, errors.ServiceError) else None


class Load:
    """How many calls a server works on now, and how many it takes.

    `in_flight`: calls that were let in. `unsettled`: calls that have arrived and are not logged and recorded yet.
    """

    def __init__(self, maximum: int) -> None:
        self.maximum, self.in_flight, self.unsettled = maximum, 0, 0


@dataclasses.dataclass(frozen=True)
class Surroundings:
    """What the interceptors of one server share. `claims`: needed where a method takes an idempotency key."""

    service: str
    documents: documents.Documents
    clock: clocks.Clock
    load: Load
    claims: idempotency.Claims | None = None


@dataclasses.dataclass(frozen=True)
class Handler:
    """A method as the generated code registers it: the servicer's behaviour and its codecs."""

    behaviour: Callable[..., Any]
    parse: Callable[[bytes], protobuf.Message]
    serialise: Callable[[protobuf.Message], bytes]


class Interceptor:
    """One concern of every call of one method. Made once at start; keeps nothing between calls."""

    def __init__(self, surroundings: Surroundings, policy: MethodPolicy, handler: Handler) -> None:
        self.surroundings, self.policy, self.handler = surroundings, policy, handler

    def before(self, call: Call) -> None:
        """On the way in, in order. Raising refuses the call: nothing further in sees it."""

    def after(self, call: Call) -> None:
        """On the way out, in reverse order, whatever came of the call; also where an outer one refused it."""

    async def settle(self, call: Call) -> None:
        """Like `after`, for the one interceptor that has something to wait for before the answer goes out."""
