"""Sheets of a workbook, of whatever format, as one statement."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal

from analysis.statement import draft, errors, headers, model, table, tabular

_MAX_SHEETS = 30
_FORMULA_WEIGHT = 0.1
_EPOCHS = {False: datetime.datetime(1899, 12, 30), True: datetime.datetime(1904, 1, 1)}  # noqa: DTZ001 (sheets know no zone)
_SERIAL = re.compile(r"[2-7]\d{4}(?:\.\d+)?")  # days of the years 1954 to 2118
_DATES = frozenset(("date", "value_date"))


def read(
    kind: str,
    sheets: Iterable[list[table.Row]],
    hints: model.Hints,
    problems: draft.Problems,
    encoding: str | None = None,
) -> draft.Draft:
    """All sheets that hold transactions (of the first thirty); raises `NoTransactionsFound` where none does."""
    found = []
    for _, rows in zip(range(_MAX_SHEETS), sheets, strict=False):
        result = _sheet(kind, rows, hints, problems, encoding)
        if result is not None:
            found.append(result)
    if not found:
        raise errors.NoTransactionsFound("no sheet of the workbook holds transactions")
    return _joined(found)


def _sheet(
    kind: str, rows: list[table.Row], hints: model.Hints, problems: draft.Problems, encoding: str | None
) -> draft.Draft | None:
    if not rows:
        return None
    try:
        return tabular.read(table.Table(kind, lambda: iter(rows), encoding=encoding), hints, problems)
    except errors.NoTransactionsFound:
        return None


def _joined(found: list[draft.Draft]) -> draft.Draft:
    first = found[0]
    first.rows = _chained(found, [iter(result.rows) for result in found])
    for other in found[1:]:
        first.questions.extend(question for question in other.questions if question not in first.questions)
    if len(found) > 1:
        first.notes.append(f"{len(found)} sheets of the workbook hold transactions")
    return first


def _chained(found: list[draft.Draft], streams: list[Iterator[draft.DraftRow]]) -> Iterator[draft.DraftRow]:
    first = found[0]
    for result, stream in zip(found, streams, strict=True):
        for row in stream:
            row.currency = row.currency or result.currency
            yield row
        if result is not first:
            first.balances.extend(result.balances)
            first.declared.extend(result.declared)
            first.notes.extend(result.notes)


def remark_formulas(result: draft.Draft, count: int) -> None:
    if count:
        evidence = f"{count} cells are formulas; their stored results were read"
        result.signals.append(model.TamperSignal("formula_cells", _FORMULA_WEIGHT, evidence))


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
