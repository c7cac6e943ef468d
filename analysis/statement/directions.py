"""Unsigned amounts get their sign: from the balances around them, or from the words of their rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

from analysis.statement import draft, judge, words

Report = Callable[[draft.DraftRow, str], None]


def by_balance(
    rows: Iterator[draft.DraftRow], newest_first: bool, opening: Decimal | None, report: Report
) -> Iterator[draft.DraftRow]:
    """Each amount signed by the step from the balance before it; rows whose step is neither are reported."""
    if newest_first:
        yield from _backwards(rows, opening, report)
        return
    before = opening
    for row in rows:
        yield from _stepped(row, before, report)
        before = row.balance if row.balance is not None else before


def _backwards(rows: Iterator[draft.DraftRow], opening: Decimal | None, report: Report) -> Iterator[draft.DraftRow]:
    waiting: draft.DraftRow | None = None
    for row in rows:
        if waiting is not None:
            yield from _stepped(waiting, row.balance, report)
        waiting = row
    if waiting is not None:
        yield from _stepped(waiting, opening, report)


def _stepped(row: draft.DraftRow, before: Decimal | None, report: Report) -> Iterator[draft.DraftRow]:
    if row.balance is None or (before is None and not _first(row)):
        report(row, "nothing says which way the money went")
        return
    step = row.balance - before if before is not None else row.amount
    if abs(step) != abs(row.amount):
        report(row, "the balance does not follow from the amount in either direction")
        return
    row.amount = step
    yield row


def _first(row: draft.DraftRow) -> bool:
    """The oldest row: an account that starts from nothing, else what the row says of itself."""
    if row.balance == row.amount:
        return True
    direction = judge.direction_of(words.normalise(row.text[:160]))
    row.amount = abs(row.amount) * (direction or 1)
    return direction != 0


def by_words(rows: Iterator[draft.DraftRow], report: Report) -> Iterator[draft.DraftRow]:
    """Each amount signed by the words of its row; rows without such words are reported."""
    for row in rows:
        spoken = " ".join(part for part in (row.text, row.bank_code, row.counterparty) if part)
        direction = judge.direction_of(words.normalise(spoken[:160]))
        if direction == 0:
            report(row, "nothing says which way the money went")
            continue
        row.amount = abs(row.amount) * direction
        yield row
