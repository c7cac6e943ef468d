"""What the cells of each column look like, before anybody decides what the column means."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence

from analysis.statement import currency, dates, model, money, table, words


@dataclasses.dataclass(slots=True)
class Column:
    """Counts over the rows that look like transactions. `values` keeps "" where a row is too short."""

    index: int
    values: list[str]
    filled: int = 0
    dates: int = 0
    amounts: int = 0
    decimals: int = 0  # amounts with one or two digits behind an unmistakable decimal mark
    signed: int = 0
    negative: int = 0
    flags: int = 0
    currencies: int = 0
    statuses: int = 0
    words: int = 0  # cells with letters
    distinct: int = 0
    longest_digits: int = 0
    mark: model.DecimalMark | None = None
    doubtful_mark: bool = False

    def share(self, count: int) -> float:
        return count / self.filled if self.filled else 0.0

    @property
    def is_date(self) -> bool:
        return self.filled > 0 and self.share(self.dates) >= 0.6

    @property
    def is_money(self) -> bool:
        return self.filled > 0 and self.share(self.amounts) >= 0.6 and not self.is_date and self.longest_digits <= 13

    @property
    def is_counter(self) -> bool:
        """The same number in every row, or one that grows by the same step: no amounts and no balances."""
        if self.decimals or len(self.values) < 4 or self.distinct not in (1, len(self.values)):
            return self.distinct == 1 and len(self.values) >= 4 and not self.signed
        if self.distinct == 1:
            return True
        digits = [value.strip() for value in self.values]
        if not all(digit.isdigit() and len(digit) < 19 for digit in digits):
            return False
        return len({int(other) - int(one) for one, other in itertools.pairwise(digits)}) == 1

    @property
    def is_currency(self) -> bool:
        return self.filled > 0 and self.share(self.currencies) >= 0.8

    @property
    def is_flag(self) -> bool:
        return self.filled > 0 and self.share(self.flags) >= 0.8 and self.distinct <= 6


def columns_of(rows: Sequence[table.Row]) -> list[Column]:
    """One profile a column, as many columns as the widest row has."""
    width = max((len(row.cells) for row in rows), default=0)
    return [
        _column(index, [row.cells[index] if index < len(row.cells) else "" for row in rows]) for index in range(width)
    ]


def _column(index: int, values: list[str]) -> Column:
    column = Column(index, values)
    bodies: list[str] = []
    for cell in values:
        text = cell.strip()
        if text:
            _count(column, text, bodies)
    column.distinct = len({cell.strip() for cell in values if cell.strip()})
    column.mark, column.doubtful_mark = money.infer_mark(bodies)
    return column


def _count(column: Column, text: str, bodies: list[str]) -> None:
    column.filled += 1
    column.dates += dates.read(text) is not None
    column.currencies += currency.code_of(text) is not None and not text.isdigit()
    column.flags += words.flag_of(text) is not None if len(text) <= 30 else False
    column.statuses += words.status_of(text) is not None if len(text) <= 30 else False
    column.words += any(char.isalpha() for char in text)
    amount = money.read(text)
    if amount is None:
        return
    column.amounts += 1
    column.signed += amount.sign != 0 or amount.flag != 0
    column.negative += (amount.sign or amount.flag) < 0
    digits = amount.body.replace("'", "")
    whole = digits.replace(".", "").replace(",", "")
    column.longest_digits = max(column.longest_digits, len(whole))
    mark = money.mark_of(amount.body)
    if mark:
        column.decimals += len(digits) - max(digits.rfind("."), digits.rfind(",")) - 1 in (1, 2)
    bodies.append(amount.body)


def looks_like_transaction(row: table.Row) -> bool:
    """A date in one cell and an amount in another."""
    dated = next((index for index, cell in enumerate(row.cells) if len(cell) <= 45 and dates.read(cell)), None)
    if dated is None:
        return False
    return any(
        index != dated and money.read(cell) is not None and not dates.read(cell) for index, cell in enumerate(row.cells)
    )
