"""The training machinery on 30,000 card holders of another country: large enough to see whether it does what it says.

Nothing of this data enters the engine. Skipped where the data or lightgbm is not at hand.
"""

from __future__ import annotations

import csv
import functools
import gzip
import pathlib

import numpy as np
import pytest

from analysis.evaluation import metrics
from analysis.models import risk
from analysis.preprocessors.columns import Bools, Floats
from analysis.training import boosting

_FILE = pathlib.Path(__file__).parents[5] / "shared" / "data" / "taiwan_uci_credit_card.csv.gz"
_RISES = {"PAY_0": 1, "PAY_2": 1, "PAY_3": 1, "utilisation": 0, "paid_share": -1, "LIMIT_BAL": -1}
_SEEN, _FITTING = slice(0, 15_000), slice(15_000, 20_000)
_UNSEEN = slice(20_000, 30_000)

pytestmark = [
    pytest.mark.skipif(not _FILE.exists(), reason="the card data is not beside the repository"),
    pytest.mark.skipif(not risk.available(), reason="lightgbm is not installed"),
    pytest.mark.slow,
]


@functools.cache
def _people() -> tuple[Floats, Bools, Bools]:
    """(features, defaulted, woman), one entry a person, in an order of no meaning."""
    with gzip.open(_FILE, "rt", newline="") as lines:
        rows = list(csv.DictReader(lines))
    order = np.argsort(np.random.PCG64(11).random_raw(len(rows)), kind="stable")

    def column(name: str) -> Floats:
        return np.array([float(row[name]) for row in rows])[order]

    limit, bill, paid = column("LIMIT_BAL"), column("BILL_AMT1"), column("PAY_AMT1")
    derived = [bill / limit, np.clip(paid / np.maximum(bill, 1.0), 0, 2), limit]
    features = np.column_stack([column("PAY_0"), column("PAY_2"), column("PAY_3"), *derived])
    return features, column("default.payment.next.month") == 1, column("SEX") == 2


@functools.cache
def _probability() -> Floats:
    """Calibrated probabilities of the unseen third."""
    features, bad, _ = _people()
    booster = boosting.fitted(features[_SEEN], bad[_SEEN], _RISES)
    slope, intercept = metrics.platt(booster.predict(features[_FITTING], raw_score=True), bad[_FITTING])
    return np.asarray(1 / (1 + np.exp(-(slope * booster.predict(features[_UNSEEN], raw_score=True) + intercept))))


def test_probabilities_of_unseen_people_are_calibrated() -> None:
    found = metrics.calibration(_probability(), _people()[1][_UNSEEN])
    assert found.slope == pytest.approx(1.0, abs=0.1)
    assert found.intercept == pytest.approx(0.0, abs=0.1)
    assert found.ece < 0.02
    assert found.brier < 0.85 * found.brier_base


def test_unseen_people_are_told_apart_within_a_narrow_interval() -> None:
    found = metrics.discrimination(_probability(), _people()[1][_UNSEEN])
    assert found.auc > 0.74
    assert found.high - found.low < 0.03


def test_later_payments_never_lower_the_risk() -> None:
    features, bad, _ = _people()
    booster = boosting.fitted(features[_SEEN], bad[_SEEN], _RISES)
    probes = features[_UNSEEN]
    before = booster.predict(probes)
    for place, (name, rises) in enumerate(_RISES.items()):
        if rises:
            moved = probes.copy()
            moved[:, place] += rises * (50_000 if name == "LIMIT_BAL" else 1)
            assert (booster.predict(moved) >= before - 1e-12).all(), name


def test_two_halves_of_one_population_are_stable_and_fairness_can_be_told() -> None:
    chance = _probability()
    assert metrics.stability_index(chance[:5_000], chance[5_000:]) < 0.02
    woman = _people()[2][_UNSEEN]
    ratio = metrics.approval_ratio(-chance, woman, -0.3)
    assert 0.8 < ratio < 1.25
    assert metrics.approval_ratio(-chance, ~woman, -0.3) == pytest.approx(1 / ratio)
