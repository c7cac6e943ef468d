"""The events port, in Kafka's terms: topics of partitions, in order within one, shared by the members of a group."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Protocol, Self


@dataclasses.dataclass(slots=True)  # not frozen: that makes making one three times as dear, and each verification does
class Event:
    """An event as it is published: the envelope of design section 5 and where it goes. Nobody changes one.

    `payload` is the event message as proto JSON (camelCase); `mesh.events.codec` makes events from messages and back.
    """

    topic: str
    key: str
    id: str
    type: str
    timestamp: datetime
    payload: Mapping[str, Any]
    correlation_id: str
    version: str = "1.0"


@dataclasses.dataclass(frozen=True, slots=True)
class Topic:
    """A topic as `topics.TOPICS` lists it."""

    name: str
    partitions: int
    retention_days: int


@dataclasses.dataclass(frozen=True, slots=True)
class Record:
    """An event as it lies in a partition. `value` is the envelope's JSON as stored, `headers` are for dead letters."""

    topic: str
    partition: int
    offset: int
    key: str
    value: bytes
    headers: Mapping[str, str]


class Consumer(Protocol):
    """A member of a group. Use as an async context manager: entering joins, leaving gives the partitions back."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def poll(self, limit: int, timeout_s: float, busy: Collection[tuple[str, int]] = frozenset()) -> list[Record]:
        """The next records of the partitions held, at most `limit`, in order within each; empty after `timeout_s`.

        Partitions (topic, number) in `busy` are left out this time. Cancelling a poll loses nothing.
        """
        ...

    async def commit(self, records: Sequence[Record]) -> None:
        """The group has finished these records: it starts after the last of each partition from now on. Durable.

        A partition that has passed to another member meanwhile is left alone: that member does the records again.
        """
        ...

    async def lag(self) -> int:
        """How many records of the group's topics it has not finished."""
        ...


class EventLog(Protocol):
    """Where events lie. Any method raises `mesh.errors.Unavailable` when it cannot be reached."""

    async def create_topics(self, topics: Sequence[Topic]) -> None:
        """Make topics exist with their partitions and retention; harmless when they do.

        Raises mesh.settings.SettingsError when that is refused; the message names the setting and the reason.
        """
        ...

    async def check(self, topics: Sequence[Topic], groups: Sequence[str] = ()) -> None:
        """See that a process finds its topics, as safe as the log's URL asks, and may join its groups.

        A log that nobody prepares makes its topics here. Raises mesh.settings.SettingsError for what an operator must
        mend, naming the setting.
        """
        ...

    async def publish(self, records: Sequence[Publication]) -> None:
        """Append in order; durable (acks=all) when it returns. The partition follows from the key.

        Raises LookupError for a topic that nobody created.
        """
        ...

    def consumer(self, group: str, topics: Sequence[str]) -> Consumer:
        """A new member of a group, not joined yet. A new group starts at the oldest record."""
        ...

    async def sweep(self) -> int:
        """Delete records past their topic's retention, and say how many; nothing where the log does so by itself."""
        ...

    async def ping(self) -> None:
        """Raise `mesh.errors.Unavailable` unless the log answers."""
        ...

    async def close(self) -> None:
        """Finish what was begun and let go of everything."""
        ...


@dataclasses.dataclass(frozen=True, slots=True)
class Publication:
    """A record to append."""

    topic: str
    key: str
    value: bytes
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
