"""What keeps a process from doing its work, as /readyz tells it."""

from __future__ import annotations

import asyncio
import math
import time
import types
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import Literal

from mesh import backends as backends_
from mesh import errors, settings
from mesh.background import Background
from mesh.rpc import ops

PING_TIMEOUT_S = 2.0
GLANCE_INTERVAL_S = 5.0
UNREACHABLE = "cannot be reached"
NO_WORKER = "none can be started"

# What not every service needs: one that does nothing with blobs goes on without them.
Need = Literal["blobs", "keys"]
Ping = Callable[[], Awaitable[None]]


class Glance:
    """How something is, asked at most every `interval_s` and once at a time, however many want to know.

    For what counts or charges each request. An answer that takes longer than `timeout_s` is trouble, told in `word`;
    the question under way stays the only one, for at most `backends.ANSWER_TIMEOUT_S`.
    """

    def __init__(
        self,
        ping: Ping,
        *,
        word: str = UNREACHABLE,
        interval_s: float = GLANCE_INTERVAL_S,
        timeout_s: float = PING_TIMEOUT_S,
    ) -> None:
        self._ping, self._word, self._interval_s, self._timeout_s = ping, word, interval_s, timeout_s
        self._asked_at_s = -math.inf
        self._asking: asyncio.Task[str] | None = None

    async def trouble(self) -> str:
        """What is wrong, empty for nothing."""
        asking = self._asking
        if asking is None or (asking.done() and time.monotonic() - self._asked_at_s >= self._interval_s):
            self._asked_at_s = time.monotonic()
            self._asking = asking = asyncio.create_task(_trouble(self._ping, backends_.ANSWER_TIMEOUT_S, self._word))
        await asyncio.wait({asking}, timeout=self._timeout_s)
        return asking.result() if asking.done() and not asking.cancelled() else self._word

    async def close(self) -> None:
        """Wait for no answer any more."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait({self._asking})


class Readiness:
    """What keeps a process from doing its work. `needs`: backends beyond documents, events and cache.

    `workers`: pings of the pools of worker processes, by name.
    """

    def __init__(
        self,
        backends: backends_.Backends,
        backgrounds: Iterable[Background],
        needs: Collection[Need] = (),
        workers: Mapping[str, Ping] = types.MappingProxyType({}),
    ) -> None:
        self._backgrounds = tuple(backgrounds)
        self._pings = {
            "documents": backends.documents.ping,
            "events": backends.events.ping,
            "cache": backends.cache.ping,
        }
        dear: dict[Need, Ping] = {"blobs": backends.blobs.ping, "keys": backends.vault.ping}
        self._glances: dict[str, Glance] = {need: Glance(dear[need]) for need in sorted(set(needs))}
        self._glances |= {name: Glance(ping, word=NO_WORKER) for name, ping in workers.items()}
        self._draining = False

    async def close(self, health: ops.Health) -> None:
        """Say that no calls are wanted any more, before the servers stop taking them."""
        self._draining = True
        await health.set_serving(serving=False)

    async def end(self) -> None:
        """Ask nothing any more."""
        for glance in self._glances.values():
            await glance.close()

    async def troubles(self) -> dict[str, str]:
        """By name of what is wrong."""
        found = {"process": "it is stopping"} if self._draining else {}
        for background in self._backgrounds:
            found |= background.troubles()
        looks = {name: _trouble(ping, PING_TIMEOUT_S, UNREACHABLE) for name, ping in self._pings.items()}
        looks |= {name: glance.trouble() for name, glance in self._glances.items()}
        answers = await asyncio.gather(*looks.values())
        return found | {name: trouble for name, trouble in zip(looks, answers, strict=True) if trouble}


async def _trouble(ping: Ping, timeout_s: float, word: str) -> str:
    try:
        async with asyncio.timeout(timeout_s):
            await ping()
    except (errors.ServiceError, settings.SettingsError, TimeoutError):
        return word
    return ""
