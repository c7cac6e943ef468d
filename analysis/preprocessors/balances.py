"""Closing balances by day, and whether a statement's balances agree with its rows.

The order of the rows within a day is not needed: a day's closing balance is the printed balance that the opening
balance and the day's sum lead to, and every printed balance is a candidate for the lowest of the day.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from analysis.preprocessors.columns import Bools, Columns, Floats, Ints

# Banks round interest in print; a link holds when it misses by less than this share of the account's typical booking.
_ROUNDING_SHARE = 1e-3
_SMALLEST_TOLERANCE_MINOR = 1.0


@dataclasses.dataclass(frozen=True, slots=True)
class DailyBalances:
    """Known balances of the money accounts together, one entry a calendar day; NaN before all of them are known."""

    first_day: int
    closing: Floats  # minor units of the main currency
    lowest: Floats  # lowest printed on that day, else the closing balance
    links: int
    links_held: int
    covered_share: float  # share of the rows in question that print a balance

    @property
    def known(self) -> Bools:
        return ~np.isnan(self.closing)


@dataclasses.dataclass(frozen=True, slots=True)
class _Account:
    days: Ints
    closing: Floats
    lowest: Floats
    links: int
    held: int


def daily(columns: Columns, chosen: Bools) -> DailyBalances | None:
    """Balances over all accounts of the `chosen` rows, carried forward from booking to booking; None without any.

    An account that prints a balance on less than half of its rows counts as one without balances.
    """
    accounts = [_account(columns, chosen & (columns.account == one)) for one in np.unique(columns.account[chosen])]
    with_balances = [account for account in accounts if account is not None]
    if not with_balances:
        return None
    first = min(int(account.days[0]) for account in with_balances)
    span = columns.as_of - first
    closing, lowest = np.zeros(span), np.zeros(span)
    for account in with_balances:
        carried, low = _carried(account, first, span)
        lowest = np.minimum(lowest + carried, closing + low)
        closing = closing + carried
    return DailyBalances(
        first, closing, lowest,
        links=sum(account.links for account in with_balances),
        links_held=sum(account.held for account in with_balances),
        covered_share=float(np.mean(~np.isnan(columns.balance[chosen]))),
    )  # fmt: skip


def _carried(account: _Account, first: int, span: int) -> tuple[Floats, Floats]:
    """The account's closing and lowest balance for each day from `first`; zero before its own first row.

    An account opened later held nothing before, as far as the statement says.
    """
    day = np.arange(first, first + span)
    place = np.searchsorted(account.days, day, side="right") - 1
    closing = np.where(place >= 0, account.closing[np.maximum(place, 0)], 0.0)
    lowest = closing.copy()
    own = account.days - first
    lowest[own] = np.minimum(account.lowest, closing[own])
    return closing, lowest


def _account(columns: Columns, mine: Bools) -> _Account | None:
    printed = mine & ~np.isnan(columns.balance)
    if printed.sum() * 2 < mine.sum() or not printed.any():
        return None
    day, amount, balance = columns.day[mine], columns.amount[mine], columns.balance[mine]
    days, starts = np.unique(day, return_index=True)
    sums = np.add.reduceat(amount, starts)
    closing, held, links = _chain(balance, amount, starts, sums, _tolerance(amount))
    low = np.fmin.reduceat(balance, starts)
    some = ~np.isnan(closing)
    return _Account(days[some], closing[some], low[some], links, held)


def _tolerance(amount: Floats) -> float:
    return max(_SMALLEST_TOLERANCE_MINOR, _ROUNDING_SHARE * float(np.median(np.abs(amount))))


def _chain(balance: Floats, amount: Floats, starts: Ints, sums: Floats, tolerance: float) -> tuple[Floats, int, int]:
    """Closing balance of each day (NaN where none is printed), links that hold, links checked."""
    closing = np.full(len(starts), np.nan)
    held = links = 0
    expected = np.nan
    ends = [*starts[1:].tolist(), len(balance)]
    for place, (start, end, moved) in enumerate(zip(starts.tolist(), ends, sums.tolist(), strict=True)):
        rows = zip(balance[start:end].tolist(), amount[start:end].tolist(), strict=True)
        printed = [(value, by) for value, by in rows if not math.isnan(value)]
        expected += moved
        if not printed:
            continue
        if not math.isnan(expected):
            closing[place] = _nearest(printed, expected)
            links += 1
            held += abs(closing[place] - expected) <= tolerance
        else:
            closing[place] = _first_closing(printed, moved)
        expected = float(closing[place])
    return closing, int(held), links


def _nearest(printed: list[tuple[float, float]], expected: float) -> float:
    return min((balance for balance, _ in printed), key=lambda balance: (abs(balance - expected), balance))


def _first_closing(printed: list[tuple[float, float]], moved: float) -> float:
    """The last balance of a first day: the one whose opening balance is nearest to what some row started from."""
    before = [balance - amount for balance, amount in printed]
    return min(
        (balance for balance, _ in printed),
        key=lambda balance: (min(abs(balance - moved - start) for start in before), balance),
    )
