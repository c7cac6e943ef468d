"""Behavioural signals: plain statistics about a change that matters now. They are shown beside the score.

Each signal compares the latest months with the person's own months before; none is given without enough of both.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import numpy as np

from analysis.models import measures
from analysis.models.months import Months
from analysis.preprocessors.columns import Floats

_RECENT_MONTHS = 3
_LEAST_BEFORE = 3
_INCOME_SHOCK = 0.7  # recent income below this share of the usual one
_SPREAD_CHANGE = 2.0  # recent spread of spending against the spread before
_SPREAD_FLOOR = 0.1  # spreads below a tenth of the usual spending are noise
_SPIRAL_MONTHS = 3


@dataclasses.dataclass(frozen=True, slots=True)
class Signal:
    """`value` is the statistic that raised it, in the unit the explanation names."""

    code: str
    value: float
    explanation: str


def found(evidence: measures.Evidence) -> tuple[Signal, ...]:
    """The signals that are raised, in fixed order."""
    months = evidence.ordered
    if months.n < _RECENT_MONTHS + _LEAST_BEFORE:
        return ()
    raised = (*_income_shock(months), *_spending_spread(months), *_overdraft_spiral(months), *_borrowing(evidence))
    return tuple(raised)


def _income_shock(months: Months) -> Iterable[Signal]:
    usual = float(np.median(months.income[:-_RECENT_MONTHS]))
    if usual <= 0:
        return
    ratio = float(months.income[-_RECENT_MONTHS:].mean()) / usual
    if ratio < _INCOME_SHOCK:
        yield Signal("income_shock", ratio, f"Income of the last three months was {ratio:.0%} of the usual income.")


def _spending_spread(months: Months) -> Iterable[Signal]:
    recent, before = months.spending[-_RECENT_MONTHS:], months.spending[:-_RECENT_MONTHS]
    usual = float(np.median(before))
    if usual <= 0:
        return
    spread_before = max(_spread(before) / usual, _SPREAD_FLOOR)
    change = _spread(recent) / usual / spread_before
    if change >= _SPREAD_CHANGE:
        yield Signal(
            "spending_volatility_up", change, f"Monthly spending swings {change:.1f} times as much as it did before."
        )


def _spread(values: Floats) -> float:
    return float(np.abs(values - np.median(values)).mean())


def _overdraft_spiral(months: Months) -> Iterable[Signal]:
    """More days below zero and a lower low point in each of the last three months."""
    if (months.balance_days[-_SPIRAL_MONTHS:] == 0).any():
        return
    below, low = months.below_zero_days[-_SPIRAL_MONTHS:], months.lowest[-_SPIRAL_MONTHS:]
    share = below / months.balance_days[-_SPIRAL_MONTHS:]
    worse = bool((np.diff(share) >= 0).all() and (np.diff(low) < 0).all())
    if worse and bool((below > 0).all()):
        yield Signal(
            "overdraft_spiral", float(below[-1]),
            f"The account was below zero in each of the last three months, longer and deeper every time; "
            f"{below[-1]:.0f} days in the last one.",
        )  # fmt: skip


def _borrowing(evidence: measures.Evidence) -> Iterable[Signal]:
    history = evidence.history
    taken = history.categories.among("loan_received", "short_term_loan") & (history.columns.amount > 0)
    recent = taken & (history.columns.day >= history.columns.as_of - _RECENT_MONTHS * 31)
    if recent.any():
        count = int(recent.sum())
        yield Signal("recent_borrowing", float(count), f"{count} new loan(s) were paid out in the last three months.")
