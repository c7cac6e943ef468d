"""Typed errors to gRPC status and back: the only module that knows status codes.

The shapes are those of google.rpc.Status with ErrorInfo, BadRequest and RetryInfo (AIP-193), carried in the trailing
metadata entry `grpc-status-details-bin`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

import grpc
from google.protobuf import message as protobuf
from google.rpc import error_details_pb2, status_pb2

from mesh import errors
from mesh.errors import Kind

DETAILS_KEY = "grpc-status-details-bin"
# Field violations beyond this are left out and counted in the metadata entry `left_out`: headers are no place for more.
VIOLATIONS_LIMIT_BYTES = 160 * 1024
# Whoever waited for a backend in vain has waited long enough: more attempts would outlast the deadline (gRPC A6).
NO_RETRY = ("grpc-retry-pushback-ms", "-1")
UNAVAILABLE_RETRY_AFTER_S = 1.0

CODES: Mapping[Kind, grpc.StatusCode] = {
    Kind.INVALID_ARGUMENT: grpc.StatusCode.INVALID_ARGUMENT,
    Kind.UNAUTHENTICATED: grpc.StatusCode.UNAUTHENTICATED,
    Kind.PERMISSION_DENIED: grpc.StatusCode.PERMISSION_DENIED,
    Kind.NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Kind.ALREADY_EXISTS: grpc.StatusCode.ALREADY_EXISTS,
    Kind.CONFLICT: grpc.StatusCode.ABORTED,
    Kind.FAILED_PRECONDITION: grpc.StatusCode.FAILED_PRECONDITION,
    Kind.RESOURCE_EXHAUSTED: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Kind.UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
    Kind.DEADLINE_EXCEEDED: grpc.StatusCode.DEADLINE_EXCEEDED,
    Kind.INTERNAL: grpc.StatusCode.INTERNAL,
}
_KINDS: Mapping[int, Kind] = {code.value[0]: kind for kind, code in CODES.items()}
_BY_NUMBER: Mapping[int, grpc.StatusCode] = {code.value[0]: code for code in grpc.StatusCode}
# What the transport itself says, without our details. A server that ends a call by force cancels it.
_TRANSPORT: Mapping[grpc.StatusCode, type[errors.ServiceError]] = {
    grpc.StatusCode.UNAVAILABLE: errors.Unavailable,
    grpc.StatusCode.CANCELLED: errors.Unavailable,
    grpc.StatusCode.DEADLINE_EXCEEDED: errors.DeadlineExceeded,
}


def to_status(error: errors.ServiceError) -> status_pb2.Status:
    """An error as it crosses a hop, or as an item of a batch carries it."""
    status = status_pb2.Status(code=CODES[error.kind].value[0], message=error.text)
    violations, left_out = _violations(error.violations)
    metadata = {**error.metadata, "left_out": str(left_out)} if left_out else error.metadata
    info = error_details_pb2.ErrorInfo(reason=error.reason, domain=error.domain, metadata=metadata)
    status.details.add().Pack(info)
    if violations:
        status.details.add().Pack(error_details_pb2.BadRequest(field_violations=violations))
    if error.retry_after_s is not None:
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromMicroseconds(max(0, round(error.retry_after_s * 1e6)))
        status.details.add().Pack(retry)
    return status


def from_status(status: status_pb2.Status) -> errors.ServiceError:
    """The error that a status tells of, of the same type as it was raised where this process has a class for it.

    A status without ErrorInfo was not written by us: it becomes INTERNAL and its text is dropped.
    """
    info, bad_request = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    retry = error_details_pb2.RetryInfo()
    found = {type(part) for detail in status.details for part in (info, bad_request, retry) if detail.Unpack(part)}
    if error_details_pb2.ErrorInfo not in found:
        return errors.Internal()
    violations = tuple(errors.FieldViolation(v.field, v.description) for v in bad_request.field_violations)
    parts: dict[str, Any] = {"metadata": dict(info.metadata), "violations": violations}
    if error_details_pb2.RetryInfo in found:
        parts["retry_after_s"] = retry.retry_delay.ToMicroseconds() / 1e6
    return _rebuilt(_KINDS.get(status.code, Kind.INTERNAL), info, status.message, parts)


def from_rpc_error(error: grpc.aio.AioRpcError) -> errors.ServiceError:
    """The error behind a failed call. The transport's own text is dropped: it names addresses and library states."""
    details = _details(error.trailing_metadata() or ())
    if details is not None:
        return from_status(details)
    told = _TRANSPORT.get(error.code(), errors.Internal)
    return told(retry_after_s=UNAVAILABLE_RETRY_AFTER_S if told is errors.Unavailable else None)


async def abort(context: grpc.aio.ServicerContext[Any, Any], error: errors.ServiceError) -> NoReturn:
    """End a call with an error. One that names a time to come again is not retried by the channel before."""
    status = to_status(error)
    trailing: tuple[tuple[str, str | bytes], ...] = ((DETAILS_KEY, status.SerializeToString()),)
    if error.retry_after_s is not None:
        trailing += (NO_RETRY,)
    await context.abort(_BY_NUMBER[status.code], status.message, trailing)


def _details(metadata: Iterable[tuple[str, str | bytes]]) -> status_pb2.Status | None:
    for key, value in metadata:
        if key == DETAILS_KEY and isinstance(value, bytes):
            try:
                return status_pb2.Status.FromString(value)
            except (protobuf.DecodeError, ValueError):
                return None
    return None


def _violations(
    violations: tuple[errors.FieldViolation, ...],
) -> tuple[list[error_details_pb2.BadRequest.FieldViolation], int]:
    """As many as fit, and how many do not."""
    kept: list[error_details_pb2.BadRequest.FieldViolation] = []
    size_bytes = 0
    for violation in violations:
        item = error_details_pb2.BadRequest.FieldViolation(field=violation.field, description=violation.message)
        size_bytes += item.ByteSize() + 4
        if size_bytes > VIOLATIONS_LIMIT_BYTES:
            break
        kept.append(item)
    return kept, len(violations) - len(kept)


def _rebuilt(kind: Kind, info: error_details_pb2.ErrorInfo, message: str, parts: dict[str, Any]) -> errors.ServiceError:
    known = errors.ServiceError.registry.get((info.domain, info.reason))
    if known is None:
        return errors.Unexplained(kind, info.domain, info.reason, message, **parts)
    # A subclass may have a constructor in its own words; what crossed the hop are the parts of ServiceError.
    error = known.__new__(known)
    errors.ServiceError.__init__(error, message, **parts)
    return error
