from __future__ import annotations

import dataclasses
import datetime as dt
import json

import hypothesis
import pytest
from hypothesis import strategies as st

from analysis import pipeline
from analysis.preprocessors import columns
from analysis.statement.model import Quality, Transaction
from tests.support import histories

_ROWS = histories.Life().rows()


def _missing(rows: list[Transaction]) -> set[str]:
    found = pipeline.analyse(rows, today=histories.TODAY)
    assert found.status == "insufficient_data"
    assert found.score is None
    assert found.tier is None
    assert found.interval is None
    assert not found.dimensions
    assert not found.insights
    assert found.to_dict()["score"] is None
    return {one.code for one in found.missing}


def test_no_rows_and_a_single_row_are_not_scored() -> None:
    assert _missing([]) == {"days_covered", "transactions", "inflow", "outflow"}
    assert _missing(_ROWS[:1]) == {"days_covered", "transactions", "inflow"}


def test_a_history_of_one_day_is_not_scored() -> None:
    assert _missing([dataclasses.replace(row, booked=histories.START) for row in _ROWS]) == {"days_covered"}


def test_only_money_in_or_only_zeros_is_not_scored() -> None:
    inflow = [dataclasses.replace(row, amount_minor=abs(row.amount_minor)) for row in _ROWS]
    assert _missing(inflow) == {"outflow"}
    zeros = [dataclasses.replace(row, amount_minor=0) for row in _ROWS]
    assert _missing(zeros) == {"inflow", "outflow"}


def test_eighty_nine_days_are_too_few_and_ninety_enough() -> None:
    first = _ROWS[0].booked
    for days, status in ((89, "insufficient_data"), (90, "scored")):
        as_of = first + dt.timedelta(days=days)
        found = pipeline.analyse(_ROWS, as_of=as_of, today=histories.TODAY)
        assert found.quality.days_covered == days
        assert found.status == status


def test_twenty_nine_transactions_are_too_few() -> None:
    sparse = _ROWS[::8]
    assert len(sparse) >= 30
    spread = sparse[:29]
    assert (spread[-1].booked - spread[0].booked).days > 90
    assert "transactions" in {one.code for one in pipeline.analyse(spread, today=histories.TODAY).missing}


def test_huge_amounts_are_scored_like_small_ones() -> None:
    huge = histories.scaled(_ROWS, 10**9, "EUR")
    plain = pipeline.analyse(_ROWS, today=histories.TODAY).score
    assert pipeline.analyse(huge, today=histories.TODAY).score == plain


@pytest.mark.parametrize("amount", [10**19, -(10**400)])
def test_an_amount_that_no_account_ever_held_is_refused_by_row(amount: int) -> None:
    with pytest.raises(columns.AmountOutOfRange) as refused:
        pipeline.analyse([*_ROWS, dataclasses.replace(_ROWS[3], amount_minor=amount, row=77)], today=histories.TODAY)
    assert refused.value.row == 77


def test_without_balances_levels_are_missing_and_no_reason_names_them() -> None:
    found = pipeline.analyse(histories.without_balances(_ROWS), today=histories.TODAY)
    levels = {"balance_months", "lowest_balance_months", "balance_swing", "balance_trend", "overdraft_day_share"}
    assert {name for name, value in found.features.items() if value is None} == levels
    assert not levels & {one.evidence["feature"] for one in found.insights}
    assert not {f"improve_{name}" for name in levels} & {one.code for one in found.recommendations}


def test_income_without_any_regular_source_is_scored() -> None:
    rows = [
        dataclasses.replace(
            row, text="cash deposit", counterparty=None, booked=row.booked - dt.timedelta(days=row.row % 23)
        )
        if row.amount_minor > 0
        else row
        for row in histories.without_balances(_ROWS)
    ]
    found = pipeline.analyse(rows, today=histories.TODAY)
    plain = pipeline.analyse(histories.without_balances(_ROWS), today=histories.TODAY)
    assert found.status == "scored"
    assert found.dimensions["incomeStability"].score < plain.dimensions["incomeStability"].score


def test_rows_in_another_currency_are_no_money_but_cost_credibility() -> None:
    foreign = [
        dataclasses.replace(row, account="B", currency="USD", amount_minor=row.amount_minor * 1000, balance_minor=None)
        for row in _ROWS[::2]
    ]
    found = pipeline.analyse([*_ROWS, *foreign], today=histories.TODAY)
    plain = pipeline.analyse(_ROWS, today=histories.TODAY)
    assert found.quality.main_currency == "EUR"
    assert found.features["spending_to_income"] == plain.features["spending_to_income"]
    assert found.credibility is not None
    assert "other_currencies" in {one.code for one in found.credibility.reasons}
    assert found.credibility.contribution < 0


def test_badly_read_and_tampered_files_cost_credibility_down_to_the_floor() -> None:
    quality = Quality("csv", 0.5, 100, 100, "breaks", 10, 1, 1.0, ("edited",))
    found = pipeline.analyse(histories.without_balances(_ROWS), statements=[quality], today=histories.TODAY)
    assert found.credibility is not None
    assert found.credibility.factor == 0.70 or found.credibility.factor < 0.8
    assert {"signs_of_tampering", "unreadable_rows"} <= {one.code for one in found.credibility.reasons}


def test_balances_that_do_not_add_up_cost_credibility() -> None:
    broken = [
        dataclasses.replace(row, balance_minor=(row.balance_minor or 0) + (50_000 if row.row % 10 == 0 else 0))
        for row in _ROWS
    ]
    found = pipeline.analyse(broken, today=histories.TODAY)
    assert found.quality.reconciliation == "breaks"
    assert found.credibility is not None
    assert "balances_do_not_add_up" in {one.code for one in found.credibility.reasons}


_ANY_ROW = st.builds(
    Transaction,
    account=st.sampled_from(["A", "B"]),
    booked=st.dates(dt.date(2023, 1, 1), dt.date(2025, 12, 31)),
    amount_minor=st.one_of(st.sampled_from([0, 1, -1, 10**17]), st.integers(-(10**6), 10**6)),
    currency=st.sampled_from(["EUR", "EUR", "USD", "XXX"]),
    text=st.sampled_from(["", "SALARY", "RENT", "x", "ATM", "残高", "Überziehung"]),
    row=st.integers(1, 10_000),
    counterparty=st.sampled_from([None, "a", "b"]),
    balance_minor=st.one_of(st.none(), st.integers(-(10**6), 10**6)),
    bank_code=st.sampled_from([None, "SALA", "/-"]),
    pending=st.sampled_from([False, False, False, True]),
)


@hypothesis.given(rows=st.lists(_ANY_ROW, max_size=120), as_of=st.sampled_from([None, dt.date(2024, 6, 1)]))
@hypothesis.settings(max_examples=80, deadline=None, suppress_health_check=list(hypothesis.HealthCheck))
def test_any_rows_give_a_plain_answer(rows: list[Transaction], as_of: dt.date | None) -> None:
    found = pipeline.analyse(rows, as_of=as_of, today=histories.TODAY)
    json.dumps(found.to_dict(), allow_nan=False)
    if found.score is None:
        assert found.missing
    else:
        assert found.credibility is not None
        parts = sum(part.contribution for part in found.dimensions.values())
        assert parts + found.credibility.contribution == found.score
