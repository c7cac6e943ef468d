"""Time as an argument: the only place that reads the wall clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Now, in UTC, with a time zone."""
        ...


class SystemClock:
    """The machine's wall clock in whole milliseconds: stores keep no more, and what is read back must be the same."""

    def now(self) -> datetime:
        return datetime.fromtimestamp(time.time_ns() // 1_000_000 / 1000, UTC)
