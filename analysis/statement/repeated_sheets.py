"""Movements that several sheets of a workbook show: months and a sheet of them all, overlapping sheets, sheets of sums.

They count once. What is certain is a note, what is likely a problem: two accounts may have alike movements.
"""

from __future__ import annotations

import collections
import datetime
from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple, TypeAlias

from analysis.statement import draft

_ALIKE_ROWS = 3  # with the same text; fewer may be chance
_ALIKE_FIGURES = 5  # of the same day and amount, whatever the text
_MOST_FIGURES = 0.9
_DIFFERENT_SUMS = 2  # one alone may be chance

_Key: TypeAlias = tuple[str, str | None, datetime.date, Decimal, str]
_Counts: TypeAlias = "collections.Counter[_Key]"


class Page(NamedTuple):
    """The rows of one sheet; `number` counts sheets from 1."""

    number: int
    rows: list[draft.DraftRow]


def once(pages: Sequence[Page], problems: draft.Problems, notes: list[str]) -> dict[int, list[draft.DraftRow]]:
    """Sheet number -> its rows that no larger sheet has, and that are no sums of other sheets."""
    kept = _without_repeats(pages, problems, notes)
    for page in pages:
        kept[page.number] = _without_sums(Page(page.number, kept[page.number]), kept, problems)
    return kept


def _without_repeats(
    pages: Sequence[Page], problems: draft.Problems, notes: list[str]
) -> dict[int, list[draft.DraftRow]]:
    spoken: _Counts = collections.Counter()
    figures: _Counts = collections.Counter()
    kept: dict[int, list[draft.DraftRow]] = {}
    for page in sorted(pages, key=lambda page: -len(page.rows)):
        repeats = _repeats(page.rows, spoken, figures)
        if all(repeats) and _all_told(page.rows, spoken):
            notes.append(f"sheet {page.number} repeats {len(page.rows)} rows of other sheets and was left out")
        elif any(repeats):
            row = page.rows[repeats.index(True)].row
            reason = f"{sum(repeats)} rows of sheet {page.number} also stand on other sheets and were counted once"
            problems.add(row, "", f"sheet {page.number}", reason, "repeated_rows")
        kept[page.number] = [row for row, again in zip(page.rows, repeats, strict=True) if not again]
        spoken.update(_keys(kept[page.number], by_text=True))
        figures.update(_keys(kept[page.number], by_text=False))
    return kept


def _repeats(rows: Sequence[draft.DraftRow], spoken: _Counts, figures: _Counts) -> list[bool]:
    """For each row whether it was seen before, as often as it was seen; none where it may be chance."""
    alike = _seen(_keys(rows, by_text=True), spoken)
    if sum(alike) >= _ALIKE_ROWS and 2 * sum(alike) >= len(rows):
        return alike
    alike = _seen(_keys(rows, by_text=False), figures)
    if sum(alike) >= _ALIKE_FIGURES and sum(alike) >= _MOST_FIGURES * len(rows):
        return alike
    return [False] * len(rows)


def _all_told(rows: Sequence[draft.DraftRow], spoken: _Counts) -> bool:
    return bool(rows) and all(row.text for row in rows) and all(_seen(_keys(rows, by_text=True), spoken))


def _seen(keys: Sequence[_Key], known: _Counts) -> list[bool]:
    used: _Counts = collections.Counter()
    found = []
    for key in keys:
        used[key] += 1
        found.append(used[key] <= known[key])
    return found


def _keys(rows: Sequence[draft.DraftRow], *, by_text: bool) -> list[_Key]:
    return [(row.account, row.currency, row.booked, row.amount, row.text if by_text else "") for row in rows]


def _without_sums(page: Page, kept: dict[int, list[draft.DraftRow]], problems: draft.Problems) -> list[draft.DraftRow]:
    sums = {found for number, rows in kept.items() if number != page.number and len(rows) > 1 for found in _sums(rows)}
    summed = [abs(row.amount) in sums for row in page.rows]
    different = {abs(row.amount) for row, is_sum in zip(page.rows, summed, strict=True) if is_sum}
    if len(different) < _DIFFERENT_SUMS or 2 * sum(summed) < len(page.rows):
        return page.rows
    first = page.rows[summed.index(True)]
    reason = f"{sum(summed)} rows of sheet {page.number} are the sums of other sheets and were left out"
    problems.add(first.row, "", f"sheet {page.number}", reason, "summary_rows")
    return [row for row, is_sum in zip(page.rows, summed, strict=True) if not is_sum]


def _sums(rows: Sequence[draft.DraftRow]) -> set[Decimal]:
    money_in = sum((row.amount for row in rows if row.amount > 0), Decimal(0))
    money_out = sum((-row.amount for row in rows if row.amount < 0), Decimal(0))
    return {money_in, money_out, abs(money_in - money_out)} - {Decimal(0)}
