"""What keeps a process from doing its work, as /readyz tells it."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import Literal

from mesh import backends as backends_
from mesh import errors, settings
from mesh.background import Background
from mesh.rpc import ops

PING_TIMEOUT_S = 2.0
GLANCE_INTERVAL_S = 5.0
UNREACHABLE = "cannot be reached"

# What not every service needs: one that does nothing with blobs goes on without them.
Need = Literal["blobs", "keys"]
Ping = Callable[[], Awaitable[None]]


class Glance:
    """How a backend is, asked at most every `interval_s` and once at a time, however many want to know.

    For backends that count or charge each request. An answer that takes longer than `timeout_s` is trouble; the
    question under way stays the only one, for at most `backends.ANSWER_TIMEOUT_S`.
    """

    def __init__(self, ping: Ping, *, interval_s: float = GLANCE_INTERVAL_S, timeout_s: float = PING_TIMEOUT_S) -> None:
        self._ping, self._interval_s, self._timeout_s = ping, interval_s, timeout_s
        self._asked_at_s = -math.inf
        self._asking: asyncio.Task[str] | None = None

    async def trouble(self) -> str:
        """What is wrong, empty for nothing."""
        asking = self._asking
        if asking is None or (asking.done() and time.monotonic() - self._asked_at_s >= self._interval_s):
            self._asked_at_s = time.monotonic()
            self._asking = asking = asyncio.create_task(_trouble(self._ping, backends_.ANSWER_TIMEOUT_S))
        await asyncio.wait({asking}, timeout=self._timeout_s)
        return asking.result() if asking.done() and not asking.cancelled() else UNREACHABLE

    async def close(self) -> None:
        """Wait for no answer any more."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait({self._asking})


class Readiness:
    """What keeps a process from doing its work. `needs`: backends beyond documents, events and cache."""

    def __init__(
        self, backends: backends_.Backends, backgrounds: Iterable[Background], needs: Collection[Need] = ()
    ) -> None:
        self._backgrounds = tuple(backgrounds)
        self._pings = {
            "documents": backends.documents.ping,
            "events": backends.events.ping,
            "cache": backends.cache.ping,
        }
        dear: dict[Need, Ping] = {"blobs": backends.blobs.ping, "keys": backends.vault.ping}
        self._glances = {need: Glance(dear[need]) for need in sorted(set(needs))}
        self._draining = False

    async def close(self, health: ops.Health) -> None:
        """Say that no calls are wanted any more, before the servers stop taking them."""
        self._draining = True
        await health.set_serving(serving=False)

    async def end(self) -> None:
        """Ask no backend any more."""
        for glance in self._glances.values():
            await glance.close()

    async def troubles(self) -> dict[str, str]:
        """By name of what is wrong."""
        found = {"process": "it is stopping"} if self._draining else {}
        for background in self._backgrounds:
            found |= background.troubles()
        looks = {name: _trouble(ping, PING_TIMEOUT_S) for name, ping in self._pings.items()}
        looks |= {name: glance.trouble() for name, glance in self._glances.items()}
        answers = await asyncio.gather(*looks.values())
        return found | {name: trouble for name, trouble in zip(looks, answers, strict=True) if trouble}


async def _trouble(ping: Ping, timeout_s: float) -> str:
    try:
        async with asyncio.timeout(timeout_s):
            await ping()
    except (errors.ServiceError, settings.SettingsError, TimeoutError):
        return UNREACHABLE
    return ""
