"""What a history is like as data: how much it covers, what was left out, whether it adds up, how much is understood."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence

import numpy as np

from analysis.preprocessors.history import History
from analysis.statement import model

LONG_GAP_DAYS = 31
_MOST_GAPS = 10


@dataclasses.dataclass(frozen=True, slots=True)
class Gap:
    """Days without a booking between two bookings."""

    after: dt.date
    before: dt.date
    days: int


@dataclasses.dataclass(frozen=True, slots=True)
class QualityReport:
    """Counts are of rows; shares in 0..1; `links` are printed balances that could be checked."""

    transactions: int
    days_covered: int
    first_day: dt.date | None
    last_day: dt.date | None
    gaps: tuple[Gap, ...]  # longest first, at most ten
    duplicates_removed: int
    pending_left_out: int
    later_left_out: int
    problem_rows: int
    accounts: int
    currencies: tuple[str, ...]
    main_currency: str
    other_currency_share: float
    links: int
    links_held: int
    understood_share: float
    tamper_score: float

    @property
    def problem_share(self) -> float:
        read = self.transactions + self.problem_rows
        return self.problem_rows / read if read else 0.0

    @property
    def reconciliation(self) -> str:
        if not self.links:
            return "no_balances"
        return "chains" if self.links == self.links_held else "breaks"


def of_history(history: History, statements: Sequence[model.Quality] = ()) -> QualityReport:
    """The report on `history`; `statements` tell what reading the files was like."""
    rows = history.columns
    held = history.balances
    days = np.unique(rows.day)
    return QualityReport(
        transactions=len(rows),
        days_covered=history.days,
        first_day=dt.date.fromordinal(int(days[0])) if len(days) else None,
        last_day=dt.date.fromordinal(int(days[-1])) if len(days) else None,
        gaps=_gaps(days),
        duplicates_removed=rows.n_duplicates,
        pending_left_out=rows.n_pending,
        later_left_out=rows.n_later,
        problem_rows=sum(statement.n_problems for statement in statements),
        accounts=len(np.unique(rows.account)),
        currencies=tuple(sorted({currency for _, currency in rows.accounts})),
        main_currency=history.main_currency,
        other_currency_share=_share(~history.in_main),
        links=held.links if held else 0,
        links_held=held.links_held if held else 0,
        understood_share=_share(history.categories.understood | (history.streams.of_row >= 0)),
        tamper_score=max((statement.tamper_score for statement in statements), default=0.0),
    )


def _share(flags: np.typing.NDArray[np.bool_]) -> float:
    return float(flags.mean()) if len(flags) else 0.0


def _gaps(days: np.typing.NDArray[np.int64]) -> tuple[Gap, ...]:
    length = np.diff(days)
    longest = [int(place) for place in np.argsort(-length, kind="stable")[:_MOST_GAPS]]
    return tuple(
        Gap(dt.date.fromordinal(int(days[p])), dt.date.fromordinal(int(days[p + 1])), int(length[p]))
        for p in longest
        if length[p] > LONG_GAP_DAYS
    )
