"""What a person could change, and about how many points it would bring: the engine run again on the changed feature."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np

from analysis.explainability import reasons
from analysis.models import measures, registry, scoring
from analysis.models.policy import PointTable, Policy
from analysis.preprocessors.columns import Floats

MOST = 4
_LEAST_GAIN = 3
_STEP_POINTS = 150.0  # a recommendation aims at the next cut point that is worth this much


@dataclasses.dataclass(frozen=True, slots=True)
class Recommendation:
    """`gain` in points of the score, from `value` of the feature to `target`."""

    code: str
    factor: str
    text: str
    gain: int
    value: float
    target: float


def of_features(
    policy: Policy, features: Mapping[str, Floats], evidence: measures.Evidence, credibility: float
) -> tuple[Recommendation, ...]:
    """The changes that bring the most, at most four, the best of each dimension first; none that nobody can act on."""
    tables = policy.tables
    open_ones = [feature for feature in registry.FEATURES if _open_to_change(feature, evidence)]
    targets = {one.name: next_target(tables[one.name], float(features[one.name])) for one in open_ones}
    tried = [(one, target) for one in open_ones if (target := targets[one.name]) is not None]
    gains = _gains(policy, features, credibility, [(one.name, target) for one, target in tried])
    found = [
        _recommendation(one, gain, float(features[one.name]), target)
        for (one, target), gain in zip(tried, gains, strict=True)
        if gain >= _LEAST_GAIN
    ]
    return tuple(_spread(sorted(found, key=lambda one: (-one.gain, one.code)))[:MOST])


def _gains(
    policy: Policy, features: Mapping[str, Floats], credibility: float, changes: list[tuple[str, float]]
) -> list[int]:
    """Points that each change alone brings; all changes are scored in one run, one history each."""
    base = np.zeros(len(changes))
    changed = {name: base + value for name, value in features.items()}
    for place, (name, target) in enumerate(changes):
        changed[name][place] = target
    now = float(scoring.raw_score(policy, features, credibility))
    return [scoring.rounded(float(value) - now) for value in scoring.raw_score(policy, changed, credibility)]


def next_target(table: PointTable, value: float) -> float | None:
    """The nearest cut point worth at least a step more than `value`, or the best one; None when nothing is better or
    the value is missing.
    """
    if np.isnan(value):
        return None
    points = float(table(np.asarray(value)))
    better = [(at, worth) for at, worth in zip(table.at, table.points, strict=True) if worth > points]
    if not better:
        return None
    enough = [pair for pair in better if pair[1] >= points + _STEP_POINTS] or [max(better, key=lambda pair: pair[1])]
    return min(enough, key=lambda pair: abs(pair[0] - value))[0]


def _open_to_change(feature: registry.Feature, evidence: measures.Evidence) -> bool:
    """A record without any late payment improves by waiting only."""
    if feature.name == "on_time_rate":
        return bool(evidence.months.on_time.sum() < evidence.months.due.sum())
    return feature.changeable


def _recommendation(feature: registry.Feature, gain: int, value: float, target: float) -> Recommendation:
    reason = reasons.BY_FEATURE[feature.name]
    title = next(dimension.title for dimension in registry.DIMENSIONS if dimension.name == feature.dimension)
    text = f"{reason.advice} ({_step(value, target, feature.unit)}): about +{gain} points."
    return Recommendation(f"improve_{feature.name}", title, text, gain, round(value, 4), target)


def _step(value: float, target: float, unit: str) -> str:
    """The change as a person would write it; shares and ratios in percent."""
    if unit in ("share", "ratio"):
        return f"from {value:.0%} to {target:.0%}"
    return f"from {round(value, 1):g} to {round(target, 1):g} {unit}"


def _spread(found: list[Recommendation]) -> list[Recommendation]:
    """The best of each dimension before the second of any."""
    first: dict[str, Recommendation] = {}
    for one in found:
        first.setdefault(one.factor, one)
    return [*first.values(), *(one for one in found if first[one.factor] is not one)]
