"""The second walk over a table: every row becomes a transaction, a balance, part of another row, or a problem."""

from __future__ import annotations

import collections
import datetime
import functools
import sys
from collections.abc import Iterable, Iterator
from decimal import Decimal

from analysis.statement import (
    currency,
    days,
    directions,
    draft,
    edges,
    facts,
    figures,
    headers,
    leftovers,
    model,
    money,
    plan,
    signed,
    summaries,
    table,
    unquoted,
    words,
)  # fmt: skip

_AROUND_ROWS = 20  # above a header amid the rows, where the next account is named


class Walker:
    """Walks one table under one plan. Balances, notes and accounts are complete once `rows` is exhausted."""

    def __init__(self, source: table.Table, planned: plan.Plan, problems: draft.Problems, known: facts.Facts) -> None:
        self.notes: list[str] = []
        self.balances: list[draft.DraftBalance] = []
        self.declared: list[draft.Declared] = []
        self.accounts: dict[str, model.Account] = {}
        self._source = source
        self._plan = planned
        self._problems = problems
        self._known = known
        self._read = {index: figures.reader(mark) for index, mark in planned.marks.items()}
        self._day = days.reader(planned.order, planned)
        self._value_day = days.reader(planned.value_order, planned)
        self._amount = signed.amount_of(planned, self._read)
        self._account = known.account or ""
        self._day_before: datetime.date | None = None
        self.next_start: int | None = None  # where a table with another header begins
        self._total = Decimal(0)
        self._last_row = 0
        self._sides = summaries.Sides()
        self._left = leftovers.Leftovers(problems)
        self._widths = None if planned.header.line else edges.Widths(problems, self._only_balance)
        self._header_seen = False
        self.pending = known.pending  # under a title like "Pending transactions"
        self._texts, self._parties = planned.texts, planned.counterparty
        figures_at = {*planned.dates, *planned.money.columns, planned.money.balance, planned.money.fee, planned.id}
        self._spoken = [index for index in range(planned.width) if index not in figures_at]
        self._may_be = summaries.first_word_test()
        self._named = [(index, planned.header.currency(index)) for index in planned.money.columns]
        self._named = [(index, code) for index, code in self._named if code]
        names = planned.header.names
        self._widest = len(names) if planned.narrow and names else sys.maxsize

    @property
    def account(self) -> str:
        return self._account

    def rows(self) -> Iterator[draft.DraftRow]:
        found = self._directed(self._walked())
        if self._plan.money.balance is not None:
            found = edges.without_balances(found, self._only_balance)
        for row in found:
            if not row.void and not row.pending:
                self._total += row.amount
            yield row
        self._finish()

    def _directed(self, found: Iterator[draft.DraftRow]) -> Iterator[draft.DraftRow]:
        money = self._plan.money
        if money.source == "balance":
            return directions.by_balance(found, self._plan.newest_first, self._known.opening, self._undirected)
        return directions.by_words(found, self._undirected) if money.source == "words" else found

    def _undirected(self, row: draft.DraftRow, reason: str) -> None:
        column = self._plan.header.name(self._plan.money.amount or 0)
        self._problems.add(row.row, column, str(row.amount), reason, "bad_direction")

    def _walked(self) -> Iterator[draft.DraftRow]:
        waiting: draft.DraftRow | None = None
        start = self._plan.header.position + 1
        around: collections.deque[table.Row] = collections.deque(maxlen=_AROUND_ROWS)
        for position, row in enumerate(self._source.rows(start), start):
            found = self._row(row, waiting)
            if self._header_seen:
                self._header_seen = False
                if not self._same_table(row, around):
                    self.next_start = position
                    break
            around.append(row)
            if found is not None:
                if waiting is not None:
                    yield waiting
                waiting = found
        if waiting is not None and (self._widths is None or self._widths.is_movement(waiting)):
            yield waiting

    def _only_balance(self, row: draft.DraftRow, side: draft.Side) -> None:
        self._declare(side, row.amount, row.booked)
        self.notes.append(f"row {row.row} was taken as the {side} balance")

    def _same_table(self, row: table.Row, around: Iterable[table.Row]) -> bool:
        """A header amid the rows: the same one again (perhaps for another account), or that of another table."""
        self._left.forget()
        lines = [line for line in around if line.line > self._last_row]
        known = facts.gather(lines, len(lines))
        self.pending = known.pending or (self.pending and not lines)
        if known.account and known.account != self._account:
            self._account = known.account
        self._plan.currency = known.currency or self._plan.currency
        return [name.strip() for name in row.cells] == [name.strip() for name in self._plan.header.names]

    def _row(self, row: table.Row, before: draft.DraftRow | None) -> draft.DraftRow | None:
        cells = row.cells
        if len(cells) < self._plan.width:
            cells = cells + [""] * (self._plan.width - len(cells))
        first = cells[self._plan.dates[0]]
        booked = (self._day(first) if first else None) or self._booked(cells)
        if booked is None and self._plan.dateless == "same_day" and not self._dated(cells):
            booked = self._day_before
        amount, bad = self._amount(cells)
        if booked is not None and amount is not None and bad is None:
            return self._transaction(row, cells, booked, amount)
        if any(char.isalnum() for cell in cells for char in cell):
            self._other(row, cells, booked, amount, bad, before)
        return None

    def _dated(self, cells: list[str]) -> bool:
        return any(cells[index].strip() not in signed.EMPTY for index in self._plan.dates[:1])

    def _booked(self, cells: list[str]) -> datetime.date | None:
        for index in self._plan.dates:
            if cells[index] and not cells[index].isspace():
                return self._day(cells[index])
        return None

    def _transaction(
        self, row: table.Row, cells: list[str], booked: datetime.date, amount: Decimal
    ) -> draft.DraftRow | None:
        planned = self._plan
        balance = self._cell_value(cells, planned.money.balance)
        if planned.money.balance_before and balance is not None:
            balance += amount
        if self._is_summary(cells) and self._summary(row, cells, booked, amount, balance):
            return None
        size = len(row.cells)  # compared here: this runs for every row
        if size < planned.width and self._cut_short(row):
            return None
        if (row.line == self._source.cut and self._cut_off(row)) or (size > self._widest and self._too_wide(row)):
            return None
        self._left.taken(row)
        if self._widths is not None:
            self._widths.taken(row)
        found = self._drafted(row, cells, booked, amount, balance)
        self._last_row, self._day_before = row.line, booked
        self._sides.add(amount)
        return found

    def _drafted(
        self, row: table.Row, cells: list[str], booked: datetime.date, amount: Decimal, balance: Decimal | None
    ) -> draft.DraftRow:
        planned = self._plan
        state = words.status_of(cells[planned.status]) if planned.status is not None else None
        neutral = planned.money.flag is not None and words.flag_of(cells[planned.money.flag]) == "neutral"
        account = _account_key(cells[planned.account]) if planned.account is not None else ""
        return draft.DraftRow(
            row.line,
            booked,
            amount,
            self._currency(cells),
            account or self._account,
            _joined(cells, self._texts),
            self._value_day(cells[planned.value_date]) if planned.value_date is not None else None,
            (_joined(cells, self._parties) or None) if self._parties else None,
            balance,
            (cells[planned.code].strip() or None) if planned.code is not None else None,
            state == "pending" or self.pending,
            state == "void" or neutral,
            (cells[planned.id].strip() or None) if planned.id is not None else None,
        )

    def _currency(self, cells: list[str]) -> str | None:
        for index, named in self._named:
            if cells[index].strip() not in signed.EMPTY:
                return named
        for index in self._plan.currencies:
            code = currency.code_of(cells[index])
            if code:
                return code
        for index in self._plan.money.columns:
            figure = self._read[index](cells[index])
            if figure and figure.currency:
                return figure.currency
        return self._plan.currency

    def _cell_value(self, cells: list[str], index: int | None) -> Decimal | None:
        if index is None:
            return None
        figure = self._read[index](cells[index])
        if figure is None:
            return None
        return figure.directed

    def _cut_short(self, row: table.Row) -> bool:
        """A row that ends before its balance cell, in a file whose rows have one."""
        at = self._plan.money.balance
        if at is None or len(row.cells) > at or not self._plan.header.line:
            return False
        reason = "the row has fewer cells than the header: its balance is missing"
        self._problems.add(row.line, self._plan.header.name(at), ",".join(row.cells), reason, "short_row")
        return True

    def _cut_off(self, row: table.Row) -> bool:
        self._problem(row, len(row.cells) - 1, row.cells[-1], "the file ends within this row", "cut_off")
        return True

    def _too_wide(self, row: table.Row) -> bool:
        width = len(self._plan.header.names)
        if not unquoted.overfull(row.cells, width):
            return False
        self._problem(row, width, ",".join(row.cells[width:]), "the row has more figures than the header", "long_row")
        return True

    # Rows that are no transaction.

    def _other(
        self,
        row: table.Row,
        cells: list[str],
        booked: datetime.date | None,
        amount: Decimal | None,
        bad: int | None,
        before: draft.DraftRow | None,
    ) -> None:
        if headers.header_score(row) > 1.9:
            self._header_seen = True
            return
        if any(cell and self._may_be(cell) for cell in cells) and self._balance_row(cells, booked):
            return
        dated = self._dated(cells)
        if booked is None and self._sides.are_summed(self._cell_value(cells, at) for at in self._plan.money.columns):
            return
        if bad is not None:
            if booked is not None or (dated and self._wide(row)):
                self._bad_cell(row, bad, cells[bad])
        elif amount is None:
            self._no_amount(row, cells, booked, dated, before)
        elif dated:
            at = self._plan.dates[0]
            self._doubt(row, cells, at, "not a date", "bad_date")
        elif self._plan.dateless != "parts":
            self._doubt(row, cells, self._plan.dates[0], "the row has an amount and no date", "no_date")

    def _no_amount(
        self, row: table.Row, cells: list[str], booked: datetime.date | None, dated: bool, before: draft.DraftRow | None
    ) -> None:
        if booked is not None:
            at = next((index for index in self._plan.spare if money.read(cells[index])), None)
            cut = min(self._plan.money.columns)
            if len(row.cells) <= cut and self._plan.header.line:
                self._problem(row, cut, "", "the row ends before its amount", "short_row")
            elif at is None:
                self._left.without_amount()
            else:
                self._problem(row, at, cells[at], "the amount stands in a column that nothing names", "unknown_column")
        elif not dated and before is not None:
            more = _joined(cells, self._plan.texts)
            if more and sum(bool(cell.strip()) for cell in cells) <= len(self._plan.texts):
                before.text = f"{before.text} {more}".strip()
        elif dated and self._wide(row):
            at = self._plan.dates[0]
            if any(char.isdigit() for char in cells[at]) and sum(bool(cell.strip()) for cell in cells) > 1:
                self._doubt(row, cells, at, "not a date", "bad_date")
            elif summaries.is_title(cells[at]):
                self.pending = words.status_of(cells[at]) == "pending" or words.heads_pending(cells[at])
            elif any(char.isalnum() for char in cells[at]):
                self._left.stray(row, self._plan.header.name(at), cells[at])

    def _bad_cell(self, row: table.Row, column: int, value: str) -> None:
        if column == self._plan.money.check:
            self._problem(row, column, value, "the sign of the amount contradicts this cell", "contradiction")
        elif column == self._plan.money.credit and value.strip()[:1] and self._read[column](value) is not None:
            self._problem(row, column, value, "the row has money in and money out", "contradiction")
        elif column == self._plan.money.flag:
            self._problem(row, column, value, "the cell does not say which way the money went", "bad_direction")
        else:
            self._problem(row, column, value, "not an amount", "bad_amount")

    def _wide(self, row: table.Row) -> bool:
        return len(row.cells) >= max(2, self._plan.width - 1)

    def _problem(self, row: table.Row, column: int, value: str, reason: str, code: str) -> None:
        self._left.problem(row, self._plan.header.name(column), value, reason, code)

    def _doubt(self, row: table.Row, cells: list[str], column: int, reason: str, code: str) -> None:
        described = bool(_joined(cells, self._plan.texts).strip())
        self._left.doubt(row, self._plan.header.name(column), cells[column], reason, code, described=described)

    def _is_summary(self, cells: list[str]) -> bool:
        may_be = self._may_be
        for index in self._spoken:  # a plain loop: this runs for every row
            cell = cells[index]
            if cell and may_be(cell):
                return True
        return False

    def _summary(
        self, row: table.Row, cells: list[str], booked: datetime.date, amount: Decimal, balance: Decimal | None
    ) -> bool:
        """A dated row with an amount that is a total or an opening balance all the same."""
        spoken = [cells[index] for index in (*self._plan.texts, *self._plan.counterparty)] or cells
        if any(words.normalise(cell) in words.TURNOVER for cell in spoken):
            return True
        if summaries.speaks(spoken, words.TOTALS):
            self._problems.add(row.line, "", " ".join(spoken), "a total, not a transaction", "summary_row")
            return True
        if balance is not None and abs(balance) != abs(amount) and amount:
            return False
        for kind, wanted in (("opening", words.OPENING), ("closing", words.CLOSING)):
            if summaries.speaks(spoken, wanted) or any(
                words.normalise(cell) in wanted for cell in cells if len(cell) < 60
            ):
                value = balance if balance is not None else amount
                self._declare("opening" if kind == "opening" else "closing", value, booked)
                return True
        return False

    def _balance_row(self, cells: list[str], booked: datetime.date | None) -> bool:
        for kind, wanted in (("opening", words.OPENING), ("closing", words.CLOSING)):
            if summaries.speaks(cells, wanted):
                found = (facts.balance_value(cell) for cell in reversed(cells) if any(char.isdigit() for char in cell))
                value = next((amount for amount in found if amount is not None), None)
                if value is not None:
                    self._declare("opening" if kind == "opening" else "closing", value, booked)
                return True
        return summaries.speaks(cells, words.TOTALS)

    def _declare(self, kind: str, value: Decimal, on: datetime.date | None) -> None:
        self.balances.append(
            draft.DraftBalance(self._account, "opening" if kind == "opening" else "closing", value, None, on)
        )

    def _finish(self) -> None:
        self.notes.extend(self._left.finish())
        if self._known.opening is not None:
            self.balances.append(draft.DraftBalance(self._account, "opening", self._known.opening))
        if self._known.closing is not None:
            self.balances.append(draft.DraftBalance(self._account, "closing", self._known.closing))
        if self._known.opening is not None and self._known.closing is not None:
            self.declared.append(
                draft.Declared(self._account, self._known.opening, self._known.closing, self._total, self._last_row)
            )


@functools.lru_cache(maxsize=1024)
def _account_key(cell: str) -> str:
    """The cell; numbers without the spaces that people put into them, so that every format gives the same key."""
    text = " ".join(cell.split())
    return text.replace(" ", "") if sum(char.isdigit() for char in text) >= 8 else text


def _joined(cells: list[str], indexes: tuple[int, ...]) -> str:
    if len(indexes) == 1:
        text = cells[indexes[0]]
        return " ".join(text.split()) if "  " in text or "\n" in text or text[:1] == " " or text[-1:] == " " else text
    return " ".join(dict.fromkeys(" ".join(cells[index].split()) for index in indexes if cells[index].strip()))
