"""The model card: what the model was made from, how good it is on loans it did not see, and what is not known."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from analysis.evaluation import metrics
from analysis.models import risk, risk_features
from analysis.preprocessors.columns import Bools, Floats
from analysis.training import boosting
from analysis.training.loans import Loans

_DIGITS = 4
_LATER = "1995-01-01"  # about half of the loans and of the bad ones lie on either side
_LIMITS = (
    "One Czech bank, 1993-96, loans that the bank had accepted: applicants it refused are not in the data.",
    "328 loans, 46 bad: the interval of every figure is wide.",
    "No card payments and no merchant texts existed; nothing is known about today's statements.",
    (
        "The features are identical on raw statements and on the published aggregates for the 38 loans with both; the "
        "aggregates of the other 290 are taken as published."
    ),
    (
        "Fairness by outcome was not measured: the loans are too few by group. On 746 accounts of the same bank the "
        "share of women with a risk below 15 % is 0.97 of that of men."
    ),
    (
        "An account far outside the training range (many card payments, a history of years) is named as such: nothing "
        "is known about how good its probability is."
    ),
    "Never use the probability without setting the base rate of your own population.",
)


def made(loans: Loans, trained: boosting.Trained) -> Mapping[str, Any]:
    """The card as JSON types."""
    return {
        "version": risk.VERSION,
        "data": "Berka (PKDD'99 discovery challenge), per-account aggregates before the loan date",
        "period": [loans.first_date, loans.last_date],
        "loans": len(loans),
        "bad": int(loans.bad.sum()),
        "features": [
            {"name": one.name, "formula": one.formula, "dimension": one.dimension, "risk rises": one.rises}
            for one in risk_features.FEATURES
        ],
        "calibration": dataclasses.asdict(trained.calibration),
        "out_of_fold": {
            "scheme": f"{boosting.REPEATS} x {boosting.FOLDS}-fold stratified cross-validation; means over the repeats",
            "trees": _figures(trained.out_of_fold.trees, loans.bad, trained.calibration),
            "challenger": _figures(trained.out_of_fold.challenger, loans.bad, None),
        },
        "forward_in_time": _forward(loans),
        "training_range": {
            one.name: [round(float(edge), _DIGITS) for edge in (column.min(), column.max())]
            for one, column in zip(risk_features.FEATURES, loans.features.T, strict=True)
        },
        "training_probabilities": _spread(trained),
        "limits": list(_LIMITS),
    }


def _forward(loans: Loans) -> Mapping[str, Any]:
    """How a model of the earlier loans alone would have done on the later ones."""
    later = loans.chosen(~loans.granted_before(_LATER))
    log_odds = boosting.forward(loans, _LATER)
    figures = {
        **dataclasses.asdict(metrics.discrimination(log_odds, later.bad)),
        **dataclasses.asdict(metrics.calibration(1.0 / (1.0 + np.exp(-log_odds)), later.bad)),
    }
    counts = {"granted_from": _LATER, "loans": len(later), "bad": int(later.bad.sum())}
    return {**counts, **{name: round(value, _DIGITS) for name, value in figures.items()}}


def _spread(trained: boosting.Trained) -> list[float]:
    """Half-percent quantiles of the calibrated out-of-fold probabilities: what a later population is compared with."""
    rule = trained.calibration
    probability = 1.0 / (1.0 + np.exp(-(rule.slope * trained.out_of_fold.trees.ravel() + rule.intercept)))
    return [round(float(value), _DIGITS) for value in np.quantile(probability, np.linspace(0, 1, 201))]


def _figures(log_odds: Floats, bad: Bools, rule: risk.Calibration | None) -> dict[str, float]:
    told = [dataclasses.asdict(metrics.discrimination(one, bad)) for one in log_odds]
    calibrated = log_odds if rule is None else rule.slope * log_odds + rule.intercept
    fits = [dataclasses.asdict(metrics.calibration(1.0 / (1.0 + np.exp(-one)), bad)) for one in calibrated]
    raw = [metrics.platt(one, bad) for one in log_odds]
    figures = {name: float(np.mean([one[name] for one in told])) for name in told[0]}
    figures |= {name: float(np.mean([one[name] for one in fits])) for name in fits[0]}
    figures |= {
        f"raw_{name}": float(np.mean([one[at] for one in raw])) for at, name in enumerate(("slope", "intercept"))
    }
    return {name: round(value, _DIGITS) for name, value in figures.items()}
