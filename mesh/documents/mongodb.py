"""Documents on MongoDB, or on what speaks its protocol.

No transaction spans documents: a document carries its events (`mongodb_outbox`), even after it was deleted
(`mongodb_writes`), and every change is decided by the filter `{_id, version}`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import pymongo
from pymongo import errors as driver

from mesh import clock as clocks
from mesh import errors, settings
from mesh.documents import mongodb_indexes as indexes
from mesh.documents import mongodb_outbox as outboxes
from mesh.documents import mongodb_shape as shapes
from mesh.documents import mongodb_url as urls
from mesh.documents import port
from mesh.documents.mongodb_errors import neutral
from mesh.documents.mongodb_lease import Lease
from mesh.documents.mongodb_writes import Content, Writes
from mesh.events import port as events

GET_LIMIT = 1_000
INSERT_LIMIT = 1_000
# Building an index over what is there takes longer than any call may.
ENSURE_TIMEOUT_S = 600.0
# How soon an event that another process wrote is noticed, and how long after its number was taken it may appear.
WATCH_INTERVAL_S = 0.05
SETTLE_S = 1.0
# AuthenticationFailed, Unauthorized, UserNotFound, AtlasError.
CREDENTIALS_CODES = frozenset({18, 13, 11, 8000})


class MongoDocuments:
    """`mesh.documents.port.Documents` on a database that several processes share."""

    def __init__(
        self, client: urls.Client, database: outboxes.Database, abilities: indexes.Abilities, clock: clocks.Clock
    ) -> None:
        self._client, self._database, self._abilities, self._clock = client, database, abilities, clock
        self._shapes: dict[str, shapes.Shape] = {}
        self._swept: dict[str, tuple[port.Index, ...]] = {}
        self._outbox, self._writes = outboxes.Outbox(database), Writes(database)
        self._lease, self._turn = Lease(database), asyncio.Lock()
        self._written = asyncio.Event()
        self._number, self._moved_at_s = -1, 0.0

    async def ensure(self, *collections: port.Collection) -> None:
        found = [shapes.Shape(collection) for collection in collections]
        with neutral(), pymongo.timeout(ENSURE_TIMEOUT_S):
            await self._outbox.register(shape.name for shape in found)
            for shape in found:
                self._swept[shape.name] = await indexes.ensure(self._database, shape, self._abilities)
                self._shapes[shape.name] = shape

    async def insert(self, collection: str, document_id: str, data: port.Data, *events: events.Event) -> port.Document:
        shape = self._shapes[collection]
        content = shape.content(data)
        with neutral():
            await self._writes.insert(shape, document_id, content, await self._outbox.numbered(events))
        return self._wrote(document_id, 1, content, events)

    async def insert_many(self, collection: str, documents: Sequence[port.NewDocument]) -> None:
        if len(documents) > INSERT_LIMIT:
            raise ValueError(f"At most {INSERT_LIMIT} documents are inserted at once.")
        shape = self._shapes[collection]
        first = {document.id: document for document in reversed(documents)}
        new = [first[document_id] for document_id in dict.fromkeys(document.id for document in documents)]
        contents = [shape.content(document.data) for document in new]
        with neutral():
            numbered = iter(await self._outbox.numbered([event for document in new for event in document.events]))
            waiting = [[next(numbered) for _ in document.events] for document in new]
            await self._writes.insert_many(shape, [document.id for document in new], contents, waiting)
        self._written.set()

    async def get(self, collection: str, document_id: str) -> port.Document | None:
        return (await self.get_many(collection, (document_id,))).get(document_id)

    async def get_many(self, collection: str, document_ids: Sequence[str]) -> dict[str, port.Document]:
        if len(document_ids) > GET_LIMIT:
            raise ValueError(f"At most {GET_LIMIT} documents are read at once.")
        shape, ids = self._shapes[collection], list(dict.fromkeys(document_ids))
        if not ids:
            return {}
        which = {"_id": ids[0]} if len(ids) == 1 else {"_id": {"$in": ids}}
        with neutral():
            found = await self._database[shape.name].find(which, {"_outbox": 0}).to_list()
        return {stored["_id"]: shapes.document(stored) for stored in found if stored["version"] != shapes.BURIED}

    async def find(self, collection: str, query: port.Query) -> list[port.Document]:
        shape = self._shapes[collection]
        which, order = shape.find(query)
        with neutral():
            found = self._database[shape.name].find(which, {"_outbox": 0}).sort(order).limit(query.limit)
            return [shapes.document(stored) async for stored in found]

    async def count(self, collection: str, query: port.Query) -> int:
        shape = self._shapes[collection]
        with neutral():
            return await self._database[shape.name].count_documents(shape.match(query))

    async def update(
        self, collection: str, document: port.Document, data: port.Data, *events: events.Event
    ) -> port.Document:
        shape = self._shapes[collection]
        content = shape.content(data)
        with neutral():
            await self._writes.update(shape, document, content, await self._outbox.numbered(events))
        return self._wrote(document.id, document.version + 1, content, events)

    async def delete(self, collection: str, document: port.Document, *events: events.Event) -> None:
        shape = self._shapes[collection]
        with neutral():
            await self._writes.delete(shape, document, await self._outbox.numbered(events))
        if events:
            self._written.set()

    async def append(self, *events: events.Event) -> None:
        with neutral():
            await self._outbox.append(events)
        self._written.set()

    async def pending_events(self, limit: int) -> list[port.PendingEvent]:
        if self._lease.lost:  # whoever took the turn over publishes
            return []
        with neutral():
            return await self._outbox.pending(limit)

    async def clear_events(self, pending: Sequence[port.PendingEvent]) -> None:
        with neutral():
            await self._outbox.clear([event.handle for event in pending if isinstance(event.handle, outboxes.Handle)])

    async def wait_for_events(self, timeout_s: float) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout_s
        while (left := end - loop.time()) > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(left, WATCH_INTERVAL_S)):
                    await self._written.wait()
                self._written.clear()
                return
            if await self._moved():
                return

    async def _moved(self) -> bool:
        """Whether a number was given out a moment ago: its event is there, or will be."""
        now_s = asyncio.get_running_loop().time()
        with neutral():
            number = await self._outbox.last_number()
        if number != self._number:
            self._number, self._moved_at_s = number, now_s
        return now_s - self._moved_at_s < SETTLE_S

    @contextlib.asynccontextmanager
    async def relay_turn(self) -> AsyncIterator[None]:
        async with self._turn, self._lease.hold():
            yield

    async def sweep(self) -> int:
        deleted, now = 0, self._clock.now()
        with neutral():
            for name, swept in self._swept.items():
                for index in swept:
                    before = now - timedelta(seconds=index.ttl_s or 0)
                    past = {f"data.{index.fields[0]}": {"$lt": before}, **shapes.NOTHING_WAITS}
                    deleted += (await self._database[name].delete_many(past)).deleted_count
        return deleted

    async def ping(self) -> None:
        with neutral():
            await self._client.admin.command("ping")

    async def close(self) -> None:
        await self._client.close()

    def _wrote(self, document_id: str, version: int, content: Content, events: Sequence[events.Event]) -> port.Document:
        if events:
            self._written.set()
        return shapes.document({"_id": document_id, "version": version, **content})


async def open_server(url: str, clock: clocks.Clock) -> MongoDocuments:
    """Connect to the server that a URL names, and check that it keeps what it acknowledges.

    Raises:
        settings.SettingsError: the URL is wrong, or the server refuses the credentials or is not safe enough.
        errors.Unavailable: the server cannot be reached.
    """
    client = urls.client(url)
    try:
        hello, build_info = await _greet(client)
        urls.check(hello)
        return MongoDocuments(client, urls.database(client, hello), indexes.Abilities.of(build_info), clock)
    except BaseException:
        await client.close()
        raise


async def _greet(client: urls.Client) -> tuple[Any, Any]:
    try:
        with neutral():
            try:
                # A command that needs a log-in, so that wrong credentials show now.
                return await client.admin.command("hello"), await client.admin.command("buildInfo")
            except driver.OperationFailure as error:
                if error.code in CREDENTIALS_CODES:
                    raise settings.SettingsError(f"{urls.VARIABLE}: the server refuses the credentials") from None
                raise
    except errors.Unavailable as error:
        raise errors.Unavailable(f"{urls.VARIABLE}: the document server cannot be reached.") from error
