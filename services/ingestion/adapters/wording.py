"""A parsed statement as its owner is told of it, and the form's words for hints and questions."""

from __future__ import annotations

from collections.abc import Mapping

from analysis import statement
from analysis.statement import model
from services.ingestion import domain, sanitising
from services.ingestion.understanding import (
    LISTED,
    BalanceBreak,
    Layout,
    Reconciliation,
    RowProblem,
    Signal,
    Tamper,
    Understanding,
)

_MARKS: Mapping[model.DecimalMark, str] = {"point": ".", "comma": ","}
_DECIMALS: Mapping[model.DecimalHint, str] = {"point": ".", "comma": ",", "minor": "minor"}
_SIGNS: Mapping[model.Sign, str] = {"signed": "credit", "inverted": "debit"}
_FORM_WORDS: Mapping[str, dict[str, str]] = {"decimal": dict(_DECIMALS.items()), "sign": dict(_SIGNS.items())}
_SENTENCE_CHARS = 300
_VALUE_CHARS = 100
_NOTES = 50


def decimal_hint(mark: str | None) -> model.DecimalHint | None:
    """The parser's word for the form's decimal mark, or for amounts that count minor units."""
    return next((word for word, said in _DECIMALS.items() if said == mark), None)


def sign_hint(meant: str | None) -> model.Sign | None:
    """The parser's word for what the form says a plain positive amount is."""
    return next((word for word, said in _SIGNS.items() if said == meant), None)


def open_point(question: statement.Question) -> domain.OpenPoint:
    words = _FORM_WORDS.get(question.field, {})
    candidates = tuple(words.get(candidate, candidate) for candidate in question.candidates)
    return domain.OpenPoint(question.field, candidates, _sentence(question.why))


def understanding(parsed: statement.ParsedStatement) -> Understanding:
    """Dates are left out while a question is about them: they would be a guess."""
    is_dated = not any(question.kind in ("date_order", "year") for question in parsed.questions)
    first, last = (parsed.first_date, parsed.last_date) if is_dated else (None, None)
    sums = sorted(parsed.sums_minor().items())
    return Understanding(
        account_count=len(parsed.accounts),
        transaction_count=len(parsed.transactions),
        first_date=first.isoformat() if first else "",
        last_date=last.isoformat() if last else "",
        currencies=parsed.currencies,
        sum_credits={code: _major(credit, code) for code, (credit, _) in sums},
        sum_debits={code: _major(debit, code) for code, (_, debit) in sums},
        layout=_layout(parsed.layout),
        reconciliation=_reconciliation(parsed.reconciliation),
        problems=tuple(_problem(problem) for problem in parsed.problems[:LISTED]),
        problem_count=parsed.n_problems,
        tamper=Tamper(parsed.tamper.score, tuple(_signal(signal) for signal in parsed.tamper.signals)),
        notes=_notes(parsed),
    )


def _major(amount_minor: int, code: str) -> str:
    return str(statement.currency.from_minor(amount_minor, code))


def _layout(layout: statement.Layout) -> Layout:
    return Layout(
        format=layout.format,
        delimiter=layout.delimiter or "",
        encoding=layout.encoding or "",
        decimal=_MARKS[layout.decimal] if layout.decimal else "",
        date_format=layout.date_format or "",
        sign_convention=layout.sign_convention or "",
        confidence=layout.confidence,
    )


def _reconciliation(verdict: statement.Reconciliation) -> Reconciliation:
    breaks = tuple(_break(gap) for gap in verdict.breaks[:LISTED])
    return Reconciliation(verdict.status, verdict.links_checked, verdict.links_held, breaks)


def _break(gap: statement.BalanceBreak) -> BalanceBreak:
    return BalanceBreak(
        row=gap.row,
        account=sanitising.line(gap.account, sanitising.NAME_CHARS),
        currency=gap.currency,
        expected=_major(gap.expected_minor, gap.currency),
        found=_major(gap.found_minor, gap.currency),
    )


def _problem(problem: statement.Problem) -> RowProblem:
    column = sanitising.line(problem.column, sanitising.CODE_CHARS)
    return RowProblem(problem.row, column, _sentence(problem.reason), sanitising.line(problem.value, _VALUE_CHARS))


def _signal(signal: statement.TamperSignal) -> Signal:
    return Signal(signal.code, signal.weight, _sentence(signal.evidence))


def _notes(parsed: statement.ParsedStatement) -> tuple[str, ...]:
    notes = [_sentence(note) for note in parsed.notes[:_NOTES]]
    if parsed.set_aside:
        notes.append(f"{len(parsed.set_aside)} rows moved no money (failed, closed or neutral) and are left out")
    return tuple(notes)


def _sentence(said: str) -> str:
    return sanitising.line(said, _SENTENCE_CHARS)
