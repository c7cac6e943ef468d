"""Length-prefixed gRPC messages (gRPC over HTTP/2): one flag byte, four length bytes, the message."""

from __future__ import annotations

from collections.abc import Iterator

PREFIX_BYTES = 5
_PLAIN = 0


class FrameError(Exception):
    """Bytes that are no sequence of uncompressed gRPC frames."""


def split(raw: bytes) -> Iterator[bytes]:
    """The messages of a complete body; raises FrameError when a frame is cut off, compressed or malformed."""
    at = 0
    while at < len(raw):
        if raw[at] != _PLAIN:
            raise FrameError("a frame is compressed or malformed")
        start = at + PREFIX_BYTES
        end = start + int.from_bytes(raw[at + 1 : start], "big")
        if start > len(raw) or end > len(raw):
            raise FrameError("a frame is cut off")
        yield raw[start:end]
        at = end
