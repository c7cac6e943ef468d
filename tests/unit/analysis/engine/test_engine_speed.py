"""Bounds a laptop keeps with room to spare; the figures of a quiet machine are in docs/engine.md."""

from __future__ import annotations

import datetime as dt
import time

import pytest

from analysis import pipeline
from analysis.statement.model import Transaction
from tests.support import histories

_NAMES = ("Supermarket", "Restaurant", "Online shop", "Petrol", "Subscription", "qwertz", "SALARY", "RENT")


def _rows(count: int) -> list[Transaction]:
    """Rows over four years with many different texts."""
    rows, balance = [], 0
    for place in range(count):
        kind = place * 7 % 8
        amount = 300_000 if kind == 6 else -(100 + place * 7919 % 8_900)
        balance += amount
        day = histories.START + dt.timedelta(days=place * 1_460 // count)
        text = f"CARD {_NAMES[kind]} {place % 5_000} town"
        rows.append(Transaction("A", day, amount, "EUR", text, place + 2, balance_minor=balance))
    return rows


def _seconds(rows: list[Transaction], times: int) -> float:
    """Least processor time: other work on the machine does not count."""
    best = float("inf")
    for _ in range(times):
        start = time.process_time()
        pipeline.analyse(rows, today=histories.TODAY)
        best = min(best, time.process_time() - start)
    return best


@pytest.mark.slow
def test_two_thousand_rows_take_milliseconds_and_time_grows_with_rows() -> None:
    small, large = _rows(2_000), _rows(100_000)
    pipeline.analyse(small, today=histories.TODAY)
    assert _seconds(small, 5) < 0.10
    assert _seconds(large, 2) < 3.0


@pytest.mark.slow
def test_a_million_rows_are_analysed() -> None:
    rows = _rows(1_000_000)
    found = pipeline.analyse(rows, today=histories.TODAY)
    assert found.status == "scored"
    assert found.n_transactions == 1_000_000
