"""What an evaluation found: figures for a program, plots for a page."""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from analysis.evaluation import metrics, plots
from analysis.models import risk, risk_features
from analysis.result import AnalysisResult
from analysis.training import boosting, card, loans
from cli import local_analysis

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_FOUR_FIFTHS_CUT = 600  # points; the least of tier "good"
_DIGITS = 4


class UnreadableLabel(ValueError):
    """A row of the labels that says no outcome."""

    def __init__(self, row: int) -> None:
        super().__init__(f"row {row} needs a file, bad as 0 or 1, and as_of (if any) as an ISO date")


@dataclasses.dataclass(frozen=True, slots=True)
class Case:
    """A statement with its outcome. `group` serves the fairness figures; "" where it is not known."""

    file: pathlib.Path
    bad: bool
    as_of: dt.date | None
    group: str


@dataclasses.dataclass(frozen=True, slots=True)
class Evaluation:
    """`figures` are JSON types; `drawings` are SVG by heading; `failures` are files without an answer."""

    figures: Mapping[str, Any]
    drawings: Mapping[str, str]
    failures: Sequence[local_analysis.Failure] = ()


def read_cases(data: pathlib.Path, labels: pathlib.Path) -> list[Case]:
    """The cases of a label file; raises `UnreadableLabel`."""
    with labels.open(newline="", encoding="utf-8") as lines:
        return [_case(data, number, row) for number, row in enumerate(csv.DictReader(lines), start=2)]


def _case(data: pathlib.Path, number: int, row: Mapping[str, str]) -> Case:
    try:
        as_of = dt.date.fromisoformat(row["as_of"]) if row.get("as_of") else None
        return Case(data / row["file"], {"0": False, "1": True}[row["bad"]], as_of, row.get("group") or "")
    except (KeyError, ValueError):
        raise UnreadableLabel(number) from None


def of_training(known: loans.Loans) -> Evaluation:
    """The model card's figures made again from the loans."""
    trained = boosting.train(known)
    made = card.made(known, trained)
    measured = {**made["out_of_fold"], "forward_in_time": made["forward_in_time"]}
    figures = {"loans": made["loans"], "bad": made["bad"], **measured, "same_as_card": made == risk.card()}
    rule = trained.calibration
    chance = 1.0 / (1.0 + np.exp(-(rule.slope * trained.out_of_fold.trees.mean(axis=0) + rule.intercept)))
    drawings = {
        "Default risk, out of fold": plots.distribution(chance, known.bad, 0.0, float(chance.max())),
        "Calibration, out of fold": plots.calibration(chance, known.bad),
        "What moves the risk (SHAP, log-odds)": _swarm(known.features),
    }
    return Evaluation(figures, drawings)


def of_cases(cases: Sequence[Case], today: dt.date, base_rate: float | None = None) -> Evaluation:
    """Score and risk against outcomes, over the cases that were scored; the others are counted.

    The risk is that of a population where `base_rate` of the loans go bad (None: that of the training loans).
    """
    question = local_analysis.Question(today, with_risk=risk.available(), base_rate=base_rate)
    answers = [local_analysis.answer(case.file, dataclasses.replace(question, as_of=case.as_of)) for case in cases]
    scored = [
        (case, answer.result)
        for case, answer in zip(cases, answers, strict=True)
        if isinstance(answer, local_analysis.Report) and answer.result.score is not None
    ]
    bad = np.array([case.bad for case, _ in scored], np.bool_)
    score = np.array([float(result.score or 0) for _, result in scored])
    failures = [answer for answer in answers if isinstance(answer, local_analysis.Failure)]
    counts = {"cases": len(cases), "failed": len(failures), "scored": len(scored), "bad": int(bad.sum())}
    beside = [result.default_risk is not None for _, result in scored]
    figures = {
        **counts,
        "score": _told(-score, bad),
        "default_risk": _risk_figures([result for _, result in scored], bad),
        "approval_ratio": _fairness(score, [case.group for case, _ in scored]),
    }
    drawings = {"Score": plots.distribution(score, bad, 0.0, 1000.0)} if scored else {}
    known = [result for (_, result), has in zip(scored, beside, strict=True) if has]
    return Evaluation(figures, {**drawings, **_risk_drawings(known, bad[np.array(beside, np.bool_)])}, failures)


def _told(worse: Floats, bad: Bools) -> dict[str, float] | None:
    """Discrimination of a number that grows with the risk; None unless both outcomes are there."""
    if not bad.any() or bad.all():
        return None
    found = dataclasses.asdict(metrics.discrimination(worse, bad))
    return {name: round(value, _DIGITS) for name, value in found.items()}


def _risk_figures(results: Sequence[AnalysisResult], bad: Bools) -> dict[str, float] | None:
    chance = np.array([one.default_risk.probability if one.default_risk else np.nan for one in results], np.float64)
    known = ~np.isnan(chance)
    told = _told(chance[known], bad[known])
    if told is None:
        return None
    fit = dataclasses.asdict(metrics.calibration(chance[known], bad[known]))
    drift = metrics.stability_index(np.array(risk.card()["training_probabilities"]), chance[known])
    level = {"mean_probability": float(chance[known].mean()), "bad_share": float(bad[known].mean()), "psi": drift}
    unlike = sum(bool(one.default_risk and one.default_risk.outside) for one in results)
    return {**told, **{name: round(value, _DIGITS) for name, value in {**fit, **level}.items()}, "outside": unlike}


def _risk_drawings(results: Sequence[AnalysisResult], bad: Bools) -> dict[str, str]:
    risks = [one.default_risk for one in results if one.default_risk]
    if not risks:
        return {}
    chance = np.array([one.probability for one in risks])
    features = np.array([[np.nan if value is None else value for value in one.features.values()] for one in risks])
    return {
        "Default risk": plots.distribution(chance, bad, 0.0, float(chance.max())),
        "Calibration": plots.calibration(chance, bad),
        "What moves the risk (SHAP, log-odds)": _swarm(features),
    }


def _swarm(features: Floats) -> str:
    names = [feature.name for feature in risk_features.FEATURES]
    return plots.contributions(names, risk.explained(features)[:, :-1], features)


def _fairness(score: Floats, groups: Sequence[str]) -> dict[str, float | None]:
    """Group -> share at 600 points or more over that of everybody else; None where it cannot be said."""
    ratios: dict[str, float | None] = {}
    for group in sorted({one for one in groups if one}):
        mine = np.array([one == group for one in groups], np.bool_)
        ratio = metrics.approval_ratio(score, mine, _FOUR_FIFTHS_CUT)
        ratios[group] = None if np.isnan(ratio) else round(ratio, _DIGITS)
    return ratios
