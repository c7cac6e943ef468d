"""What the risk model sees: seven scale-free figures of the account with the most bookings.

They are defined on bookings, not on days or months, so that published aggregates of real loans and raw statements give
the same numbers; none depends on words. Amounts and balances are of one account; no other currency enters.
"""

from __future__ import annotations

import dataclasses
from typing import Literal

import numpy as np

from analysis.models.months import MONTH_DAYS
from analysis.preprocessors.columns import Bools, Floats
from analysis.preprocessors.history import History

_LEAST_BOOKINGS = 3


@dataclasses.dataclass(frozen=True, slots=True)
class RiskFeature:
    """`rises`: how the risk moves with the value: 1 up, -1 down, 0 either way (the monotone constraint)."""

    name: str
    dimension: str
    formula: str
    rises: Literal[-1, 0, 1]


FEATURES = (
    RiskFeature("balance_swing", "savingsPattern", "standard deviation / mean of the balances after bookings", 1),
    RiskFeature("booking_size", "spendingBehavior", "standard deviation of signed amounts / mean balance", 1),
    RiskFeature(
        "transfer_out_share", "paymentConsistency", "bookings out to a named counterparty / bookings", -1
    ),
    RiskFeature("low_point", "savingsPattern", "lowest balance / mean balance", -1),
    RiskFeature("high_point", "savingsPattern", "highest balance / mean balance", 1),
    RiskFeature("bookings_per_month", "accountLongevity", "bookings / months from the first to the last", 0),
    RiskFeature("history_days", "accountLongevity", "days from the first to the last booking", -1),
)  # fmt: skip


@dataclasses.dataclass(frozen=True, slots=True)
class Totals:
    """The sums behind the features; money in any one unit. Standard deviations are those of a sample (n - 1)."""

    bookings: Floats
    out_to_named: Floats
    days: Floats
    amount_std: Floats
    balance_mean: Floats
    balance_std: Floats
    balance_min: Floats
    balance_max: Floats

    def features(self) -> Floats:
        """Shape (accounts, 7), in the order of `FEATURES`; NaN where the mean balance is not positive."""
        mean = np.where(self.balance_mean > 0, self.balance_mean, np.nan)
        months = np.maximum(self.days / MONTH_DAYS, 1.0)
        return np.column_stack(
            [
                self.balance_std / mean,
                self.amount_std / mean,
                self.out_to_named / self.bookings,
                self.balance_min / mean,
                self.balance_max / mean,
                self.bookings / months,
                self.days,
            ]
        )


def of_history(history: History) -> Floats | None:
    """Features of the account with the most bookings that print a balance, shape (7,); None without enough."""
    rows = history.columns
    usable = history.in_main & ~np.isnan(rows.balance)
    if usable.sum() < _LEAST_BOOKINGS:
        return None
    account = int(np.argmax(np.bincount(rows.account[usable])))
    mine = usable & (rows.account == account)
    return _totals(history, mine).features()[0] if mine.sum() >= _LEAST_BOOKINGS else None


def _totals(history: History, mine: Bools) -> Totals:
    rows = history.columns
    amount, balance, day = rows.amount[mine], rows.balance[mine], rows.day[mine]
    named = np.array([bool(counterparty) for _, counterparty, _ in rows.texts], np.bool_)[rows.text[mine]]
    single = (np.atleast_1d(np.float64(value)) for value in (
        len(amount), (named & (amount < 0)).sum(), day.max() - day.min(), amount.std(ddof=1),
        balance.mean(), balance.std(ddof=1), balance.min(), balance.max(),
    ))  # fmt: skip
    return Totals(*single)
