"""The engine on the real accounts of one bank, 1993-94. Skipped where that data is not at hand."""

from __future__ import annotations

import collections
import csv
import datetime as dt
import functools
import gzip
import importlib.util
import pathlib
from decimal import Decimal

import numpy as np
import pytest

from analysis import pipeline
from analysis.evaluation import metrics, shortened
from analysis.models import confidence
from analysis.result import AnalysisResult
from analysis.statement.model import Transaction
from tests.support import histories

_SHARED = pathlib.Path(__file__).parents[5] / "shared"
_TABLE = _SHARED / "data" / "berka" / "trans_all_accounts_19930101_19940331.csv.gz"
_LOANS = _SHARED / "data" / "berka" / "preloan_aggregates_328_loans_1993_1996.csv.gz"
_TOOL = _SHARED / "tools" / "berka_statement.py"

pytestmark = [
    pytest.mark.skipif(not (_TABLE.exists() and _TOOL.exists()), reason="the bank's data is not beside the repository"),
    pytest.mark.slow,
]


@functools.cache
def _accounts() -> dict[str, list[Transaction]]:
    """Account -> its rows, for accounts with at least 30 of them, as the shared tool writes statements."""
    spec = importlib.util.spec_from_file_location("berka_statement", _TOOL)
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    with gzip.open(_TABLE, "rt", newline="") as source:
        table = sorted(csv.DictReader(source), key=lambda row: (row["date"], int(row["trans_id"])))
    by_account: dict[str, list[dict[str, str]]] = collections.defaultdict(list)
    for raw in table:
        by_account[raw["account_id"]].append(tool.statement_row(raw))
    return {
        account: [_transaction(account, place, line) for place, line in enumerate(tool.in_booking_order(lines))]
        for account, lines in by_account.items()
        if len(lines) >= 30
    }


def _transaction(account: str, place: int, line: dict[str, str]) -> Transaction:
    return Transaction(
        account, dt.date.fromisoformat(line["Date"]), int(Decimal(line["Amount"]) * 100), line["Currency"],
        line["Description"], place + 2, counterparty=line["Counterparty"] or None,
        balance_minor=int(Decimal(line["Balance"]) * 100),
    )  # fmt: skip


@functools.cache
def _results() -> dict[str, AnalysisResult]:
    found = {name: pipeline.analyse(rows, today=histories.TODAY) for name, rows in _accounts().items()}
    return {name: one for name, one in found.items() if one.status == "scored"}


def _scores(results: list[AnalysisResult]) -> np.typing.NDArray[np.float64]:
    return np.array([one.score for one in results], np.float64)


def test_scores_of_real_accounts_are_spread_over_the_scale() -> None:
    scores = _scores(list(_results().values()))
    assert len(scores) > 700
    low, quarter, middle, three_quarters, high = np.quantile(scores, [0.05, 0.25, 0.5, 0.75, 0.95])
    assert low < 550 < quarter < middle < three_quarters < high < 850
    assert high - low > 250
    tiers = collections.Counter(one.tier for one in _results().values())
    assert max(tiers.values()) < 0.65 * len(scores)


def test_accounts_with_penalty_interest_score_lower() -> None:
    punished = [one for one in _results().values() if (one.features["penalty_events_per_year"] or 0) > 0]
    others = [one for one in _results().values() if not one.features["penalty_events_per_year"]]
    assert len(punished) >= 20
    assert np.median(_scores(punished)) < np.median(_scores(others)) - 150


def test_real_balances_chain_and_real_texts_are_understood() -> None:
    links = sum(one.quality.links for one in _results().values())
    held = sum(one.quality.links_held for one in _results().values())
    assert held / links > 0.999
    assert np.median([one.quality.understood_share for one in _results().values()]) > 0.9


def test_contributions_of_real_accounts_add_up() -> None:
    for one in _results().values():
        assert one.credibility is not None
        parts = sum(part.contribution for part in one.dimensions.values())
        assert parts + one.credibility.contribution == one.score


def test_the_interval_of_a_shortened_history_covers_the_full_score() -> None:
    some = [rows for place, rows in enumerate(_accounts().values()) if place % 3 == 0]
    cuts = shortened.cuts(some)
    for days in shortened.CUTS_DAYS:
        for end in ("first", "last"):
            mine = [one for one in cuts if one.end == end]
            assert sum(one.days == days for one in mine) > 75
            assert shortened.covered(mine, days) >= 0.85


def test_a_score_whose_history_was_replaced_moves_by_less_than_the_interval_of_a_short_one() -> None:
    growth, spread = shortened.turnover(_accounts().values(), 90)
    below, above = confidence.widening().of(90 / 30.4375)
    assert 40 < spread < 110
    assert growth + 1.4 * spread < above
    assert growth - 1.4 * spread > -below


def test_the_plain_score_tells_bad_loans_from_good_ones() -> None:
    scores, bad = [], []
    for account, outcome, granted in _loans():
        rows = [row for row in _accounts().get(account, []) if row.booked < granted]
        found = pipeline.analyse(rows, today=histories.TODAY)
        if found.score is not None:
            scores.append(float(found.score))
            bad.append(outcome)
    assert len(bad) > 80
    assert metrics.discrimination(-np.array(scores), np.array(bad)).auc > 0.7


def _loans() -> list[tuple[str, bool, dt.date]]:
    """(account, went bad, day of the loan) of the loans with known outcome."""
    with gzip.open(_LOANS, "rt", newline="") as lines:
        return [
            (row["account_id"], row["status"] == "-1", dt.date.fromisoformat(row["loan_date"]))
            for row in csv.DictReader(lines)
        ]
