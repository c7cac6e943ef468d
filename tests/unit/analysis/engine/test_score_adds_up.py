from __future__ import annotations

import json

import hypothesis
import numpy as np
from hypothesis import strategies as st

from analysis import pipeline, result
from analysis.models import policy, registry, scoring
from tests.support import histories

_LIVES = st.builds(
    histories.Life,
    months=st.integers(4, 30),
    salary=st.integers(50_000, 900_000),
    rent=st.integers(10_000, 200_000),
    groceries=st.integers(100, 40_000),
    groceries_a_month=st.integers(5, 9),
    opening=st.integers(-200_000, 2_000_000),
    savings=st.integers(0, 60_000),
    skip_rent=st.frozensets(st.integers(0, 29), max_size=6),
    no_income=st.frozensets(st.integers(0, 29), max_size=6),
    penalties=st.frozensets(st.integers(0, 29), max_size=6),
    balances=st.booleans(),
)
_FEATURES = st.fixed_dictionaries(
    {
        feature.name: st.one_of(st.just(float("nan")), st.floats(-5, 50, allow_nan=False))
        for feature in registry.FEATURES
    }
)


@hypothesis.given(life=_LIVES)
@hypothesis.settings(max_examples=40, deadline=None)
def test_contributions_add_up_to_the_score_exactly(life: histories.Life) -> None:
    found = pipeline.analyse(life.rows(), today=histories.TODAY)
    assert found.status == "scored"
    assert found.credibility is not None
    assert found.score is not None
    parts = [part.contribution for part in found.dimensions.values()]
    assert sum(parts) + found.credibility.contribution == found.score
    assert found.credibility.contribution <= 0
    assert 0.70 <= found.credibility.factor <= 1.0
    assert 0 <= found.score <= 1000
    assert len(parts) == 6
    assert all(0 <= part.score <= 1000 for part in found.dimensions.values())


@hypothesis.given(features=_FEATURES, credibility=st.floats(0.7, 1.0))
@hypothesis.settings(max_examples=300, deadline=None)
def test_any_features_and_credibility_add_up(features: dict[str, float], credibility: float) -> None:
    arrays = {name: np.asarray(value) for name, value in features.items()}
    found = scoring.score(policy.load(), arrays, credibility)
    total = sum(part.contribution for part in found.dimensions.values()) + found.credibility_contribution
    assert total == found.value
    assert found.credibility_contribution <= 0
    assert all(part.contribution >= 0 for part in found.dimensions.values())


@hypothesis.given(life=_LIVES)
@hypothesis.settings(max_examples=15, deadline=None)
def test_a_result_survives_json_unchanged(life: histories.Life) -> None:
    found = pipeline.analyse(life.rows(), today=histories.TODAY)
    stored = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert result.AnalysisResult.from_dict(stored) == found


def test_largest_remainders_are_rounded_up_first() -> None:
    assert scoring.whole_parts([1.5, 1.25, 1.25], 4) == [2, 1, 1]
    assert scoring.whole_parts([0.4, 0.4, 0.2], 1) == [1, 0, 0]


def test_tiers_begin_where_the_design_says() -> None:
    assert [scoring.tier(value) for value in (0, 399, 400, 599, 600, 749, 750, 1000)] == [
        "poor", "poor", "fair", "fair", "good", "good", "excellent", "excellent",
    ]  # fmt: skip
