"""The blobs port: within what an object store can do, so whole writes, no appends, listing by prefix in key order.

Keys are `/`-separated names of letters, digits, `.`, `_`, `-`. No key may be the folder of another (`a` beside `a/b`):
a file system holds only one of them.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Protocol, TypeAlias

from mesh import errors

VARIABLE = "CREDPASS_BLOBS_URL"
LIST_LIMIT = 1000
_KEY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}(/[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}){0,7}")

# The method `list` hides the built-in one inside the classes.
Keys: TypeAlias = list[str]


class BlobMissing(errors.NotFound):
    """No blob has this key."""


class Blobs(Protocol):
    """A store of blobs. Any method raises `errors.Unavailable` when the store cannot be reached or is full."""

    async def put(self, key: str, chunks: AsyncIterator[bytes]) -> int:
        """Write a whole blob, over the old one if any; its size in bytes. A failed put leaves no trace.

        What `chunks` raises comes out as it is.
        """
        ...

    def get(self, key: str) -> AsyncIterator[bytes]:
        """The blob in pieces. Raises BlobMissing at the first."""
        ...

    async def delete(self, key: str) -> None:
        """Remove a blob; harmless when there is none."""
        ...

    async def list(self, prefix: str, *, after: str = "", limit: int = LIST_LIMIT) -> Keys:
        """Keys that begin with `prefix` and come after `after`, in order."""
        ...

    async def ping(self) -> None:
        """Raise `errors.Unavailable` unless the store answers."""
        ...

    async def close(self) -> None:
        """Let go of everything."""
        ...


def is_key(text: str) -> bool:
    """Whether a text is a blob's key."""
    return _KEY.fullmatch(text) is not None


def checked(key: str) -> str:
    """The key. Raises ValueError when it is none."""
    if not is_key(key):
        raise ValueError(f"not a blob key: {key!r}")
    return key
