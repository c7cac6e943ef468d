"""Every topic, group `audit-logger`: what happened becomes a record."""

from __future__ import annotations

from collections.abc import Sequence

from mesh.events import port, topics, worker
from services.audit import usecases
from services.audit.domain import records

GROUP = "audit-logger"
BATCH_LIMIT = 200


def subscription(append: usecases.AppendEvents) -> worker.Subscription:
    async def one(event: port.Event) -> None:
        await append([_happening(event)])

    async def many(events: Sequence[port.Event]) -> None:
        await append([_happening(event) for event in events])

    names = tuple(topic.name for topic in topics.LIVE)
    return worker.Subscription(GROUP, names, one, batch_handler=many, batch_limit=BATCH_LIMIT)


def _happening(event: port.Event) -> records.Happening:
    return records.Happening(event.id, event.type, event.timestamp, event.payload, event.correlation_id)
