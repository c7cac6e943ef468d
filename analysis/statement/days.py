"""Cells of a date column as days, under a plan: era, Thai years, and the year of dates that carry none."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Callable

from analysis.statement import dates, model, plan

_Period = tuple[datetime.date, datetime.date]


def reader(order: model.DateOrder, planned: plan.Plan) -> Callable[[str], datetime.date | None]:
    year, period, thai, era = planned.year, planned.period, planned.thai_years, planned.era

    @functools.lru_cache(maxsize=16384)
    def read(cell: str) -> datetime.date | None:
        parts = dates.read(cell)
        if parts is None:
            return None
        if parts.third is None and period is not None:
            return _within(parts, order, period)
        if era and not parts.fixed:
            parts = parts._replace(first=parts.first + era)
        return dates.resolve(dates.of_thai_reign(parts, order) if thai else parts, order, year)

    return read


def _within(parts: dates.Parts, order: model.DateOrder, period: _Period) -> datetime.date | None:
    """A date without year in the year that puts it into the statement's period, or nearest to it."""
    years = range(period[0].year - 1, min(period[1].year + 2, period[0].year + 20))
    days = [day for year in years if (day := dates.resolve(parts, order, year))]

    def distance(day: datetime.date) -> int:
        return max((period[0] - day).days, (day - period[1]).days, 0)

    return min(days, key=distance, default=None)
