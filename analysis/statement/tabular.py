"""Any bank's table, understood: its header is found, its columns planned, its rows walked, table after table."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from analysis.statement import (
    dates,
    draft,
    edges,
    errors,
    facts,
    headers,
    model,
    plan,
    planning,
    profile,
    rows,
    sections,
    table,
    unquoted,
)

_MAX_SECTIONS = 50


def read(source: table.Table, hints: model.Hints, problems: draft.Problems) -> draft.Draft:
    """The draft of a table. Raises `NoTransactionsFound` where no row of it can be one."""
    first = _section(source, 0, hints)
    result = draft.Draft(_layout(source, first.planned), (), problems)
    result.currency = first.planned.currency or hints.currency
    result.minor_units = first.planned.minor_units
    result.notes.extend(source.notes)
    result.questions.extend(first.questions)
    result.rows = _walk(source, first, hints, result)
    return result


class _Section(NamedTuple):
    planned: plan.Plan
    known: facts.Facts
    questions: list[model.Question]
    notes: list[str]
    titled: bool = False  # the titles above the rows say which way the money went


def _section(source: table.Table, start: int, hints: model.Hints) -> _Section:
    sample = source.sample(start)
    header = headers.find(sample)
    body = [row for row in sample[header.position + 1 :] if not row.blank]
    core = _core(body, header)
    if header is headers.NONE and core:
        header = headers.unknown(sample, core[0])
        body = [row for row in sample[header.position + 1 :] if not row.blank]
    if not core and header is headers.NONE:
        raise errors.NoTransactionsFound("no row holds both a date and an amount")
    known = facts.gather(sample, header.position if header is not headers.NONE else _first_core(sample))
    planned, questions, notes = planning.settle(core, body, header, known, hints)
    if header is headers.NONE and (lead := edges.lead(core, planned)):
        header = dataclasses.replace(header, position=_first_core(sample))
        known = facts.gather(sample, header.position + 1)
        known.opening, known.closing = lead
        body = [row for row in body if row is not core[0]]
        planned, questions, notes = planning.settle(core[1:], body, header, known, hints)
        notes.append("the first row sums the others up and was not taken as a movement")
    wide = [row for row in core if unquoted.overfull(row.cells, len(header.names))] if header.line else []
    planned.narrow = len(wide) * 2 <= len(core)
    if header is not headers.NONE:
        planned.header = dataclasses.replace(header, position=header.position + start)
    elif start:
        planned.header = dataclasses.replace(header, position=start - 1)
    asked = [question for question in questions if question.kind == "sign"]
    titled = bool(asked) and planned.money.source == "sign" and sections.tell(sample, planned)
    if titled:
        questions = [question for question in questions if question not in asked]
        notes = [*notes, sections.NOTE]
    return _Section(planned, known, questions, notes, titled)


def _walk(
    source: table.Table, section: _Section | None, hints: model.Hints, result: draft.Draft
) -> Iterator[draft.DraftRow]:
    """The rows of all tables of the file, each under its own plan."""
    for _ in range(_MAX_SECTIONS):
        if section is None:
            return
        walked = sections.signed(source, section.planned) if section.titled else source
        walker = rows.Walker(walked, section.planned, result.problems, section.known)
        yield from walker.rows()
        result.notes.extend((*section.notes, *walker.notes))
        result.balances.extend(walker.balances)
        result.declared.extend(walker.declared)
        section = _next(source, walker, section, hints, result)


def _next(
    source: table.Table, walker: rows.Walker, before: _Section, hints: model.Hints, result: draft.Draft
) -> _Section | None:
    if walker.next_start is None:
        return None
    try:
        found = _section(source, walker.next_start, hints)
    except errors.NoTransactionsFound:
        result.notes.append("a further table without transactions was left out")
        return None
    found.known.account = found.known.account or walker.account
    found.known.pending = walker.pending
    found.known.currency = found.known.currency or before.planned.currency
    result.questions.extend(question for question in found.questions if question not in result.questions)
    return found


def _core(body: Sequence[table.Row], header: headers.Header) -> list[table.Row]:
    """The rows that look like transactions, of the usual width."""
    likely = [row for row in body if profile.looks_like_transaction(row)]
    if header is not headers.NONE or not likely:
        return likely
    widths = [len(row.cells) for row in likely]
    usual = max(set(widths), key=widths.count)
    return [row for row in likely if abs(len(row.cells) - usual) <= max(1, usual // 4)]


def _first_core(sample: Sequence[table.Row]) -> int:
    return next((index for index, row in enumerate(sample) if profile.looks_like_transaction(row)), 0)


def _layout(source: table.Table, planned: plan.Plan) -> model.Layout:
    money = planned.money
    named = {
        "date": planned.dates[:1], "value_date": (planned.value_date,), "amount": (money.amount,),
        "debit": (money.debit,),
        "credit": (money.credit,), "flag": (money.flag,), "balance": (money.balance,), "fee": (money.fee,),
        "currency": planned.currencies[:1], "text": planned.texts, "counterparty": planned.counterparty,
        "type": (planned.code,), "id": (planned.id,), "account": (planned.account,), "status": (planned.status,),
    }  # fmt: skip
    spoken = {planned.header.name(index): role for role, found in named.items() for index in found if index is not None}
    first = next(
        (parts for row in source.sample(planned.header.position + 1, 400) if (parts := _parts(row, planned))), None
    )
    marks = [planned.marks[index] for index in money.columns if index in planned.marks]
    return model.Layout(
        format=source.format,
        delimiter=source.delimiter,
        encoding=source.encoding,
        header_line=planned.header.line,
        roles=spoken,
        date_format=dates.format_of(first, planned.order) if first else None,
        decimal=marks[0] if marks else None,
        sign_convention=money.convention,
        confidence=planned.confidence,
    )


def _parts(row: table.Row, planned: plan.Plan) -> dates.Parts | None:
    index = planned.dates[0]
    return dates.read(row.cells[index]) if index < len(row.cells) else None
