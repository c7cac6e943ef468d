"""Typed reads from a document's data, and the errors of writes in the mesh's words."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TypeVar

from mesh import errors
from mesh.documents import port

T = TypeVar("T")


def required(data: port.Data, name: str, kind: type[T]) -> T:
    """The value of a field. Raises TypeError when the document does not have it: it was not written by us."""
    value = data.get(name)
    if not isinstance(value, kind):
        raise TypeError(f"a stored {name} is no {kind.__name__}")
    return value


def optional(data: port.Data, name: str, kind: type[T]) -> T | None:
    """The value of a field, None where it is absent or null."""
    return None if data.get(name) is None else required(data, name, kind)


def part(data: port.Data, name: str) -> port.Data:
    """A map inside the document, empty where it is absent."""
    value = data.get(name)
    return value if isinstance(value, Mapping) else {}


def moment(data: port.Data, name: str) -> datetime:
    return required(data, name, datetime)


def without_none(data: Mapping[str, port.Value]) -> dict[str, port.Value]:
    """The same without fields that say nothing."""
    return {name: value for name, value in data.items() if value is not None}


def at(document_id: str, revision: int) -> port.Document:
    """What a write stands on."""
    return port.Document(document_id, revision, {})


@contextlib.contextmanager
def conflicts() -> Iterator[None]:
    """Another write that came first, as `errors.Conflict`."""
    try:
        yield
    except port.VersionConflict:
        raise errors.Conflict from None
