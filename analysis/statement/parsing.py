"""One door for every format: the content says which reader gets it."""

from __future__ import annotations

import contextlib
import datetime
import gc
from collections.abc import Iterator

from analysis.statement import (
    assemble,
    camt,
    decoding,
    delimited,
    draft,
    errors,
    fixed_width,
    html_table,
    json_format,
    limits,
    model,
    mt940,
    ofx,
    pdf,
    picture,
    qif,
    records,
    spreadsheet_xml,
    tabular,
    xlsx,
)


def parse(
    data: bytes,
    *,
    file_name: str = "",
    hints: model.Hints | None = None,
    limits: limits.Limits = limits.DEFAULT,
    as_of: datetime.date | None = None,
) -> model.ParsedStatement:
    """Read a statement of any supported format.

    `file_name` appears in problems and never decides the format. `as_of` is today's date, for the sign of dates in
    the future. Raises `StatementRefused` where the file as a whole cannot be read.
    """
    if len(data) > limits.size_bytes:
        raise errors.LimitExceeded(f"the file is larger than {limits.size_bytes} bytes")
    problems = draft.Problems(file_name, limits.problems)
    with _without_collector():
        parsed = assemble.assemble(_draft(data, hints or model.Hints(), limits, problems), as_of)
    if not parsed.transactions and not parsed.set_aside and not parsed.problems and not _may_be_empty(parsed):
        raise errors.NoTransactionsFound("no row of the file is a transaction")
    return parsed


@contextlib.contextmanager
def _without_collector() -> Iterator[None]:
    """Rows hold no cycles, yet the cyclic collector would walk all of them again and again (a sixth of the time)."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _may_be_empty(parsed: model.ParsedStatement) -> bool:
    """Structured statements of a quiet period have no rows; a table without rows is no statement."""
    return parsed.layout.format in ("json", "ofx", "qif", "mt940", "camt")


def _draft(data: bytes, hints: model.Hints, bounds: limits.Limits, problems: draft.Problems) -> draft.Draft:
    if xlsx.looks_like(data):
        return xlsx.read(data, hints, bounds, problems)
    if pdf.looks_like(data):
        return pdf.read(data, hints, bounds, problems)
    if picture.looks_like(data):
        return picture.read(data, hints, bounds, problems)
    if xlsx.is_old_office(data):
        raise errors.UnknownFormat("an Excel file before 2007 or with a password: save it as XLSX or CSV without one")
    text, encoding = decoding.decode(data, ofx.declared_encoding(data))
    return _from_text(text, encoding, hints, bounds, problems)


# Before JSON: a SWIFT envelope begins with a brace.
_MARKED = ((ofx.looks_like, ofx.read), (camt.looks_like, camt.read), (mt940.looks_like, mt940.read))


def _from_text(
    text: str, encoding: str, hints: model.Hints, bounds: limits.Limits, problems: draft.Problems
) -> draft.Draft:
    for looks_like, read in _MARKED:
        if looks_like(text):
            return read(text, encoding, bounds, problems)
    if spreadsheet_xml.looks_like(text):
        return spreadsheet_xml.read(text, encoding, hints, bounds, problems)
    if json_format.looks_like(text):
        return json_format.read(text, hints, bounds, problems)
    if qif.looks_like(text):
        return qif.read(text, encoding, hints, bounds, problems)
    if html_table.looks_like(text):
        return tabular.read(html_table.read(text, encoding, bounds), hints, problems)
    return _plain(text, encoding, hints, bounds, problems)


def _plain(
    text: str, encoding: str, hints: model.Hints, bounds: limits.Limits, problems: draft.Problems
) -> draft.Draft:
    """A table by delimiter; where it is none, perhaps labelled lines or columns of a fixed width."""
    labelled = records.read(text, encoding, bounds)
    if labelled is not None:
        return tabular.read(labelled, hints, problems)
    try:
        return tabular.read(delimited.read(text, encoding, bounds), hints, problems)
    except errors.NoTransactionsFound:
        if not fixed_width.looks_like(text):
            raise
    return fixed_width.read(text, encoding, hints, bounds, problems)
