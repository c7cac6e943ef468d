"""Rows with an amount and no date: rows of the day above, or the parts of the amount above? The figures say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Literal

from analysis.statement import plan, signed, table

Meaning = Literal["same_day", "parts", "unknown"]
_MostOpen = tuple[Decimal | None, Decimal | None, bool]


def meaning(
    rows: Sequence[table.Row],
    planned: plan.Plan,
    amount_of: Callable[[list[str]], signed.Amount],
    balance_of: Callable[[list[str]], Decimal | None],
) -> Meaning:
    """What the dateless rows of a sample are; "unknown" where neither balances nor sums tell."""
    found: list[_MostOpen] = []
    for row in rows:
        cells = row.cells + [""] * (planned.width - len(row.cells))
        amount, bad = amount_of(cells)
        dated = bool(cells[planned.dates[0]].strip())
        if bad is None and (amount is not None or dated):
            found.append((amount, balance_of(cells), dated))
    if all(dated for _, _, dated in found):
        return "unknown"
    if _links(found, with_dateless=True) > _links(found, with_dateless=False):
        return "same_day"
    return "parts" if _parts(found) else "unknown"


def _links(rows: Sequence[_MostOpen], *, with_dateless: bool) -> int:
    """Balances that follow from the rows before them, oldest first or newest first, whichever is more."""
    kept = [row for row in rows if row[2] or with_dateless]
    return max(_chain(kept), _chain(kept[::-1]))


def _chain(rows: Sequence[_MostOpen]) -> int:
    held, expected = 0, None
    for amount, balance, _ in rows:
        if expected is not None and amount is not None:
            expected += amount
        if balance is not None:
            held += expected == balance
            expected = balance
    return held


def _parts(rows: Sequence[_MostOpen]) -> bool:
    """Each run of dateless amounts adds up to the dated amount above it."""
    runs: list[tuple[Decimal, Decimal]] = []
    parent: Decimal | None = None
    for amount, _, dated in rows:
        if dated:
            parent = amount
            runs.append((amount or Decimal(0), Decimal(0)))
        elif runs and parent is not None:
            runs[-1] = runs[-1][0], runs[-1][1] + (amount or Decimal(0))
    split = [(whole, parts) for whole, parts in runs if parts]
    return bool(split) and all(abs(whole) == abs(parts) for whole, parts in split)
