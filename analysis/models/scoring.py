"""Features -> points -> dimensions -> score, with integer contributions that add up to the score."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence

import numpy as np

from analysis.models.policy import Policy
from analysis.preprocessors.columns import Floats

TIERS = ((750, "excellent"), (600, "good"), (400, "fair"), (0, "poor"))


@dataclasses.dataclass(frozen=True, slots=True)
class DimensionScore:
    """`score` 0..1000; `contribution` in points of the whole score."""

    score: int
    weight: float
    contribution: int


@dataclasses.dataclass(frozen=True, slots=True)
class Score:
    """`value` = the six contributions + `credibility_contribution` (zero or negative)."""

    value: int
    tier: str
    dimensions: Mapping[str, DimensionScore]
    credibility_contribution: int


def feature_points(policy: Policy, features: Mapping[str, Floats]) -> dict[str, Floats]:
    """Points of every feature; the neutral points where it is missing."""
    points = {}
    for name, table in policy.tables.items():
        value = features[name]
        known = ~np.isnan(value)
        points[name] = np.where(known, table(np.where(known, value, 0.0)), policy.neutral_points)
    return points


def dimension_scores(policy: Policy, features: Mapping[str, Floats]) -> dict[str, Floats]:
    """Weighted mean of its features' points for each dimension, 0..1000."""
    points = feature_points(policy, features)
    return {
        dimension.name: sum((table.weight * points[table.feature] for table in dimension.tables), np.zeros(()))
        for dimension in policy.dimensions
    }


def raw_score(policy: Policy, features: Mapping[str, Floats], credibility: float) -> Floats:
    """The score before rounding; one number a resampling."""
    scores = dimension_scores(policy, features)
    total = sum((dimension.weight * scores[dimension.name] for dimension in policy.dimensions), np.zeros(()))
    return np.clip(total * credibility, 0.0, 1000.0)


def score(policy: Policy, features: Mapping[str, Floats], credibility: float) -> Score:
    """The score of one history, with contributions by largest remainder."""
    exact = {name: float(value) for name, value in dimension_scores(policy, features).items()}
    weights = {dimension.name: dimension.weight for dimension in policy.dimensions}
    value = rounded(float(raw_score(policy, features, credibility)))
    before = rounded(math.fsum(weights[name] * exact[name] for name in weights))
    parts = whole_parts([weights[name] * exact[name] for name in weights], before)
    dimensions = {
        name: DimensionScore(rounded(exact[name]), weights[name], part)
        for name, part in zip(weights, parts, strict=True)
    }
    return Score(value, tier(value), dimensions, value - before)


def rounded(value: float) -> int:
    """To the nearest integer, halves up."""
    return math.floor(value + 0.5)


def whole_parts(values: Sequence[float], total: int) -> list[int]:
    """Integers next to `values` that sum to `total`: the largest remainders are rounded up (ties: the first)."""
    floors = [math.floor(value) for value in values]
    missing = total - sum(floors)
    by_remainder = sorted(range(len(values)), key=lambda place: (floors[place] - values[place], place))
    for place in by_remainder[:missing]:
        floors[place] += 1
    return floors


def tier(value: int) -> str:
    """Name the level: poor < 400 <= fair < 600 <= good < 750 <= excellent."""
    return next(name for least, name in TIERS if value >= least)
