"""The second walk over a table: every row becomes a transaction, a balance, part of another row, or a problem."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Callable, Iterator
from decimal import Decimal

from analysis.statement import currency, dates, draft, facts, figures, headers, model, plan, table, words

_EMPTY = frozenset(("", "-", "--", "—", "n/a", "null", "None"))
_FEW_STRAYS = 3  # more of them are titles of groups or pages
_TAIL_ROWS = 40  # footer lines remembered until it is known whether the table goes on


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
        self._day = _day_reader(planned.order, planned.year)
        self._value_day = _day_reader(planned.value_order, planned.year)
        self._amount = _amount_of(planned, self._read)
        self._account = known.account or ""
        self._balance_before: Decimal | None = None
        self._total = Decimal(0)
        self._last_row = 0
        self._tail: list[tuple[table.Row, str, str, str, str]] = []
        self._without_amount = 0
        self._strays: list[tuple[int, str, str]] = []  # lines of text amid the table

    def rows(self) -> Iterator[draft.DraftRow]:
        waiting: draft.DraftRow | None = None
        for row in self._source.rows(self._plan.header.position + 1):
            found = self._row(row, waiting)
            if found is not None:
                if waiting is not None:
                    yield waiting
                waiting = found
        if waiting is not None:
            yield waiting
        self._finish()

    def _row(self, row: table.Row, before: draft.DraftRow | None) -> draft.DraftRow | None:
        cells = row.cells
        if len(cells) < self._plan.width:
            cells = cells + [""] * (self._plan.width - len(cells))
        if row.blank:
            return None
        booked = self._booked(cells)
        amount, bad = self._amount(cells)
        if booked is not None and amount is not None and bad is None:
            return self._transaction(row, cells, booked, amount)
        self._other(row, cells, booked, amount, bad, before)
        return None

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
        if self._is_summary(cells) and self._summary(row, cells, booked, amount, balance):
            return None
        if len(row.cells) < planned.width and self._cut_short(row):
            return None
        self._settle_tail()
        found = self._drafted(row, cells, booked, amount, balance)
        if not found.void and not found.pending:
            self._total += found.amount
        self._last_row = row.line
        return found

    def _drafted(
        self, row: table.Row, cells: list[str], booked: datetime.date, amount: Decimal, balance: Decimal | None
    ) -> draft.DraftRow:
        planned = self._plan
        state = words.status_of(cells[planned.status]) if planned.status is not None else None
        neutral = planned.money.flag is not None and words.flag_of(cells[planned.money.flag]) == "neutral"
        account = cells[planned.account].strip() if planned.account is not None else ""
        return draft.DraftRow(
            row.line,
            booked,
            amount,
            self._currency(cells),
            account or self._account,
            _joined(cells, planned.texts),
            self._value_day(cells[planned.value_date]) if planned.value_date is not None else None,
            _joined(cells, planned.counterparty) or None,
            balance,
            (cells[planned.code].strip() or None) if planned.code is not None else None,
            state == "pending",
            state == "void" or neutral,
            (cells[planned.id].strip() or None) if planned.id is not None else None,
        )

    def _currency(self, cells: list[str]) -> str | None:
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
        return figure.value * figure.flag if figure.flag and not figure.signed else figure.value

    def _cut_short(self, row: table.Row) -> bool:
        """A row that ends before its balance cell, in a file whose rows have one."""
        at = self._plan.money.balance
        if at is None or len(row.cells) > at or not self._plan.header.line:
            return False
        reason = "the row has fewer cells than the header: its balance is missing"
        self._problems.add(row.line, self._plan.header.name(at), ",".join(row.cells), reason, "short_row")
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
        if headers.header_score(row) > 1.9 or self._is_summary(cells) and self._balance_row(row, cells, booked):
            return
        dated = any(cells[index].strip() not in _EMPTY for index in self._plan.dates[:1])
        if bad is not None:
            if booked is not None or (dated and self._wide(row)):
                self._bad_cell(row, bad, cells[bad])
        elif amount is None:
            self._no_amount(row, cells, booked, dated, before)
        elif dated:
            at = self._plan.dates[0]
            self._remember(row, at, cells[at], "not a date", "bad_date")
        else:
            self._remember(row, self._plan.dates[0], "", "the row has an amount and no date", "no_date")

    def _no_amount(
        self, row: table.Row, cells: list[str], booked: datetime.date | None, dated: bool, before: draft.DraftRow | None
    ) -> None:
        if booked is not None:
            self._without_amount += 1
        elif not dated and before is not None:
            more = _joined(cells, self._plan.texts)
            if more and sum(bool(cell.strip()) for cell in cells) <= len(self._plan.texts):
                before.text = f"{before.text} {more}".strip()
        elif dated and self._wide(row):
            at = self._plan.dates[0]
            if any(char.isdigit() for char in cells[at]) and sum(bool(cell.strip()) for cell in cells) > 1:
                self._remember(row, at, cells[at], "not a date", "bad_date")
            elif any(char.isalnum() for char in cells[at]):
                self._strays.append((row.line, self._plan.header.name(at), cells[at]))

    def _bad_cell(self, row: table.Row, column: int, value: str) -> None:
        if column == self._plan.money.check:
            self._problem(row, column, value, "the sign of the amount contradicts this cell", "contradiction")
        elif column == self._plan.money.flag:
            self._problem(row, column, value, "the cell does not say which way the money went", "bad_direction")
        else:
            self._problem(row, column, value, "not an amount", "bad_amount")

    def _wide(self, row: table.Row) -> bool:
        return len(row.cells) >= max(2, self._plan.width - 1)

    def _problem(self, row: table.Row, column: int, value: str, reason: str, code: str) -> None:
        self._settle_tail()
        self._problems.add(row.line, self._plan.header.name(column), value, reason, code)

    def _remember(self, row: table.Row, column: int, value: str, reason: str, code: str) -> None:
        """A problem, unless the file ends here: then it was a footer."""
        self._tail.append((row, self._plan.header.name(column), value, reason, code))
        if len(self._tail) > _TAIL_ROWS:
            self._settle_tail()

    def _settle_tail(self) -> None:
        for row, column, value, reason, code in self._tail:
            self._problems.add(row.line, column, value, reason, code)
        self._tail.clear()

    def _is_summary(self, cells: list[str]) -> bool:
        return any(cell and _may_be_summary(cell[:40].strip()) for cell in cells)

    def _summary(
        self, row: table.Row, cells: list[str], booked: datetime.date, amount: Decimal, balance: Decimal | None
    ) -> bool:
        """A dated row with an amount that is a total or an opening balance all the same."""
        spoken = [cells[index] for index in (*self._plan.texts, *self._plan.counterparty)] or cells
        if _speaks(spoken, words.TOTALS):
            self._problems.add(row.line, "", " ".join(spoken), "a total, not a transaction", "summary_row")
            return True
        if balance is not None and abs(balance) != abs(amount) and amount:
            return False
        for kind, wanted in (("opening", words.OPENING), ("closing", words.CLOSING)):
            if _speaks(spoken, wanted):
                value = balance if balance is not None else amount
                self._declare("opening" if kind == "opening" else "closing", value, booked)
                return True
        return False

    def _balance_row(self, row: table.Row, cells: list[str], booked: datetime.date | None) -> bool:
        for kind, wanted in (("opening", words.OPENING), ("closing", words.CLOSING)):
            if _speaks(cells, wanted):
                found = (facts.balance_value(cell) for cell in reversed(cells) if any(char.isdigit() for char in cell))
                value = next((amount for amount in found if amount is not None), None)
                if value is not None:
                    self._declare("opening" if kind == "opening" else "closing", value, booked)
                return True
        return _speaks(cells, words.TOTALS)

    def _declare(self, kind: str, value: Decimal, on: datetime.date | None) -> None:
        self.balances.append(
            draft.DraftBalance(self._account, "opening" if kind == "opening" else "closing", value, None, on)
        )

    def _finish(self) -> None:
        dropped = 0
        strays = [stray for stray in self._strays if stray[0] < self._last_row]
        for line, column, text in strays if len(strays) <= _FEW_STRAYS else ():
            self._problems.add(line, column, text, "the row holds text and neither date nor amount", "stray_text")
        if len(strays) > _FEW_STRAYS:
            self.notes.append(f"{len(strays)} lines of text amid the rows were left out")
        for row, column, value, reason, code in self._tail:
            if code == "bad_date" and any(char.isdigit() for char in value):
                self._problems.add(row.line, column, value, reason, code)
            elif (
                code == "no_date"
                and row.line - self._last_row == 1
                and len(row.cells) >= self._plan.width
                and not self._plan.header.line
            ):
                self._problems.add(row.line, column, value, reason, code)
            else:
                dropped += 1
        if dropped:
            self.notes.append(f"{dropped} lines at the end were taken as a footer")
        if self._without_amount:
            self.notes.append(f"{self._without_amount} rows have no amount and were left out")
        if self._known.opening is not None:
            self.balances.append(draft.DraftBalance(self._account, "opening", self._known.opening))
        if self._known.closing is not None:
            self.balances.append(draft.DraftBalance(self._account, "closing", self._known.closing))
        if self._known.opening is not None and self._known.closing is not None:
            self.declared.append(
                draft.Declared(self._account, self._known.opening, self._known.closing, self._total, self._last_row)
            )


def _day_reader(order: model.DateOrder, year: int | None) -> Callable[[str], datetime.date | None]:
    @functools.lru_cache(maxsize=65536)
    def read(cell: str) -> datetime.date | None:
        parts = dates.read(cell)
        return dates.resolve(parts, order, year) if parts else None

    return read


def _joined(cells: list[str], indexes: tuple[int, ...]) -> str:
    if len(indexes) == 1:
        text = cells[indexes[0]]
        return " ".join(text.split()) if "  " in text or "\n" in text or text[:1] == " " or text[-1:] == " " else text
    return " ".join(dict.fromkeys(" ".join(cells[index].split()) for index in indexes if cells[index].strip()))


def _first_words() -> frozenset[str]:
    return frozenset(phrase.split()[0] for phrase in (*words.TOTALS, *words.OPENING, *words.CLOSING))


_FIRST_WORDS = _first_words()
_FIRST_SIGNS = frozenset(
    phrase[:2] for phrase in (*words.TOTALS, *words.OPENING, *words.CLOSING) if not phrase.isascii()
)


@functools.lru_cache(maxsize=65536)
def _may_be_summary(cell: str) -> bool:
    text = words.normalise(cell.split(" ", 1)[0].strip(":："))
    return text in _FIRST_WORDS or text[:2] in _FIRST_SIGNS or text.partition(" ")[0] in _FIRST_WORDS


def _speaks(cells: list[str], wanted: frozenset[str]) -> bool:
    """A cell is one of the phrases, or begins with one of several words ("TOTAL STATION 12" is a petrol station)."""
    for cell in cells:
        text = words.normalise(cell) if len(cell) < 120 else ""
        tokens = text.split()
        if text in wanted or any(" ".join(tokens[:size]) in wanted for size in range(2, min(len(tokens), 5))):
            return True
        if (
            text
            and not text.isascii()
            and any(
                text.startswith(phrase)
                for phrase in wanted
                if not phrase.isascii() and len(phrase) > 1 and " " not in text
            )
        ):
            return True
    return False


_Amount = tuple[Decimal | None, int | None]


def _amount_of(planned: plan.Plan, read: dict[int, figures.Reader]) -> Callable[[list[str]], _Amount]:
    """cells -> (signed amount or None, column that holds something else or None)."""
    money = planned.money
    if money.source == "columns":
        inner = _pair_amount(money, read)
    else:
        assert money.amount is not None
        inner = _single_amount(money, read[money.amount], money.amount)
    if money.fee is None and not money.negate:
        return inner
    fee_reader = read[money.fee] if money.fee is not None else None

    def adjusted(cells: list[str]) -> _Amount:
        amount, bad = inner(cells)
        if amount is None:
            return amount, bad
        fee = fee_reader(cells[money.fee]) if fee_reader and money.fee is not None else None
        amount = amount + money.fee_sign * abs(fee.value) if fee else amount
        return (-amount if money.negate else amount), bad

    return adjusted


def _single_amount(money: plan.Money, read: figures.Reader, at: int) -> Callable[[list[str]], _Amount]:
    flag_at, check_at = money.flag, money.check

    def amount(cells: list[str]) -> _Amount:
        figure = read(cells[at])
        if figure is None:
            return None, (None if cells[at].strip() in _EMPTY else at)
        value = figure.value
        if figure.flag and not figure.signed:
            value *= figure.flag
        if money.source == "flag" and flag_at is not None:
            kind = words.flag_of(cells[flag_at])
            if kind is None:
                return value, flag_at
            return (-abs(value) if kind == "debit" else abs(value)), None
        if check_at is not None and value and (kind := words.flag_of(cells[check_at])) in ("credit", "debit"):
            return value, (check_at if (kind == "credit") != (value > 0) else None)
        return value, None

    return amount


def _pair_amount(money: plan.Money, read: dict[int, figures.Reader]) -> Callable[[list[str]], _Amount]:
    signed = ((money.debit, -money.debit_sign), (money.credit, money.credit_sign))
    sides = [(at, sign, read[at]) for at, sign in signed if at is not None]

    def amount(cells: list[str]) -> _Amount:
        total: Decimal | None = None
        for at, sign, figure_of in sides:
            cell = cells[at]
            figure = figure_of(cell)
            if figure is not None:
                total = (total or Decimal(0)) + sign * figure.value
            elif cell.strip() not in _EMPTY:
                return None, at
        return total, None

    return amount
