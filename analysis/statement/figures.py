"""Cells of a money column as numbers, under the decimal mark settled for that column."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import NamedTuple

from analysis.statement import currency, model, money, profile

_THREE_DECIMALS = frozenset(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"))
_CACHE_LIMIT = 10_000
_FAST = {"point": re.compile(r"[+-]?\d{1,17}(?:\.\d{1,2})?"), "comma": re.compile(r"[+-]?\d{1,17}(?:,\d{1,2})?")}


class Figure(NamedTuple):
    """`value` has the sign that the cell shows; `flag` is a CR/DR beside it; `signed` says whether any sign stood."""

    value: Decimal
    flag: int
    signed: bool
    currency: str | None

    @property
    def directed(self) -> Decimal:
        """The value with the direction of a CR/DR beside it, where no sign stands."""
        return self.value * self.flag if self.flag and not self.signed else self.value


Reader = Callable[[str], Figure | None]


def reader(mark: model.DecimalMark) -> Reader:
    """A caching reader of cells; None for a cell that is no amount under the mark."""
    known: dict[str, Figure | None] = {}
    plain, comma = _FAST[mark].fullmatch, mark == "comma"

    def read(cell: str) -> Figure | None:
        if plain(cell):  # nearly every cell of nearly every file
            return Figure(Decimal(cell.replace(",", ".") if comma else cell), 0, cell[0] in "+-", None)
        if cell in known:
            return known[cell]
        if len(known) > _CACHE_LIMIT:
            known.clear()
        found = known[cell] = _figure(cell, mark)
        return found

    return read


def _figure(cell: str, mark: model.DecimalMark) -> Figure | None:
    amount = money.read(cell)
    if amount is None:
        return None
    value = money.value_of(amount.body, mark)
    if value is None:
        return None
    return Figure(-value if amount.sign < 0 else value, amount.flag, amount.sign != 0, amount.currency)


class Marks(NamedTuple):
    """The decimal mark of each money column, and whether the file left it open."""

    by_column: dict[int, model.DecimalMark]
    doubtful: bool


def settle_marks(
    columns: Sequence[profile.Column],
    wanted: Sequence[int],
    others: Sequence[int],
    code: str | None,
    hint: model.DecimalMark | None,
) -> Marks:
    """A column's own evidence first, then what the other money columns prove, then `others` (rates), then `code`."""
    proven = [columns[index].mark for index in wanted if columns[index].mark]
    proven = proven or [columns[index].mark for index in others if columns[index].mark]
    common: model.DecimalMark | None = max(set(proven), key=proven.count) if proven else None
    marks: dict[int, model.DecimalMark] = {}
    doubtful = False
    for index in wanted:
        column = columns[index]
        mark = hint if hint and _fits(column, hint) else column.mark or common
        if mark is None and column.doubtful_mark:
            mark = _guess(column, code)
            doubtful = doubtful or (code is None or (currency.exponent(code) != 0 and code not in _THREE_DECIMALS))
        marks[index] = mark or "point"
    return Marks(marks, doubtful and hint is None)


def _fits(column: profile.Column, mark: model.DecimalMark) -> bool:
    """A hint never overrules a column in which most figures would become unreadable under it."""
    read = [money.read(value) for value in column.values]
    bodies = [amount.body for amount in read if amount]
    return sum(money.value_of(body, mark) is not None for body in bodies) >= 0.5 * len(bodies)


def _guess(column: profile.Column, code: str | None) -> model.DecimalMark:
    """Of "1.234" alone: three digits behind the only mark are a group, except in currencies of three decimals."""
    points = any("." in value for value in column.values)
    if code in _THREE_DECIMALS:
        return "point" if points else "comma"
    return "comma" if points else "point"
