"""Canonical rows as bytes for blobs and RPC: NDJSON, one head line, then one JSON array a row.

The head carries the version and the field order, so a reader refuses what it does not know. Chunks end on line ends;
a reader takes any re-chunking of them (a blob is their concatenation).
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from analysis.statement import model

VERSION = 1
ROWS_PER_CHUNK = 500
_LINE_BYTES_LIMIT = 1024 * 1024
_FIELDS = tuple(field.name for field in dataclasses.fields(model.Transaction))
_DATES = tuple(_FIELDS.index(name) for name in ("booked", "value_date"))


class UnknownRowFormat(ValueError):
    """The bytes are not canonical rows of a version that this code reads."""


def quality_of(parsed: model.ParsedStatement) -> model.Quality:
    """The summary that storage keeps beside the rows."""
    return model.Quality(
        format=parsed.layout.format,
        confidence=parsed.layout.confidence,
        n_transactions=len(parsed.transactions),
        n_problems=parsed.n_problems,
        reconciliation=parsed.reconciliation.status,
        links_checked=parsed.reconciliation.links_checked,
        links_held=parsed.reconciliation.links_held,
        tamper_score=parsed.tamper.score,
        tamper_codes=tuple(signal.code for signal in parsed.tamper.signals),
    )


def serialise_rows(parsed: model.ParsedStatement) -> Iterator[bytes]:
    """Yield the canonical rows in chunks of at most `ROWS_PER_CHUNK` rows; the first chunk is the head alone."""
    head = {
        "v": VERSION,
        "fields": _FIELDS,
        "accounts": [dataclasses.asdict(account) for account in parsed.accounts],
        "quality": dataclasses.asdict(quality_of(parsed)),
    }
    yield orjson.dumps(head) + b"\n"
    rows = parsed.transactions
    for start in range(0, len(rows), ROWS_PER_CHUNK):
        yield b"".join(_line(row) for row in rows[start : start + ROWS_PER_CHUNK])


def deserialise_rows(chunks: Iterable[bytes]) -> model.StoredStatement:
    """Read back what `serialise_rows` wrote; raises `UnknownRowFormat` on anything else."""
    lines = _lines(chunks)
    try:
        head = orjson.loads(next(lines, b""))
        if head.get("v") != VERSION or tuple(head["fields"]) != _FIELDS:
            raise UnknownRowFormat("canonical rows of an unknown version")
        return model.StoredStatement(
            accounts=tuple(model.Account(**account) for account in head["accounts"]),
            transactions=tuple(_transaction(line) for line in lines),
            quality=_quality(head["quality"]),
        )
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise UnknownRowFormat("not canonical rows") from error


def _line(row: model.Transaction) -> bytes:
    return orjson.dumps([getattr(row, name) for name in _FIELDS]) + b"\n"


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        if len(rest) > _LINE_BYTES_LIMIT:
            raise UnknownRowFormat("a line is longer than any canonical row")
        yield from (line for line in whole if line)
    if rest:
        yield rest


def _transaction(line: bytes) -> model.Transaction:
    values: list[Any] = orjson.loads(line)
    if len(values) != len(_FIELDS):
        raise UnknownRowFormat("a row has another number of fields")
    for index in _DATES:
        if values[index] is not None:
            values[index] = datetime.date.fromisoformat(values[index])
    return model.Transaction(*values)


def _quality(stored: dict[str, Any]) -> model.Quality:
    return model.Quality(**{**stored, "tamper_codes": tuple(stored["tamper_codes"])})
