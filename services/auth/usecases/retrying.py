"""Again, from a fresh read, when another change came first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from mesh import errors

Result = TypeVar("Result")

_ATTEMPTS = 5


async def on_conflict(step: Callable[[], Awaitable[Result]]) -> Result:
    """The result of `step`, which reads and saves; at most five times, then the last `errors.Conflict`."""
    for _ in range(_ATTEMPTS - 1):
        try:
            return await step()
        except errors.Conflict:
            continue
    return await step()
