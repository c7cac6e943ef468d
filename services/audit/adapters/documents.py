"""The trail over mesh.documents.

`audit_records`: a record a document, its id that of the event, so an event has one record at most. `audit_trail`: the
documents `head` and `checkpoint`.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from mesh.documents import port
from mesh.documents.port import Index, NewDocument, Query
from services.audit.domain.chain import GENESIS, End, Record
from services.audit.domain.records import Facts
from services.audit.errors import TrailMoved
from services.audit.ports import Checkpoint, Head, Search

RECORDS, TRAIL = "audit_records", "audit_trail"
HEAD, CHECKPOINT = "head", "checkpoint"
COLLECTIONS = (
    port.Collection(
        RECORDS,
        (
            Index(("sequence",), unique=True),
            Index(("actorId", "sequence")),
            Index(("resourceId", "sequence")),
            Index(("correlationId", "sequence")),
        ),
    ),
    port.Collection(TRAIL),
)
SCAN_PAGE = 1_000
# Facts by the names under which the documents have them (section 4 of the original design).
NAMES: Mapping[str, str] = {
    "timestamp": "timestamp",
    "event_type": "eventType",
    "actor_type": "actorType",
    "actor_id": "actorId",
    "resource_type": "resourceType",
    "resource_id": "resourceId",
    "action": "action",
    "outcome": "outcome",
    "details": "details",
    "ip_address": "ipAddress",
    "user_agent": "userAgent",
    "correlation_id": "correlationId",
}
BROKEN = Facts("", datetime.fromtimestamp(0, UTC), "", "", "", "", "", "", "", {}, "", "", "")


class DocumentTrail:
    """`ports.Trail`."""

    def __init__(self, documents: port.Documents) -> None:
        self._documents = documents

    async def head(self) -> Head:
        """One that somebody has maimed comes without a signature."""
        found = await self._documents.get(TRAIL, HEAD)
        if found is None:
            return Head(0, End(), (), End(), "")
        try:
            batch = tuple(_record(str(item["eventId"]), item) for item in found.data["batch"])
            start, end = _end(found.data["start"]), _end(found.data["end"])
            return Head(found.version, start, batch, end, str(found.data["signature"]))
        except (KeyError, TypeError, ValueError):
            return Head(found.version, End(), (), End(), "")

    async def move_head(self, head: Head) -> Head:
        batch: list[port.Value] = [{"eventId": record.facts.event_id, **_record_data(record)} for record in head.batch]
        data: port.Data = {
            "start": _end_data(head.start),
            "end": _end_data(head.end),
            "signature": head.signature,
            "batch": batch,
        }
        return dataclasses.replace(head, version=await self._move(HEAD, head.version, data))

    async def place(self, records: Sequence[Record]) -> None:
        new = [NewDocument(record.facts.event_id, _record_data(record)) for record in records]
        await self._documents.insert_many(RECORDS, new)

    async def known(self, event_ids: Sequence[str]) -> Collection[str]:
        return await self._documents.get_many(RECORDS, event_ids)

    async def page(self, after: int, up_to: int, limit: int) -> list[Record]:
        query = Query(range_field="sequence", at_least=after + 1, below=up_to + 1, order="sequence", limit=limit)
        return [_record(found.id, found.data) for found in await self._documents.find(RECORDS, query)]

    async def last_sequence(self) -> int:
        query = Query(range_field="sequence", at_least=1, order="sequence", descending=True, limit=1)
        last = await self._documents.find(RECORDS, query)
        return int(last[0].data["sequence"]) if last else 0

    async def present(self, hashes: Collection[str]) -> list[str]:
        """A scan over all records: asked for only when the chain is broken, so no index is kept for it."""
        found: set[str] = set()
        after = 0
        while page := await self.page(after, 2**62, SCAN_PAGE):
            found.update(record.hash for record in page if record.hash in hashes)
            after = page[-1].sequence
        return sorted(found)

    async def search(self, search: Search) -> list[Record]:
        wanted = {"actorId": search.actor_id, "resourceId": search.resource_id, "correlationId": search.correlation_id}
        equals = {name: value for name, value in wanted.items() if value}
        query = Query(equals=equals, order="sequence", descending=True, limit=search.limit)
        return [_record(found.id, found.data) for found in await self._documents.find(RECORDS, query)]

    async def checkpoint(self) -> Checkpoint:
        found = await self._documents.get(TRAIL, CHECKPOINT)
        if found is None:
            return Checkpoint(0, End(), "")
        try:
            return Checkpoint(found.version, _end(found.data["end"]), str(found.data["signature"]))
        except (KeyError, TypeError, ValueError):
            return Checkpoint(found.version, End(), "")

    async def move_checkpoint(self, checkpoint: Checkpoint) -> Checkpoint:
        data: port.Data = {"end": _end_data(checkpoint.end), "signature": checkpoint.signature}
        return dataclasses.replace(checkpoint, version=await self._move(CHECKPOINT, checkpoint.version, data))

    async def remove(self, records: Sequence[Record]) -> None:
        # Together, so that the store commits them together.
        await asyncio.gather(*(self._remove(record) for record in records))

    async def _remove(self, record: Record) -> None:
        with contextlib.suppress(port.VersionConflict):
            await self._documents.delete(RECORDS, port.Document(record.facts.event_id, 1, {}))

    async def _move(self, name: str, version: int, data: port.Data) -> int:
        try:
            if version == 0:
                return (await self._documents.insert(TRAIL, name, data)).version
            return (await self._documents.update(TRAIL, port.Document(name, version, {}), data)).version
        except (port.DuplicateKey, port.VersionConflict):
            raise TrailMoved from None


def _end(data: Mapping[str, Any]) -> End:
    return End(int(data["sequence"]), str(data["hash"]))


def _end_data(end: End) -> port.Data:
    return {"sequence": end.sequence, "hash": end.hash}


def _record_data(record: Record) -> dict[str, port.Value]:
    facts: dict[str, port.Value] = {name: getattr(record.facts, field) for field, name in NAMES.items()}
    return {"sequence": record.sequence, **facts, "previousHash": record.previous_hash, "hash": record.hash}


def _record(event_id: str, data: Mapping[str, Any]) -> Record:
    """A record as it lies there. One that somebody has maimed comes without a hash, so that it counts as changed."""
    try:
        timestamp = data["timestamp"]
        if not isinstance(timestamp, datetime) or not isinstance(data["details"], Mapping):
            raise TypeError
        facts = Facts(event_id=event_id, **{field: data[name] for field, name in NAMES.items()})
        return Record(int(data["sequence"]), facts, str(data["previousHash"]), str(data["hash"]))
    except (KeyError, TypeError, ValueError):
        return Record(int(data["sequence"]), BROKEN, "", GENESIS)
