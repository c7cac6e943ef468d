"""What runs in the worker process: a file in, a report and its canonical rows out. Named by path, never imported."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import orjson

from analysis import statement
from services.ingestion import domain, sanitising

_DECIMAL_MARKS = {".": "point", ",": "comma"}
_SIGNS = {"credit": "signed", "debit": "inverted"}
_FORM_WORDS = {
    "decimal": {mark: word for word, mark in _DECIMAL_MARKS.items()},
    "sign": {meant: word for word, meant in _SIGNS.items()},
}
_TEXT_CHARS = 512
_NAME_CHARS = 140  # of ISO 20022's party names
_CODE_CHARS = 64
_REASON_CHARS = 200
_NO_WORD = re.compile(r"\W+")


def read(arguments: dict[str, Any], source: Iterator[bytes]) -> Iterator[bytes]:
    """Yield {"refused": sentence} or {"report": ...}, then the rows if the statement is taken."""
    try:
        parsed = _parsed(arguments, b"".join(source))
    except statement.StatementRefused as refused:
        yield orjson.dumps({"refused": refused.reason})
        return
    if any(question.kind == "year" for question in parsed.questions):
        yield orjson.dumps({"refused": "The dates in the file carry no year."})
        return
    report = _report(parsed)
    yield orjson.dumps({"report": dataclasses.asdict(report)})
    if domain.is_taken(report, accept_partial=arguments["accept_partial"]):
        yield from statement.serialise_rows(_sanitised(parsed))


def _parsed(arguments: dict[str, Any], data: bytes) -> statement.ParsedStatement:
    hints = statement.Hints(
        date_order=arguments["date_order"],
        decimal=_DECIMAL_MARKS.get(arguments["decimal"]),  # type: ignore[arg-type]
        currency=arguments["currency"],
        sign=_SIGNS.get(arguments["sign"]),  # type: ignore[arg-type]
    )
    return statement.parse(
        data,
        file_name=arguments["file_name"],
        hints=hints,
        limits=statement.Limits(size_bytes=arguments["limit_bytes"]),
        as_of=date.fromisoformat(arguments["today"]),
    )


def _report(parsed: statement.ParsedStatement) -> domain.Report:
    first, last = parsed.first_date, parsed.last_date
    return domain.Report(
        record_count=len(parsed.transactions),
        rejected_count=_rejected(parsed),
        problem_count=parsed.n_problems,
        first_date=first.isoformat() if first else "",
        last_date=last.isoformat() if last else "",
        currencies=parsed.currencies,
        problems=tuple(_problem(problem) for problem in parsed.problems[: domain.LISTED_PROBLEMS]),
        open_points=tuple(_open_point(question) for question in parsed.questions),
    )


def _rejected(parsed: statement.ParsedStatement) -> int:
    """Rows with a problem; where not all problems were kept, their number stands for it."""
    if parsed.n_problems > len(parsed.problems):
        return parsed.n_problems
    return len({(problem.file, problem.row) for problem in parsed.problems})


def _problem(problem: statement.Problem) -> domain.RowProblem:
    # The file's own name of the column as part of a field path: "Booking date" is booking_date.
    column = _NO_WORD.sub("_", problem.column).strip("_").lower()[:_CODE_CHARS]
    return domain.RowProblem(problem.row, column, problem.reason[:_REASON_CHARS])


def _open_point(question: statement.Question) -> domain.OpenPoint:
    words = _FORM_WORDS.get(question.field, {})
    candidates = tuple(words.get(candidate, candidate) for candidate in question.candidates)
    return domain.OpenPoint(question.field, candidates, question.why[:_REASON_CHARS])


def _sanitised(parsed: statement.ParsedStatement) -> statement.ParsedStatement:
    return dataclasses.replace(
        parsed,
        accounts=tuple(_account(account) for account in parsed.accounts),
        transactions=tuple(_transaction(row) for row in parsed.transactions),
    )


def _account(account: statement.Account) -> statement.Account:
    return dataclasses.replace(
        account,
        key=sanitising.text(account.key, _NAME_CHARS),
        number=sanitising.optional_text(account.number, _CODE_CHARS),
        bank=sanitising.optional_text(account.bank, _NAME_CHARS),
        kind=sanitising.optional_text(account.kind, _CODE_CHARS),
    )


def _transaction(row: statement.Transaction) -> statement.Transaction:
    return dataclasses.replace(
        row,
        account=sanitising.text(row.account, _NAME_CHARS),
        text=sanitising.text(row.text, _TEXT_CHARS),
        counterparty=sanitising.optional_text(row.counterparty, _NAME_CHARS),
        bank_code=sanitising.optional_text(row.bank_code, _CODE_CHARS),
        id=sanitising.optional_text(row.id, _NAME_CHARS),
    )
