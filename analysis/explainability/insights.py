"""Why a score is what it is: the features that gave and cost the most points, in words, with monthly proof."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping

import numpy as np

from analysis.explainability import reasons
from analysis.models import measures, registry, scoring
from analysis.models.months import MONTH_DAYS
from analysis.models.policy import Policy
from analysis.preprocessors.columns import Floats
from analysis.statement import currency

MOST = 4  # of each impact
_GOOD_POINTS, _BAD_POINTS = 700.0, 500.0
_LEAST_CONTRIBUTION = 2
_MONEY = ("income", "recurring_income", "spending", "risky", "debt", "balance_sum", "lowest")
_LEVELS = (750, 600, 400)

Evidence = Mapping[str, object]


@dataclasses.dataclass(frozen=True, slots=True)
class Insight:
    """One reason. `score_contribution`: points earned (positive) or lost against the best case (negative)."""

    factor: str
    code: str
    impact: str
    score_contribution: int
    explanation: str
    evidence: Evidence


def of_features(
    policy: Policy, features: Mapping[str, Floats], evidence: measures.Evidence, credibility: float
) -> tuple[Insight, ...]:
    """Up to four negative insights, then up to four positive ones, the weightiest first; none on missing features."""
    points = {name: float(value) for name, value in scoring.feature_points(policy, features).items()}
    known = [feature for feature in registry.FEATURES if not np.isnan(features[feature.name])]
    shares = {feature.name: policy.share_of_score(feature.name) * credibility for feature in known}
    gained = {f.name: scoring.rounded(points[f.name] * shares[f.name]) for f in known if points[f.name] >= _GOOD_POINTS}
    lost = {
        f.name: -scoring.rounded((1000.0 - points[f.name]) * shares[f.name])
        for f in known
        if points[f.name] < _BAD_POINTS
    }
    found = [*_strongest(lost), *_strongest(gained)]
    by_name = {feature.name: feature for feature in known}
    return tuple(_insight(by_name[name], part, float(features[name]), evidence) for name, part in found)


def _strongest(parts: Mapping[str, int]) -> list[tuple[str, int]]:
    order = sorted(parts.items(), key=lambda item: (-abs(item[1]), item[0]))
    return [(name, part) for name, part in order if abs(part) >= _LEAST_CONTRIBUTION][:MOST]


def _insight(feature: registry.Feature, part: int, value: float, evidence: measures.Evidence) -> Insight:
    reason = reasons.BY_FEATURE[feature.name]
    title = next(dimension.title for dimension in registry.DIMENSIONS if dimension.name == feature.dimension)
    text, code = (_good_text(reason, value), reason.good_code) if part > 0 else (reason.bad, reason.bad_code)
    return Insight(
        factor=title,
        code=code,
        impact="positive" if part > 0 else "negative",
        score_contribution=part,
        explanation=text.format(**_facts(value, evidence)) + ".",
        evidence={
            "feature": feature.name,
            "value": round(value, 4),
            "unit": feature.unit,
            "months": _monthly(reason.months, evidence),
        },
    )


def _good_text(reason: reasons.Reason, value: float) -> str:
    return reason.good_zero if reason.good_zero and value == 0 else reason.good


def _facts(value: float, evidence: measures.Evidence) -> dict[str, object]:
    months = evidence.ordered
    due, on_time = round(float(months.due.sum())), round(float(months.on_time.sum()))
    return {
        "value": value,
        "percent": _percent(value),
        "signed_percent": f"{value:+.0%}",
        "months": months.n,
        "due": due,
        "on_time": on_time,
        "not_on_time": due - on_time,
        "penalties": round(float(months.penalties.sum())),
    }


def _percent(value: float) -> str:
    return "less than 1%" if 0.0 < value < 0.01 else f"{value:.0%}"


def _monthly(fields: tuple[str, ...], evidence: measures.Evidence) -> list[dict[str, object]]:
    """The named monthly sums; money in units of the main currency, a balance as the mean of the month."""
    months = evidence.ordered
    end = evidence.history.columns.as_of - 1
    exponent = currency.exponent(evidence.history.main_currency)
    listed: list[dict[str, object]] = []
    for place in range(months.n) if fields else ():
        last_day = dt.date.fromordinal(end - round((months.n - 1 - place) * MONTH_DAYS))
        listed.append({"monthEnding": last_day.isoformat()})
        for name in fields:
            value = float(getattr(months, name)[place])
            if name == "balance_sum":
                value /= max(float(months.balance_days[place]), 1.0)
            shown = value / 10**exponent if name in _MONEY else value
            listed[-1]["balance" if name == "balance_sum" else name] = None if np.isnan(shown) else round(shown, 2)
    return listed


def for_institutions(dimensions: Mapping[str, scoring.DimensionScore]) -> tuple[str, ...]:
    """One phrase a dimension, strongest dimension first; levels only, never an amount or a date."""
    order = sorted(dimensions.items(), key=lambda item: -item[1].score)
    return tuple(reasons.PUBLIC[name][_level(part.score)] for name, part in order)


def _level(score: int) -> int:
    return next((place for place, least in enumerate(_LEVELS) if score >= least), len(_LEVELS))
