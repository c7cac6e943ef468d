from __future__ import annotations

import pathlib
import re

import pytest

from analysis.explainability import feature_page, reasons
from analysis.models import policy, registry

_ROOT = pathlib.Path(__file__).parents[4]
_RULES = policy.load()
_DESIGN_WEIGHTS = {
    "paymentConsistency": 0.25, "incomeStability": 0.20, "spendingBehavior": 0.20,
    "savingsPattern": 0.15, "accountLongevity": 0.10, "financialDiversity": 0.10,
}  # fmt: skip


def test_dimensions_have_the_weights_of_the_design() -> None:
    assert {dimension.name: dimension.weight for dimension in _RULES.dimensions} == _DESIGN_WEIGHTS
    assert [dimension.name for dimension in registry.DIMENSIONS] == list(_DESIGN_WEIGHTS)


def test_every_feature_has_one_table_and_one_reason_in_its_dimension() -> None:
    placed = {table.feature: dimension.name for dimension in _RULES.dimensions for table in dimension.tables}
    assert placed == {feature.name: feature.dimension for feature in registry.FEATURES}
    assert [reason.feature for reason in reasons.REASONS] == [feature.name for feature in registry.FEATURES]


@pytest.mark.parametrize("dimension", _RULES.dimensions, ids=lambda one: one.name)
def test_feature_weights_of_a_dimension_sum_to_one(dimension: policy.DimensionPolicy) -> None:
    assert sum(table.weight for table in dimension.tables) == pytest.approx(1.0)


@pytest.mark.parametrize("feature", registry.FEATURES, ids=lambda one: one.name)
def test_points_move_in_the_direction_that_the_registry_says(feature: registry.Feature) -> None:
    table = _RULES.tables[feature.name]
    assert list(table.at) == sorted(set(table.at))
    expected = sorted(table.points, reverse=feature.better == "lower")
    assert list(table.points) == expected
    assert min(table.points) >= 0
    assert max(table.points) == 1000


def test_every_cut_point_says_where_it_comes_from() -> None:
    whys = [why for table in _RULES.tables.values() for why in table.why]
    assert all(why.startswith(("expert judgement", "Berka 1993-94, 746 accounts")) for why in whys)


def test_reason_codes_are_unique_and_plain() -> None:
    codes = [code for reason in reasons.REASONS for code in (reason.good_code, reason.bad_code)]
    assert len(codes) == len(set(codes))
    assert all(re.fullmatch(r"[a-z_]+", code) for code in codes)


def test_what_a_person_can_change_has_advice_and_nothing_else_has() -> None:
    for feature in registry.FEATURES:
        assert bool(reasons.BY_FEATURE[feature.name].advice) == feature.changeable


def test_public_phrases_carry_no_digit() -> None:
    phrases = [phrase for levels in reasons.PUBLIC.values() for phrase in levels]
    assert set(reasons.PUBLIC) == set(_DESIGN_WEIGHTS)
    assert not any(re.search(r"\d", phrase) for phrase in phrases)


def test_the_features_page_is_generated_from_the_registry() -> None:
    assert (_ROOT / "docs" / "features.md").read_text(encoding="utf-8") == feature_page.render()
