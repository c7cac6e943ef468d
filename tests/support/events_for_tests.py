"""Events as tests write them, and a wait for a condition."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from mesh.events import codec, port

AT = datetime(2026, 2, 15, 10, 0, tzinfo=UTC)
WAIT_LIMIT_S = 20.0


def event(number: int, *, key: str = "user_1", topic: str = "data.ingested", **payload: Any) -> port.Event:
    """An event whose id and payload carry `number`."""
    return port.Event(topic, key, f"evt_{number}", topic, AT, {"number": number, **payload}, f"corr_{number}")


def publication(number: int, *, key: str = "user_1", topic: str = "data.ingested") -> port.Publication:
    return port.Publication(topic, key, codec.encode(event(number, key=key, topic=topic)))


def number_of(record: port.Record | port.Publication) -> int:
    """The number that `event` put in."""
    placed = (
        record if isinstance(record, port.Record) else port.Record(record.topic, 0, 0, record.key, record.value, {})
    )
    return int(codec.decode(placed).payload["number"])


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition; fails after WAIT_LIMIT_S."""
    async with asyncio.timeout(WAIT_LIMIT_S):
        while not condition():  # noqa: ASYNC110 - conditions of tests have no event to wait on
            await asyncio.sleep(0.005)
