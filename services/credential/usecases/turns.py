"""Changes of one share link: in turn within this process, against each other across processes."""

from __future__ import annotations

import asyncio
import weakref

# A change that lost has seen somebody else's go through; those of this process do not compete.
ATTEMPTS = 64


class Turns:
    """A lock for each link that somebody wants. First come, first served, so that uses never outrun a revocation."""

    def __init__(self) -> None:
        self._locks: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()

    def of(self, link_token_hash: str) -> asyncio.Lock:
        """The lock of one link."""
        return self._locks.setdefault(link_token_hash, asyncio.Lock())
