"""The engine's one door: a history in, an explained score out. Pure: no clock, no log, no file but its own tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np

from analysis.explainability import insights, recommendations
from analysis.models import confidence, credibility, measures, policy, registry, risk, scoring, signals
from analysis.preprocessors import columns, history, quality
from analysis.result import AnalysisResult, CredibilityLine, Missing
from analysis.statement import model

LEAST_DAYS = 90
LEAST_TRANSACTIONS = 30


def analyse(
    transactions: Sequence[model.Transaction],
    *,
    accounts: Sequence[model.Account] = (),
    statements: Sequence[model.Quality] = (),
    as_of: dt.date | None = None,
    today: dt.date,
    with_risk: bool = False,
    base_rate: float | None = None,
) -> AnalysisResult:
    """Score a person's merged history.

    `accounts` tell the kinds of account, `statements` how well the files were read (both optional). Only booked rows
    before `as_of` count (default: the day after the last booked row). `today` gives `staleness_days` and nothing
    else. `with_risk` adds the default risk (needs lightgbm), in a population where `base_rate` of the loans go bad
    (None: that of the training loans). Raises `columns.AmountOutOfRange`.
    """
    rows = columns.from_transactions(transactions, as_of)
    known = history.of_columns(rows)
    report = quality.of_history(known, statements)
    missing = _missing(rows, report)
    if missing:
        return _insufficient(missing, report, rows, today)
    kinds = frozenset(account.kind for account in accounts if account.kind)
    chance = risk.of_history(known, base_rate) if with_risk else None
    return _scored(measures.of_history(known, kinds), report, today, chance)


def _missing(rows: columns.Columns, report: quality.QualityReport) -> tuple[Missing, ...]:
    found = []
    if report.days_covered < LEAST_DAYS:
        text = f"{LEAST_DAYS} days of history are needed; {report.days_covered} are covered."
        found.append(Missing("days_covered", text))
    if report.transactions < LEAST_TRANSACTIONS:
        text = f"{LEAST_TRANSACTIONS} booked transactions are needed; there are {report.transactions}."
        found.append(Missing("transactions", text))
    if not (rows.amount > 0).any():
        found.append(Missing("inflow", "The history has no money coming in."))
    if not (rows.amount < 0).any():
        found.append(Missing("outflow", "The history has no money going out."))
    return tuple(found)


def _insufficient(
    missing: tuple[Missing, ...], report: quality.QualityReport, rows: columns.Columns, today: dt.date
) -> AnalysisResult:
    return AnalysisResult(
        status="insufficient_data", missing=missing, score=None, tier=None, dimensions={}, credibility=None,
        confidence=None, confidence_reasons=(), interval=None, insights=(), public_insights=(), recommendations=(),
        signals=(), default_risk=None, features={}, quality=report, n_transactions=report.transactions,
        data_through=report.last_day, versions=_versions(), as_of=_as_of(rows),
        staleness_days=_staleness_days(rows, today),
    )  # fmt: skip


def _scored(
    evidence: measures.Evidence, report: quality.QualityReport, today: dt.date, chance: risk.DefaultRisk | None
) -> AnalysisResult:
    rules = policy.load()
    rows = evidence.history.columns
    features = registry.measured(evidence)
    trust = credibility.of_quality(report)
    result = scoring.score(rules, features, trust.factor)
    sure = confidence.of_evidence(rules, evidence, trust.factor, result.value, report)
    return AnalysisResult(
        status="scored", missing=(), score=result.value, tier=result.tier, dimensions=result.dimensions,
        credibility=CredibilityLine(trust.factor, result.credibility_contribution, trust.reasons),
        confidence=sure.value, confidence_reasons=sure.reasons, interval=sure.interval,
        insights=insights.of_features(rules, features, evidence, trust.factor),
        public_insights=insights.for_institutions(result.dimensions),
        recommendations=recommendations.of_features(rules, features, evidence, trust.factor),
        signals=signals.found(evidence), default_risk=chance,
        features={name: None if np.isnan(value) else round(float(value), 6) for name, value in features.items()},
        quality=report, n_transactions=report.transactions, data_through=report.last_day,
        versions=_versions(risk.VERSION if chance else None), as_of=_as_of(rows),
        staleness_days=_staleness_days(rows, today),
    )  # fmt: skip


def _as_of(rows: columns.Columns) -> dt.date:
    return dt.date.fromordinal(max(rows.as_of, 1))


def _staleness_days(rows: columns.Columns, today: dt.date) -> int:
    """Days from the as-of date to today; zero for a history that ends today or is dated ahead."""
    return max(today.toordinal() - rows.as_of, 0)


def _versions(model_version: str | None = None) -> dict[str, str | None]:
    return {"features": registry.VERSION, "policy": policy.CURRENT, "model": model_version}
