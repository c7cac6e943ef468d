"""The trees of the risk model: small, monotone, the same to the byte in every run."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from analysis.evaluation import metrics
from analysis.models import boosting_library, risk, risk_features
from analysis.preprocessors.columns import Bools, Floats, Ints
from analysis.training.loans import Loans

FOLDS, REPEATS = 10, 5
ROUNDS = 100
RIDGE = 5.0
_CLIP_DEVIATIONS = 3.0
_SEED = 1993
PARAMETERS: dict[str, Any] = {
    "objective": "binary",
    "num_leaves": 4,
    "learning_rate": 0.05,
    "min_data_in_leaf": 15,
    "lambda_l2": 5.0,
    "feature_fraction": 0.7,
    "monotone_constraints_method": "intermediate",
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "seed": 1,
    "verbose": -1,
}


@dataclasses.dataclass(frozen=True, slots=True)
class OutOfFold:
    """Raw log-odds of each loan by models that did not see it, shape (REPEATS, loans)."""

    trees: Floats
    challenger: Floats


@dataclasses.dataclass(frozen=True, slots=True)
class Trained:
    """`model` is LightGBM's text; the figures are of the out-of-fold predictions, means over the repeats."""

    model: str
    calibration: risk.Calibration
    out_of_fold: OutOfFold


def train(loans: Loans) -> Trained:
    """Fit the model on all loans and its calibration on out-of-fold predictions."""
    unseen = out_of_fold(loans)
    fits = [metrics.platt(one, loans.bad) for one in unseen.trees]
    slope, intercept = (float(np.mean([fit[place] for fit in fits])) for place in (0, 1))
    calibration = risk.Calibration(round(slope, 6), round(intercept, 6), round(float(loans.bad.mean()), 6))
    return Trained(_fitted(loans.features, loans.bad).model_to_string(), calibration, unseen)


def out_of_fold(loans: Loans) -> OutOfFold:
    """Predictions of repeated stratified cross-validation."""
    shape = (REPEATS, len(loans))
    trees, challenger = np.zeros(shape), np.zeros(shape)
    for repeat in range(REPEATS):
        fold = folds(loans.bad, repeat)
        for one in range(FOLDS):
            seen, unseen = fold != one, fold == one
            booster = _fitted(loans.features[seen], loans.bad[seen])
            trees[repeat, unseen] = booster.predict(loans.features[unseen], raw_score=True, num_threads=1)
            challenger[repeat, unseen] = _challenged(loans.features, loans.bad, seen)[unseen]
    return OutOfFold(trees, challenger)


def forward(loans: Loans, day: str) -> Floats:
    """Calibrated log-odds of the loans granted from `day` on, by a model and a calibration of the loans before it."""
    earlier = loans.granted_before(day)
    trained = train(loans.chosen(earlier))
    booster = boosting_library.load().Booster(model_str=trained.model)
    raw = booster.predict(loans.chosen(~earlier).features, raw_score=True, num_threads=1)
    return np.asarray(trained.calibration.slope * raw + trained.calibration.intercept, np.float64)


def folds(bad: Bools, repeat: int) -> Ints:
    """Fold of each loan: the bad and the good are dealt out separately, in an order drawn from the repeat's seed."""
    fold = np.zeros(len(bad), np.int64)
    # the raw stream of a bit generator is the same in every version of numpy
    key = np.random.PCG64(_SEED + repeat).random_raw(len(bad))
    for group in (np.flatnonzero(bad), np.flatnonzero(~bad)):
        fold[group[np.argsort(key[group], kind="stable")]] = np.arange(len(group)) % FOLDS
    return fold


def _fitted(features: Floats, bad: Bools) -> Any:
    return fitted(features, bad, {feature.name: feature.rises for feature in risk_features.FEATURES})


def fitted(features: Floats, bad: Bools, rises: Mapping[str, int]) -> Any:
    """A LightGBM booster on `features`, whose names and monotone directions (1, -1, 0) are `rises`."""
    lightgbm = boosting_library.load()
    data = lightgbm.Dataset(features, bad.astype(np.float64), feature_name=list(rises))
    return lightgbm.train({**PARAMETERS, "monotone_constraints": list(rises.values())}, data, ROUNDS)


def _challenged(features: Floats, bad: Bools, seen: Bools) -> Floats:
    """Log-odds of the logistic regression fitted on the `seen` rows, for all rows."""
    mean, spread = features[seen].mean(axis=0), features[seen].std(axis=0)
    scaled = np.clip((features - mean) / spread, -_CLIP_DEVIATIONS, _CLIP_DEVIATIONS)
    weights = metrics.logistic(scaled[seen], bad[seen], RIDGE)
    return np.asarray(weights[0] + scaled @ weights[1:])
