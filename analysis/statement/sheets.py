"""Sheets of a workbook, of whatever format, as one statement."""

from __future__ import annotations

import dataclasses
import datetime
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal

from analysis.statement import draft, errors, headers, model, repeated_sheets, table, tabular

_MAX_SHEETS = 60
_FORMULA_WEIGHT = 0.1
_EPOCHS = {False: datetime.datetime(1899, 12, 30), True: datetime.datetime(1904, 1, 1)}  # noqa: DTZ001 (sheets know no zone)
_SERIAL = re.compile(r"[2-7]\d{4}(?:\.\d+)?")  # days of the years 1954 to 2118
_DATES = frozenset(("date", "value_date"))


@dataclasses.dataclass(slots=True)
class Formulas:
    """The formulas of a workbook, counted while its cells are read."""

    count: int = 0
    uncalculated: int = 0

    def without_result(self, formula: str | None) -> str:
        """What stands in a cell whose formula nobody has calculated: its text, which is no figure and no date."""
        self.uncalculated += 1
        return f"={(formula or 'a shared formula').removeprefix('=')}"

    @property
    def remark(self) -> str:
        return f"{self.uncalculated} cells are formulas without a stored result: open the workbook and save it again"


def read(
    kind: str,
    sheets: Iterable[list[table.Row]],
    formulas: Formulas,
    hints: model.Hints,
    problems: draft.Problems,
    encoding: str | None = None,
) -> draft.Draft:
    """All sheets that hold transactions; raises `NoTransactionsFound` where none does, `LimitExceeded` beyond sixty."""
    found: dict[int, draft.Draft] = {}
    for number, rows in enumerate(sheets, 1):
        if number > _MAX_SHEETS:
            raise errors.LimitExceeded(f"more than {_MAX_SHEETS} sheets")
        result = _sheet(kind, rows, hints, problems, encoding)
        if result is not None:
            found[number] = result
    if not found:
        reason = "no sheet of the workbook holds transactions"
        raise errors.NoTransactionsFound(f"{reason}; {formulas.remark}" if formulas.uncalculated else reason)
    result = _joined(found)
    _remark(result, formulas)
    return result


def _remark(result: draft.Draft, formulas: Formulas) -> None:
    if formulas.uncalculated:
        result.notes.append(formulas.remark)
    if formulas.count:
        evidence = f"{formulas.count} cells are formulas; their stored results were read"
        result.signals.append(model.TamperSignal("formula_cells", _FORMULA_WEIGHT, evidence))


def _sheet(
    kind: str, rows: list[table.Row], hints: model.Hints, problems: draft.Problems, encoding: str | None
) -> draft.Draft | None:
    if not rows:
        return None
    try:
        return tabular.read(table.Table(kind, lambda: iter(rows), encoding=encoding), hints, problems)
    except errors.NoTransactionsFound:
        return None


def _joined(found: dict[int, draft.Draft]) -> draft.Draft:
    first, *others = found.values()
    if not others:
        return first
    first.rows = _chained(found, {number: iter(result.rows) for number, result in found.items()})
    for other in others:
        first.questions.extend(question for question in other.questions if question not in first.questions)
    first.notes.append(f"{len(found)} sheets of the workbook hold transactions")
    return first


def _chained(found: dict[int, draft.Draft], streams: dict[int, Iterator[draft.DraftRow]]) -> Iterator[draft.DraftRow]:
    """The rows of all sheets, each movement once though several sheets show it."""
    first = next(iter(found.values()))
    pages = []
    for number, result in found.items():
        rows = list(streams[number])
        for row in rows:
            row.currency = row.currency or result.currency
        pages.append(repeated_sheets.Page(number, rows))
    kept = repeated_sheets.once(pages, first.problems, first.notes)
    used = [result for number, result in found.items() if kept[number]]
    first.balances[:] = [balance for result in used for balance in result.balances]
    first.declared[:] = [period for result in used for period in result.declared]
    first.notes.extend(note for result in used if result is not first for note in result.notes)
    for number in found:
        yield from kept[number]


def plain(value: Decimal) -> str:
    """No exponent, floats rounded to what a sheet shows, and never three digits alone behind the point."""
    rounded = value if value == value.to_integral_value() else value.quantize(Decimal("1e-8"))
    text = f"{rounded:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
        if len(text.rpartition(".")[2]) == 3 and "." in text:
            text += "0"
    return text


def day(serial: Decimal, *, base1904: bool) -> str:
    """The ISO date of a sheet's count of days."""
    return (_EPOCHS[base1904] + datetime.timedelta(days=float(serial))).date().isoformat()


def with_dates(rows: list[table.Row], *, base1904: bool) -> list[table.Row]:
    """The rows, with the bare counts of days in columns that are headed as dates turned into dates."""
    header = headers.find(rows[: table.SAMPLE_ROWS])
    below = rows[header.position + 1 :]
    columns = [at for at, match in enumerate(header.matches) if _is_of_serials(match.scores.keys(), below, at)]
    if not columns:
        return rows
    return [*rows[: header.position + 1], *(_dated(row, columns, base1904) for row in below)]


def _is_of_serials(roles: Iterable[str], below: list[table.Row], at: int) -> bool:
    if not _DATES.intersection(roles) or headers.MONEY_ROLES.intersection(roles):
        return False
    cells = [
        row.cells[at].strip() for row in below[: table.SAMPLE_ROWS] if at < len(row.cells) and row.cells[at].strip()
    ]
    return bool(cells) and sum(map(bool, map(_SERIAL.fullmatch, cells))) >= 0.8 * len(cells)


def _dated(row: table.Row, columns: list[int], base1904: bool) -> table.Row:
    cells = list(row.cells)
    for at in columns:
        if at < len(cells) and _SERIAL.fullmatch(cells[at].strip()):
            cells[at] = day(Decimal(cells[at].strip()), base1904=base1904)
    return table.Row(row.line, cells)
