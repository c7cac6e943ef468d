"""Every feature of the score, one by one. `docs/features.md` is generated from this list."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Literal

import numpy as np

from analysis.models import measures
from analysis.preprocessors.columns import Floats

VERSION = "1"

Direction = Literal["higher", "lower"]


@dataclasses.dataclass(frozen=True, slots=True)
class Dimension:
    """One of the six parts of the score. `name` is its JSON name."""

    name: str
    title: str


@dataclasses.dataclass(frozen=True, slots=True)
class Feature:
    """`better` says which direction is good; `changeable` whether the person can change it by acting."""

    name: str
    dimension: str
    title: str
    formula: str
    unit: str
    better: Direction
    missing: str
    changeable: bool
    measure: Callable[[measures.Evidence], Floats]


DIMENSIONS = (
    Dimension("paymentConsistency", "Payment Consistency"),
    Dimension("incomeStability", "Income Stability"),
    Dimension("spendingBehavior", "Spending Behavior"),
    Dimension("savingsPattern", "Savings Pattern"),
    Dimension("accountLongevity", "Account Longevity"),
    Dimension("financialDiversity", "Financial Diversity"),
)

_NEVER = "never missing"
_NO_BALANCES = "the statement prints no balances"
_SHORT = "fewer than six months of history, or no income before"
_NOT_UNDERSTOOD = "the purpose of less than 30 % of the spending is known"

FEATURES = (
    Feature(
        "on_time_rate", "paymentConsistency", "Recurring payments made on time",
        "(payments on time + 4 x 0.85) / (payments due + 4) over the recurring obligations; on time: no later than a "
        "grace of 6 days for a monthly payment; a skipped period is a missed payment",
        "share", "higher", "no recurring obligation was found", True, measures.on_time_rate,
    ),
    Feature(
        "payment_delay_days", "paymentConsistency", "Mean delay of recurring payments",
        "mean of days after the due day (last payment + period), early payments counted as zero",
        "days", "lower", "no recurring obligation was found", True, measures.payment_delay_days,
    ),
    Feature(
        "recurring_payments_per_month", "paymentConsistency", "Recurring payments to judge by",
        "recurring payments due / months",
        "payments a month", "higher", _NEVER, True, measures.recurring_payments_per_month,
    ),
    Feature(
        "penalty_events_per_year", "paymentConsistency", "Penalties and returned payments",
        "days with penalty interest, overdraft charges, returned payments or dunning x 12 / months",
        "events a year", "lower", "none was found, and the purpose of less than 30 % of the bookings is known",
        True, measures.penalty_events_per_year,
    ),
    Feature(
        "overdraft_day_share", "paymentConsistency", "Days below zero",
        "days with a closing balance below zero / days with a known balance",
        "share", "lower", _NO_BALANCES, True, measures.overdraft_day_share,
    ),
    Feature(
        "income_shortfall", "incomeStability", "Mean shortfall of monthly income",
        "mean over months of max(0, 1 - income / median monthly income), on the steadier month grid; good months do "
        "not count against anybody",
        "share", "lower", _NEVER, False, measures.income_shortfall,
    ),
    Feature(
        "recurring_income_share", "incomeStability", "Income from regular sources",
        "income in recurring streams / income",
        "share", "higher", _NEVER, False, measures.recurring_income_share,
    ),
    Feature(
        "income_trend", "incomeStability", "Trend of income",
        "mean income of the later half of the months / of the earlier half - 1, within -1..1",
        "share", "higher", _SHORT, False, measures.income_trend,
    ),
    Feature(
        "recent_income_ratio", "incomeStability", "Income of the last three months against before",
        "mean income of the last three months / median monthly income before, at most 2",
        "ratio", "higher", _SHORT, False, measures.recent_income_ratio,
    ),
    Feature(
        "income_source_months", "incomeStability", "Age of the oldest income source still paying",
        "months since the first payment of the oldest recurring income that is not overdue; 0 without one",
        "months", "higher", _NEVER, False, measures.income_source_months,
    ),
    Feature(
        "spending_to_income", "spendingBehavior", "Spending against income",
        "spending / income over the window; own transfers, savings and refunded purchases are not spending; at most 3",
        "ratio", "lower", _NEVER, True, measures.spending_to_income,
    ),
    Feature(
        "loss_month_share", "spendingBehavior", "Months at a loss",
        "months in which spending is above 105 % of income / months, on the better month grid",
        "share", "lower", _NEVER, True, measures.loss_month_share,
    ),
    Feature(
        "spending_swing", "spendingBehavior", "Swing of monthly spending",
        "mean over months of |spending / median monthly spending - 1|, on the steadier month grid, at most 3",
        "share", "lower", "the median month has no spending", True, measures.spending_swing,
    ),
    Feature(
        "debt_share", "spendingBehavior", "Debt service against income",
        "payments on loans and credit cards / income, at most 3",
        "share", "lower", _NOT_UNDERSTOOD, False, measures.debt_share,
    ),
    Feature(
        "risky_share", "spendingBehavior", "Gambling and short-term loans",
        "spending on gambling and short-term loans / spending",
        "share", "lower", _NOT_UNDERSTOOD, True, measures.risky_share,
    ),
    Feature(
        "balance_months", "savingsPattern", "Mean balance in months of spending",
        "mean closing balance / mean monthly spending, within -3..24",
        "months of spending", "higher", _NO_BALANCES, True, measures.balance_months,
    ),
    Feature(
        "lowest_balance_months", "savingsPattern", "Usual low point in months of spending",
        "median over months of the month's lowest balance / mean monthly spending, within -3..24",
        "months of spending", "higher", _NO_BALANCES, True, measures.lowest_balance_months,
    ),
    Feature(
        "balance_swing", "savingsPattern", "Swing of the balance",
        "standard deviation / mean of the daily closing balances, at most 3; 3 with a mean of zero or below",
        "ratio", "lower", _NO_BALANCES, True, measures.balance_swing,
    ),
    Feature(
        "balance_trend", "savingsPattern", "Trend of the balance",
        "(mean balance of the last third of the months - of the first third) a year / mean monthly spending",
        "months of spending a year", "higher", "fewer than six months with balances", True, measures.balance_trend,
    ),
    Feature(
        "surplus_month_share", "savingsPattern", "Months with a surplus",
        "months in which spending is below 90 % of income / months, on the better month grid",
        "share", "higher", _NEVER, True, measures.surplus_month_share,
    ),
    Feature(
        "history_months", "accountLongevity", "History covered",
        "days from the first booking to the as-of date / 30.4375",
        "months", "higher", _NEVER, False, measures.history_months,
    ),
    Feature(
        "bookings_per_month", "accountLongevity", "Bookings a month",
        "bookings in the window / months",
        "bookings", "higher", _NEVER, False, measures.bookings_per_month,
    ),
    Feature(
        "longest_gap_days", "accountLongevity", "Longest gap without a booking",
        "greatest distance between consecutive booking days of the window, and from the last to the as-of date",
        "days", "lower", _NEVER, False, measures.longest_gap_days,
    ),
    Feature(
        "income_sources", "financialDiversity", "Independent income sources",
        "1 / sum of squared shares of the payers in income (interest left out); 0 without income",
        "effective sources", "higher", _NEVER, False, measures.income_sources,
    ),
    Feature(
        "obligation_kinds", "financialDiversity", "Kinds of obligation kept",
        "kinds of recurring obligation that are being paid; of unknown purpose at most two are counted",
        "kinds", "higher", _NEVER, False, measures.obligation_kinds,
    ),
    Feature(
        "account_kinds", "financialDiversity", "Kinds of account and asset",
        "1 + one each for a further account, savings, investments, a card account",
        "kinds", "higher", _NEVER, True, measures.account_kinds,
    ),
)  # fmt: skip


def measured(evidence: measures.Evidence) -> dict[str, Floats]:
    """Every feature's value, NaN where it is missing."""
    return {feature.name: np.asarray(feature.measure(evidence), np.float64) for feature in FEATURES}
