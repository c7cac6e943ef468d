"""Tasks that work on partitions side by side, started, awaited and drained in one place."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any

Partition = tuple[str, int]


class Lanes:
    """Tasks at work, each with the partitions it works on."""

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self._lanes: dict[asyncio.Task[None], frozenset[Partition]] = {}

    @property
    def full(self) -> bool:
        return self._limit is not None and len(self._lanes) >= self._limit

    @property
    def tasks(self) -> Iterable[asyncio.Task[None]]:
        return self._lanes.keys()

    @property
    def busy(self) -> frozenset[Partition]:
        return frozenset().union(*self._lanes.values())

    def start(self, work: Coroutine[Any, Any, None], partitions: Iterable[Partition]) -> None:
        self._lanes[asyncio.create_task(work)] = frozenset(partitions)

    def reap(self) -> None:
        """Forget the tasks that are done. Raises the error of one that failed."""
        for task in [task for task in self._lanes if task.done()]:
            del self._lanes[task]
            task.result()

    def cancel(self) -> None:
        """Ask every task to end at once."""
        for task in self._lanes:
            task.cancel()

    async def drain(self) -> None:
        """Wait until every task has ended; cancel them when the wait is cancelled. Errors of the tasks are dropped."""
        if not self._lanes:
            return
        try:
            await asyncio.wait(self._lanes)
        except asyncio.CancelledError:
            self.cancel()
            await asyncio.wait(self._lanes)
            raise
        finally:
            for task in self._lanes:
                if task.done() and not task.cancelled():
                    task.exception()  # seen: asyncio would complain of it otherwise
            self._lanes.clear()
