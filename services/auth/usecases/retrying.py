"""Again, from a fresh read, when another change came first."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from mesh import errors

Result = TypeVar("Result")

# The first pause; each further one is twice as long, so that whoever came first can end what it does.
_PAUSE_S = 0.005
_ATTEMPTS = 6


async def on_conflict(step: Callable[[], Awaitable[Result]]) -> Result:
    """The result of `step`, which reads and saves; at most six times, then the last `errors.Conflict`."""
    for attempt in range(_ATTEMPTS - 1):
        try:
            return await step()
        except errors.Conflict:
            await asyncio.sleep(_PAUSE_S * 2**attempt)
    return await step()
