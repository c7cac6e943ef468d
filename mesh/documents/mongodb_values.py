"""How a document's data lies in BSON: as it is, but for what BSON or a server would not take.

A key with a dot is written with `%2E` in its place: servers read a dot as a path, and FerretDB refuses it, as it does a
list in a list, which is written as a map of one key. A null in a unique index's field is left out and its name is kept
aside: an absent field is what unique indexes leave out.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bson import int64

from mesh.documents import port

PLAIN = frozenset({str, float, bool, bytes, type(None)})
# No key of a document reads so: its percent signs are written as %25.
INNER_LIST = "%list"
SMALLEST, LARGEST = -(2**63), 2**63 - 1


def frozen(data: port.Data) -> dict[str, Any]:
    """What to store. Raises TypeError for what a document cannot hold, ValueError for a bad key or a naive datetime."""
    return {_written(key): frozen_value(value) for key, value in data.items()}


def frozen_value(value: Any) -> Any:
    """The same for one value. Datetimes become UTC, cut to the millisecond."""
    kind = type(value)
    if kind in PLAIN:
        return value
    if kind is int or kind is int64.Int64:
        return _whole(value)
    if isinstance(value, datetime):
        return _instant(value)
    if isinstance(value, Mapping):
        return frozen(value)
    if kind is list or kind is tuple:
        return [_frozen_item(item) for item in value]
    raise TypeError(f"A document cannot hold a {kind.__name__}.")


def thawed(value: Any) -> Any:
    """What was given to `frozen`: tuples as lists, bytes as bytes, whole numbers as int."""
    kind = type(value)
    if kind is dict:
        if INNER_LIST in value:
            return thawed(value[INNER_LIST])
        return {_read(key): thawed(item) for key, item in value.items()}
    if kind is list:
        return [thawed(item) for item in value]
    return int(value) if kind is int64.Int64 else value


def take_nulls(data: dict[str, Any], fields: tuple[str, ...]) -> list[str]:
    """Take those of `fields` (dotted paths) that are there and null out of `data`, and say which they were."""
    return [field for field in fields if _take_null(data, field)]


def put_nulls(data: dict[str, Any], fields: list[str]) -> None:
    """Put back what `take_nulls` took."""
    for field in fields:
        *path, last = field.split(".")
        place = data
        for name in path:
            place = place[name]
        place[last] = None


def dug(data: Mapping[str, Any], field: str) -> Any:
    """The value at a dotted path through maps, None where there is none."""
    value: Any = data
    for name in field.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value


def _frozen_item(value: Any) -> Any:
    frozen = frozen_value(value)
    return {INNER_LIST: frozen} if type(frozen) is list else frozen


def _take_null(data: dict[str, Any], field: str) -> bool:
    parent, _, last = field.rpartition(".")
    place = dug(data, parent) if parent else data
    if not isinstance(place, dict) or place.get(last, "") is not None:
        return False
    del place[last]
    return True


def _written(key: Any) -> str:
    if type(key) is not str:
        raise TypeError("A document's keys are texts.")
    if key.startswith("$") or "\0" in key:
        raise ValueError('A document cannot have a key that starts with "$" or holds a NUL.')
    if "%" in key or "." in key:
        return key.replace("%", "%25").replace(".", "%2E")
    return key


def _read(key: str) -> str:
    return key.replace("%2E", ".").replace("%25", "%") if "%" in key else key


def _whole(value: int) -> int:
    if not SMALLEST <= value <= LARGEST:
        raise TypeError("A document holds integers of 64 bits.")
    return int(value)


def _instant(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("A document holds datetimes with a time zone only.")
    moment = value.astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
