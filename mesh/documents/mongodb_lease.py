"""The right to publish a store's events, held by one process at a time: a document whose holder keeps it beating.

No two clocks are compared: whoever waits takes the lease over when it has not seen it beat for `LEASE_S` of its own
time. A holder that could not beat (a stalled process, a lost network) learns of its loss with the next beat, and stands
by until the other one has gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator, Mapping
from typing import Any

from pymongo import errors as driver

from mesh import errors, ids, logs
from mesh.documents.mongodb_errors import is_duplicate, neutral
from mesh.documents.mongodb_outbox import STATE, Database

LEASE_ID = "relay"
LEASE_S = 6.0
BEAT_S = 1.5
RETRY_S = 0.2
RELEASE_TIMEOUT_S = 2.0
LOG = logs.get()


@dataclasses.dataclass(slots=True)
class _Seen:
    """The lease as a waiter saw it last, and since when (its loop's time) it has not moved."""

    owner: str
    beat: int
    since_s: float


class Lease:
    """One process's claim. `lost` while it is held here in good faith but another one has taken it over."""

    def __init__(self, database: Database, lease_s: float = LEASE_S, beat_s: float = BEAT_S) -> None:
        self._leases = database[STATE]
        self._lease_s, self._beat_s = lease_s, beat_s
        self._owner = ids.random_text(16)
        self._seen: _Seen | None = None
        self.lost = False

    @contextlib.asynccontextmanager
    async def hold(self) -> AsyncIterator[None]:
        """Wait for the lease, then keep it."""
        await self._acquire()
        keeping = asyncio.create_task(self._keep())
        try:
            yield
        finally:
            keeping.cancel()
            await asyncio.wait({keeping})
            await self._release()

    async def _keep(self) -> None:
        while True:  # until the holder leaves
            await asyncio.sleep(self._beat_s)
            with contextlib.suppress(errors.ServiceError):
                self.lost = not await self._beat()
            if self.lost:
                LOG.warning("another relay has taken over this store's outbox")
                await self._acquire()

    async def _acquire(self) -> None:
        while True:  # a relay that stands by waits until it is stopped
            with contextlib.suppress(errors.ServiceError):
                if await self._try():
                    self.lost = False
                    return
            await asyncio.sleep(RETRY_S)

    async def _try(self) -> bool:
        with neutral():
            found = await self._leases.find_one({"_id": LEASE_ID})
            if found is None:
                return await self._create()
            if found["owner"] and not self._is_stale(found):
                return False
            return await self._move({"owner": found["owner"], "beat": found["beat"]}, self._owner)

    def _is_stale(self, found: Mapping[str, Any]) -> bool:
        now_s = asyncio.get_running_loop().time()
        seen = self._seen
        if seen is None or (seen.owner, seen.beat) != (found["owner"], found["beat"]):
            self._seen = _Seen(found["owner"], found["beat"], now_s)
            return False
        return now_s - seen.since_s > self._lease_s

    async def _create(self) -> bool:
        try:
            await self._leases.insert_one({"_id": LEASE_ID, "owner": self._owner, "beat": 1})
        except driver.OperationFailure as error:
            if is_duplicate(error):
                return False
            raise
        return True

    async def _beat(self) -> bool:
        with neutral():
            return await self._move({"owner": self._owner}, self._owner)

    async def _move(self, expected: Mapping[str, Any], owner: str) -> bool:
        update = {"$set": {"owner": owner}, "$inc": {"beat": 1}}
        return (await self._leases.update_one({"_id": LEASE_ID, **expected}, update)).matched_count == 1

    async def _release(self) -> None:
        """Give it back, so that the next need not wait; if that fails it goes stale."""
        self.lost = False
        with contextlib.suppress(errors.ServiceError, TimeoutError), neutral():
            async with asyncio.timeout(RELEASE_TIMEOUT_S):
                await self._move({"owner": self._owner}, "")
