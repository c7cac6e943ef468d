"""Statements as blocks of labelled lines ("Date: 31/01/2024", "Amount: -12.50"): each block is a row of a table."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence

from analysis.statement import dates, headers, limits, money, table, words

_LABEL_CHARS = range(2, 41)
_FEWEST_FIELDS = 3
_SNIFF_CHARS = 20_000
_MOST_LABELS = 40
_VALUE_CHARS = 1_000  # of a value over several lines


class _Block:
    """Labelled lines that belong together; a line without label continues the value above it."""

    __slots__ = ("fields", "line")

    def __init__(self, line: int) -> None:
        self.line = line
        self.fields: dict[str, str] = {}

    @property
    def is_record(self) -> bool:
        values = self.fields.values()
        dated = any(dates.read(value) for value in values)
        return len(self.fields) >= _FEWEST_FIELDS and dated and any(_is_amount(value) for value in values)


def read(text: str, encoding: str, bounds: limits.Limits) -> table.Table | None:
    """The table that the blocks make; None for a text of another kind."""
    if not _is_made_of_records(_unified(text[:_SNIFF_CHARS])):
        return None
    whole = _unified(text)
    labels = _labels(_blocks(whole))
    return table.Table("text", lambda: table.bounded(_rows(_blocks(whole), labels), bounds), encoding=encoding)


def _unified(text: str) -> str:
    text = text.removeprefix("\ufeff")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _lines(text: str) -> Iterator[str]:
    start, size = 0, len(text)
    while start < size:
        end = text.find("\n", start)
        end = size if end < 0 else end
        yield text[start:end]
        start = end + 1


def _is_made_of_records(text: str) -> bool:
    """Labelled lines of records are most of the text, and their labels name a date and an amount."""
    blocks = list(_blocks(text))
    labelled = sum(len(block.fields) for block in blocks if block.is_record)
    if labelled * 2 < sum(bool(line.strip()) for line in _lines(text)):
        return False
    roles = {role for label in _labels(blocks) for role in words.match_header(label).scores}
    return "date" in roles and bool(roles & headers.MONEY_ROLES)


def _blocks(text: str) -> Iterator[_Block]:
    """A block ends at a line without letters and digits, or where one of its labels comes again."""
    block: _Block | None = None
    last = ""
    for number, line in enumerate(_lines(text), 1):
        label, value = _labelled(line)
        if block is not None and (label in block.fields or not any(map(str.isalnum, line))):
            yield block
            block = None
        if label:
            block = block or _Block(number)
            last = label
            block.fields[last] = value
        elif block is not None and len(block.fields[last]) < _VALUE_CHARS:
            block.fields[last] = f"{block.fields[last]} {line.strip()}".strip()
    if block is not None:
        yield block


def _labelled(line: str) -> tuple[str, str]:
    """(label, value) of a line; ("", "") for one without label."""
    label, mark, value = line.partition(":")
    label = label.strip()
    if not mark or len(label) not in _LABEL_CHARS or label[0].isdigit():
        return "", ""
    return label, value.strip()


def _labels(blocks: Iterable[_Block]) -> list[str]:
    """The labels of the first records, in the order in which they first come."""
    sample = itertools.islice(blocks, table.SAMPLE_ROWS)
    found = dict.fromkeys(label for block in sample if block.is_record for label in block.fields)
    return list(found)[:_MOST_LABELS]


def _rows(blocks: Iterable[_Block], labels: Sequence[str]) -> Iterator[table.Row]:
    """What stands before the first record, the labels as a header, then a row a record."""
    headed = False
    for block in blocks:
        if not headed and not block.is_record:
            yield from (table.Row(block.line, [label, value]) for label, value in block.fields.items())
            continue
        if not headed:
            yield table.Row(block.line, list(labels))
            headed = True
        if block.fields.keys() & set(labels):
            yield table.Row(block.line, [block.fields.get(label, "") for label in labels])


def _is_amount(value: str) -> bool:
    amount = money.read(value)
    return amount is not None and dates.read(value) is None and money.mark_of(amount.body) is not None
