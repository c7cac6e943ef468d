"""Real histories cut short: how far is the score of a part from the score of the whole?

`analysis/models/data/interval_v2.json` comes from here. A history is cut to its first or to its last days; both
happen: a new customer, and a statement that covers the latest months only.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np

from analysis.models import confidence, measures, policy, registry, scoring
from analysis.preprocessors import columns, history
from analysis.statement import model

CUTS_DAYS = (90, 180, 270)
_LEAST_LONGER = 1.3  # a cut says something only if the whole is clearly longer

End = Literal["first", "last"]


@dataclasses.dataclass(frozen=True, slots=True)
class Cut:
    """One part against its whole. `low` and `high`: what resampling the part alone shows, from its score."""

    days: int
    end: End
    n_transactions: int
    part: float
    whole: float
    low: float
    high: float

    def widening_needed(self) -> tuple[float, float]:
        """Points by which the resampled range misses the whole, below and above; negative when it does not."""
        error = self.whole - self.part
        return self.low - error, error - self.high


def cut(rows: Sequence[model.Transaction], days: int, end: End) -> list[model.Transaction]:
    """The booked rows of the first or last `days` days."""
    booked = [row for row in rows if not row.pending]
    first, last = min(row.booked for row in booked), max(row.booked for row in booked)
    if end == "first":
        return [row for row in booked if row.booked < first + dt.timedelta(days=days)]
    return [row for row in booked if row.booked > last - dt.timedelta(days=days)]


def cuts(histories: Iterable[Sequence[model.Transaction]]) -> list[Cut]:
    """Every history cut to 90, 180 and 270 days at both ends, where the whole is clearly longer."""
    found: list[Cut] = []
    for rows in histories:
        whole = _evidence(rows)
        if whole is None:
            continue
        for days in CUTS_DAYS:
            if whole.history.days >= _LEAST_LONGER * days:
                ends: tuple[End, End] = ("first", "last")
                found += [one for end in ends if (one := _compared(rows, whole, days, end)) is not None]
    return found


def _evidence(rows: Sequence[model.Transaction]) -> measures.Evidence | None:
    known = history.of_columns(columns.from_transactions(rows, None))
    if not ((known.columns.amount > 0).any() and (known.columns.amount < 0).any()):
        return None
    return measures.of_history(known)


def _compared(rows: Sequence[model.Transaction], whole: measures.Evidence, days: int, end: End) -> Cut | None:
    part_rows = cut(rows, days, end)
    part = _evidence(part_rows) if part_rows else None
    if part is None:
        return None
    rules = policy.load()
    low, high = confidence.resampled_range(rules, part, credibility=1.0)
    scores = [float(scoring.raw_score(rules, registry.measured(one), 1.0)) for one in (part, whole)]
    return Cut(days, end, len(part_rows), scores[0], scores[1], low, high)


def turnover(histories: Iterable[Sequence[model.Transaction]], days: int) -> tuple[float, float]:
    """(mean, standard deviation) of the score of the rest less that of the first `days`, which share no row.

    What a score may do once its history has been replaced; taken over histories with at least as long a rest.
    """
    changes = []
    for rows in histories:
        first = cut(rows, days, "first")
        rest = [row for row in rows if not row.pending and row.booked > first[-1].booked]
        if rest and (rest[-1].booked - rest[0].booked).days >= days:
            changes += _change(first, rest)
    return float(np.mean(changes)), float(np.std(changes))


def _change(first: Sequence[model.Transaction], rest: Sequence[model.Transaction]) -> list[float]:
    rules = policy.load()
    both = [_evidence(rows) for rows in (first, rest)]
    scores = [float(scoring.raw_score(rules, registry.measured(one), 1.0)) for one in both if one is not None]
    return [scores[1] - scores[0]] if len(scores) == 2 else []


def widening(found: Sequence[Cut], coverage: float) -> dict[int, tuple[float, float]]:
    """Days -> points to add (below, above) so that `coverage` of the wholes lie inside, tails split evenly."""
    tail = 1.0 - (1.0 - coverage) / 2
    table = {}
    for days in CUTS_DAYS:
        needed = np.array([one.widening_needed() for one in found if one.days == days])
        below, above = np.quantile(needed, tail, axis=0)
        table[days] = float(below), float(above)
    return table


def covered(found: Sequence[Cut], days: int) -> float:
    """Share of the wholes inside the interval that the engine gives for the part, by the packaged table."""
    below, above = confidence.widening().of(days / 30.4375)
    inside = [one.low - below <= one.whole - one.part <= one.high + above for one in found if one.days == days]
    return float(np.mean(inside))
