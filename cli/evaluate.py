"""`credpass evaluate`: how well score and default risk told bad from good, on known outcomes."""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import pathlib
import sys
from typing import Annotated, Any

import numpy as np
import orjson
import typer
from rich.console import Console
from rich.table import Table

from analysis.evaluation import metrics
from analysis.models import risk
from analysis.training import boosting, card
from cli import local_analysis, train
from mesh import clock

_FOUR_FIFTHS_CUT = 600  # points; the least of tier "good"

Data = Annotated[
    pathlib.Path,
    typer.Option("--data", exists=True, file_okay=False, help="Folder of statements, or of the training loans."),
]
Labels = Annotated[
    pathlib.Path | None,
    typer.Option(
        "--labels", exists=True, dir_okay=False,
        help="CSV with the columns file, bad (0 or 1) and, where known, as_of (ISO date) and group (for fairness).",
    ),
]  # fmt: skip
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@dataclasses.dataclass(frozen=True, slots=True)
class Case:
    """A statement with its outcome."""

    file: pathlib.Path
    bad: bool
    as_of: dt.date | None
    group: str


def evaluate(data: Data, labels: Labels = None, as_json: Json = False) -> None:
    """Measure the engine on known outcomes; without labels, make every figure of the model card again."""
    found = _on_labels(data, labels) if labels else _on_training_loans(data)
    if as_json:
        print(orjson.dumps(found).decode())
    else:
        _show(found)


def _on_training_loans(data: pathlib.Path) -> dict[str, Any]:
    known = train.read(data)
    made = card.made(known, boosting.train(known))
    return {"loans": made["loans"], "bad": made["bad"], **made["out_of_fold"], "same_as_card": made == risk.card()}


def _on_labels(data: pathlib.Path, labels: pathlib.Path) -> dict[str, Any]:
    """Figures of score and risk over the cases that were scored; the others are counted by what they were."""
    cases = _cases(data, labels)
    today = clock.SystemClock().now().date()
    answers = [
        local_analysis.answer(case.file, local_analysis.Question(today, as_of=case.as_of, with_risk=risk.available()))
        for case in cases
    ]
    for answer in answers:
        if isinstance(answer, local_analysis.Failure):
            print("\n".join(answer.lines()), file=sys.stderr)
    scored = [
        (case, answer.result)
        for case, answer in zip(cases, answers, strict=True)
        if isinstance(answer, local_analysis.Report) and answer.result.score is not None
    ]
    bad = np.array([case.bad for case, _ in scored], np.bool_)
    score = np.array([float(result.score or 0) for _, result in scored])
    chance = np.array([result.default_risk.probability if result.default_risk else np.nan for _, result in scored])
    return {
        "cases": len(cases),
        "failed": sum(isinstance(answer, local_analysis.Failure) for answer in answers),
        "scored": len(scored),
        "bad": int(bad.sum()),
        "score": _told(-score, bad),
        "default_risk": _risk_figures(chance, bad),
        "approval_ratio": _fairness(score, [case.group for case, _ in scored]),
    }


def _cases(data: pathlib.Path, labels: pathlib.Path) -> list[Case]:
    with labels.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    cases = []
    for number, row in enumerate(rows, start=2):
        try:
            as_of = dt.date.fromisoformat(row["as_of"]) if row.get("as_of") else None
            cases.append(Case(data / row["file"], {"0": False, "1": True}[row["bad"]], as_of, row.get("group") or ""))
        except (KeyError, ValueError) as error:
            raise typer.BadParameter(f"{labels}, row {number}: {error} is missing or cannot be read") from None
    return cases


def _told(worse: np.typing.NDArray[np.float64], bad: np.typing.NDArray[np.bool_]) -> dict[str, Any] | None:
    """Discrimination of a number that grows with the risk; None unless both outcomes are there."""
    if not bad.any() or bad.all():
        return None
    return {name: round(value, 4) for name, value in dataclasses.asdict(metrics.discrimination(worse, bad)).items()}


def _risk_figures(chance: np.typing.NDArray[np.float64], bad: np.typing.NDArray[np.bool_]) -> dict[str, Any] | None:
    known = ~np.isnan(chance)
    told = _told(chance[known], bad[known])
    if told is None:
        return None
    fit = dataclasses.asdict(metrics.calibration(chance[known], bad[known]))
    trained = np.array(risk.card()["training_probabilities"])
    drift = metrics.stability_index(trained, chance[known])
    return {**told, **{name: round(value, 4) for name, value in fit.items()}, "psi": round(drift, 4)}


def _fairness(score: np.typing.NDArray[np.float64], groups: list[str]) -> dict[str, float | None]:
    """Group -> share at 600 points or more over that of everybody else; None where it cannot be said."""
    ratios = {}
    for group in sorted({one for one in groups if one}):
        mine = np.array([one == group for one in groups], np.bool_)
        ratio = metrics.approval_ratio(score, mine, _FOUR_FIFTHS_CUT)
        ratios[group] = None if np.isnan(ratio) else round(ratio, 4)
    return ratios


def _show(found: dict[str, Any]) -> None:
    table = Table("Figure", title="Evaluation", title_justify="left")
    table.add_column("Value", justify="right")
    for name, value in found.items():
        parts = value.items() if isinstance(value, dict) else [("", value)]
        for part, figure in parts:
            table.add_row(f"{name} {part}".strip(), str(figure))
    Console().print(table)
