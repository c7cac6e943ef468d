"""What parent and worker say to each other: frames of a kind, a length and a payload over a socket pair."""

from __future__ import annotations

import enum
import struct

HEADER = struct.Struct(">BI")
PAYLOAD_LIMIT_BYTES = 4 * 1024 * 1024


class Kind(enum.IntEnum):
    """A task is TASK, any INPUT, INPUT_END. A worker says READY once; to a task any OUTPUT, then DONE or FAILED."""

    TASK = 1
    INPUT = 2
    INPUT_END = 3
    READY = 16
    OUTPUT = 17
    DONE = 18
    FAILED = 19


class BrokenFrame(Exception):
    """The other side sent something that is no frame."""


def packed(kind: Kind, payload: bytes = b"") -> bytes:
    """A frame. Raises ValueError for a payload over the limit: whoever cuts chunks cuts them smaller."""
    if len(payload) > PAYLOAD_LIMIT_BYTES:
        raise ValueError(f"a chunk has {len(payload)} bytes, more than {PAYLOAD_LIMIT_BYTES}")
    return HEADER.pack(kind, len(payload)) + payload


def unpacked(header: bytes) -> tuple[Kind, int]:
    """Kind and payload length of a frame's header."""
    number, size_bytes = HEADER.unpack(header)
    if size_bytes > PAYLOAD_LIMIT_BYTES or number not in Kind.__members__.values():
        raise BrokenFrame("not a frame")
    return Kind(number), size_bytes
