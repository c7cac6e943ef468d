"""Do the printed balances follow from the rows? Also settles in which order a file lists its rows."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence

from analysis.statement import model

_KEPT_BREAKS = 100
_ROUNDED_ROWS = 5


def reconcile(
    rows: Sequence[model.Transaction], declared: Iterable[tuple[str, str, int, int, int, int]] = ()
) -> tuple[model.Reconciliation, list[model.Transaction]]:
    """The verdict, and the rows oldest first. `rows` come in file order.

    `declared` holds (account, currency, row, opening, closing, sum of the period's rows), all in minor units.
    """
    groups: dict[tuple[str, str], list[model.Transaction]] = {}
    for row in rows:
        groups.setdefault((row.account, row.currency), []).append(row)
    ordered: list[model.Transaction] = []
    checked, breaks = 0, []
    for group in groups.values():
        best, links, found = _best_order(group)
        ordered.extend(best)
        checked += links
        breaks.extend(found)
    for account, code, line, opening, closing, total in declared:
        checked += 1
        if opening + total != closing:
            breaks.append(model.BalanceBreak(account, line, opening + total, closing, code))
    if len(groups) > 1 or not _ascending(ordered):
        ordered.sort(key=lambda row: row.booked)
    return _verdict(checked, breaks), ordered


def _verdict(checked: int, breaks: list[model.BalanceBreak]) -> model.Reconciliation:
    status: model.ReconciliationStatus = "no_balances" if not checked else "breaks" if breaks else "chains"
    return model.Reconciliation(status, checked, checked - len(breaks), tuple(breaks[:_KEPT_BREAKS]))


def _best_order(group: list[model.Transaction]) -> tuple[list[model.Transaction], int, list[model.BalanceBreak]]:
    backwards = group[::-1]
    candidates = [group, backwards] if group[0].booked <= group[-1].booked else [backwards, group]
    if all(row.balance_minor is None for row in group):
        return candidates[0], 0, []
    best: tuple[list[model.Transaction], int, list[model.BalanceBreak]] | None = None
    for order in candidates:
        links, breaks = _chain(order)
        if best is None or len(breaks) < len(best[2]):
            best = order, links, breaks
        if not breaks:
            break
    assert best is not None
    return _rechained(best) if best[2] else best


def _chain(order: Sequence[model.Transaction]) -> tuple[int, list[model.BalanceBreak]]:
    links, breaks = 0, []
    expected: int | None = None
    tolerance = _tolerance(order)
    for row in order:
        if row.pending and row.balance_minor is None:
            continue
        if expected is not None:
            expected += row.amount_minor
        if row.balance_minor is None:
            continue
        if expected is not None:
            links += 1
            if abs(expected - row.balance_minor) > tolerance:
                breaks.append(model.BalanceBreak(row.account, row.row, expected, row.balance_minor, row.currency))
        expected = row.balance_minor
    return links, breaks


def _tolerance(rows: Sequence[model.Transaction]) -> int:
    """Ten minor units in a file that writes one decimal only: its figures are rounded, and sums of them drift."""
    if len(rows) < _ROUNDED_ROWS:
        return 0
    step = math.gcd(*(row.amount_minor for row in rows), *(row.balance_minor or 0 for row in rows))
    return 10 if step % 10 == 0 and step % 100 else 0


def _rechained(
    found: tuple[list[model.Transaction], int, list[model.BalanceBreak]],
) -> tuple[list[model.Transaction], int, list[model.BalanceBreak]]:
    """The same with each day's rows put in the order in which the balances add up, where that mends breaks."""
    order, links, breaks = found
    if any(row.balance_minor is None for row in order) or not _ascending(order):
        return found
    tolerance = _tolerance(order)
    balance: int | None = None
    mended: list[model.Transaction] = []
    for _, day in itertools.groupby(order, key=lambda row: row.booked):
        waiting = list(day)
        if len(waiting) > 200:  # quadratic below
            return found
        while waiting:
            step = next(
                (
                    row
                    for row in waiting
                    if balance is not None
                    and row.balance_minor is not None
                    and abs(balance + row.amount_minor - row.balance_minor) <= tolerance
                ),
                waiting[0],
            )
            waiting.remove(step)
            mended.append(step)
            balance = step.balance_minor
    again_links, again = _chain(mended)
    return (mended, again_links, again) if len(again) < len(breaks) else (order, links, breaks)


def _ascending(rows: Sequence[model.Transaction]) -> bool:
    return all(one.booked <= other.booked for one, other in itertools.pairwise(rows))
