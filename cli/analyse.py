"""`credpass analyse`: score local statements with no service running."""

from __future__ import annotations

import datetime as dt
import enum
import multiprocessing
import os
import pathlib
import sys
from collections.abc import Iterable, Iterator
from concurrent import futures
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.progress import Progress

from analysis.models import risk
from cli import analysis_view, local_analysis
from mesh import clock

EXIT_SOME_FAILED, EXIT_ALL_FAILED = 1, 2
# Below this many files of this size together starting a second process costs more than it saves.
_FEW_FILES, _FEW_BYTES = 12, 2 * 1024 * 1024
_MOST_FILES_A_TASK, _TASKS_A_WORKER = 4, 4


class DateOrder(enum.StrEnum):
    DMY = "dmy"
    MDY = "mdy"
    YMD = "ymd"


class DecimalMark(enum.StrEnum):
    POINT = "point"
    COMMA = "comma"
    MINOR = "minor"


class Sign(enum.StrEnum):
    SIGNED = "signed"
    INVERTED = "inverted"


Target = Annotated[pathlib.Path, typer.Argument(exists=True, help="A statement, or a folder of statements (--jsonl).")]
AsOf = Annotated[
    dt.datetime | None,
    typer.Option("--as-of", formats=["%Y-%m-%d"], help="Score the history before this day (day after the last row)."),
]
Format = Annotated[str, typer.Option("--format", help="The format the file must have; auto takes what is found.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
JsonLines = Annotated[bool, typer.Option("--jsonl", help="Print one JSON object a file; takes a folder.")]
Partial = Annotated[bool, typer.Option("--accept-partial", help="Score the clean rows of a file with unreadable ones.")]
Currency = Annotated[str | None, typer.Option("--currency", help="ISO code for rows that name no currency.")]
Order = Annotated[DateOrder | None, typer.Option("--date-order", help="How the file writes dates.")]
BaseRate = Annotated[
    float | None,
    typer.Option(
        "--base-rate", min=0.001, max=0.999, help="Share of bad loans in your population, for the default risk."
    ),
]
Mark = Annotated[
    DecimalMark | None, typer.Option("--decimal", help="The file's decimal mark; minor: amounts count cents.")
]
PositiveIs = Annotated[
    Sign | None, typer.Option("--sign", help="signed: positive amounts are money in; inverted: money out.")
]
Year = Annotated[int | None, typer.Option("--year", min=1970, max=2100, help="Of dates that carry none.")]


def analyse(
    target: Target,
    file_format: Format = "auto",
    as_of: AsOf = None,
    as_json: Json = False,
    json_lines: JsonLines = False,
    accept_partial: Partial = False,
    currency: Currency = None,
    date_order: Order = None,
    decimal: Mark = None,
    sign: PositiveIs = None,
    year: Year = None,
    base_rate: BaseRate = None,
) -> None:
    """Score a bank statement on this machine and say why the score is what it is.

    Exit status: 0 when no file failed, 1 when some did, 2 when all did or the call was wrong.
    """
    question = local_analysis.Question(
        today=clock.SystemClock().now().date(),
        as_of=as_of.date() if as_of else None,
        file_format=file_format,
        accept_partial=accept_partial,
        currency=currency,
        date_order=date_order.value if date_order else None,
        decimal=decimal.value if decimal else None,
        sign=sign.value if sign else None,
        year=year,
        with_risk=risk.available(),
        base_rate=base_rate,
    )
    if not question.with_risk:
        print("LightGBM cannot be loaded here (it needs the system's libgomp): no default risk", file=sys.stderr)
    if target.is_dir():
        _folder(target, question, json_lines=json_lines)
    elif json_lines:
        raise typer.BadParameter("--jsonl takes a folder")
    else:
        _one(target, question, as_json=as_json)


def _one(file: pathlib.Path, question: local_analysis.Question, *, as_json: bool) -> None:
    answer = local_analysis.answer(file, question)
    if isinstance(answer, local_analysis.Failure):
        _complain(answer)
        if as_json:
            _print(answer.as_json())
        raise typer.Exit(EXIT_ALL_FAILED)
    if as_json:
        _print(answer.as_json())
    else:
        analysis_view.show(Console(), answer)


def _folder(folder: pathlib.Path, question: local_analysis.Question, *, json_lines: bool) -> None:
    if not json_lines:
        raise typer.BadParameter(f"{folder} is a folder: add --jsonl")
    files = sorted(path for path in folder.rglob("*") if _named_here(path) and not path.name.startswith("."))
    if not files:
        raise typer.BadParameter(f"{folder} holds no files")
    failed = 0
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Statements", total=len(files))
        for answer in _answers(files, question):
            if isinstance(answer, local_analysis.Failure):
                failed += 1
                _complain(answer)
            _print(answer.as_json())
            progress.advance(task)
    if failed:
        raise typer.Exit(EXIT_ALL_FAILED if failed == len(files) else EXIT_SOME_FAILED)


def _named_here(path: pathlib.Path) -> bool:
    """True for a file, and for a link that leads to nothing, which has to be told of."""
    return path.is_file() or (path.is_symlink() and not path.exists())


def _answers(files: list[pathlib.Path], question: local_analysis.Question) -> Iterator[local_analysis.Answer]:
    """Answers in the order of `files`; many or large files use every processor."""
    workers = min(len(os.sched_getaffinity(0)), len(files))
    if workers == 1 or _are_little_work(files):
        for file in files:
            yield from local_analysis.answers([file], question)
        return
    size = min(max(len(files) // (workers * _TASKS_A_WORKER), 1), _MOST_FILES_A_TASK)
    tasks = [files[place : place + size] for place in range(0, len(files), size)]
    spawn = multiprocessing.get_context("spawn")
    with futures.ProcessPoolExecutor(workers, mp_context=spawn) as pool:
        answers: Iterable[list[local_analysis.Answer]] = pool.map(
            local_analysis.answers, tasks, [question] * len(tasks)
        )
        for some in answers:
            yield from some


def _are_little_work(files: list[pathlib.Path]) -> bool:
    return len(files) < _FEW_FILES and sum(file.stat().st_size for file in files if file.exists()) < _FEW_BYTES


def _complain(failure: local_analysis.Failure) -> None:
    print("\n".join(failure.lines()), file=sys.stderr)


def _print(content: dict[str, Any]) -> None:
    print(orjson.dumps(content).decode())
