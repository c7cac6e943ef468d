"""A clock that tests move by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

START = datetime(2026, 2, 15, 10, 0, tzinfo=UTC)


class HandClock:
    """`mesh.clock.Clock` that stands still until it is moved."""

    def __init__(self, now: datetime = START) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def move(self, **parts: float) -> None:
        self._now += timedelta(**parts)
