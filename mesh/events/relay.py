"""Publishes the events of a store's outbox, in the order they were written, then takes them out of it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Coroutine
from typing import Any

from mesh import logs
from mesh.documents import port as documents
from mesh.events import port
from mesh.events.retry import Backoff

BATCH = 5_000
WAIT_S = 1.0
# So many events a second go out at once. Beyond that rounds are spaced: each costs two commits, in which the store's
# writers wait, so under load few large ones are better.
PROMPT_A_SECOND = 50
PAUSE_S = 0.25
LAST_BATCHES = 100
LOG = logs.get()


class Relay:
    """The relay of a process. `run` until `stop`; of several on one store one works and the others stand by.

    An event is published at least once: after a crash between publishing and clearing it is published again, with the
    same id.
    """

    def __init__(self, store: documents.Documents, log: port.EventLog, *, backoff: Backoff | None = None) -> None:
        self.healthy, self.reason = True, ""
        self.published = 0
        self._documents, self._log = store, log
        self._backoff = backoff or Backoff(first_s=0.1, longest_s=5.0)
        self._stopping = asyncio.Event()
        self._failures = 0
        self._prompt_left, self._counted_at_s = float(PROMPT_A_SECOND), 0.0

    def stop(self) -> None:
        """Publish what the outbox holds now; `run` returns then."""
        self._stopping.set()

    async def run(self) -> None:
        """Publish until `stop`."""
        async with contextlib.AsyncExitStack() as stack:
            if not await self._unless_stopped(stack.enter_async_context(self._documents.relay_turn())):
                return
            while not self._stopping.is_set():
                await self._round()
            await self._last_rounds()

    async def _round(self) -> None:
        try:
            published = await self.relay_once()
            if not published:
                await self._unless_stopped(self._documents.wait_for_events(WAIT_S))
            elif self._is_busy(published) and published < BATCH:
                await self._unless_stopped(asyncio.sleep(PAUSE_S))
        except Exception as error:  # noqa: BLE001 - whatever stands in the way, the events stay and are tried again
            self._turn_red(error)
            delay_s = self._backoff.delay_s(self._failures)
            await self._unless_stopped(asyncio.sleep(delay_s))

    def _is_busy(self, published: int) -> bool:
        """Whether more was published than may go out at once: a bucket that fills as time goes by."""
        now_s = time.monotonic()
        filled = min(PROMPT_A_SECOND, self._prompt_left + (now_s - self._counted_at_s) * PROMPT_A_SECOND)
        self._prompt_left, self._counted_at_s = max(-PROMPT_A_SECOND, filled - published), now_s
        return self._prompt_left < 0

    def _turn_red(self, error: Exception) -> None:
        self._failures += 1
        self.healthy, self.reason = False, "the outbox cannot be published"
        LOG.error("relay is not well", reason=self.reason, error=error)

    async def _unless_stopped(self, wait: Coroutine[Any, Any, None]) -> bool:
        """Wait, but not longer than until `stop`; whether the wait came to its end."""
        waiting = asyncio.create_task(wait)
        stop = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait({waiting, stop}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stop.cancel()
            waiting.cancel()
            await asyncio.wait({waiting})
        if waiting.cancelled():
            return False
        waiting.result()
        return True

    async def relay_once(self) -> int:
        """Publish at most BATCH events; how many there were. Only whoever holds the store's relay turn may call it."""
        pending = await self._documents.pending_events(BATCH)
        if pending:
            await self._log.publish([event.publication for event in pending])
            await self._documents.clear_events(pending)
            self.published += len(pending)
        self._failures = 0
        self.healthy, self.reason = True, ""
        return len(pending)

    async def _last_rounds(self) -> None:
        with contextlib.suppress(Exception):  # what stays is published by the next relay
            for _ in range(LAST_BATCHES):
                if not await self.relay_once():
                    return
