"""A history summed into months counted back from the as-of date.

A month is 1/12 of a mean year, so months are equally long and the last one is complete. Two grids are kept, half a
month apart: when wages come near a border of one grid, one month can hold two of them and the next none; the other
grid then tells the truth. Features of steadiness take the steadier grid.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import numpy.typing as npt

from analysis.preprocessors import history as histories
from analysis.preprocessors import streams
from analysis.preprocessors.columns import Floats, Ints

MONTH_DAYS = 30.4375
WINDOW_MONTHS = 24  # what happened longer ago enters only the features of longevity
_HALF_MONTH_DAYS = 15

RISKY = ("gambling", "short_term_loan")
DEBT = ("loan_payment", "card_repayment", "short_term_loan")


@dataclasses.dataclass(frozen=True, slots=True)
class Months:
    """Sums by month, last axis 0 = the oldest month. A leading axis holds resampled histories.

    Money in minor units. `lateness` is the sum of days late over `made` payments.
    """

    income: Floats
    recurring_income: Floats
    spending: Floats
    risky: Floats
    debt: Floats
    due: Floats
    on_time: Floats
    made: Floats
    lateness: Floats
    penalties: Floats
    saved: Floats
    balance_days: Floats
    below_zero_days: Floats
    balance_sum: Floats
    balance_squares: Floats
    lowest: Floats  # NaN in a month without balances
    rows: Floats

    @property
    def n(self) -> int:
        return int(self.income.shape[-1])

    def picked(self, months: Ints) -> Months:
        """The months with the given numbers; `months` may have a leading axis of resamplings."""
        return Months(**{name: getattr(self, name)[..., months] for name in _NAMES})


_NAMES = tuple(field.name for field in dataclasses.fields(Months))


def counted(days: int) -> int:
    """Months that a history of `days` days fills, at least one and at most the window."""
    return int(min(max(round(days / MONTH_DAYS), 1), WINDOW_MONTHS))


def of_history(history: histories.History, *, shifted: bool = False) -> Months:
    """Monthly sums of the window; `shifted` gives the second grid, which leaves out the latest half month."""
    end = history.columns.as_of - (_HALF_MONTH_DAYS if shifted else 0)
    n = max(counted(history.days) - (1 if shifted else 0), 1)
    rows = _Slots(history.columns.day, end, n)
    dues = streams.dues(history.streams, history.obligation, history.columns.day, history.columns.as_of)
    made = ~np.isnan(dues.lateness_days)
    due = _Slots(dues.day, end, n)
    purpose = history.categories
    in_stream = history.streams.of_row >= 0
    recurring = np.zeros(len(in_stream), np.bool_)
    recurring[in_stream] = history.income_stream[history.streams.of_row[in_stream]]
    return Months(
        income=rows.sums(history.income),
        recurring_income=rows.sums(history.income * recurring),
        spending=rows.sums(history.spending),
        risky=rows.sums(history.spending * purpose.among(*RISKY)),
        debt=rows.sums(history.spending * purpose.among(*DEBT)),
        due=due.sums(dues.due),
        on_time=due.sums(dues.on_time),
        made=due.sums(made),
        lateness=due.sums(np.nan_to_num(dues.lateness_days)),
        penalties=_penalty_days(history, end, n),
        saved=rows.sums(-history.columns.amount * (history.in_main & purpose.among("savings", "investment"))),
        rows=rows.sums(np.ones(len(history.columns))),
        **_balance_sums(history, end, n),
    )


class _Slots:
    """Which month each day falls into; days outside the window fall into none."""

    def __init__(self, day: npt.NDArray[np.int64], end: int, n: int) -> None:
        back = np.floor((end - 1 - day) / MONTH_DAYS).astype(np.int64)
        self.inside = (back >= 0) & (back < n)
        self.month = (n - 1 - back)[self.inside]
        self.n = n

    def sums(self, values: npt.NDArray[np.float64] | npt.NDArray[np.bool_]) -> Floats:
        return np.bincount(self.month, weights=values[self.inside], minlength=self.n).astype(np.float64)


def _penalty_days(history: histories.History, end: int, n: int) -> Floats:
    """Days with a penalty, by month: several charges of one day are one event."""
    days = np.unique(history.columns.day[history.categories.among("penalty")])
    return _Slots(days, end, n).sums(np.ones(len(days)))


def _balance_sums(history: histories.History, end: int, n: int) -> dict[str, Floats]:
    held = history.balances
    if held is None:
        nothing = np.zeros(n)
        return {
            "balance_days": nothing, "below_zero_days": nothing, "balance_sum": nothing, "balance_squares": nothing,
            "lowest": np.full(n, np.nan),
        }  # fmt: skip
    day = np.arange(held.first_day, held.first_day + len(held.closing))
    slots = _Slots(day, end, n)
    lowest = np.full(n, np.inf)
    np.minimum.at(lowest, slots.month, held.lowest[slots.inside])
    return {
        "balance_days": slots.sums(np.ones(len(day))),
        "below_zero_days": slots.sums(held.closing < 0),
        "balance_sum": slots.sums(held.closing),
        "balance_squares": slots.sums(held.closing**2),
        "lowest": np.where(np.isinf(lowest), np.nan, lowest),
    }
