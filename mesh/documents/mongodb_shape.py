"""A collection as MongoDB has it: the shape of its documents, its index specifications, and the filter of a query.

`{_id, version, data, _nulls?, _outbox?: {first, last, events: [{seq, topic, key, value}]}}`. A document that was
deleted while events of it wait lies at version 0 without data until they are published: it is "buried".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pymongo import operations

from mesh.documents import encoding, port
from mesh.documents import mongodb_values as values

# The version of a buried document.
BURIED = 0
FIND_LIMIT = 10_000
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)*")
# A document whose events wait must outlive its time: a TTL index holds those without any.
NOTHING_WAITS: Mapping[str, Any] = {"_outbox": None}


class Shape:
    """What one collection looks like."""

    def __init__(self, collection: port.Collection) -> None:
        self.collection, self.name = collection, collection.name
        self.fields = frozenset(field for index in collection.indexes for field in index.fields)
        for name in (collection.name, *self.fields):
            if not NAME.fullmatch(name):
                raise ValueError(f"{name!r} is no name for a collection or an indexed field.")
        self.unique = tuple(index for index in collection.indexes if index.unique)
        self._never_null = tuple(dict.fromkeys(field for index in self.unique for field in index.fields))

    def content(self, data: port.Data) -> dict[str, Any]:
        """The stored fields that hold `data`; `_nulls` only where there are any. Raises as `values.frozen`."""
        frozen = values.frozen(data)
        for field in self.fields:
            encoding.column(values.dug(frozen, field))
        nulls = values.take_nulls(frozen, self._never_null)
        return {"data": frozen, "_nulls": nulls} if nulls else {"data": frozen}

    def find(self, query: port.Query) -> tuple[dict[str, Any], list[tuple[str, int]]]:
        """Filter and sort of a query. Raises ValueError for a field without an index."""
        if not 1 <= query.limit <= FIND_LIMIT:
            raise ValueError(f"A find reads 1 to {FIND_LIMIT} documents.")
        direction = -1 if query.descending else 1
        order = [(self._field(query.order), direction)] if query.order else []
        return {**self.match(query), **self._after(query)}, [*order, ("_id", direction)]

    def match(self, query: port.Query) -> dict[str, Any]:
        """The filter of a query without its page."""
        found: dict[str, Any] = {"version": {"$gt": BURIED}}
        for field, value in query.equals.items():
            encoding.column(value)
            found[self._field(field)] = {"$eq": values.frozen_value(value)}
        if query.range_field is not None:
            bounds = {"$gte": query.at_least, "$lt": query.below}
            limits = {name: values.frozen_value(value) for name, value in bounds.items() if value is not None}
            field = self._field(query.range_field)
            if limits:
                found[field] = {**found.get(field, {}), **limits}
        return found

    def _after(self, query: port.Query) -> dict[str, Any]:
        """Where in the order a page lies. Nulls, and what is absent, come first."""
        if query.after is None:
            return {}
        value, document_id = query.after
        beyond = {"$lt" if query.descending else "$gt": document_id}
        if query.order is None:
            return {"_id": beyond}
        field = self._field(query.order)
        same = {field: values.frozen_value(value), "_id": beyond}
        if value is None:
            return {"$or": [same] if query.descending else [same, {field: {"$ne": None}}]}
        further = {field: {next(iter(beyond)): values.frozen_value(value)}}
        return {"$or": [same, further, {field: None}] if query.descending else [same, further]}

    def _field(self, field: str) -> str:
        if field not in self.fields:
            raise ValueError(f"{self.name}.{field} is not indexed.")
        return f"data.{field}"


def document(stored: Mapping[str, Any]) -> port.Document:
    """The port's document from a stored one."""
    data = values.thawed(stored["data"])
    values.put_nulls(data, stored.get("_nulls", []))
    return port.Document(stored["_id"], int(stored["version"]), data)


def models(index: port.Index) -> list[operations.IndexModel]:
    """What serves an index on MongoDB."""
    keys = [(f"data.{field}", 1) for field in index.fields]
    name = "+".join(index.fields)
    if index.unique:
        present = {field: {"$exists": True} for field, _ in keys}
        unique = operations.IndexModel(keys, name=f"u_{name}", unique=True, partialFilterExpression=present)
        # A query that names the first fields only cannot use an index that leaves documents out for want of the last.
        return [unique] if len(keys) == 1 else [unique, plain(index)]
    if index.ttl_s is not None:
        ttl = operations.IndexModel(
            keys, name=f"t_{name}", expireAfterSeconds=index.ttl_s, partialFilterExpression=dict(NOTHING_WAITS)
        )
        return [ttl, plain(index)]
    return [plain(index)]


def plain(index: port.Index) -> operations.IndexModel:
    """An index for finding only. The id at its end gives pages a total order without sorting."""
    keys = [*((f"data.{field}", 1) for field in index.fields), ("_id", 1)]
    return operations.IndexModel(keys, name=f"i_{'+'.join(index.fields)}")


def without_filter(model: operations.IndexModel) -> operations.IndexModel:
    """A unique index for a server that has no partial ones and leaves out absent fields anyway."""
    keys = list(model.document["key"].items())
    return operations.IndexModel(keys, name=model.document["name"], unique=True)


def pending_index() -> operations.IndexModel:
    """What the relay finds documents by whose events wait."""
    return operations.IndexModel([("_outbox.first", 1)], name="outbox", sparse=True)


def clashes(shape: Shape, data: Mapping[str, Any]) -> Sequence[tuple[port.Index, dict[str, Any]]]:
    """For each unique index that holds `data` (as stored): a filter for whoever has the same values."""
    found = []
    for index in shape.unique:
        same = {f"data.{field}": values.dug(data, field) for field in index.fields}
        if None not in same.values():
            found.append((index, same))
    return found
