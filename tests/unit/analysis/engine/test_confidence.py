from __future__ import annotations

import dataclasses

from analysis import pipeline
from analysis.models import confidence
from analysis.result import AnalysisResult
from tests.support import histories


def _result(life: histories.Life) -> AnalysisResult:
    return pipeline.analyse(life.rows(), today=histories.TODAY)


def test_the_interval_holds_the_score_and_stays_in_range() -> None:
    for life in (histories.Life(), histories.Life(months=4), histories.Life(opening=-900_000, salary=120_000)):
        found = _result(life)
        assert found.score is not None
        assert found.interval is not None
        low, high = found.interval
        assert 0 <= low <= found.score <= high <= 1000
        assert 0.0 <= (found.confidence or 0.0) <= 1.0


def test_a_longer_history_is_surer() -> None:
    sure = [_result(histories.Life(months=months)).confidence or 0.0 for months in (3, 7, 13, 25)]
    assert sure == sorted(sure)
    assert sure[0] < sure[-1] - 0.2


def test_missing_balances_cost_confidence_and_are_named() -> None:
    plain, bare = _result(histories.Life()), _result(histories.Life(balances=False))
    assert any("balances" in reason for reason in bare.confidence_reasons)
    assert not any("balances" in reason for reason in plain.confidence_reasons)


def test_an_uneven_life_has_a_wider_interval() -> None:
    even = _result(histories.Life())
    uneven = _result(histories.Life(no_income=frozenset({2, 6, 7, 12}), dearer=((4, 300_000), (9, 500_000))))
    assert even.interval is not None
    assert uneven.interval is not None
    assert uneven.interval[1] - uneven.interval[0] > even.interval[1] - even.interval[0]


def test_the_same_history_gets_the_same_interval() -> None:
    life = histories.Life(no_income=frozenset({3}))
    assert _result(life) == _result(dataclasses.replace(life))


def test_the_packaged_widening_shrinks_with_history() -> None:
    table = confidence.widening()
    assert list(table.months) == sorted(table.months)
    assert list(table.below) == sorted(table.below, reverse=True)
    assert list(table.above) == sorted(table.above, reverse=True)
