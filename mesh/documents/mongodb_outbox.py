"""The outbox of a MongoDB store: events lie inside the documents that they tell of, numbered in the order of writing.

One state document a store counts the numbers and lists the collections. A write takes its numbers before it begins, so
whatever began after another was acknowledged has the larger ones; reading up to the count of a moment therefore misses
nothing that came before what it finds.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

from bson import objectid
from pymongo import DeleteMany, ReturnDocument, UpdateMany, UpdateOne
from pymongo import errors as driver
from pymongo.asynchronous import collection as collections
from pymongo.asynchronous import database as databases

from mesh import errors
from mesh.documents import mongodb_shape as shapes
from mesh.documents import port
from mesh.documents.mongodb_errors import is_duplicate
from mesh.events import codec
from mesh.events import port as events

Collection = collections.AsyncCollection[dict[str, Any]]
Database = databases.AsyncDatabase[dict[str, Any]]
Stored = Mapping[str, Any]

STATE = "_mesh"
STATE_ID = "outbox"
# Events of nobody's document lie here, each write as a document that was never anything but buried.
LOOSE = "_outbox"
CLEAR_ROUNDS = 20
WAITS: Stored = {"_outbox.last": {"$gt": 0}}
CREATE_ATTEMPTS = 3


@dataclasses.dataclass(slots=True)
class _Ticket:
    count: int
    first: int = 0


class Numbers:
    """Hands out numbers; writes that wait at the same time share one round trip."""

    def __init__(self, advance: Callable[[int], Awaitable[int]]) -> None:
        self._advance = advance
        self._turn = asyncio.Lock()
        self._waiting: list[_Ticket] = []

    async def take(self, count: int) -> int:
        """The first of `count` consecutive numbers, larger than all that were given out before this call."""
        ticket = _Ticket(count)
        self._waiting.append(ticket)
        async with self._turn:
            if not ticket.first:
                await self._serve(ticket)
        return ticket.first

    async def _serve(self, mine: _Ticket) -> None:
        served, self._waiting = self._waiting, []
        total = sum(ticket.count for ticket in served)
        try:
            first = await self._advance(total) - total + 1
        except BaseException:
            # Those that wait behind this one ask for themselves.
            self._waiting = [*(ticket for ticket in served if ticket is not mine), *self._waiting]
            raise
        for ticket in served:
            ticket.first = first
            first += ticket.count


@dataclasses.dataclass(frozen=True, slots=True)
class Handle:
    """Where a pending event lies."""

    collection: str
    document_id: Any
    seq: int


class Outbox:
    """Writes, finds and clears what waits to be published."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._numbers = Numbers(self._advance)

    async def register(self, names: Iterable[str]) -> None:
        """Make the state document exist and the relay look into these collections."""
        await self._database[LOOSE].create_indexes([shapes.pending_index()])
        update = {"$addToSet": {"collections": {"$each": [LOOSE, *names]}}}
        for attempt in range(CREATE_ATTEMPTS):
            try:
                await self._database[STATE].update_one({"_id": STATE_ID}, update, upsert=True)
            except driver.OperationFailure as error:  # of processes that create it at once, one does
                if not is_duplicate(error) or attempt == CREATE_ATTEMPTS - 1:
                    raise
            else:
                return

    async def numbered(self, events: Sequence[events.Event]) -> list[dict[str, Any]]:
        """Events as they lie in a document."""
        if not events:
            return []
        first = await self._numbers.take(len(events))
        return [
            {"seq": first + place, "topic": event.topic, "key": event.key, "value": codec.encode(event)}
            for place, event in enumerate(events)
        ]

    async def append(self, events: Sequence[events.Event]) -> None:
        """Put events in without a document. Durable when it returns."""
        waiting = await self.numbered(events)
        if waiting:
            loose = {"_id": objectid.ObjectId(), "version": shapes.BURIED, **held(waiting)}
            await self._database[LOOSE].insert_one(loose)

    async def last_number(self) -> int:
        """The last number that was given out, over all processes."""
        return int((await self._state()).get("seq", 0))

    async def pending(self, limit: int) -> list[port.PendingEvent]:
        """The `limit` oldest events that wait."""
        state = await self._state()
        until = state.get("seq", 0)
        looks = (self._waiting_in(name, until, limit) for name in state.get("collections", ()))
        found = [event for look in await asyncio.gather(*looks) for event in look]
        found.sort(key=lambda event: event[0])
        return [pending for _, pending in found[:limit]]

    async def _waiting_in(self, name: str, until: int, limit: int) -> list[tuple[int, port.PendingEvent]]:
        documents = self._database[name].find({"_outbox.first": {"$lte": until}}, {"_outbox": 1})
        return [
            (int(event["seq"]), _pending(Handle(name, document["_id"], event["seq"]), event))
            async for document in documents.sort("_outbox.first", 1).limit(limit)
            for event in document["_outbox"]["events"]
            if event["seq"] <= until
        ]

    async def clear(self, handles: Iterable[Handle]) -> None:
        """Take published events out, and remove documents that were only there for them."""
        by_collection: dict[str, dict[Any, set[int]]] = {}
        for handle in handles:
            by_collection.setdefault(handle.collection, {}).setdefault(handle.document_id, set()).add(handle.seq)
        await asyncio.gather(*(self._clear_in(self._database[name], gone) for name, gone in by_collection.items()))

    async def _clear_in(self, collection: Collection, gone: Mapping[Any, set[int]]) -> None:
        left = gone
        for _ in range(CLEAR_ROUNDS):
            found = collection.find({**WAITS, "_id": {"$in": list(left)}}, {"version": 1, "_outbox": 1})
            holding = [document async for document in found if _seqs(document) & gone[document["_id"]]]
            if not holding:
                return
            done = await collection.bulk_write(_clearing(holding, gone), ordered=False)
            if done.matched_count + done.deleted_count == len(holding):
                return
            left = {document["_id"]: gone[document["_id"]] for document in holding}
        raise errors.Unavailable

    async def _advance(self, count: int) -> int:
        # Durable like every write: a number that a failover took back would be given to a later event again.
        state = await self._database[STATE].find_one_and_update(
            {"_id": STATE_ID}, {"$inc": {"seq": count}}, return_document=ReturnDocument.AFTER
        )
        if state is None:
            raise errors.Unavailable
        return int(state["seq"])

    async def _state(self) -> Stored:
        return await self._database[STATE].find_one({"_id": STATE_ID}) or {}


def held(waiting: Sequence[Stored]) -> dict[str, Any]:
    """The field of a new document that holds events; none without any, so that an index can leave it out."""
    if not waiting:
        return {}
    return {"_outbox": {"first": waiting[0]["seq"], "last": waiting[-1]["seq"], "events": list(waiting)}}


def adding(waiting: Sequence[Stored]) -> dict[str, dict[str, Any]]:
    """The operators that put events behind those which a document holds already; `$set` is among them."""
    if not waiting:
        return {"$set": {}}
    return {
        "$set": {"_outbox.last": waiting[-1]["seq"]},
        "$min": {"_outbox.first": waiting[0]["seq"]},
        "$push": {"_outbox.events": {"$each": list(waiting)}},
    }


def _clearing(holding: Sequence[Stored], gone: Mapping[Any, set[int]]) -> list[Any]:
    """Writes that leave alone a document which got another event meanwhile: then its `last` has moved."""
    buried: list[Stored] = []
    emptied: list[Stored] = []
    writes: list[Any] = []
    for document in holding:
        remaining = _remaining(document, gone[document["_id"]])
        if remaining:
            same = {"_id": document["_id"], "_outbox": document["_outbox"]}
            writes.append(UpdateOne(same, {"$set": held(remaining)}))
        else:
            (buried if document["version"] == shapes.BURIED else emptied).append(document)
    # One command for all of a kind: each is atomic for itself, and a server need not be asked a thousand times.
    if emptied:
        writes.append(UpdateMany(_unmoved(emptied), {"$unset": {"_outbox": ""}}))
    if buried:
        writes.append(DeleteMany({**_unmoved(buried), "version": shapes.BURIED}))
    return writes


def _unmoved(documents: Sequence[Stored]) -> dict[str, Any]:
    """Those of `documents` that are as they were: no two ever have the same `last`, so each can only have its own."""
    lasts = [document["_outbox"]["last"] for document in documents]
    return {
        "_outbox.last": {**WAITS["_outbox.last"], "$in": lasts},
        "_id": {"$in": [document["_id"] for document in documents]},
    }


def _remaining(document: Stored, gone: set[int]) -> list[Stored]:
    return [event for event in document["_outbox"]["events"] if event["seq"] not in gone]


def _seqs(document: Stored) -> set[int]:
    return {int(event["seq"]) for event in document.get("_outbox", {}).get("events", ())}


def _pending(handle: Handle, event: Stored) -> port.PendingEvent:
    return port.PendingEvent(events.Publication(event["topic"], event["key"], event["value"]), handle)
