"""The documents port: small enough that SQLite and any MongoDB keep the same promises.

A write that returns is durable, down to the disk. State and its events are one atomic write: the events lie in an
outbox beside (or inside) the document until the relay has published them (`mesh.events.relay`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, Protocol, TypeAlias

from mesh.events import port as events

# What a document may hold. Datetimes are UTC, to the millisecond (MongoDB keeps no more). Integers have 64 bits, no key
# starts with "$", no float is a NaN, and an indexed field holds neither a list nor a map.
Value: TypeAlias = "bool | int | float | str | bytes | datetime | Sequence[Value] | Mapping[str, Value] | None"
Data: TypeAlias = Mapping[str, Value]


@dataclasses.dataclass(frozen=True, slots=True)
class Index:
    """An index over fields (dotted paths), in order.

    `unique`: no two documents have the same values; documents in which a field of it is absent or null are left out.
    `ttl_s`: the document goes some time after the datetime in the (only) field is that many seconds past.
    """

    fields: tuple[str, ...]
    unique: bool = False
    ttl_s: int | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Collection:
    """A collection and its indexes. Every field that a query names must be in an index."""

    name: str
    indexes: tuple[Index, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Document:
    """A document as it was read or written: `version` starts at 1 and grows by one with each update."""

    id: str
    version: int
    data: Mapping[str, Any]


@dataclasses.dataclass(frozen=True, slots=True)
class NewDocument:
    """A document to insert, with the events that tell of it."""

    id: str
    data: Data
    events: tuple[events.Event, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Query:
    """An indexed find: all of `equals`, and `range_field` in [at_least, below); `order` by one field, then by id.

    A None in `equals` matches documents in which the field is absent or null; they come first in an ascending order.
    `after`: (order value, id) of the last document of the page before. `limit` bounds every read, to 10,000 at most.
    """

    equals: Data = dataclasses.field(default_factory=dict)
    range_field: str | None = None
    at_least: Value = None
    below: Value = None
    order: str | None = None
    descending: bool = False
    after: tuple[Value, str] | None = None
    limit: int = 100


class DuplicateKey(Exception):
    """An insert or update would give two documents the same id or the same values in a unique index."""

    def __init__(self, collection: str, fields: tuple[str, ...]) -> None:
        self.collection, self.fields = collection, fields
        super().__init__(f"{collection}: {', '.join(fields)} is taken")


class VersionConflict(Exception):
    """The document is not at the version that the write stood on: somebody else wrote first, or it is gone."""


class Documents(Protocol):
    """A store of collections. Any method raises `mesh.errors.Unavailable` when the store cannot be reached."""

    async def ensure(self, *collections: Collection) -> None:
        """Make collections and indexes exist; harmless when they do."""
        ...

    async def insert(self, collection: str, document_id: str, data: Data, *events: events.Event) -> Document:
        """Insert at version 1. Raises DuplicateKey."""
        ...

    async def insert_many(self, collection: str, documents: Sequence[NewDocument]) -> None:
        """Insert at most 1,000 documents, durable as a whole when it returns.

        A document whose id exists already is left as it is, and its events are not written. Each document is atomic
        with its events; the whole is not atomic on every backend. A clash in another unique index raises DuplicateKey.
        """
        ...

    async def get(self, collection: str, document_id: str) -> Document | None:
        """The document, or None."""
        ...

    async def get_many(self, collection: str, document_ids: Sequence[str]) -> dict[str, Document]:
        """Those of at most 1,000 documents that exist, by id."""
        ...

    async def find(self, collection: str, query: Query) -> list[Document]:
        """Documents by an index."""
        ...

    async def count(self, collection: str, query: Query) -> int:
        """How many documents match (limit and after are ignored)."""
        ...

    async def update(self, collection: str, document: Document, data: Data, *events: events.Event) -> Document:
        """Replace the data of `document`, which must still be at its version. Raises VersionConflict, DuplicateKey."""
        ...

    async def delete(self, collection: str, document: Document, *events: events.Event) -> None:
        """Delete `document`, which must still be at its version. Raises VersionConflict.

        What was there is overwritten or unreachable at once: nothing of it can be read from the files afterwards.
        Raises Unavailable when that could not be finished: the document is gone, its traces go with the next writes.
        """
        ...

    async def append(self, *events: events.Event) -> None:
        """Put events into the outbox without any state, durable when it returns (audit records of calls)."""
        ...

    async def pending_events(self, limit: int) -> list[PendingEvent]:
        """The oldest events of the outbox that are not published yet, in the order they were written."""
        ...

    async def clear_events(self, pending: Sequence[PendingEvent]) -> None:
        """Take published events out of the outbox."""
        ...

    async def wait_for_events(self, timeout_s: float) -> None:
        """Return when the outbox may hold something, at once where the backend can tell, or after `timeout_s`."""
        ...

    def relay_turn(self) -> AbstractAsyncContextManager[None]:
        """Wait for the right to publish this store's events, and hold it: one relay at a time, over all processes.

        A relay whose process died has given it back: no event is published twice, except after a crash.
        """
        ...

    async def sweep(self) -> int:
        """Delete what is past its TTL index, and say how many; a store that does so by itself does nothing here."""
        ...

    async def ping(self) -> None:
        """Raise `mesh.errors.Unavailable` unless the store answers."""
        ...

    async def close(self) -> None:
        """Finish what was begun and let go of everything."""
        ...


@dataclasses.dataclass(frozen=True, slots=True)
class PendingEvent:
    """An event in the outbox, encoded for its topic; `handle` is the backend's own and tells it what to clear."""

    publication: events.Publication
    handle: object
