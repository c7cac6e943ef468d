from __future__ import annotations

import dataclasses
import re

import numpy as np

from analysis import pipeline
from analysis.explainability import recommendations
from analysis.models import policy, registry, scoring
from analysis.result import AnalysisResult
from tests.support import histories

_TROUBLED = histories.Life(
    rent=140_000, groceries=18_000, savings=0, opening=20_000, penalties=frozenset({3, 8, 12, 15}),
    late_rent=frozenset({2, 5, 9}), skip_rent=frozenset({11}),
)  # fmt: skip


def _result(life: histories.Life) -> AnalysisResult:
    return pipeline.analyse(life.rows(), today=histories.TODAY)


def test_at_most_four_reasons_of_each_kind_negative_first_and_weightiest_first() -> None:
    found = _result(_TROUBLED).insights
    impacts = [one.impact for one in found]
    assert impacts == sorted(impacts)
    assert impacts.count("negative") == 4
    assert impacts.count("positive") <= 4
    for impact in ("negative", "positive"):
        sizes = [abs(one.score_contribution) for one in found if one.impact == impact]
        assert sizes == sorted(sizes, reverse=True)
    assert all((one.score_contribution > 0) == (one.impact == "positive") for one in found)


def test_a_reason_is_specific_and_proved_by_months() -> None:
    penalties = next(one for one in _result(_TROUBLED).insights if one.code == "penalties")
    assert penalties.explanation == "4 days with penalty interest, returned payments or dunning in 18 months."
    assert penalties.factor == "Payment Consistency"
    months = penalties.evidence["months"]
    assert isinstance(months, list)
    assert len(months) == 18
    assert sum(month["penalties"] for month in months) == 4


def test_a_small_share_is_never_told_as_none() -> None:
    found = _result(histories.Life(opening=0, salary=310_000, months=24))
    assert found.features["income_shortfall"] == 0
    shown = [one.explanation for one in found.insights if one.code == "income_even"]
    assert shown == ["No month in which income fell short of the usual one."]
    assert not [one.explanation for one in found.insights if " 0%" in one.explanation]


def test_evidence_sums_money_by_month_and_never_names_a_payee() -> None:
    stored = str(_result(_TROUBLED).to_dict())
    assert not re.search(r"Landlord|Works Ltd|Shop \d|RENT|SALARY", stored)


def test_institutions_see_phrases_without_numbers() -> None:
    phrases = _result(histories.Life()).public_insights
    assert "Strong payment history" in phrases
    assert len(phrases) == 6
    assert not any(character.isdigit() for phrase in phrases for character in phrase)


def test_a_recommendation_brings_what_it_says_when_the_feature_changes() -> None:
    found = _result(_TROUBLED)
    assert found.recommendations
    assert found.credibility is not None
    features = {name: np.asarray(np.nan if value is None else value) for name, value in found.features.items()}
    before = float(scoring.raw_score(policy.load(), features, found.credibility.factor))
    for one in found.recommendations:
        name = one.code.removeprefix("improve_")
        changed = {**features, name: np.asarray(one.target)}
        after = float(scoring.raw_score(policy.load(), changed, found.credibility.factor))
        assert abs(after - before - one.gain) <= 1
        assert f"about +{one.gain} points" in one.text


def test_nothing_is_recommended_that_a_person_cannot_change() -> None:
    fixed = {f"improve_{feature.name}" for feature in registry.FEATURES if not feature.changeable}
    for life in (_TROUBLED, histories.Life(months=4), histories.Life(no_income=frozenset({3, 4, 9}))):
        assert not fixed & {one.code for one in _result(life).recommendations}


def test_a_record_without_late_payments_is_not_told_to_pay_on_time() -> None:
    codes = {one.code for one in _result(histories.Life(months=5)).recommendations}
    assert "improve_on_time_rate" not in codes


def test_a_target_is_better_and_there_is_none_beyond_the_best() -> None:
    table = policy.load().tables["spending_to_income"]
    assert recommendations.next_target(table, 0.4) is None
    assert recommendations.next_target(table, float("nan")) is None
    assert recommendations.next_target(table, 0.97) == 0.85


def _signals(life: histories.Life) -> set[str]:
    return {one.code for one in _result(life).signals}


def test_a_quiet_life_raises_no_signal() -> None:
    assert _signals(histories.Life()) == set()


def test_lost_income_raises_an_income_shock() -> None:
    assert "income_shock" in _signals(histories.Life(no_income=frozenset({15, 16})))
    assert "income_shock" not in _signals(histories.Life(no_income=frozenset({5, 6})))


def test_wild_spending_raises_a_change_of_volatility() -> None:
    assert "spending_volatility_up" in _signals(histories.Life(dearer=((15, 400_000), (17, 700_000))))
    assert "spending_volatility_up" not in _signals(histories.Life(dearer=((3, 400_000), (5, 700_000))))


def test_a_balance_sinking_below_zero_for_three_months_raises_an_overdraft_spiral() -> None:
    sinking = histories.Life(salary=100_000, opening=14 * 62_500, savings=0)
    assert "overdraft_spiral" in _signals(sinking)
    assert "overdraft_spiral" not in _signals(dataclasses.replace(sinking, salary=400_000))


def test_a_loan_paid_out_lately_raises_recent_borrowing() -> None:
    rows = histories.Life().rows()
    loan = dataclasses.replace(rows[-3], amount_minor=500_000, text="Loan payout", row=9_999, balance_minor=None)
    early = dataclasses.replace(loan, booked=rows[5].booked)
    for extra, raised in ((loan, True), (early, False)):
        found = pipeline.analyse([*rows, extra], today=histories.TODAY)
        assert ("recent_borrowing" in {one.code for one in found.signals}) is raised


def test_short_histories_raise_no_signal() -> None:
    assert _signals(histories.Life(months=5, no_income=frozenset({3, 4}))) == set()
