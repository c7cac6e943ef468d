"""Waiting for a condition that no event announces, with a bound."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

BOUND_S = 20.0
PAUSE_S = 0.01


async def until(condition: Callable[[], Awaitable[object]]) -> None:
    """Return when `condition` gives something true.

    Raises:
        TimeoutError: it has not within 20 s.
    """
    async with asyncio.timeout(BOUND_S):
        while not await condition():  # noqa: ASYNC110 - other processes and sockets set no asyncio.Event
            await asyncio.sleep(PAUSE_S)
