"""How well a number tells bad from good, with the uncertainty of small samples. `bad` is 1 for the bad ones."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from analysis.preprocessors.columns import Bools, Floats

_Z90, _Z95 = 1.6449, 1.9600
_NEWTON_STEPS = 50
_BINS = 10


@dataclasses.dataclass(frozen=True, slots=True)
class Discrimination:
    """`low` and `high`: 95 % interval of the AUC (DeLong, on the log-odds scale)."""

    auc: float
    low: float
    high: float
    ks: float  # greatest distance of the two distributions


@dataclasses.dataclass(frozen=True, slots=True)
class CalibrationFigures:
    """Slope 1 and intercept 0 are perfect; `ece` in ten bins of equal size; `brier_base` is that of the base rate."""

    slope: float
    intercept: float
    ece: float
    brier: float
    brier_base: float


def discrimination(risk: Floats, bad: Bools) -> Discrimination:
    """AUC with its interval and KS; raises `ValueError` unless both classes are there."""
    positive, negative = risk[bad], risk[~bad]
    if not len(positive) or not len(negative):
        raise ValueError("both good and bad outcomes are needed")
    above = _placements(positive, negative)
    below = 1.0 - _placements(negative, positive)
    auc = float(above.mean())
    variance = _variance(above) + _variance(below)
    low, high = _interval(auc, math.sqrt(variance))
    return Discrimination(auc, low, high, _ks(positive, negative))


def _placements(these: Floats, those: Floats) -> Floats:
    """Share of `those` below each of `these`, ties half."""
    ordered = np.sort(those)
    below = np.searchsorted(ordered, these, side="left")
    up_to = np.searchsorted(ordered, these, side="right")
    return (below + up_to) / 2.0 / len(those)


def _variance(values: Floats) -> float:
    return float(values.var(ddof=1) / len(values)) if len(values) > 1 else 0.0


def _interval(auc: float, error: float) -> tuple[float, float]:
    if error == 0.0 or not 0.0 < auc < 1.0:
        return auc, auc
    middle, spread = math.log(auc / (1.0 - auc)), _Z95 * error / (auc * (1.0 - auc))
    low, high = (1.0 / (1.0 + math.exp(-(middle + sign * spread))) for sign in (-1, 1))
    return low, high


def _ks(positive: Floats, negative: Floats) -> float:
    at = np.unique(np.concatenate([positive, negative]))
    below = [np.searchsorted(np.sort(part), at, side="right") / len(part) for part in (positive, negative)]
    return float(np.abs(below[0] - below[1]).max())


def calibration(probability: Floats, bad: Bools) -> CalibrationFigures:
    """Calibration of probabilities strictly between 0 and 1."""
    slope, intercept = platt(np.log(probability / (1.0 - probability)), bad)
    order = np.argsort(probability, kind="stable")
    bins = np.array_split(order, _BINS)
    gaps = [abs(float(probability[part].mean() - bad[part].mean())) * len(part) for part in bins if len(part)]
    rate = float(bad.mean())
    return CalibrationFigures(
        slope, intercept, sum(gaps) / len(bad), float(((probability - bad) ** 2).mean()), rate * (1.0 - rate)
    )


def platt(log_odds: Floats, bad: Bools) -> tuple[float, float]:
    """(slope, intercept) of the logistic regression of the outcome on `log_odds` (Platt scaling)."""
    weights = logistic(log_odds[:, None], bad, ridge=0.0)
    return float(weights[1]), float(weights[0])


def logistic(features: Floats, bad: Bools, ridge: float) -> Floats:
    """Weights (intercept first) of a ridge-penalised logistic regression, by Newton's method from zero."""
    design = np.column_stack([np.ones(len(features)), features])
    weights = np.zeros(design.shape[1])
    penalty = np.eye(len(weights)) * ridge
    penalty[0, 0] = 0.0
    for _ in range(_NEWTON_STEPS):
        fitted = 1.0 / (1.0 + np.exp(-design @ weights))
        gradient = design.T @ (fitted - bad) + penalty @ weights
        hessian = (design.T * (fitted * (1.0 - fitted))) @ design + penalty
        step = np.linalg.solve(hessian, gradient)
        weights = weights - step
        if float(np.abs(step).max()) < 1e-10:
            break
    return weights


def stability_index(expected: Floats, found: Floats) -> float:
    """Population stability index over ten bins of `expected` with equal counts; 0.25 is a shift to act on."""
    edges = np.unique(np.quantile(expected, np.linspace(0, 1, _BINS + 1)[1:-1]))
    shares = [
        np.maximum(np.bincount(np.searchsorted(edges, part, side="right"), minlength=len(edges) + 1) / len(part), 1e-4)
        for part in (expected, found)
    ]
    return float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())


def approval_ratio(score: Floats, group: Bools, cut: float) -> float:
    """Share of the group at or above `cut` over that of the others (four-fifths rule: 0.8); NaN without both."""
    if not group.any() or group.all() or not (score[~group] >= cut).any():
        return math.nan
    return float((score[group] >= cut).mean() / (score[~group] >= cut).mean())
