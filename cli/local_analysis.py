"""One statement file of this machine through the engine: what to ask, and the answer or why there is none."""

from __future__ import annotations

import dataclasses
import datetime as dt
import pathlib
from collections.abc import Sequence
from typing import Any, Literal

from analysis import pipeline, statement
from analysis.preprocessors import columns
from analysis.result import AnalysisResult
from analysis.statement import limits, serialise

_MOST_PROBLEMS_SHOWN = 20
# A file of this machine's owner may hold a million long rows; the service takes less from strangers.
_LIMITS = limits.Limits(size_bytes=256 * 1024 * 1024, rows=2_000_000)


@dataclasses.dataclass(frozen=True, slots=True)
class Question:
    """How to read and score a file. `file_format` "auto" takes any format that is found."""

    today: dt.date
    as_of: dt.date | None = None
    file_format: str = "auto"
    accept_partial: bool = False
    currency: str | None = None
    date_order: Literal["dmy", "mdy", "ymd"] | None = None
    decimal: Literal["point", "comma", "minor"] | None = None
    sign: Literal["signed", "inverted"] | None = None
    year: int | None = None
    with_risk: bool = False
    base_rate: float | None = None

    @property
    def hints(self) -> statement.Hints:
        return statement.Hints(
            date_order=self.date_order, decimal=self.decimal, currency=self.currency, sign=self.sign, year=self.year
        )


@dataclasses.dataclass(frozen=True, slots=True)
class Report:
    """The engine's answer about one file."""

    file: str
    result: AnalysisResult

    def as_json(self) -> dict[str, Any]:
        return {"file": self.file, **self.result.to_dict()}


@dataclasses.dataclass(frozen=True, slots=True)
class Failure:
    """Why a file has no answer; `rows` name each row that could not be taken (the first twenty)."""

    file: str
    code: str
    message: str
    rows: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        error = {"code": self.code, "message": self.message, "rows": list(self.rows)}
        return {"file": self.file, "status": "failed", "error": error}

    def lines(self) -> list[str]:
        return [f"{self.file}: {self.message}", *(f"  {row}" for row in self.rows)]


Answer = Report | Failure


def answers(files: Sequence[pathlib.Path], question: Question) -> list[Answer]:
    """One answer a file, in order; a file that defeats the engine keeps no other from its answer."""
    return [_answer_or_defeat(file, question) for file in files]


def _answer_or_defeat(file: pathlib.Path, question: Question) -> Answer:
    try:
        return answer(file, question)
    except Exception as error:  # noqa: BLE001 - whatever it was, the run goes on and names the file
        return Failure(str(file), "engine_failed", f"the engine failed on this file ({type(error).__name__})")


def answer(file: pathlib.Path, question: Question) -> Answer:
    """Read and score one file; every way to fail is an answer too."""
    name = str(file)
    try:
        parsed = statement.parse(  # the content is not named, so that it does not outlive its reading
            file.read_bytes(), file_name=file.name, hints=question.hints, limits=_LIMITS, as_of=question.today
        )
    except OSError as error:
        return Failure(name, "unreadable", f"the file cannot be read: {error.strerror}")
    except statement.StatementRefused as refused:
        place = "".join(
            f", {what} {where}" for what, where in (("row", refused.row), ("column", refused.column)) if where
        )
        return Failure(name, refused.code, f"{refused.reason}{place}")
    return _refused(name, parsed, question) or _scored(name, parsed, question)


def _refused(name: str, parsed: statement.ParsedStatement, question: Question) -> Failure | None:
    if question.file_format not in ("auto", parsed.layout.format):
        message = f"the file is {parsed.layout.format}, not {question.file_format}"
        return Failure(name, "other_format", message)
    if parsed.questions:
        lines = tuple(_asked(one) for one in parsed.questions)
        return Failure(name, "ambiguous", "the file does not settle how to read it", lines)
    if parsed.problems and not question.accept_partial:
        shown = tuple(
            f"row {one.row}{f', column {one.column}' if one.column else ''}: {one.value!r}: {one.reason}"
            for one in parsed.problems[:_MOST_PROBLEMS_SHOWN]
        )
        rows = "1 row" if parsed.n_problems == 1 else f"{parsed.n_problems} rows"
        message = f"{rows} cannot be read (--accept-partial scores the others)"
        return Failure(name, "unreadable_rows", message, shown)
    return None


def _asked(question: statement.Question) -> str:
    option = f"--{question.field.replace('_', '-')}"
    return f"{question.why} ({option} {' | '.join(question.candidates) or question.kind.upper()})"


def _scored(name: str, parsed: statement.ParsedStatement, question: Question) -> Answer:
    try:
        result = pipeline.analyse(
            parsed.transactions,
            accounts=parsed.accounts,
            statements=[serialise.quality_of(parsed)],
            as_of=question.as_of,
            today=question.today,
            with_risk=question.with_risk,
            base_rate=question.base_rate,
        )
    except columns.AmountOutOfRange as error:
        return Failure(name, "amount_out_of_range", str(error))
    return Report(name, result)
