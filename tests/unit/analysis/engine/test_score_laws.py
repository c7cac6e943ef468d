from __future__ import annotations

import dataclasses
import json
import pathlib
import random

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

import analysis.preprocessors
from analysis import pipeline
from analysis.models import policy, registry, scoring
from tests.support import histories

_PLAIN = histories.Life()
_WORDS = {
    "SALARY": "salary", "RENT": "housing", "Electricity": "utilities", "Insurance": "insurance",
    "Savings plan": "savings", "Supermarket": "groceries", "Overdraft fee": "penalty", "Furniture": "shopping",
}  # fmt: skip
_LANGUAGES = (
    "de",
    "fr",
    "es",
    "it",
    "nl",
    "pt",
    "pl",
    "cs",
    "sv",
    "da",
    "hu",
    "zh",
    "ja",
    "ru",
    "uk",
    "el",
    "tr",
    "ko",
    "ar",
)


def _dictionary() -> dict[str, dict[str, dict[str, list[str]]]]:
    source = pathlib.Path(analysis.preprocessors.__file__).parent / "data" / "categories.json"
    categories: dict[str, dict[str, dict[str, list[str]]]] = json.loads(source.read_text(encoding="utf-8"))[
        "categories"
    ]
    return categories


def _analysed(rows: object) -> dict[str, object]:
    return pipeline.analyse(rows, today=histories.TODAY).to_dict()  # type: ignore[arg-type]


def test_raising_a_good_feature_never_lowers_the_score() -> None:
    rules, chance = policy.load(), np.random.default_rng(5)
    probes = 10_000
    value = {}
    for feature in registry.FEATURES:
        drawn = chance.uniform(-3, 40, probes) * chance.choice([0.02, 0.2, 1.0], probes)
        value[feature.name] = np.where(chance.random(probes) < 0.1, np.nan, drawn)
    before = scoring.raw_score(rules, value, 0.9)
    for feature in registry.FEATURES:
        step = chance.exponential(1.0, probes) * (1 if feature.better == "higher" else -1)
        better = scoring.raw_score(rules, {**value, feature.name: value[feature.name] + step}, 0.9)
        assert (better >= before - 1e-9).all(), feature.name


@hypothesis.given(seed=st.integers(0, 2**32))
@hypothesis.settings(max_examples=10, deadline=None)
def test_row_order_changes_nothing(seed: int) -> None:
    rows = histories.Life(penalties=frozenset({3, 9}), dearer=((5, 400_000),)).rows()
    shuffled = list(rows)
    random.Random(seed).shuffle(shuffled)
    assert _analysed(shuffled) == _analysed(rows)


@pytest.mark.parametrize("balances", [True, False])
def test_the_same_rows_imported_again_change_nothing_but_the_count_of_duplicates(balances: bool) -> None:
    rows = histories.Life(balances=balances).rows()
    once, twice = _analysed(rows), _analysed(rows + rows)
    for found, duplicates in ((once, 0), (twice, len(rows))):
        quality = found.pop("quality")
        assert quality.pop("duplicates_removed") == duplicates  # type: ignore[attr-defined]
        found["quality"] = quality
    assert twice == once


def test_equal_rows_at_different_places_of_a_file_both_happened() -> None:
    rows = histories.Life(balances=False).rows()
    coffee = dataclasses.replace(rows[5], row=10_001)
    found = pipeline.analyse([*rows, coffee], today=histories.TODAY)
    assert found.n_transactions == len(rows) + 1


@hypothesis.given(
    salary=st.integers(150_000, 500_000), rent=st.integers(40_000, 150_000), opening=st.integers(0, 10**6)
)
@hypothesis.settings(max_examples=15, deadline=None)
def test_another_currency_changes_the_score_by_two_points_at_most(salary: int, rent: int, opening: int) -> None:
    rows = histories.Life(salary=salary, rent=rent, opening=opening).rows()
    euros = pipeline.analyse(rows, today=histories.TODAY).score
    crowns = pipeline.analyse(histories.scaled(rows, 25, "CZK"), today=histories.TODAY).score
    assert euros is not None
    assert crowns is not None
    assert abs(euros - crowns) <= 2


@pytest.mark.parametrize("language", _LANGUAGES)
def test_another_language_changes_nothing(language: str) -> None:
    rows = histories.Life(penalties=frozenset({4, 11}), dearer=((7, 90_000),)).rows()
    known = _dictionary()
    words = {text: known[category]["phrases"][language][0].strip("*") for text, category in _WORDS.items()}
    translated = pipeline.analyse(histories.reworded(rows, words), today=histories.TODAY)
    plain = pipeline.analyse(rows, today=histories.TODAY)
    assert translated.score == plain.score
    assert translated.features == plain.features
    assert [one.code for one in translated.insights] == [one.code for one in plain.insights]


def test_an_income_shock_lowers_income_stability() -> None:
    plain = pipeline.analyse(_PLAIN.rows(), today=histories.TODAY)
    shocked = pipeline.analyse(
        dataclasses.replace(_PLAIN, no_income=frozenset({15, 16, 17})).rows(), today=histories.TODAY
    )
    assert shocked.dimensions["incomeStability"].score < plain.dimensions["incomeStability"].score - 100
    assert shocked.score < plain.score  # type: ignore[operator]


@pytest.mark.parametrize("month", [2, 9, 17])
def test_a_missed_rent_lowers_payment_consistency(month: int) -> None:
    plain = pipeline.analyse(_PLAIN.rows(), today=histories.TODAY)
    missed = pipeline.analyse(dataclasses.replace(_PLAIN, skip_rent=frozenset({month})).rows(), today=histories.TODAY)
    assert missed.dimensions["paymentConsistency"].score < plain.dimensions["paymentConsistency"].score


def test_a_penalty_lowers_payment_consistency() -> None:
    plain = pipeline.analyse(_PLAIN.rows(), today=histories.TODAY)
    punished = pipeline.analyse(dataclasses.replace(_PLAIN, penalties=frozenset({9})).rows(), today=histories.TODAY)
    assert punished.dimensions["paymentConsistency"].score < plain.dimensions["paymentConsistency"].score
    assert punished.score < plain.score  # type: ignore[operator]


def test_nothing_on_or_after_the_as_of_date_matters() -> None:
    rows = histories.Life(months=24, no_income=frozenset({20, 21, 22}), penalties=frozenset({21})).rows()
    as_of = histories.month_start(18)
    before = [row for row in rows if row.booked < as_of]
    whole = pipeline.analyse(rows, as_of=as_of, today=histories.TODAY)
    assert whole.quality.later_left_out == len(rows) - len(before)
    known = pipeline.analyse(before, as_of=as_of, today=histories.TODAY)
    assert dataclasses.replace(whole, quality=known.quality) == known


def test_today_gives_staleness_and_nothing_else() -> None:
    rows = _PLAIN.rows()
    early = pipeline.analyse(rows, today=histories.TODAY)
    late = pipeline.analyse(rows, today=histories.TODAY.replace(year=2027))
    assert late.staleness_days == early.staleness_days + 365
    assert dataclasses.replace(late, staleness_days=early.staleness_days) == early


def test_a_pending_row_does_not_count() -> None:
    rows = _PLAIN.rows()
    pending = dataclasses.replace(rows[-1], pending=True, row=9_999, booked=histories.TODAY)
    found = pipeline.analyse([*rows, pending], today=histories.TODAY)
    assert found.quality.pending_left_out == 1
    assert found.score == pipeline.analyse(rows, today=histories.TODAY).score
    assert found.data_through == rows[-1].booked
