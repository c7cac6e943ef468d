"""The default risk: a small boosted-tree model beside the score, never mixed into it.

Needs the packaged model (`data/risk_v1.txt`, its card `data/risk_v1.json`) and lightgbm, which is imported on use.
Contributions are exact TreeSHAP values as LightGBM gives them (`pred_contrib`), in log-odds after calibration.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib.resources
import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from analysis.models import boosting_library, risk_features
from analysis.preprocessors.columns import Floats
from analysis.preprocessors.history import History

VERSION = "1"
_MARGIN = 0.5  # of the range of the training loans


@dataclasses.dataclass(frozen=True, slots=True)
class DefaultRisk:
    """`probability` in 0..1; `base` + the sum of `contributions` (log-odds, by dimension) is its log-odds.

    `outside` names the features that lie far from anything the model was trained on: then nothing is known about how
    good the probability is.
    """

    probability: float
    base: float
    contributions: Mapping[str, float]
    features: Mapping[str, float | None]
    outside: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Calibration:
    """Calibrated log-odds = `slope` x raw log-odds + `intercept`; `base_rate` is that of the training loans."""

    slope: float
    intercept: float
    base_rate: float

    def shift(self, base_rate: float | None) -> float:
        """What to add to the intercept for a population with another share of defaults."""
        return 0.0 if base_rate is None else log_odds(base_rate) - log_odds(self.base_rate)


def available() -> bool:
    """True where lightgbm can be loaded: its library needs the system's OpenMP runtime (libgomp), which some lack."""
    try:
        boosting_library.load()
    except (ImportError, OSError):
        return False
    return True


def log_odds(probability: float) -> float:
    """ln(p / (1 - p)); raises `ValueError` outside 0..1."""
    return math.log(probability / (1.0 - probability))


def of_history(history: History, base_rate: float | None = None) -> DefaultRisk | None:
    """Risk of a history, in a population with `base_rate` (None: that of the training loans); None without balances."""
    features = risk_features.of_history(history)
    return None if features is None else of_features(features, base_rate)


def of_features(features: Floats, base_rate: float | None = None) -> DefaultRisk:
    """Risk of one row of features, shape (7,)."""
    rule = calibration()
    parts = explained(features[None, :])[0]
    base = float(parts[-1]) + rule.intercept + rule.shift(base_rate)
    by_dimension: dict[str, float] = {}
    for feature, part in zip(risk_features.FEATURES, parts[:-1], strict=True):
        by_dimension[feature.dimension] = by_dimension.get(feature.dimension, 0.0) + float(part)
    total = base + math.fsum(by_dimension.values())
    return DefaultRisk(
        probability=round(1.0 / (1.0 + math.exp(-total)), 6),
        base=round(base, 6),
        contributions={name: round(part, 6) for name, part in by_dimension.items()},
        features={
            feature.name: None if np.isnan(value) else round(float(value), 6)
            for feature, value in zip(risk_features.FEATURES, features, strict=True)
        },
        outside=outside(features),
    )


def outside(features: Floats) -> tuple[str, ...]:
    """Names of the features beyond the range of the training loans by more than half its width; missing ones too."""
    found = []
    for feature, value in zip(risk_features.FEATURES, features.tolist(), strict=True):
        low, high = card()["training_range"][feature.name]
        margin = _MARGIN * (high - low)
        if not low - margin <= value <= high + margin:
            found.append(feature.name)
    return tuple(found)


def explained(features: Floats) -> Floats:
    """Exact TreeSHAP values in calibrated log-odds: `features` (cases, 7) to (cases, 8), the last one the base."""
    raw = _booster().predict(features, pred_contrib=True, num_threads=1)
    return calibration().slope * np.asarray(raw, np.float64)


@functools.cache
def card() -> Mapping[str, Any]:
    """The model card: data, period, counts, figures, limits."""
    content: Mapping[str, Any] = json.loads(_data("risk_v1.json"))
    return content


@functools.cache
def calibration() -> Calibration:
    """The packaged calibration."""
    return Calibration(**card()["calibration"])


@functools.cache
def _booster() -> Any:
    return boosting_library.load().Booster(model_str=_data("risk_v1.txt"))


def _data(name: str) -> str:
    return (importlib.resources.files("analysis.models") / "data" / name).read_text(encoding="utf-8")
