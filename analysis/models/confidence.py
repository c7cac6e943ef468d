"""How sure the score is: a 90 % interval from resampled months, widened by the error seen on shortened histories.

Blocks of consecutive months are drawn with replacement (circular block bootstrap), so that a bad quarter stays one.
Resampling cannot know what a longer history would have shown; that error was measured by cutting real histories short
and is in `data/interval_v2.json`, by months of history.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib.resources
import json

import numpy as np

from analysis.models import measures, registry, scoring
from analysis.models.policy import Policy
from analysis.preprocessors.columns import Floats, Ints
from analysis.preprocessors.quality import QualityReport

RESAMPLINGS = 200
_BLOCK_MONTHS = 3
_SEED = 20_24  # any number; the same one everywhere, so that a history always gets the same interval
_QUANTILES = (0.05, 0.95)
_WIDEST = 600.0  # points; an interval this wide says next to nothing
_NO_BALANCES, _LEAST_FROM_TEXT = 0.9, 0.8


@dataclasses.dataclass(frozen=True, slots=True)
class Confidence:
    """`value` in 0..1; `interval` in points, both ends included, around the score."""

    value: float
    interval: tuple[int, int]
    reasons: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Widening:
    """Points by which a full history may lie below or above what resampling a short one shows."""

    months: tuple[float, ...]
    below: tuple[float, ...]
    above: tuple[float, ...]

    def of(self, months: float) -> tuple[float, float]:
        return float(np.interp(months, self.months, self.below)), float(np.interp(months, self.months, self.above))


@functools.cache
def widening() -> Widening:
    """The packaged table."""
    source = importlib.resources.files("analysis.models") / "data" / "interval_v2.json"
    rows = json.loads(source.read_text(encoding="utf-8"))["rows"]
    return Widening(*(tuple(float(row[name]) for row in rows) for name in ("months", "below", "above")))


def of_evidence(
    policy: Policy, evidence: measures.Evidence, credibility: float, score: int, report: QualityReport
) -> Confidence:
    """Interval and confidence of `score`."""
    low, high = resampled_range(policy, evidence, credibility)
    months = evidence.history.days / 30.4375
    below, above = widening().of(months)
    interval = max(0, round(score + low - below)), min(1000, round(score + high + above))
    value = 1.0 - min((interval[1] - interval[0]) / _WIDEST, 1.0)
    value *= _LEAST_FROM_TEXT + (1.0 - _LEAST_FROM_TEXT) * report.understood_share
    value *= 1.0 if report.links else _NO_BALANCES
    return Confidence(round(value, 3), interval, _reasons(months, interval, report))


def resampled_range(policy: Policy, evidence: measures.Evidence, credibility: float) -> tuple[float, float]:
    """(5 %, 95 %) quantiles of the resampled scores, measured from their median; <= 0 and >= 0."""
    months, shifted = evidence.months, evidence.shifted
    drawn = dataclasses.replace(
        evidence,
        months=months.picked(_drawn(months.n)),
        shifted=shifted.picked(_drawn(shifted.n)),
    )
    scores: Floats = scoring.raw_score(policy, registry.measured(drawn), credibility)
    low, middle, high = np.quantile(scores, (_QUANTILES[0], 0.5, _QUANTILES[1]))
    return float(low - middle), float(high - middle)


@functools.cache
def _drawn(n_months: int) -> Ints:
    """Month numbers of each resampling, shape (RESAMPLINGS, n_months): random blocks, wrapped around the end."""
    blocks = -(-n_months // _BLOCK_MONTHS)
    # the raw stream of a bit generator is the same in every version of numpy, its derived draws are not
    raw = np.random.PCG64(_SEED).random_raw(RESAMPLINGS * blocks)
    start = (raw % np.uint64(n_months)).astype(np.int64).reshape(RESAMPLINGS, blocks, 1)
    months = (start + np.arange(_BLOCK_MONTHS)) % n_months
    return months.reshape(RESAMPLINGS, -1)[:, :n_months]


def _reasons(months: float, interval: tuple[int, int], report: QualityReport) -> tuple[str, ...]:
    reasons = [f"With more history the score would lie between {interval[0]} and {interval[1]} in about 9 of 10 cases."]
    if months < 12:
        reasons.append(f"{months:.0f} months of history are less than a full year.")
    if not report.links:
        reasons.append("Without balances nothing is known about reserves and overdrafts.")
    if report.understood_share < 0.8:
        reasons.append(f"The purpose of {report.understood_share:.0%} of the bookings is known.")
    return tuple(reasons)
