from __future__ import annotations

import collections
import csv
import dataclasses
import datetime as dt
import gzip
import importlib.util
import json
import pathlib
import subprocess
import sys
import warnings

import numpy as np
import pytest

from analysis import pipeline
from analysis.models import risk, risk_features
from analysis.preprocessors import columns, history
from analysis.result import AnalysisResult
from analysis.statement.model import Transaction
from analysis.training import boosting, card, loans
from tests.support import histories

_BERKA = pathlib.Path(__file__).parents[5] / "shared" / "data" / "berka"
_AGGREGATES = _BERKA / "preloan_aggregates_328_loans_1993_1996.csv.gz"
_TRANSACTIONS = _BERKA / "trans_all_accounts_19930101_19940331.csv.gz"
_RAW_LOANS = _BERKA / "loans_with_raw_history_1993_94.csv"

needs_data = pytest.mark.skipif(not _AGGREGATES.exists(), reason="the bank's loans are not beside the repository")
needs_lightgbm = pytest.mark.skipif(not risk.available(), reason="lightgbm is not installed")


def _loans() -> loans.Loans:
    with gzip.open(_AGGREGATES, "rt", newline="") as lines:
        return loans.read(lines)


def _raw() -> dict[str, list[dict[str, str]]]:
    """Account -> its rows of the bank's table."""
    by_account: dict[str, list[dict[str, str]]] = collections.defaultdict(list)
    with gzip.open(_TRANSACTIONS, "rt", newline="") as lines:
        for row in csv.DictReader(lines):
            by_account[row["account_id"]].append(row)
    return by_account


def _day(text: str) -> dt.date:
    return dt.date(1900 + int(text[:2]), int(text[2:4]), int(text[4:]))


def _transaction(row: dict[str, str]) -> Transaction:
    counterparty = "/".join(part for part in (row["bank"], row["account"]) if part.strip() not in ("", "0"))
    return Transaction(
        row["account_id"],
        _day(row["date"]),
        round(float(row["amount"]) * 100) * (1 if row["type"] == "PRIJEM" else -1),
        "CZK",
        row["k_symbol"],
        int(row["trans_id"]),
        counterparty=counterparty or None,
        balance_minor=round(float(row["balance"]) * 100),
    )


@needs_data
@pytest.mark.slow
def test_features_of_raw_statements_are_those_of_the_published_aggregates() -> None:
    known = _loans()
    with _RAW_LOANS.open(newline="") as lines:
        both = list(csv.DictReader(lines))
    assert len(both) == 38
    raw = _raw()
    for loan in both:
        rows = [_transaction(row) for row in raw[loan["account_id"]] if _day(row["date"]) < _day(loan["date"])]
        computed = risk_features.of_history(history.of_columns(columns.from_transactions(rows, None)))
        assert computed is not None
        published = known.features[known.account.index(loan["account_id"])]
        assert computed == pytest.approx(published, rel=1e-6), loan["account_id"]


@needs_data
def test_the_loans_are_those_of_the_card() -> None:
    known = _loans()
    assert len(known) == risk.card()["loans"] == 328
    assert known.bad.sum() == risk.card()["bad"] == 46
    assert [known.first_date, known.last_date] == risk.card()["period"]


def test_folds_deal_out_the_bad_evenly_and_every_time_the_same() -> None:
    bad = np.arange(328) % 7 == 0
    fold = boosting.folds(bad, 0)
    counts = np.bincount(fold[bad], minlength=boosting.FOLDS)
    assert counts.max() - counts.min() <= 1
    assert (fold == boosting.folds(bad, 0)).all()
    assert (fold != boosting.folds(bad, 1)).any()


@needs_data
@needs_lightgbm
@pytest.mark.slow
def test_training_again_gives_the_packaged_model_and_card_to_the_byte() -> None:
    known = _loans()
    trained = boosting.train(known)
    packaged = pathlib.Path(risk.__file__).parent / "data"
    assert (packaged / "risk_v1.txt").read_text(encoding="utf-8") == trained.model
    described = json.dumps(card.made(known, trained), indent=1) + "\n"
    assert (packaged / "risk_v1.json").read_text(encoding="utf-8") == described


@needs_lightgbm
def test_a_forecast_of_later_loans_knows_nothing_of_their_outcome() -> None:
    chance = np.random.default_rng(9)
    features = chance.uniform(0, 1, (160, len(risk_features.FEATURES)))
    bad = chance.uniform(0, 1, 160) < 0.6 * features[:, 0]
    granted = tuple("1994-05-01" if place < 100 else "1995-02-01" for place in range(160))
    known = loans.Loans(tuple(map(str, range(160))), features, bad, granted)
    told_otherwise = dataclasses.replace(known, bad=np.where(np.arange(160) < 100, bad, ~bad))
    forecast = boosting.forward(known, "1995-01-01")
    assert forecast.shape == (60,)
    assert forecast == pytest.approx(boosting.forward(told_otherwise, "1995-01-01"), abs=0)
    assert len(set(forecast.tolist())) > 10


@needs_lightgbm
def test_contributions_and_base_make_the_probability() -> None:
    found = risk.of_features(np.array([0.4, 0.3, 0.1, 0.02, 2.0, 5.0, 400.0]))
    total = found.base + sum(found.contributions.values())
    assert 1 / (1 + np.exp(-total)) == pytest.approx(found.probability, abs=1e-5)


@needs_lightgbm
def test_contributions_are_exact_shap_values() -> None:
    shap = pytest.importorskip("shap")
    lightgbm = pytest.importorskip("lightgbm")
    text = (pathlib.Path(risk.__file__).parent / "data" / "risk_v1.txt").read_text(encoding="utf-8")
    booster = lightgbm.Booster(model_str=text)
    probes = np.random.default_rng(3).uniform(0, 2, (50, len(risk_features.FEATURES)))
    ours = booster.predict(probes, pred_contrib=True)[:, :-1]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # shap announces the shape of its answer
        theirs = np.asarray(shap.TreeExplainer(booster).shap_values(probes))
    assert ours == pytest.approx(theirs, abs=1e-9)


@needs_lightgbm
@pytest.mark.slow
def test_risk_moves_only_in_the_direction_that_a_feature_allows() -> None:
    lightgbm = pytest.importorskip("lightgbm")
    text = (pathlib.Path(risk.__file__).parent / "data" / "risk_v1.txt").read_text(encoding="utf-8")
    booster, chance = lightgbm.Booster(model_str=text), np.random.default_rng(7)
    probes = chance.uniform(0, 1, (10_000, 7)) * np.array([1.5, 1.5, 0.6, 1.0, 4.0, 20.0, 900.0])
    before = booster.predict(probes)
    for place, feature in enumerate(risk_features.FEATURES):
        if feature.rises:
            moved = probes.copy()
            moved[:, place] += chance.exponential(0.5, len(probes)) * feature.rises * (100 if place == 6 else 1)
            assert (booster.predict(moved) >= before - 1e-12).all(), feature.name


@needs_lightgbm
def test_a_population_with_more_bad_loans_has_a_higher_risk() -> None:
    features = np.array([0.4, 0.3, 0.1, 0.02, 2.0, 5.0, 400.0])
    usual, high = risk.of_features(features), risk.of_features(features, base_rate=0.4)
    assert high.probability > usual.probability
    assert risk.of_features(features, base_rate=risk.calibration().base_rate) == usual


@needs_data
def test_the_range_of_the_card_is_that_of_the_loans_and_none_of_them_lies_outside() -> None:
    known = _loans()
    assert not any(risk.outside(one) for one in known.features)
    for name, column in zip(risk.card()["training_range"], known.features.T, strict=True):
        assert risk.card()["training_range"][name] == pytest.approx([column.min(), column.max()], abs=1e-4)


def test_an_account_unlike_the_loans_is_named_by_what_is_unlike() -> None:
    usual = np.array([0.4, 0.3, 0.1, 0.02, 2.0, 5.0, 400.0])
    assert risk.outside(usual) == ()
    busy, unknown = usual.copy(), usual.copy()
    busy[5] = 52.0
    unknown[0] = np.nan
    assert risk.outside(busy) == ("bookings_per_month",)
    assert risk.outside(unknown) == ("balance_swing",)


@needs_lightgbm
def test_the_risk_stands_beside_the_score_and_changes_nothing_in_it() -> None:
    rows = histories.Life().rows()
    plain = pipeline.analyse(rows, today=histories.TODAY)
    beside = pipeline.analyse(rows, today=histories.TODAY, with_risk=True)
    assert plain.default_risk is None
    assert beside.default_risk is not None
    assert 0 < beside.default_risk.probability < 1
    assert beside.versions["model"] == risk.VERSION
    assert AnalysisResult.from_dict(json.loads(json.dumps(beside.to_dict()))) == beside
    assert dataclasses.replace(beside, default_risk=None, versions=plain.versions) == plain


def test_a_score_alone_loads_no_library_of_the_risk() -> None:
    """In a process of its own: this one has loaded them for other tests."""
    script = (
        "import sys; from analysis import pipeline; from tests.support import histories; "
        "found = pipeline.analyse(histories.Life().rows(), today=histories.TODAY); "
        "sys.exit(found.status != 'scored' or any(name in sys.modules for name in ('lightgbm', 'shap', 'pandas')))"
    )
    root = pathlib.Path(__file__).parents[4]
    assert subprocess.run([sys.executable, "-c", script], check=False, cwd=root, timeout=120).returncode == 0


def test_without_balances_there_is_no_risk() -> None:
    rows = histories.without_balances(histories.Life().rows())
    assert risk_features.of_history(history.of_columns(columns.from_transactions(rows, None))) is None


def test_risk_features_are_the_same_in_any_currency() -> None:
    rows = histories.Life().rows()
    pair = (rows, histories.scaled(rows, 25, "CZK"))
    one, other = (risk_features.of_history(history.of_columns(columns.from_transactions(some, None))) for some in pair)
    assert one == pytest.approx(other, rel=1e-12)


def test_the_packaged_model_is_there_for_an_installed_engine() -> None:
    assert importlib.util.find_spec("analysis.models") is not None
    assert risk.card()["version"] == risk.VERSION
    assert risk.calibration().slope > 0
