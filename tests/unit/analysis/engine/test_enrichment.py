from __future__ import annotations

import dataclasses
import datetime as dt
import json
import pathlib

import numpy as np
import pytest

import analysis.preprocessors
from analysis.preprocessors import balances, categories, columns, history, streams
from analysis.statement.model import Transaction
from tests.support import histories

_START = dt.date(2025, 1, 1)


def _row(day: int, amount: int, text: str = "x", *, account: str = "A", place: int = 0, **more: object) -> Transaction:
    booked = _START + dt.timedelta(days=day)
    return Transaction(account, booked, amount, "EUR", text, place or day + 1, **more)  # type: ignore[arg-type]


def _history(rows: list[Transaction]) -> history.History:
    return history.of_columns(columns.from_transactions(rows, None))


def _category(text: str, amount: int, counterparty: str = "", code: str = "") -> str:
    found = categories.of_rows(np.array([0]), np.array([amount > 0]), [(text, counterparty, code)])
    return found.names[int(found.category[0])]


@pytest.mark.parametrize(
    ("text", "amount", "category"),
    [
        ("LOHN/GEHALT 03/24 ACME GMBH", 1, "salary"),
        ("VIR SALAIRE MARS", 1, "salary"),
        ("Nómina recibida", 1, "salary"),
        ("カ)キュウヨ", 1, "salary"),
        ("代发工资", 1, "salary"),
        ("Заработная плата за март", 1, "salary"),
        ("ΠΛΗΡΩΜΗ ΕΝΟΙΚΙΟΥ", -1, "housing"),  # noqa: RUF001
        ("МОБІЛЬНИЙ ЗВ'ЯЗОК", -1, "telecom"),  # noqa: RUF001
        ("EV KİRASI NİSAN", -1, "housing"),
        ("3월 급여이체", 1, "salary"),
        ("تحويل الراتب", 1, "salary"),
        ("KUMAR", -1, "unknown"),
        ("Kaltmiete April", -1, "housing"),
        ("DD PENALTY INTEREST, NEGATIVE BALANCE", -1, "penalty"),
        ("CASH WITHDRAWAL PENALTY INTEREST, NEGATIVE BALANCE", -1, "penalty"),
        ("CASH WITHDRAWAL STATEMENT FEE", -1, "fees"),
        ("TRANSFER FROM OLD-AGE PENSION", 1, "pension"),
        ("Überziehungszinsen", -1, "penalty"),
        ("REWE SAGT DANKE 4711", -1, "groceries"),
        ("Amazon refund", 1, "refund"),
        ("qwertz", -1, "unknown"),
    ],
)
def test_purpose_is_known_from_the_words(text: str, amount: int, category: str) -> None:
    assert _category(text, amount) == category


def test_purpose_is_known_from_a_bank_code() -> None:
    assert _category("qwertz", 1, code="SALA") == "salary"
    assert _category("qwertz", -1, code="PMNT-RENT") == "housing"
    assert _category("qwertz", -1, code="SALA") == "unknown"


def test_money_in_never_gets_a_purpose_of_spending() -> None:
    assert _category("Supermarket", 1) == "unknown"
    assert _category("Salary", -1) == "unknown"


def test_every_phrase_of_the_dictionary_is_found_as_what_it_stands_for() -> None:
    source = pathlib.Path(analysis.preprocessors.__file__).parent / "data" / "categories.json"
    known = json.loads(source.read_text(encoding="utf-8"))["categories"]
    wrong = [
        (name, phrase)
        for name, entry in known.items()
        for group in entry["phrases"].values()
        for phrase in group
        for amount in (1, -1)
        if entry["direction"] in ("any", "in" if amount > 0 else "out") and _category(phrase.strip("*"), amount) != name
    ]
    assert wrong == []


def test_every_category_speaks_every_language() -> None:
    source = pathlib.Path(analysis.preprocessors.__file__).parent / "data" / "categories.json"
    known = json.loads(source.read_text(encoding="utf-8"))["categories"]
    spoken = [set(entry["phrases"]) - {"brand"} for entry in known.values()]
    assert all(one == spoken[0] for one in spoken)


def test_a_transfer_between_own_accounts_is_neither_income_nor_spending() -> None:
    rows = [
        *histories.Life(savings=0).rows(),
        _row(50, -70_000, "to other", place=9001),
        _row(52, 70_000, "from other", account="B", place=9002),
    ]
    found = _history(rows)
    moved = np.abs(found.columns.amount) == 70_000
    assert found.paired[moved].all()
    assert not found.income[moved].any()
    assert not found.spending[moved].any()


def test_equal_amounts_on_one_account_or_far_apart_are_no_transfer() -> None:
    rows = [_row(1, -70_000, "p"), _row(2, 70_000, "q"), _row(30, 70_000, "r", account="B")]
    assert not _history(rows).paired.any()


def test_a_refunded_purchase_is_neither_income_nor_spending() -> None:
    rows = [_row(1, -7_990, "SHOP FADEN"), _row(9, 7_990, "SHOP FADEN"), _row(12, -500, "SHOP FADEN")]
    found = _history(rows)
    assert found.income.sum() == 0
    assert found.spending.sum() == 500


def test_a_refund_after_the_limit_is_not_paired() -> None:
    rows = [_row(1, -7_990, "SHOP FADEN"), _row(90, 7_990, "SHOP FADEN")]
    assert not _history(rows).paired.any()


def _found(days: list[int], amounts: list[int] | None = None, as_of: int | None = None) -> streams.Streams:
    day = np.array(days, np.int64)
    amount = np.array(amounts or [-1000] * len(days), np.float64)
    return streams.find(np.zeros(len(day), np.int64), day, amount, as_of if as_of is not None else int(day[-1]) + 1)


@pytest.mark.parametrize(
    ("step", "period"), [(7, "weekly"), (14, "fortnightly"), (30, "monthly"), (91, "quarterly"), (365, "yearly")]
)
def test_regular_payments_are_a_stream_of_their_period(step: int, period: str) -> None:
    found = _found([step * place for place in range(6)])
    assert [streams.PERIOD_NAMES[one] for one in found.period] == [period]
    assert found.payments.tolist() == [6]


def test_irregular_payments_and_two_payments_are_no_stream() -> None:
    assert len(_found([0, 3, 50, 58, 120, 122])) == 0
    assert len(_found([0, 30])) == 0


def test_one_payer_with_two_rhythms_gives_two_streams_by_amount() -> None:
    days = sorted([30 * place for place in range(8)] + [11 + 30 * place + 5 * (place % 2) for place in range(8)])
    amounts = [-90_000 if day % 30 == 0 else -4_000 for day in days]
    found = _found(days, amounts)
    assert sorted(found.typical.tolist()) == [4_000, 90_000]


def test_a_skipped_period_is_one_missed_payment() -> None:
    days = [0, 30, 61, 122, 152]
    found = _found(days)
    dues = streams.dues(found, np.array([True]), np.array(days, np.int64), 153)
    assert dues.due.sum() == 5
    assert dues.on_time.sum() == 4


def test_a_late_payment_is_not_on_time() -> None:
    days = [0, 30, 61, 102, 122, 152]
    dues = streams.dues(_found(days), np.array([True]), np.array(days, np.int64), 153)
    assert dues.due.sum() - dues.on_time.sum() == 1


@pytest.mark.parametrize(("waited", "missed"), [(10, 0), (40, 1), (70, 2), (400, 1)])
def test_an_unpaid_end_counts_up_to_two_and_an_ended_stream_once(waited: int, missed: int) -> None:
    days = [0, 30, 61, 91, 122]
    found = _found(days, as_of=122 + waited)
    dues = streams.dues(found, np.array([True]), np.array(days, np.int64), 122 + waited)
    assert dues.due.sum() - dues.on_time.sum() == missed


def _daily(rows: list[Transaction]) -> balances.DailyBalances:
    taken = columns.from_transactions(rows, None)
    found = balances.daily(taken, np.ones(len(taken), np.bool_))
    assert found is not None
    return found


def test_closing_balances_do_not_need_the_order_of_a_day() -> None:
    rows = [
        _row(0, 100, balance_minor=100), _row(0, 50, balance_minor=150, place=2),
        _row(2, -20, balance_minor=130, place=3), _row(2, 200, balance_minor=330, place=4),
    ]  # fmt: skip
    for order in (rows, rows[::-1]):
        found = _daily(order)
        assert found.closing.tolist() == [150, 150, 330]
        assert found.lowest.tolist() == [100, 150, 130]
        assert (found.links, found.links_held) == (1, 1)


def test_a_missing_row_breaks_a_link() -> None:
    found = _daily([_row(0, 100, balance_minor=1000), _row(1, 50, balance_minor=9000), _row(2, 5, balance_minor=9005)])
    assert (found.links, found.links_held) == (2, 1)


def test_balances_of_two_accounts_add_up_and_are_carried_forward() -> None:
    rows = [
        _row(0, 100, balance_minor=100), _row(3, -40, balance_minor=60),
        _row(1, 500, account="B", balance_minor=500), _row(4, -1, account="B", balance_minor=499),
    ]  # fmt: skip
    assert _daily(rows).closing.tolist() == [100, 600, 600, 560, 559]


def test_an_account_with_few_balances_counts_as_without() -> None:
    rows = [_row(0, 100, balance_minor=100), _row(1, 5), _row(2, 5)]
    taken = columns.from_transactions(rows, None)
    assert balances.daily(taken, np.ones(len(taken), np.bool_)) is None


def test_a_row_with_the_same_balance_after_it_is_the_same_row() -> None:
    rows = [_row(0, 100, balance_minor=100), dataclasses.replace(_row(0, 100, balance_minor=100), row=40)]
    assert columns.from_transactions(rows, None).n_duplicates == 1
