"""How each feature is computed. Every function takes the evidence and gives a number a history (NaN: not known).

With resampled months the functions give one number a resampling. What depends on the order of the months (trend,
shock) or on the whole history (longevity, diversity) does not vary with resampling.
"""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable

import numpy as np

from analysis.models import months as monthly
from analysis.preprocessors import groups
from analysis.preprocessors import history as histories
from analysis.preprocessors.columns import Bools, Floats

_PRIOR_PAYMENTS = 4.0  # a short record is drawn towards the usual one by this many payments
_PRIOR_ON_TIME = 0.85
_LEAST_UNDERSTOOD = 0.3  # share of rows with a known purpose below which nothing is said about purposes
_LEAST_MONTHS_FOR_TREND = 6
_RECENT_MONTHS = 3
_CAP_RATIO = 3.0
_LOSS_MARGIN = 1.05
_SURPLUS_MARGIN = 0.9
_MOST_UNNAMED_KINDS = 2


@dataclasses.dataclass(frozen=True, slots=True)
class Evidence:
    """A history with its months on both grids. `ordered` are the months as they happened, on the first grid."""

    history: histories.History
    months: monthly.Months
    shifted: monthly.Months
    ordered: monthly.Months
    account_kinds: frozenset[str] = frozenset()


def of_history(history: histories.History, account_kinds: frozenset[str] = frozenset()) -> Evidence:
    """The evidence as it happened."""
    months = monthly.of_history(history)
    shifted = monthly.of_history(history, shifted=True)
    return Evidence(history, months, shifted, months, account_kinds)


def _total(values: Floats) -> Floats:
    return np.asarray(values.sum(axis=-1))


def _ratio(part: Floats, whole: Floats) -> Floats:
    """Divide; NaN where there is no whole."""
    safe = np.where(whole > 0, whole, 1.0)
    return np.where(whole > 0, part / safe, np.nan)


def _steadier(evidence: Evidence, measure: Callable[[monthly.Months], Floats]) -> Floats:
    return np.minimum(measure(evidence.months), measure(evidence.shifted))


# Payment Consistency


def on_time_rate(evidence: Evidence) -> Floats:
    due, on_time = _total(evidence.months.due), _total(evidence.months.on_time)
    drawn = (on_time + _PRIOR_PAYMENTS * _PRIOR_ON_TIME) / (due + _PRIOR_PAYMENTS)
    return np.where(due > 0, drawn, np.nan)


def payment_delay_days(evidence: Evidence) -> Floats:
    return _ratio(_total(evidence.months.lateness), _total(evidence.months.made))


def recurring_payments_per_month(evidence: Evidence) -> Floats:
    return _total(evidence.months.due) / evidence.months.n


def penalty_events_per_year(evidence: Evidence) -> Floats:
    a_year = _total(evidence.months.penalties) * 12.0 / evidence.months.n
    understood = evidence.history.categories.understood
    if understood.mean() >= _LEAST_UNDERSTOOD:
        return a_year
    return np.where(a_year > 0, a_year, np.nan)


def overdraft_day_share(evidence: Evidence) -> Floats:
    return _ratio(_total(evidence.months.below_zero_days), _total(evidence.months.balance_days))


# Income Stability


def _shortfall(months: monthly.Months) -> Floats:
    typical = np.median(months.income, axis=-1, keepdims=True)
    short = np.maximum(1.0 - months.income / np.where(typical > 0, typical, 1.0), 0.0)
    return np.where(typical[..., 0] > 0, short.mean(axis=-1), 1.0)


def income_shortfall(evidence: Evidence) -> Floats:
    return _steadier(evidence, _shortfall)


def recurring_income_share(evidence: Evidence) -> Floats:
    share = _ratio(_total(evidence.months.recurring_income), _total(evidence.months.income))
    return np.nan_to_num(share, nan=0.0)


def income_trend(evidence: Evidence) -> Floats:
    income, n = evidence.ordered.income, evidence.ordered.n
    if n < _LEAST_MONTHS_FOR_TREND:
        return np.asarray(np.nan)
    half = n // 2
    earlier, later = income[n - 2 * half : n - half].mean(), income[n - half :].mean()
    if earlier <= 0:
        return np.asarray(np.nan)
    return np.asarray(np.clip(later / earlier - 1.0, -1.0, 1.0))


def recent_income_ratio(evidence: Evidence) -> Floats:
    income, n = evidence.ordered.income, evidence.ordered.n
    if n < _LEAST_MONTHS_FOR_TREND:
        return np.asarray(np.nan)
    before = np.median(income[:-_RECENT_MONTHS])
    if before <= 0:
        return np.asarray(np.nan)
    return np.asarray(min(income[-_RECENT_MONTHS:].mean() / before, 2.0))


def income_source_months(evidence: Evidence) -> Floats:
    found = evidence.history.streams
    alive = evidence.history.income_stream & found.active
    age = (evidence.history.columns.as_of - found.first[alive]) / monthly.MONTH_DAYS
    return np.asarray(age.max(initial=0.0))


# Spending Behavior


def spending_to_income(evidence: Evidence) -> Floats:
    ratio = _ratio(_total(evidence.months.spending), _total(evidence.months.income))
    return np.minimum(np.nan_to_num(ratio, nan=_CAP_RATIO), _CAP_RATIO)


def loss_month_share(evidence: Evidence) -> Floats:
    return _steadier(evidence, lambda months: (months.spending > _LOSS_MARGIN * months.income).mean(axis=-1))


def _swing(months: monthly.Months) -> Floats:
    typical = np.median(months.spending, axis=-1, keepdims=True)
    away = np.abs(months.spending / np.where(typical > 0, typical, 1.0) - 1.0).mean(axis=-1)
    return np.where(typical[..., 0] > 0, np.minimum(away, _CAP_RATIO), np.nan)


def spending_swing(evidence: Evidence) -> Floats:
    return np.fmin(_swing(evidence.months), _swing(evidence.shifted))


def _understood_spending(evidence: Evidence) -> bool:
    out: Bools = evidence.history.spending > 0
    return bool(out.any()) and float(evidence.history.categories.understood[out].mean()) >= _LEAST_UNDERSTOOD


def debt_share(evidence: Evidence) -> Floats:
    share = np.minimum(_ratio(_total(evidence.months.debt), _total(evidence.months.income)), _CAP_RATIO)
    return share if _understood_spending(evidence) else np.full_like(share, np.nan)


def risky_share(evidence: Evidence) -> Floats:
    share = _ratio(_total(evidence.months.risky), _total(evidence.months.spending))
    return share if _understood_spending(evidence) else np.full_like(share, np.nan)


# Savings Pattern


def _monthly_spending(evidence: Evidence) -> Floats:
    return _total(evidence.months.spending) / evidence.months.n


def balance_months(evidence: Evidence) -> Floats:
    average = _ratio(_total(evidence.months.balance_sum), _total(evidence.months.balance_days))
    return np.clip(_ratio(average, _monthly_spending(evidence)), -_CAP_RATIO, 24.0)


def lowest_balance_months(evidence: Evidence) -> Floats:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a history without balances has only NaN
        typical_low = np.nanmedian(evidence.months.lowest, axis=-1)
    return np.clip(_ratio(typical_low, _monthly_spending(evidence)), -_CAP_RATIO, 24.0)


def balance_swing(evidence: Evidence) -> Floats:
    days = _total(evidence.months.balance_days)
    mean = _ratio(_total(evidence.months.balance_sum), days)
    variance = np.maximum(_ratio(_total(evidence.months.balance_squares), days) - mean**2, 0.0)
    swing = np.where(mean > 0, np.sqrt(variance) / np.where(mean > 0, mean, 1.0), _CAP_RATIO)
    return np.where(np.isnan(mean), np.nan, np.minimum(swing, _CAP_RATIO))


def balance_trend(evidence: Evidence) -> Floats:
    months = evidence.ordered
    known = months.balance_days > 0
    if known.sum() < _LEAST_MONTHS_FOR_TREND:
        return np.asarray(np.nan)
    level = months.balance_sum[known] / months.balance_days[known]
    third = len(level) // 3
    change = level[-third:].mean() - level[:third].mean()
    per_year = change * 12.0 / (len(level) - third)
    return np.asarray(np.clip(_ratio(per_year, _monthly_spending(evidence)), -12.0, 12.0))


def _surplus_share(months: monthly.Months) -> Floats:
    return np.asarray((months.spending < _SURPLUS_MARGIN * months.income).mean(axis=-1))


def surplus_month_share(evidence: Evidence) -> Floats:
    return np.maximum(_surplus_share(evidence.months), _surplus_share(evidence.shifted))


# Account Longevity


def history_months(evidence: Evidence) -> Floats:
    return np.asarray(evidence.history.days / monthly.MONTH_DAYS)


def bookings_per_month(evidence: Evidence) -> Floats:
    return _total(evidence.months.rows) / evidence.months.n


def longest_gap_days(evidence: Evidence) -> Floats:
    rows = evidence.history.columns
    start = rows.as_of - round(monthly.WINDOW_MONTHS * monthly.MONTH_DAYS)
    days = np.unique(rows.day[rows.day >= start])
    return np.asarray(float(np.diff(np.append(days, rows.as_of)).max(initial=0)))


# Financial Diversity


def income_sources(evidence: Evidence) -> Floats:
    history = evidence.history
    earned = (history.income > 0) & ~history.categories.among("interest")
    group, n = groups.codes(history.payee[earned], history.categories.category[earned])
    if not n:
        return np.asarray(0.0)
    part = np.bincount(group, weights=history.income[earned], minlength=n)
    return np.asarray(1.0 / ((part / part.sum()) ** 2).sum())


def obligation_kinds(evidence: Evidence) -> Floats:
    history = evidence.history
    kept = np.flatnonzero(history.obligation & history.streams.active)
    rows = np.isin(history.streams.of_row, kept)
    named = np.unique(history.categories.category[rows & history.categories.understood])
    unnamed = np.unique(history.streams.of_row[rows & ~history.categories.understood])
    return np.asarray(float(len(named) + min(len(unnamed), _MOST_UNNAMED_KINDS)))


def account_kinds(evidence: Evidence) -> Floats:
    history = evidence.history
    used = [
        len(history.columns.accounts) > 1,
        bool(history.categories.among("savings").any()) or "savings" in evidence.account_kinds,
        bool(history.categories.among("investment").any()) or "investment" in evidence.account_kinds,
        bool(history.categories.among("card_repayment").any()) or "card" in evidence.account_kinds,
    ]
    return np.asarray(float(1 + sum(used)))
