"""Makes indexes exist, on servers that take every kind and on one that does not."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from pymongo import errors as driver
from pymongo import operations

from mesh import logs, settings
from mesh.documents import mongodb_shape as shapes
from mesh.documents import port
from mesh.documents.mongodb_errors import is_duplicate
from mesh.documents.mongodb_outbox import Collection, Database

VARIABLE = "CREDPASS_DOCUMENTS_URL"
NOT_IMPLEMENTED = 238
CONFLICTS = frozenset({85, 86})
NULLS_BATCH = 500
NULLS_BATCHES = 100_000
LOG = logs.get()


@dataclasses.dataclass(frozen=True, slots=True)
class Abilities:
    """What the server says of itself. `ferretdb`: its unique indexes leave out documents without the field."""

    ferretdb: bool

    @classmethod
    def of(cls, build_info: Mapping[str, Any]) -> Abilities:
        """From the answer to `buildInfo`."""
        return cls(any(key.lower().startswith("ferretdb") for key in build_info))


async def ensure(database: Database, shape: shapes.Shape, abilities: Abilities) -> tuple[port.Index, ...]:
    """Make a collection's indexes exist, and return the TTL indexes that the server refuses: they need a sweeper.

    Raises:
        settings.SettingsError: the server cannot keep an index's promise, or has another index in its place.
    """
    collection = database[shape.name]
    await _create(collection, [shapes.pending_index()])
    return tuple([index for index in shape.collection.indexes if not await _ensure(collection, index, abilities)])


async def _ensure(collection: Collection, index: port.Index, abilities: Abilities) -> bool:
    """Whether the server keeps the index's whole promise."""
    first, *others = shapes.models(index)
    if index.unique and first.document["name"] not in await _present(collection):
        await _set_nulls_aside(collection, index)
    served = await _create(collection, [first])
    if not served and index.unique:
        if not abilities.ferretdb:
            raise settings.SettingsError(f"{VARIABLE}: the server takes no partial unique index")
        served = await _create(collection, [shapes.without_filter(first)])
    if index.ttl_s is not None:
        by = "the server" if served else "a sweep of each process: the server has no TTL indexes"
        LOG.info("documents past their time are deleted", collection=collection.name, field=index.fields[0], by=by)
    if others:
        await _create(collection, others)
    return served


async def _create(collection: Collection, models: Sequence[operations.IndexModel]) -> bool:
    """Whether the server took them. FerretDB says "not implemented" to partial and TTL indexes."""
    try:
        await collection.create_indexes(models)
    except driver.OperationFailure as error:
        _explain(collection.name, models[0].document["name"], error)
        if error.code != NOT_IMPLEMENTED:
            raise
        return False
    return True


def _explain(collection: str, index: str, error: driver.OperationFailure) -> None:
    """Raise SettingsError for what an operator has to put right in the database."""
    if error.code in CONFLICTS:
        raise settings.SettingsError(
            f"{VARIABLE}: {collection} has an index like {index} with other options; drop it"
        ) from error
    if is_duplicate(error):
        raise settings.SettingsError(
            f"{VARIABLE}: {collection} holds documents that the unique index {index} does not allow"
        ) from error


async def _present(collection: Collection) -> set[str]:
    return {index["name"] async for index in await collection.list_indexes()}


async def _set_nulls_aside(collection: Collection, index: port.Index) -> None:
    """What was written before the index: a null there would count as a value."""
    for field in index.fields:
        path = f"data.{field}"
        update = {"$unset": {path: ""}, "$addToSet": {"_nulls": field}}
        for _ in range(NULLS_BATCHES):
            found = collection.find({path: {"$type": "null"}}, {"_id": 1}).limit(NULLS_BATCH)
            holding = [document["_id"] async for document in found]
            if not holding:
                break
            await collection.update_many({"_id": {"$in": holding}, path: {"$type": "null"}}, update)
