"""A collection as a table: its columns, its statements, and the SQL of a query."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from mesh.documents import encoding, port

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)*")
FIND_LIMIT = 10_000
BACKFILL_LIMIT = 500


class Table:
    """The table of one collection. A column `f_<field>` holds each indexed field, extracted on write."""

    def __init__(self, collection: port.Collection) -> None:
        fields = dict.fromkeys(field for index in collection.indexes for field in index.fields)
        for name in (collection.name, *fields):
            if not NAME.fullmatch(name):
                raise ValueError(f"{name!r} is no name for a collection or an indexed field.")
        self.collection = collection
        self.name = f'"c_{collection.name}"'
        self.fields = {field: f'"f_{field}"' for field in fields}
        self._paths = [field.split(".") for field in fields]
        self._plain = None if any(len(path) > 1 for path in self._paths) else tuple(fields)
        columns = "".join(f", {column}" for column in self.fields.values())
        self.target = f"INTO {self.name}(id, version, data{columns})"
        self.width = 3 + len(self.fields)
        assignments = "".join(f", {column} = ?" for column in self.fields.values())
        self.update = f"UPDATE {self.name} SET version = ?, data = ?{assignments} WHERE id = ? AND version = ?"  # noqa: S608
        self.delete = f"DELETE FROM {self.name} WHERE id = ? AND version = ?"  # noqa: S608
        self.get = f"SELECT id, version, data FROM {self.name} WHERE id = ?"  # noqa: S608
        self.get_many = f"SELECT id, version, data FROM {self.name} WHERE id IN (SELECT value FROM json_each(?))"  # noqa: S608

        self.present = f"SELECT id FROM {self.name} WHERE id IN (SELECT value FROM json_each(?))"  # noqa: S608

    def columns(self, data: port.Data) -> list[Any]:
        """The values of the indexed fields, in the order of the columns."""
        if self._plain is not None:
            return [encoding.column(data.get(name)) for name in self._plain]
        return [encoding.column(_dig(data, path)) for path in self._paths]

    def create(self, connection: sqlite3.Connection) -> None:
        """Make table, columns and indexes exist; rows that were there before a column get its value."""
        connection.execute(
            f"CREATE TABLE IF NOT EXISTS {self.name}(id TEXT PRIMARY KEY, version INTEGER NOT NULL, data BLOB NOT NULL)"
        )
        present = {row[1] for row in connection.execute(f"PRAGMA table_info({self.name})")}
        missing = [column for column in self.fields.values() if column.strip('"') not in present]
        for column in missing:
            connection.execute(f"ALTER TABLE {self.name} ADD COLUMN {column}")
        if missing:
            self._backfill(connection)
        for index in self.collection.indexes:
            connection.execute(self._index(index))

    def _backfill(self, connection: sqlite3.Connection) -> None:
        last = ""
        assignments = ", ".join(f"{column} = ?" for column in self.fields.values())
        page = f"SELECT id, data FROM {self.name} WHERE id > ? ORDER BY id LIMIT {BACKFILL_LIMIT}"  # noqa: S608
        while rows := connection.execute(page, (last,)).fetchall():
            values = [(*self.columns(encoding.decode(data)), document_id) for document_id, data in rows]
            connection.executemany(f"UPDATE {self.name} SET {assignments} WHERE id = ?", values)  # noqa: S608
            last = rows[-1][0]

    def _index(self, index: port.Index) -> str:
        kind = "UNIQUE INDEX" if index.unique else "INDEX"
        name = f'"{"u" if index.unique else "i"}_{self.collection.name}_{"+".join(index.fields)}"'
        columns = [self.fields[field] for field in index.fields]
        # The id at the end gives pages a total order without sorting.
        listed = ", ".join(columns if index.unique else [*columns, "id"])
        condition = f" WHERE {columns[0]} IS NOT NULL" if index.unique else ""
        return f"CREATE {kind} IF NOT EXISTS {name} ON {self.name}({listed}){condition}"

    def find(self, query: port.Query) -> list[tuple[str, list[Any]]]:
        """The SELECTs whose rows, one after the other, answer a query; the limit is the parameter left open, the last.

        Raises ValueError for a field without an index.
        """
        if not 1 <= query.limit <= FIND_LIMIT:
            raise ValueError(f"A find reads 1 to {FIND_LIMIT} documents.")
        conditions, values = self._match(query)
        direction = "DESC" if query.descending else "ASC"
        order = [self._field(query.order)] if query.order else []
        by = ", ".join(f"{column} {direction}" for column in [*order, "id"])
        select = f"SELECT id, version, data FROM {self.name} WHERE"  # noqa: S608
        return [
            (f"{select} {' AND '.join([*conditions, place])} ORDER BY {by} LIMIT ?", [*values, *place_values])
            for place, place_values in self._places(query)
        ]

    def count(self, query: port.Query) -> tuple[str, list[Any]]:
        conditions, values = self._match(query)
        return f"SELECT count(*) FROM {self.name} WHERE {' AND '.join(conditions) or 'TRUE'}", values  # noqa: S608

    def expired(self, field: str, limit: int) -> str:
        """A statement that deletes at most `limit` documents whose `field` is before its parameter."""
        rows = f"SELECT rowid FROM {self.name} WHERE {self.fields[field]} < ? LIMIT {limit}"  # noqa: S608
        return f"DELETE FROM {self.name} WHERE rowid IN ({rows})"  # noqa: S608

    def _field(self, field: str) -> str:
        if field not in self.fields:
            raise ValueError(f"{self.collection.name}.{field} is not indexed.")
        return self.fields[field]

    def _match(self, query: port.Query) -> tuple[list[str], list[Any]]:
        conditions: list[str] = []
        values: list[Any] = []
        bounds = [(query.range_field, ">=", query.at_least), (query.range_field, "<", query.below)]
        for field, operator, value in [*((name, "=", value) for name, value in query.equals.items()), *bounds]:
            if field is None or (value is None and operator != "="):
                continue
            if value is None:
                conditions.append(f"{self._field(field)} IS NULL")
                continue
            conditions.append(f"{self._field(field)} {operator} ?")
            values.append(encoding.column(value))
        return conditions, values

    def _places(self, query: port.Query) -> list[tuple[str, list[Any]]]:
        """Where in the order a page lies, as ranges of an index in turn. Nulls come first, as in MongoDB."""
        if query.after is None:
            return [("TRUE", [])]
        operator = "<" if query.descending else ">"
        value, document_id = encoding.column(query.after[0]), query.after[1]
        if query.order is None:
            return [(f"id {operator} ?", [document_id])]
        column = self._field(query.order)
        if value is None:
            places: list[tuple[str, list[Any]]] = [(f"{column} IS NULL AND id {operator} ?", [document_id])]
            return places if query.descending else [*places, (f"{column} IS NOT NULL", [])]
        here = f"{column} {operator}= ? AND ({column} {operator} ? OR id {operator} ?)"
        places = [(here, [value, value, document_id])]
        return [*places, (f"{column} IS NULL", [])] if query.descending else places


def _dig(data: port.Data, path: Sequence[str]) -> port.Value:
    value: port.Value = data
    for name in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value


def taken_fields(error: sqlite3.IntegrityError) -> tuple[str, ...]:
    """The fields of the unique index that refused: SQLite names them `table.f_field, table.f_field`, or `table.id`."""
    names = str(error).partition(": ")[2].split(", ")
    return tuple(name.split(".", 1)[-1].removeprefix("f_") for name in names)
