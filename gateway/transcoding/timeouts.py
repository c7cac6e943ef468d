"""The grpc-timeout header (gRPC over HTTP/2: at most eight digits and a unit)."""

from __future__ import annotations

import re

from .errors import FieldViolation, TranscodingError

HEADER = "grpc-timeout"
_TEXT = re.compile(r"([0-9]{1,8})([HMSmun])")
_UNIT_NS = {"H": 3_600_000_000_000, "M": 60_000_000_000, "S": 1_000_000_000, "m": 1_000_000, "u": 1_000, "n": 1}


def parse_timeout_ns(text: str) -> int:
    """The duration in nanoseconds; raises TranscodingError when malformed."""
    found = _TEXT.fullmatch(text)
    if found is None:
        message = "expected up to eight digits and one of H, M, S, m, u, n"
        raise TranscodingError(f"{HEADER}: {message}", (FieldViolation(HEADER, message),))
    return int(found.group(1)) * _UNIT_NS[found.group(2)]
