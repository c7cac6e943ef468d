"""`credpass evaluate`: how well score and default risk told bad from good, on known outcomes."""

from __future__ import annotations

import pathlib
import sys
from collections.abc import Mapping
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.table import Table

from analysis.evaluation import plots
from cli import analyse, evaluation, train
from mesh import clock

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
Html = Annotated[pathlib.Path | None, typer.Option("--html", dir_okay=False, help="Write a page with plots to FILE.")]


def evaluate(
    data: Data,
    labels: Labels = None,
    as_json: Json = False,
    html: Html = None,
    base_rate: analyse.BaseRate = None,
) -> None:
    """Measure the engine on known outcomes; without labels, make every figure of the model card again."""
    found = _on_labels(data, labels, base_rate) if labels else evaluation.of_training(train.read(data))
    for failure in found.failures:
        print("\n".join(failure.lines()), file=sys.stderr)
    if html:
        html.write_text(plots.page("Evaluation", _flat(found.figures), found.drawings), encoding="utf-8")
    if as_json:
        print(orjson.dumps(found.figures).decode())
    else:
        _show(found.figures)


def _on_labels(data: pathlib.Path, labels: pathlib.Path, base_rate: float | None) -> evaluation.Evaluation:
    try:
        cases = evaluation.read_cases(data, labels)
    except evaluation.UnreadableLabel as error:
        raise typer.BadParameter(f"{labels}: {error}") from None
    return evaluation.of_cases(cases, clock.SystemClock().now().date(), base_rate)


def _flat(figures: Mapping[str, Any]) -> dict[str, object]:
    flat: dict[str, object] = {}
    for name, value in figures.items():
        parts = value.items() if isinstance(value, dict) else [("", value)]
        flat |= {f"{name} {part}".strip(): figure for part, figure in parts}
    return flat


def _show(figures: Mapping[str, Any]) -> None:
    table = Table("Figure", title="Evaluation", title_justify="left")
    table.add_column("Value", justify="right")
    for name, figure in _flat(figures).items():
        table.add_row(name, str(figure))
    Console().print(table)
