"""Unsigned amounts in parts of a table whose titles say which way the money went ("Deposits", "Withdrawals")."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from analysis.statement import dates, money, plan, table, words

_LONGEST = 8  # words of a title
NOTE = "the titles above the rows say which way the money went"


def tell(rows: Sequence[table.Row], planned: plan.Plan) -> bool:
    """Whether every transaction of a sample stands under a title of one side, and both sides occur."""
    sides = [side for row, side in _walk(rows) if _is_transaction(row, planned)]
    return len(sides) > 1 and set(sides) == {-1, 1}


def signed(source: table.Table, planned: plan.Plan) -> table.Table:
    """The same table with a minus before the amounts that are money out, and without the titles."""
    return dataclasses.replace(source, source=lambda: _signed(source.source(), planned))


def _signed(rows: Iterator[table.Row], planned: plan.Plan) -> Iterator[table.Row]:
    at = planned.money.amount or 0
    for row, side in _walk(rows):
        if _side(row):
            yield table.Row(row.line, [])
        elif side < 0 and _is_transaction(row, planned):
            yield table.Row(row.line, [*row.cells[:at], f"-{row.cells[at].strip()}", *row.cells[at + 1 :]])
        else:
            yield row


def _walk(rows: Sequence[table.Row] | Iterator[table.Row]) -> Iterator[tuple[table.Row, int]]:
    side = 0
    for row in rows:
        side = _side(row) or side
        yield row, side


def _is_transaction(row: table.Row, planned: plan.Plan) -> bool:
    at, on = planned.money.amount or 0, planned.dates[0]
    if len(row.cells) <= max(at, on):
        return False
    return dates.read(row.cells[on]) is not None and money.read(row.cells[at]) is not None


def _side(row: table.Row) -> int:
    """1 for a title of money in, -1 for one of money out, 0 for any other row."""
    alone = [cell for cell in row.cells if cell.strip()]
    if len(alone) != 1 or any(char.isdigit() for char in alone[0]):
        return 0
    text = words.normalise(alone[0])
    if len(text.split()) > _LONGEST:
        return 0
    paid_in, paid_out = (words.has_phrase(text, found) for found in (words.TITLES_IN, words.TITLES_OUT))
    return paid_in - paid_out
