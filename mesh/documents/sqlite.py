"""Documents in one SQLite file: a table a collection, and the outbox beside them."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson

from mesh import clock as clocks
from mesh import sqlite
from mesh.documents import encoding, port
from mesh.documents.sqlite_table import Table, taken_fields
from mesh.events import codec
from mesh.events import port as events

GET_LIMIT = 1_000
INSERT_LIMIT = 1_000
OUTBOX = "INTO outbox(topic, key, value)"
# seq is never given twice (AUTOINCREMENT), so that clearing an event twice cannot take a later one.
CREATE_OUTBOX = """
CREATE TABLE IF NOT EXISTS outbox(
    seq INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL
)"""
# How soon an event that another process wrote is noticed.
WATCH_INTERVAL_S = 0.05
TURN_RETRY_S = 0.1
SWEEP_BATCH = 1_000
SWEEP_BATCHES = 100


class SqliteDocuments:
    """`mesh.documents.port.Documents` on a file that several processes may share."""

    def __init__(self, database: sqlite.Database, clock: clocks.Clock) -> None:
        self._database, self._clock = database, clock
        self._tables: dict[str, Table] = {}
        self._written = asyncio.Event()
        self._turn = asyncio.Lock()

    async def ensure(self, *collections: port.Collection) -> None:
        tables = [Table(collection) for collection in collections]

        def work(connection: sqlite3.Connection) -> None:
            for table in tables:
                table.create(connection)

        await self._database.write(work)
        self._tables |= {table.collection.name: table for table in tables}

    async def insert(self, collection: str, document_id: str, data: port.Data, *events: events.Event) -> port.Document:
        table = self._tables[collection]
        row = _row(table, document_id, 1, data)

        def work(connection: sqlite3.Connection) -> None:
            with _refusing_duplicates(collection):
                sqlite.insert_rows(connection, table.target, table.width, [row])

        await self._write(work, events)
        return port.Document(document_id, 1, encoding.decode(row[2]))

    async def insert_many(self, collection: str, documents: Sequence[port.NewDocument]) -> None:
        if len(documents) > INSERT_LIMIT:
            raise ValueError(f"At most {INSERT_LIMIT} documents are inserted at once.")
        table = self._tables[collection]
        first = {document.id: document for document in reversed(documents)}
        rows = {document_id: _row(table, document_id, 1, document.data) for document_id, document in first.items()}
        outbox = {document_id: _outbox_rows(document.events) for document_id, document in first.items()}
        ordered = list(dict.fromkeys(document.id for document in documents))

        def insert(connection: sqlite3.Connection, new: Sequence[str]) -> None:
            sqlite.insert_rows(connection, table.target, table.width, [rows[name] for name in new])
            sqlite.insert_rows(connection, OUTBOX, 3, [row for name in new for row in outbox[name]])

        def work(connection: sqlite3.Connection) -> None:
            if len(ordered) <= sqlite.ROWS_A_STATEMENT:
                # Mostly all are new. One statement inserts all of them or none, so a refusal leaves nothing behind.
                with contextlib.suppress(sqlite3.IntegrityError):
                    insert(connection, ordered)
                    return
            found = {row[0] for row in connection.execute(table.present, (orjson.dumps(ordered).decode(),))}
            with _refusing_duplicates(collection):
                insert(connection, [document_id for document_id in ordered if document_id not in found])

        await self._database.write(work)
        self._written.set()

    async def get(self, collection: str, document_id: str) -> port.Document | None:
        table = self._tables[collection]
        row = await self._database.read(lambda connection: connection.execute(table.get, (document_id,)).fetchone())
        return _document(row) if row else None

    async def get_many(self, collection: str, document_ids: Sequence[str]) -> dict[str, port.Document]:
        if len(document_ids) > GET_LIMIT:
            raise ValueError(f"At most {GET_LIMIT} documents are read at once.")
        table, ids = self._tables[collection], orjson.dumps(list(document_ids)).decode()
        rows = await self._database.read(lambda connection: connection.execute(table.get_many, (ids,)).fetchall())
        return {row[0]: _document(row) for row in rows}

    async def find(self, collection: str, query: port.Query) -> list[port.Document]:
        statements = self._tables[collection].find(query)

        def work(connection: sqlite3.Connection) -> list[Any]:
            rows: list[Any] = []
            for sql, values in statements:
                if len(rows) < query.limit:
                    rows += connection.execute(sql, [*values, query.limit - len(rows)]).fetchall()
            return rows

        return [_document(row) for row in await self._database.read(work)]

    async def count(self, collection: str, query: port.Query) -> int:
        sql, values = self._tables[collection].count(query)
        row = await self._database.read(lambda connection: connection.execute(sql, values).fetchone())
        return int(row[0])

    async def update(
        self, collection: str, document: port.Document, data: port.Data, *events: events.Event
    ) -> port.Document:
        table, version = self._tables[collection], document.version + 1
        encoded = encoding.encode(data)
        values = (version, encoded, *table.columns(data), document.id, document.version)

        def work(connection: sqlite3.Connection) -> None:
            with _refusing_duplicates(collection):
                if connection.execute(table.update, values).rowcount != 1:
                    raise port.VersionConflict

        await self._write(work, events)
        return port.Document(document.id, version, encoding.decode(encoded))

    async def delete(self, collection: str, document: port.Document, *events: events.Event) -> None:
        table = self._tables[collection]

        def work(connection: sqlite3.Connection) -> None:
            if connection.execute(table.delete, (document.id, document.version)).rowcount != 1:
                raise port.VersionConflict

        await self._write(work, events, scrub=True)

    async def append(self, *events: events.Event) -> None:
        await self._write(lambda _: None, events)

    async def _write(
        self, work: Callable[[sqlite3.Connection], None], events: Sequence[events.Event], *, scrub: bool = False
    ) -> None:
        rows = _outbox_rows(events)

        def both(connection: sqlite3.Connection) -> None:
            work(connection)
            sqlite.insert_rows(connection, OUTBOX, 3, rows)

        await self._database.write(both, scrub=scrub)
        if rows:
            self._written.set()

    async def pending_events(self, limit: int) -> list[port.PendingEvent]:
        sql = "SELECT seq, topic, key, value FROM outbox ORDER BY seq LIMIT ?"
        rows = await self._database.read(lambda connection: connection.execute(sql, (limit,)).fetchall())
        return [port.PendingEvent(events.Publication(topic, key, value), seq) for seq, topic, key, value in rows]

    async def clear_events(self, pending: Sequence[port.PendingEvent]) -> None:
        numbers = orjson.dumps([event.handle for event in pending]).decode()
        sql = "DELETE FROM outbox WHERE seq IN (SELECT value FROM json_each(?))"
        await self._database.write(lambda connection: connection.execute(sql, (numbers,)).rowcount)

    async def wait_for_events(self, timeout_s: float) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout_s
        while (left := end - loop.time()) > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(left, WATCH_INTERVAL_S)):
                    await self._written.wait()
                self._written.clear()
                return
            if self._database.changed():
                return

    @contextlib.asynccontextmanager
    async def relay_turn(self) -> AsyncIterator[None]:
        async with self._turn:
            descriptor = await _locked(self._database.path.with_name(self._database.path.name + ".relay"))
            try:
                yield
            finally:
                os.close(descriptor)

    async def sweep(self) -> int:
        deleted, now = 0, self._clock.now()
        for table in list(self._tables.values()):
            for index in table.collection.indexes:
                if index.ttl_s is not None:
                    before = encoding.instant(now - timedelta(seconds=index.ttl_s))
                    deleted += await self._expire(table.expired(index.fields[0], SWEEP_BATCH), before)
        return deleted

    async def _expire(self, sql: str, before: str) -> int:
        deleted = 0
        for _ in range(SWEEP_BATCHES):
            # Nothing to delete is the usual case, and takes no write.
            count = await self._database.write(lambda connection: connection.execute(sql, (before,)).rowcount)
            deleted += count
            if count < SWEEP_BATCH:
                break
        if deleted:
            await self._database.write(lambda _: None, scrub=True)
        return deleted

    async def ping(self) -> None:
        await self._database.read(lambda connection: connection.execute("SELECT count(*) FROM outbox").fetchone())

    async def close(self) -> None:
        await self._database.close()


async def open_file(path: Path, clock: clocks.Clock) -> SqliteDocuments:
    """Open or create the store at `path`. Raises `mesh.errors.Unavailable`."""
    database = await sqlite.Database.open(path)
    try:
        # What a crash left in the log between a delete and its scrubbing goes now.
        await database.write(lambda connection: connection.execute(CREATE_OUTBOX), scrub=True)
    except BaseException:
        await database.close()
        raise
    return SqliteDocuments(database, clock)


def _row(table: Table, document_id: str, version: int, data: port.Data) -> tuple[Any, ...]:
    return (document_id, version, encoding.encode(data), *table.columns(data))


def _document(row: Sequence[Any]) -> port.Document:
    return port.Document(row[0], row[1], encoding.decode(row[2]))


def _outbox_rows(events: Sequence[events.Event]) -> list[tuple[str, str, bytes]]:
    return [(event.topic, event.key, codec.encode(event)) for event in events]


@contextlib.contextmanager
def _refusing_duplicates(collection: str) -> Iterator[None]:
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise port.DuplicateKey(collection, taken_fields(error)) from error


async def _locked(path: Path) -> int:
    """An open file that nobody else has locked. When the process ends, however it ends, the system unlocks it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        while True:  # a relay that stands by waits until it is stopped
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return descriptor
            await asyncio.sleep(TURN_RETRY_S)
    except BaseException:
        os.close(descriptor)
        raise
