"""Ids in, one log line and the metrics of the call out."""

from __future__ import annotations

import time
from collections.abc import Iterable

from mesh import ids, logs, telemetry
from mesh.errors import Kind
from mesh.rpc import context
from mesh.rpc.call import Call, Handler, Interceptor, Surroundings
from mesh.rpc.policy import MethodPolicy

# What the operator must look at; the rest is the caller's affair.
_OURS = frozenset({Kind.INTERNAL, Kind.UNAVAILABLE, Kind.DEADLINE_EXCEEDED})


class RequestLog(Interceptor):
    """Takes request and correlation id (new ones where none came), logs the call and counts it."""

    def __init__(self, surroundings: Surroundings, policy: MethodPolicy, handler: Handler) -> None:
        super().__init__(surroundings, policy, handler)
        self._service, self._method = surroundings.service, policy.name
        self._count = telemetry.latencies(surroundings.service, policy.name).add

    def before(self, call: Call) -> None:
        try:
            _read_context(call, call.grpc.invocation_metadata() or ())
        finally:
            call.request_id = call.request_id or ids.new_id("req")
            call.correlation_id = call.correlation_id or ids.new_id("corr")

    def after(self, call: Call) -> None:
        error = call.service_error
        taken_s = time.monotonic() - call.started
        level, kind = "info", "ok"
        metadata = {
            "method": self._method,
            "peer": call.peer,
            "requestId": call.request_id,
            "durationMs": round(taken_s * 1000, 3),
        }
        if error is not None:
            level, kind = _level(call, error.kind), error.kind.value
            metadata["reason"] = error.reason
        self._count(kind, taken_s)
        metadata["outcome"] = "cancelled" if call.cancelled else kind
        logs.write(level, self._service, call.correlation_id, "call", metadata)


def _level(call: Call, kind: Kind) -> str:
    if call.cancelled:
        return "info"
    return "error" if kind is Kind.INTERNAL else "warning" if kind in _OURS else "info"


def _read_context(call: Call, metadata: Iterable[tuple[str, str | bytes]]) -> None:
    for key, value in metadata:
        if key == context.METADATA_KEY and isinstance(value, bytes):
            told = context.decode(value)
            call.request_id = told.request_id[: context.TEXT_LIMIT]
            call.correlation_id = told.correlation_id[: context.TEXT_LIMIT]
            call.client_address = told.client_address[: context.TEXT_LIMIT]
            call.user_agent = told.user_agent[: context.USER_AGENT_LIMIT]
            call.told_principal = context.principal_of(told)
        elif key == context.TRACE_KEY and isinstance(value, str):
            call.traceparent = value[: context.TEXT_LIMIT]
