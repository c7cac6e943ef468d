"""`credpass inspect`: what was understood of a statement, for a person or, with --json, one object a line."""

from __future__ import annotations

import datetime
import pathlib
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from analysis import statement
from mesh import clock

READ, OPEN, REFUSED = 0, 1, 2  # exit statuses
_SHOWN_PROBLEMS = 20

Files = Annotated[list[pathlib.Path], typer.Argument(metavar="FILE...", help="Statements of any supported format.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line, for a program.")]


def inspect(files: Files, json_output: AsJson = False) -> None:
    """Show what is understood of statements: counts, sums, period, balances, problems, questions, signs of tampering.

    Exit status 0: all read; 1: problems or questions; 2: a file was refused.
    """
    today = clock.SystemClock().now().date()
    console = Console()
    worst = READ
    for path in files:
        record, status = examine(path, today)
        worst = max(worst, status)
        if json_output:
            print(orjson.dumps(record).decode())
        else:
            _show(console, record)
    raise typer.Exit(worst)


def examine(path: pathlib.Path, today: datetime.date) -> tuple[dict[str, Any], int]:
    """The record of one file and its exit status. Never raises for what is in the file or that it cannot be opened."""
    try:
        parsed = statement.parse(path.read_bytes(), file_name=str(path), as_of=today)
    except OSError as error:
        return refused(str(path), "unreadable", error.strerror or "the file cannot be opened"), REFUSED
    except statement.StatementRefused as error:
        return refused(str(path), error.code, error.reason, error.row, error.column), REFUSED
    return described(str(path), parsed), OPEN if parsed.problems or parsed.questions else READ


def refused(file: str, code: str, reason: str, row: int | None = None, column: str | None = None) -> dict[str, Any]:
    """The record of a file that could not be read: the same fields, and why in `problems`."""
    problem = {"row": row, "column": column, "value": None, "reason": reason, "code": code}
    return {
        "file": file, "format": None, "accounts": [], "n_transactions": 0, "sum_credits": {}, "sum_debits": {},
        "first_date": None, "last_date": None, "currency": None, "decimal": None, "date_format": None,
        "reconciliation": None, "problems": [problem], "questions": [],
        "tamper": {"score": 0.0, "signals": []}, "notes": [],
    }  # fmt: skip


def described(file: str, parsed: statement.ParsedStatement) -> dict[str, Any]:
    """The record of a file that was read. Sums are decimal strings by currency; unsettled dates are null."""
    sums = {code: _major(code, pair) for code, pair in sorted(parsed.sums_minor().items())}
    dated = not any(question.kind in ("date_order", "year") for question in parsed.questions)
    verdict = parsed.reconciliation
    return {
        "file": file,
        "format": parsed.layout.format,
        "accounts": [_account(account) for account in parsed.accounts],
        "n_transactions": len(parsed.transactions) + len(parsed.set_aside),
        "sum_credits": {code: pair[0] for code, pair in sums.items()},
        "sum_debits": {code: pair[1] for code, pair in sums.items()},
        "first_date": parsed.first_date if dated else None,
        "last_date": parsed.last_date if dated else None,
        "currency": "/".join(parsed.currencies) or None,
        "decimal": parsed.layout.decimal,
        "date_format": parsed.layout.date_format,
        "reconciliation": {
            "status": verdict.status,
            "links_checked": verdict.links_checked,
            "links_held": verdict.links_held,
            "breaks": [_break(gap) for gap in verdict.breaks],
        },
        "problems": [_problem(problem) for problem in parsed.problems],
        "questions": [_question(question) for question in parsed.questions],
        "tamper": {"score": parsed.tamper.score, "signals": [_signal(signal) for signal in parsed.tamper.signals]},
        "notes": [*parsed.notes, *_aside(parsed), *_more(parsed)],
    }


def _major(code: str, pair: tuple[int, int]) -> tuple[str, str]:
    return str(statement.currency.from_minor(pair[0], code)), str(statement.currency.from_minor(pair[1], code))


def _account(account: statement.Account) -> dict[str, Any]:
    return {
        "number": account.number,
        "currency": None if account.currency == statement.NO_CURRENCY else account.currency,
        "bank": account.bank,
        "kind": account.kind,
    }


def _break(gap: statement.BalanceBreak) -> dict[str, Any]:
    expected, found = _major(gap.currency, (gap.expected_minor, gap.found_minor))
    return {"row": gap.row, "account": gap.account or None, "expected": expected, "found": found}


def _problem(problem: statement.Problem) -> dict[str, Any]:
    return {
        "row": problem.row,
        "column": problem.column,
        "value": problem.value,
        "reason": problem.reason,
        "code": problem.code,
    }


def _question(question: statement.Question) -> dict[str, Any]:
    return {
        "kind": question.kind,
        "field": question.field,
        "candidates": list(question.candidates),
        "why": question.why,
    }


def _signal(signal: statement.TamperSignal) -> dict[str, Any]:
    return {"code": signal.code, "weight": signal.weight, "evidence": signal.evidence}


def _aside(parsed: statement.ParsedStatement) -> list[str]:
    count = len(parsed.set_aside)
    return [f"{count} rows moved no money (failed, closed or neutral) and are in no sum"] if count else []


def _more(parsed: statement.ParsedStatement) -> list[str]:
    more = parsed.n_problems - len(parsed.problems)
    return [f"{more} further problems are not listed"] if more else []


def _show(console: Console, record: dict[str, Any]) -> None:
    console.print(f"[bold]{escape(record['file'])}[/bold]")
    if record["format"] is None:
        console.print(f"  [red]refused:[/red] {escape(record['problems'][0]['reason'])}")
        return
    console.print(_summary(record))
    _listed(console, "problem", [_line(problem) for problem in record["problems"]], "red")
    asked = [
        f"{item['field']}: {' or '.join(item['candidates']) or '?'} ({item['why']})" for item in record["questions"]
    ]
    _listed(console, "question", asked, "yellow")
    signals = [f"{item['code']} ({item['weight']:.2f}): {item['evidence']}" for item in record["tamper"]["signals"]]
    _listed(console, "sign of tampering", signals, "magenta")
    _listed(console, "note", record["notes"], "dim")


def _summary(record: dict[str, Any]) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2))
    verdict = record["reconciliation"]
    rows = {
        "format": record["format"],
        "accounts": ", ".join(account["number"] or "unnamed" for account in record["accounts"]),
        "transactions": str(record["n_transactions"]),
        "period": f"{record['first_date'] or '?'} to {record['last_date'] or '?'}",
        "money in": ", ".join(f"{value} {code}" for code, value in record["sum_credits"].items()),
        "money out": ", ".join(f"{value} {code}" for code, value in record["sum_debits"].items()),
        "written as": f"dates {record['date_format'] or '-'}, decimal {record['decimal'] or '-'}",
        "balances": f"{verdict['status']} ({verdict['links_held']} of {verdict['links_checked']} links hold)",
    }
    for name, value in rows.items():
        table.add_row(name, escape(value))
    return table


def _line(problem: dict[str, Any]) -> str:
    place = f"row {problem['row']}" + (f", {problem['column']}" if problem["column"] else "")
    return f"{place}: {problem['reason']}" + (f" ({problem['value']!r})" if problem["value"] else "")


def _listed(console: Console, name: str, lines: list[str], style: str) -> None:
    for line in lines[:_SHOWN_PROBLEMS]:
        console.print(f"  [{style}]{name}:[/{style}] {escape(line)}", soft_wrap=True)
    if len(lines) > _SHOWN_PROBLEMS:
        console.print(f"  [{style}]{len(lines) - _SHOWN_PROBLEMS} more {name}s[/{style}]")
