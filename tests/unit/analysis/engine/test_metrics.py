from __future__ import annotations

import itertools
import math

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

from analysis.evaluation import metrics


@hypothesis.given(
    st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=4, max_size=40).filter(
        lambda rows: 0 < sum(bad for _, bad in rows) < len(rows)
    )
)
def test_auc_is_the_share_of_pairs_in_the_right_order(rows: list[tuple[int, bool]]) -> None:
    risk, bad = np.array([float(value) for value, _ in rows]), np.array([flag for _, flag in rows])
    pairs = list(itertools.product(risk[bad], risk[~bad]))
    expected = sum((one > other) + 0.5 * (one == other) for one, other in pairs) / len(pairs)
    found = metrics.discrimination(risk, bad)
    assert found.auc == pytest.approx(expected)
    assert found.low <= found.auc <= found.high
    assert 0 <= found.ks <= 1


def test_a_perfect_order_has_auc_and_ks_one() -> None:
    found = metrics.discrimination(np.arange(10.0), np.arange(10) >= 7)
    assert (found.auc, found.ks) == (1.0, 1.0)


def test_the_interval_of_the_auc_covers_the_truth_about_as_often_as_it_says() -> None:
    chance, inside = np.random.default_rng(4), 0
    truth = 0.5 * (1 + math.erf(1 / 2))  # of two unit normals one standard deviation apart
    for _ in range(300):
        bad = np.arange(200) < 40
        found = metrics.discrimination(chance.normal(bad * 1.0, 1.0), bad)
        inside += found.low <= truth <= found.high
    assert 0.90 <= inside / 300 <= 0.99


def test_outcomes_of_one_class_are_refused() -> None:
    with pytest.raises(ValueError, match="both good and bad"):
        metrics.discrimination(np.arange(3.0), np.array([True, True, True]))


def test_true_probabilities_are_calibrated_and_shifted_ones_are_not() -> None:
    chance = np.random.default_rng(8)
    log_odds = chance.normal(-1.5, 1.0, 20_000)
    truth = 1 / (1 + np.exp(-log_odds))
    bad = chance.random(20_000) < truth
    good = metrics.calibration(truth, bad)
    assert good.slope == pytest.approx(1.0, abs=0.05)
    assert good.intercept == pytest.approx(0.0, abs=0.1)
    assert good.ece < 0.015
    assert good.brier < good.brier_base
    shifted = metrics.calibration(1 / (1 + np.exp(-(2 * log_odds + 1))), bad)
    assert shifted.slope == pytest.approx(0.5, abs=0.05)
    assert shifted.ece > good.ece


def test_a_shifted_population_is_seen() -> None:
    chance = np.random.default_rng(2)
    usual = chance.normal(0, 1, 5_000)
    assert metrics.stability_index(usual, chance.normal(0, 1, 5_000)) < 0.02
    assert metrics.stability_index(usual, chance.normal(1, 1, 5_000)) > 0.25


def test_approval_ratio_compares_a_group_with_the_others() -> None:
    score = np.array([700.0, 500, 700, 700])
    assert metrics.approval_ratio(score, np.array([True, True, False, False]), 600) == 0.5
    assert math.isnan(metrics.approval_ratio(score, np.zeros(4, np.bool_), 600))
