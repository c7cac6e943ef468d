"""google.rpc.Code -> HTTP, as google/rpc/code.proto says, and the JSON of google.rpc.Status."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .json_out import JsonWriters

OK, UNKNOWN, DEADLINE_EXCEEDED, NOT_FOUND = 0, 2, 4, 5

_HTTP_STATUS = (200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401)
_SERVING = "SERVING"
_SERVICE_UNKNOWN = "SERVICE_UNKNOWN"


def http_status(code: int) -> int:
    """The HTTP status of a gRPC code; 500 for a code that does not exist."""
    return _HTTP_STATUS[code] if 0 <= code < len(_HTTP_STATUS) else 500


def error_body(code: int, message: str, details: Sequence[Any], writers: JsonWriters) -> bytes:
    """A google.rpc.Status as JSON; `details` are google.protobuf.Any messages. Raises EncodingError."""
    return writers.dump(lambda _: _status(code, message, details, writers), None)


def stream_error_body(code: int, message: str, details: Sequence[Any], writers: JsonWriters) -> bytes:
    """The same inside a stream, where it must be told from an item: under the one key `error`."""
    return writers.dump(lambda _: {"error": _status(code, message, details, writers)}, None)


def health_http_status(code: int, serving_status: str | None) -> int:
    """HTTP status of a grpc.health.v1 answer: the call's code, or its status by name."""
    if code != OK:
        return http_status(code)
    if serving_status == _SERVICE_UNKNOWN:
        return http_status(NOT_FOUND)
    return 200 if serving_status == _SERVING else 503


def _status(code: int, message: str, details: Sequence[Any], writers: JsonWriters) -> dict[str, Any]:
    status: dict[str, Any] = {"code": code, "message": message}
    if details:
        status["details"] = [writers.writer(detail.DESCRIPTOR)(detail) for detail in details]
    return status
