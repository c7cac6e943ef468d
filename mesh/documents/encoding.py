"""How a document's data lies in a file: JSON, with a tag around what JSON has no word for.

A datetime is `{"$d": "2025-03-01T12:00:00.000Z"}` and bytes are `{"$b": base64}`. Datetimes have a fixed width, so they
compare as text. Keys that would read as a tag are refused.
"""

from __future__ import annotations

import base64
import functools
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from mesh.documents import port

SCALARS = (str, bool, int, float, bytes)
DATETIME, BYTES = "$d", "$b"
OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_SUBCLASS | orjson.OPT_PASSTHROUGH_DATACLASS


def encode(data: port.Data) -> bytes:
    """The bytes of `data`. Raises TypeError for what a document cannot hold, ValueError for a key that is a tag."""
    tags = 0

    def tagged(value: Any) -> dict[str, Any]:
        nonlocal tags
        if isinstance(value, datetime):
            tags += 1
            return {DATETIME: instant(value)}
        if isinstance(value, bytes):
            tags += 1
            return {BYTES: base64.b64encode(value).decode()}
        if isinstance(value, Mapping):
            return dict(value)
        raise TypeError(f"A document cannot hold a {type(value).__name__}.")

    try:
        encoded = orjson.dumps(dict(data), default=tagged, option=OPTIONS)
    except orjson.JSONEncodeError as error:
        raise error.__cause__ or error from None
    # A quote inside a text is escaped, so these bytes stand for keys and nothing else.
    if encoded.count(b'"$d":') + encoded.count(b'"$b":') != tags:
        raise ValueError('A document cannot have a key "$d" or "$b".')
    return encoded


def decode(encoded: bytes) -> dict[str, Any]:
    """What `encode` was given: tuples as lists, datetimes in UTC to the millisecond."""
    data = orjson.loads(encoded)
    return _untagged(data) if b'"$' in encoded else data  # type: ignore[no-any-return]


def _untagged(value: Any) -> Any:
    """A list or map, freshly parsed, with what its tags stand for in their place."""
    if isinstance(value, dict) and len(value) == 1:
        if (text := value.get(DATETIME)) is not None:
            return datetime.fromisoformat(text)
        if (text := value.get(BYTES)) is not None:
            return base64.b64decode(text)
    places: Iterable[tuple[Any, Any]] = value.items() if isinstance(value, dict) else enumerate(value)
    for place, item in places:
        # In place and by exact type: this runs for every document read, and most items are texts and numbers.
        if type(item) is dict or type(item) is list:
            value[place] = _untagged(item)
    return value


@functools.lru_cache(maxsize=256)  # one moment stands in data, columns and event of each document of a batch
def instant(value: datetime) -> str:
    """A datetime as text of 24 characters. Raises ValueError for one without a time zone."""
    if value.tzinfo is None:
        raise ValueError("A document holds datetimes with a time zone only.")
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def column(value: port.Value) -> bool | int | float | str | bytes | None:
    """A value as an index has it. Raises TypeError for lists and maps, which cannot be indexed."""
    if isinstance(value, datetime):
        return instant(value)
    if value is None or isinstance(value, SCALARS):
        return value
    raise TypeError(f"An indexed field cannot hold a {type(value).__name__}.")
