"""Sheets of a workbook, of whatever format, as one statement."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from analysis.statement import draft, errors, model, table, tabular

_MAX_SHEETS = 30
_FORMULA_WEIGHT = 0.1


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
