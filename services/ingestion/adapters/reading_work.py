"""What runs in the worker process: a file in, a report and its canonical rows out. Named by path, never imported."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import date
from typing import Any

import orjson

from analysis import statement
from services.ingestion import domain, sanitising
from services.ingestion.adapters import fingerprint, understood, wording

_TEXT_CHARS = 512


def read(arguments: dict[str, Any], source: Iterator[bytes]) -> Iterator[bytes]:
    """Yield {"refused": sentence} or {"report": ...}, then the rows if they are wanted and the statement is taken."""
    try:
        parsed = _parsed(arguments, b"".join(source))
    except statement.StatementRefused as refused:
        yield orjson.dumps({"refused": refused.reason})
        return
    report = _report(parsed)
    yield orjson.dumps({"report": _fields_of(report)})
    if arguments["wants_rows"] and domain.is_taken(report, accept_partial=arguments["accept_partial"]):
        yield from statement.serialise_rows(_sanitised(parsed))


def _parsed(arguments: dict[str, Any], data: bytes) -> statement.ParsedStatement:
    hints = statement.Hints(
        date_order=arguments["date_order"],
        decimal=wording.decimal_hint(arguments["decimal"]),
        currency=arguments["currency"],
        sign=wording.sign_hint(arguments["sign"]),
        year=arguments["year"],
    )
    return statement.parse(
        data,
        file_name=arguments["file_name"],
        hints=hints,
        limits=statement.Limits(size_bytes=arguments["limit_bytes"]),
        as_of=date.fromisoformat(arguments["today"]),
    )


def _report(parsed: statement.ParsedStatement) -> domain.Report:
    return domain.Report(
        understanding=wording.understanding(parsed),
        rejected_count=_rejected(parsed),
        open_points=tuple(wording.open_point(question) for question in parsed.questions),
        rows_digest=fingerprint.of_rows(parsed.transactions),
    )


def _fields_of(report: domain.Report) -> dict[str, Any]:
    return {
        "understanding": understood.fields_of(report.understanding),
        "rejected_count": report.rejected_count,
        "open_points": [dataclasses.asdict(point) for point in report.open_points],
        "rows_digest": report.rows_digest.hex(),
    }


def _rejected(parsed: statement.ParsedStatement) -> int:
    """Rows with a problem; where not all problems were kept, their number stands for it."""
    if parsed.n_problems > len(parsed.problems):
        return parsed.n_problems
    return len({(problem.file, problem.row) for problem in parsed.problems})


def _sanitised(parsed: statement.ParsedStatement) -> statement.ParsedStatement:
    return dataclasses.replace(
        parsed,
        accounts=tuple(_account(account) for account in parsed.accounts),
        transactions=tuple(_transaction(row) for row in parsed.transactions),
    )


def _account(account: statement.Account) -> statement.Account:
    return dataclasses.replace(
        account,
        key=sanitising.text(account.key, sanitising.NAME_CHARS),
        number=sanitising.optional_text(account.number, sanitising.CODE_CHARS),
        bank=sanitising.optional_text(account.bank, sanitising.NAME_CHARS),
        kind=sanitising.optional_text(account.kind, sanitising.CODE_CHARS),
    )


def _transaction(row: statement.Transaction) -> statement.Transaction:
    return dataclasses.replace(
        row,
        account=sanitising.text(row.account, sanitising.NAME_CHARS),
        text=sanitising.text(row.text, _TEXT_CHARS),
        counterparty=sanitising.optional_text(row.counterparty, sanitising.NAME_CHARS),
        bank_code=sanitising.optional_text(row.bank_code, sanitising.CODE_CHARS),
        id=sanitising.optional_text(row.id, sanitising.NAME_CHARS),
    )
