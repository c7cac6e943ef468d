"""`credpass train`: fit the risk model from the loans and write it with its card, the same to the byte every time."""

from __future__ import annotations

import gzip
import json
import pathlib
from typing import Annotated

import typer

from analysis.models import risk
from analysis.training import boosting, card, loans

AGGREGATES = "preloan_aggregates_328_loans_1993_1996.csv.gz"
PACKAGED = pathlib.Path(risk.__file__).parent / "data"

Data = Annotated[
    pathlib.Path, typer.Option("--data", exists=True, file_okay=False, help=f"Folder that holds {AGGREGATES}.")
]
Out = Annotated[pathlib.Path, typer.Option("--out", file_okay=False, help="Folder to write to (the package's own).")]


def train(data: Data, out: Out = PACKAGED) -> None:
    """Train the risk model on real loans."""
    known = read(data)
    trained = boosting.train(known)
    content = card.made(known, trained)
    out.mkdir(parents=True, exist_ok=True)
    model, described = (out / f"risk_v{risk.VERSION}.{ending}" for ending in ("txt", "json"))
    model.write_text(trained.model, encoding="utf-8")
    described.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    figures = content["out_of_fold"]["trees"]
    print(f"{len(known)} loans, {content['bad']} bad")
    print(f"out-of-fold AUC {figures['auc']:.3f} (95 % interval {figures['low']:.3f} to {figures['high']:.3f})")
    print(f"{model}\n{described}")


def read(data: pathlib.Path) -> loans.Loans:
    """The loans of a folder; a wrong call when the table is missing or of another kind."""
    try:
        with gzip.open(data / AGGREGATES, "rt", newline="", encoding="utf-8") as lines:
            return loans.read(lines)
    except FileNotFoundError:
        raise typer.BadParameter(f"{data} holds no {AGGREGATES}") from None
    except (KeyError, ValueError, gzip.BadGzipFile) as error:
        raise typer.BadParameter(f"{AGGREGATES} is no table of loans: {error}") from None
