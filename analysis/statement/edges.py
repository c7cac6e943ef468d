"""The first and the last row of a table: balances that stand in the shape of a movement, told by their figures."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from analysis.statement import dates, draft, figures, plan, signed, table

_ENOUGH_ROWS = 3
_NUMBERED = 8  # digits of an account's number
_DIGIT = re.compile(r"\d")


class Lead(NamedTuple):
    """A first row that sums the others up; its balances where the rows prove that it holds them."""

    opening: Decimal | None = None
    closing: Decimal | None = None


class _Figures(NamedTuple):
    amount: Decimal
    balance: Decimal


def lead(core: Sequence[table.Row], planned: plan.Plan) -> Lead | None:
    """What the first row of a table without header says of the rest; None where it is a movement like the others.

    It sums up where the balances of all others follow from each other, its own is the newest of theirs, and its amount
    is the balance before the oldest, or its date is written unlike theirs.
    """
    found = _figures(core, planned) if len(core) >= _ENOUGH_ROWS and planned.money.balance is not None else None
    if found is None:
        return None
    first, rest = found[0], found[1:]
    oldest_first = next((order for order in (rest, rest[::-1]) if _follows(order)), None)
    if oldest_first is None or first.balance != oldest_first[-1].balance:
        return None
    opening, alike = oldest_first[0].balance - oldest_first[0].amount, not _dated_otherwise(core, planned.dates[0])
    if alike and (first.amount != opening or not opening):
        return None
    return Lead(opening, first.balance) if first.amount == opening else Lead()


def _figures(core: Sequence[table.Row], planned: plan.Plan) -> list[_Figures] | None:
    read = {index: figures.reader(mark) for index, mark in planned.marks.items()}
    amount_of, at = signed.amount_of(planned, read), planned.money.balance
    found = []
    for row in core:
        cells = row.cells + [""] * (planned.width - len(row.cells))
        amount, _ = amount_of(cells)
        balance = read[at](cells[at]) if at is not None else None
        if amount is None or balance is None:
            return None
        found.append(_Figures(amount, balance.directed))
    return found


def _follows(rows: Sequence[_Figures]) -> bool:
    return all(before.balance + after.amount == after.balance for before, after in itertools.pairwise(rows))


def _dated_otherwise(core: Sequence[table.Row], at: int) -> bool:
    first, *others = (_DIGIT.sub("0", row.cells[at].strip()) if at < len(row.cells) else "" for row in core)
    return len(set(others)) == 1 and first not in others and dates.read(core[0].cells[at]) is not None


class Widths:
    """How many cells the rows have, to tell a last row that is none of them."""

    def __init__(self, problems: draft.Problems, declare: Callable[[draft.DraftRow, draft.Side], None]) -> None:
        self._problems, self._declare = problems, declare
        self._narrowest: int | None = None
        self._last: table.Row | None = None

    def taken(self, row: table.Row) -> None:
        if self._last is not None:
            width = len(self._last.cells)
            self._narrowest = width if self._narrowest is None else min(self._narrowest, width)
        self._last = row

    def is_movement(self, last: draft.DraftRow) -> bool:
        """False for a last row without text and with fewer cells than all others.

        Where an account's number stands in it, it is a declared balance, else a problem.
        """
        if self._last is None or self._narrowest is None or len(self._last.cells) >= self._narrowest:
            return True
        if last.text or last.counterparty:
            return True
        if any(sum(map(str.isdigit, cell)) >= _NUMBERED and dates.read(cell) is None for cell in self._last.cells):
            self._declare(last, "closing")
        else:
            reason = "the last row has fewer cells than all others and no text: perhaps a balance"
            self._problems.add(last.row, "", str(last.amount), reason, "short_row")
        return False


def without_balances(
    rows: Iterator[draft.DraftRow], declare: Callable[[draft.DraftRow, draft.Side], None]
) -> Iterator[draft.DraftRow]:
    """The rows but for a first or last one that only says the balance, which is declared instead."""
    first, second = next(rows, None), next(rows, None)
    if first is None or second is None:
        yield from filter(None, (first,))
        return
    if (side := _side(first, second)) is None:
        yield first
    else:
        declare(first, side)
    before, last = first, second
    for row in rows:
        yield last
        before, last = last, row
    if last is not second and (side := _side(last, before)) is not None:
        declare(last, side)
    else:
        yield last


def _side(row: draft.DraftRow, neighbour: draft.DraftRow) -> draft.Side | None:
    if not row.amount or not neighbour.amount or neighbour.balance is None:
        return None
    if _repeats(row, neighbour):
        return "closing"
    return "opening" if _opens(row, neighbour) else None


def _repeats(row: draft.DraftRow, neighbour: draft.DraftRow) -> bool:
    """The newest row: its amount is the balance that its neighbour left, and so is its balance.

    No movement leaves the balance as it was; `neighbour` moved something, so it is not a first deposit either.
    """
    if row.amount != neighbour.balance or row.booked < neighbour.booked:
        return False
    return row.balance == neighbour.balance or (row.balance is None and _says_nothing(row) and bool(neighbour.text))


def _opens(row: draft.DraftRow, neighbour: draft.DraftRow) -> bool:
    """The oldest row: no text, its amount is its balance, and the neighbour's balance follows from it."""
    if row.balance is None or row.amount != row.balance or row.booked > neighbour.booked:
        return False
    return _says_nothing(row) and bool(neighbour.text) and neighbour.balance == row.balance + neighbour.amount


def _says_nothing(row: draft.DraftRow) -> bool:
    return not (row.text or row.counterparty or row.bank_code or row.id)
