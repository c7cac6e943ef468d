"""Request headers -> gRPC metadata, by an allow-list: what is not named does not pass."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping

from .errors import BuildError, FieldViolation, TranscodingError

TRACING = {"traceparent": "traceparent", "tracestate": "tracestate"}
"""W3C Trace Context: the headers that pass by default."""

_KEY = re.compile(r"[0-9a-z_.-]+")
# gRPC over HTTP/2: printable ASCII
_ASCII_VALUE = re.compile(r"[ -~]*")
_BINARY = "-bin"


class HeaderRules:
    """Which headers pass, and under which metadata key."""

    def __init__(self, allow: Mapping[str, str] = TRACING) -> None:
        """`allow`: header name -> metadata key. Raises BuildError for keys gRPC keeps to itself."""
        self._allow = {name.lower(): key for name, key in allow.items()}
        for key in self._allow.values():
            if not _KEY.fullmatch(key) or key.startswith("grpc-"):
                raise BuildError(f"{key!r} cannot be a metadata key")

    def metadata(self, headers: Iterable[tuple[str, str]]) -> list[tuple[str, str | bytes]]:
        """The metadata of a request, in the order of its headers; keys ending in -bin carry decoded base64.

        Raises TranscodingError for a value that metadata cannot carry.
        """
        found: list[tuple[str, str | bytes]] = []
        for name, value in headers:
            key = self._allow.get(name.lower())
            if key is not None:
                found.append((key, _value(name.lower(), key, value)))
        return found


def _value(name: str, key: str, value: str) -> str | bytes:
    if key.endswith(_BINARY):
        try:
            return base64.b64decode(value + "=" * (-len(value) % 4), validate=True)
        except (binascii.Error, ValueError):
            raise _refused(name, "expected base64 text") from None
    if not _ASCII_VALUE.fullmatch(value):
        raise _refused(name, "expected printable ASCII")
    return value.strip(" ")


def _refused(name: str, message: str) -> TranscodingError:
    return TranscodingError(f"{name}: {message}", (FieldViolation(name, message),))
