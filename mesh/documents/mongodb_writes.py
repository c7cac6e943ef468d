"""The writes of a MongoDB store: each is one command on one document, decided by the server.

A document that is deleted while events of it wait is buried: emptied, at version 0, until they are published. Whoever
inserts its id in the meantime revives it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pymongo import errors as driver

from mesh import errors
from mesh.documents import mongodb_errors as failures
from mesh.documents import mongodb_outbox as outboxes
from mesh.documents import port
from mesh.documents.mongodb_shape import BURIED, NOTHING_WAITS, Shape, clashes

INSERT_ATTEMPTS = 5
Content = Mapping[str, Any]
Waiting = Sequence[Mapping[str, Any]]


class Writes:
    """Inserts, updates and deletes stored fields (`Shape.content`) with numbered events (`Outbox.numbered`)."""

    def __init__(self, database: outboxes.Database) -> None:
        self._database = database

    async def insert(self, shape: Shape, document_id: str, content: Content, waiting: Waiting) -> None:
        """Insert at version 1. Raises DuplicateKey."""
        for _ in range(INSERT_ATTEMPTS):  # what stood in the way may be gone when it is looked for
            try:
                await self._database[shape.name].insert_one(_new(document_id, content, waiting))
            except driver.OperationFailure as error:
                if not failures.is_duplicate(error):
                    raise
                if await self._revive(shape, document_id, content, waiting):
                    return
                await self._refuse_taken(shape, document_id, content, failures.key_pattern(error))
            else:
                return
        raise errors.Unavailable(retry_after_s=failures.RETRY_AFTER_S)

    async def insert_many(
        self, shape: Shape, ids: Sequence[str], contents: Sequence[Content], waiting: Sequence[Waiting]
    ) -> None:
        """Insert those whose id is free. Raises DuplicateKey for another index."""
        new = [_new(*parts) for parts in zip(ids, contents, waiting, strict=True)]
        if not new:
            return
        try:
            await self._database[shape.name].insert_many(new, ordered=False)
        except driver.BulkWriteError as error:
            places = failures.only_duplicates(error)
            alive = await self._alive(shape, [ids[place] for place in places])
            for place in places:
                if ids[place] not in alive:
                    await self._insert_if_free(shape, ids[place], contents[place], waiting[place])

    async def update(self, shape: Shape, document: port.Document, content: Content, waiting: Waiting) -> None:
        """Replace the content. Raises VersionConflict, DuplicateKey."""
        update = _replacing(content, waiting, document.version + 1)
        try:
            updated = await self._change(shape, document.id, document.version, update)
        except driver.OperationFailure as error:
            if failures.is_duplicate(error):
                await self._refuse_taken(shape, document.id, content, failures.key_pattern(error))
            raise
        if not updated:
            raise port.VersionConflict

    async def delete(self, shape: Shape, document: port.Document, waiting: Waiting) -> None:
        """Delete, or bury where events wait. Raises VersionConflict."""
        if waiting:
            if not await self._bury(shape, document, waiting, {}):
                raise port.VersionConflict
            return
        # What waits may be published between the two tries, once: only a new version gets new events.
        gone = await self._delete(shape, document) or await self._bury(shape, document, (), {"_outbox": {"$ne": None}})
        if not gone and not await self._delete(shape, document):
            raise port.VersionConflict

    async def _delete(self, shape: Shape, document: port.Document) -> bool:
        same = {"_id": document.id, "version": document.version, **NOTHING_WAITS}
        return (await self._database[shape.name].delete_one(same)).deleted_count == 1

    async def _bury(self, shape: Shape, document: port.Document, waiting: Waiting, also: Content) -> bool:
        update = outboxes.adding(waiting)
        update["$set"] |= {"version": BURIED}
        update["$unset"] = {"data": "", "_nulls": ""}
        return await self._change(shape, document.id, document.version, update, also)

    async def _revive(self, shape: Shape, document_id: str, content: Content, waiting: Waiting) -> bool:
        try:
            return await self._change(shape, document_id, BURIED, _replacing(content, waiting, 1))
        except driver.OperationFailure as error:
            if failures.is_duplicate(error):
                await self._refuse_taken(shape, document_id, content, failures.key_pattern(error))
            raise

    async def _change(
        self, shape: Shape, document_id: str, version: int, update: Content, also: Content | None = None
    ) -> bool:
        same = {"_id": document_id, "version": version, **(also or {})}
        return (await self._database[shape.name].update_one(same, update)).matched_count == 1

    async def _insert_if_free(self, shape: Shape, document_id: str, content: Content, waiting: Waiting) -> None:
        try:
            await self.insert(shape, document_id, content, waiting)
        except port.DuplicateKey as refusal:
            if refusal.fields != ("id",):
                raise

    async def _alive(self, shape: Shape, ids: Sequence[str]) -> set[str]:
        found = self._database[shape.name].find({"_id": {"$in": list(ids)}, "version": {"$gt": BURIED}}, {"_id": 1})
        return {document["_id"] async for document in found}

    async def _refuse_taken(self, shape: Shape, document_id: str, content: Content, pattern: tuple[str, ...]) -> None:
        """Raise DuplicateKey with the fields of the index that refused: as the server says, else by looking.

        Returns when nothing is taken any more.
        """
        if pattern and pattern != ("id",):
            raise port.DuplicateKey(shape.name, pattern)
        for index, same in clashes(shape, content["data"]):
            found = self._database[shape.name].find_one({**same, "_id": {"$ne": document_id}}, {"_id": 1})
            if not pattern and await found:
                raise port.DuplicateKey(shape.name, index.fields)
        if await self._alive(shape, [document_id]):
            raise port.DuplicateKey(shape.name, ("id",))


def _new(document_id: str, content: Content, waiting: Waiting) -> dict[str, Any]:
    return {"_id": document_id, "version": 1, **content, **outboxes.held(waiting)}


def _replacing(content: Content, waiting: Waiting, version: int) -> dict[str, dict[str, Any]]:
    update = outboxes.adding(waiting)
    update["$set"] |= {"version": version, **content}
    if "_nulls" not in content:
        update["$unset"] = {"_nulls": ""}
    return update
