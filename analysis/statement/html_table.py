"""HTML with tables, which many banks name .xls: their rows as one table. Only tags of tables are looked at.

The tokeniser is this module's own: linear in the text, no document type and no entity but the characters of HTML.
"""

from __future__ import annotations

import dataclasses
import html
import re
from collections.abc import Iterator

from analysis.statement import dates, errors, limits, money, table

_START = re.compile(r"\s*<[A-Za-z!?]")
_TABLE = re.compile(r"<table[\s>]", re.IGNORECASE)
_HEAD_CHARS = 20_000
_LONGEST_TAG = 2_000
_TOKEN = re.compile(
    rf"<!--|<(?P<close>/?)(?P<name>table|tr|td|th|script|style)\b(?P<rest>[^<>]{{0,{_LONGEST_TAG}}})>",
    re.IGNORECASE,
)
_SPAN = re.compile(r"(col|row)span\s*=\s*[\"']?\s*(\d{1,4})", re.IGNORECASE)
_BREAK = re.compile(r"<(?:br|/p|/div|/li)\b[^<>]{0,100}>", re.IGNORECASE)
_END = re.compile(r"</(?:body|html)\b", re.IGNORECASE)
_TAG = re.compile(rf"</?[A-Za-z!][^<>]{{0,{_LONGEST_TAG}}}>")
_SILENT = {name: re.compile(rf"</{name}\s*>", re.IGNORECASE) for name in ("script", "style")}
_MOST_ROWS_SPANNED = 1_000


def looks_like(text: str) -> bool:
    head = text[:_HEAD_CHARS].removeprefix("\ufeff")
    return bool(_START.match(head) and _TABLE.search(text))


def read(text: str, encoding: str, bounds: limits.Limits) -> table.Table:
    """The rows of all tables in the order of the file; a table within a cell stands before the row around it."""
    return table.Table("html", lambda: table.bounded(_rows(text, bounds), bounds), encoding=encoding)


@dataclasses.dataclass(slots=True)
class _Open:
    """A table that is not closed yet: the row under way, and what cells of the rows above reach into it."""

    line: int = 0
    closed: int = 0  # rows that ended with their own tag
    cells: list[str] | None = None
    parts: list[str] | None = None  # of the cell under way
    spans: tuple[int, int] = (1, 1)  # columns, rows
    reaching: dict[int, tuple[int, str]] = dataclasses.field(default_factory=dict)  # column -> (rows left, text)


def _rows(text: str, bounds: limits.Limits) -> Iterator[table.Row]:
    reader = _Reader(bounds)
    line = counted = at = 0
    while (token := _TOKEN.search(text, at)) is not None:
        reader.said(text[at : token.start()])
        line += text.count("\n", counted, token.start())
        counted = token.start()
        at = _past(text, token)
        if token["name"]:
            yield from reader.tag(token["name"].lower(), bool(token["close"]), token["rest"], line + 1)
    reader.said(text[at:])
    if not _END.search(text, at):
        reader.refuse_cut_row()
    yield from reader.end()


def _past(text: str, token: re.Match[str]) -> int:
    """Where reading goes on: behind comments and behind elements whose content is never shown."""
    name = (token["name"] or "").lower()
    if not token["name"]:
        end = text.find("-->", token.end())
        return len(text) if end < 0 else end + 3
    if name in _SILENT and not token["close"]:
        closing = _SILENT[name].search(text, token.end())
        return closing.end() if closing else len(text)
    return token.end()


class _Reader:
    def __init__(self, bounds: limits.Limits) -> None:
        self._bounds = bounds
        self._tables: list[_Open] = []

    def said(self, text: str) -> None:
        if self._tables and (parts := self._tables[-1].parts) is not None and text:
            parts.append(text)

    def tag(self, name: str, is_closing: bool, rest: str, line: int) -> Iterator[table.Row]:
        if name == "table":
            if is_closing:
                yield from self._leave()
            else:
                self._enter()
            return
        if not self._tables or name in _SILENT:
            return
        found = self._tables[-1]
        if name == "tr":
            found.closed += is_closing
            yield from self._row_ends(found)
            if not is_closing:
                found.cells, found.line = [], line
        else:
            self._cell_ends(found)
            if not is_closing:
                self._cell_begins(found, rest, line)

    def refuse_cut_row(self) -> None:
        """Raises `MalformedStatement` where the text ends in a row of a table that closes its rows."""
        found = self._tables[-1] if self._tables else _Open()
        if found.cells is not None and found.closed:
            raise errors.MalformedStatement("the HTML ends within a row of its table", row=found.line)

    def end(self) -> Iterator[table.Row]:
        while self._tables:
            yield from self._leave()

    def _enter(self) -> None:
        if len(self._tables) >= self._bounds.nesting:
            raise errors.LimitExceeded(f"tables are nested more than {self._bounds.nesting} levels deep")
        self._tables.append(_Open())

    def _leave(self) -> Iterator[table.Row]:
        if self._tables:
            yield from self._row_ends(self._tables.pop())

    def _cell_begins(self, found: _Open, rest: str, line: int) -> None:
        if found.cells is None:
            found.cells, found.line = [], line
        spans = {kind.lower(): int(count) for kind, count in _SPAN.findall(rest)}
        found.spans = max(1, spans.get("col", 1)), min(max(1, spans.get("row", 1)), _MOST_ROWS_SPANNED)
        found.parts = []

    def _cell_ends(self, found: _Open) -> None:
        if found.parts is None or found.cells is None:
            return
        text = _shown("".join(found.parts))
        found.parts = None
        _fill(found)
        columns, rows = found.spans
        if len(found.cells) + columns > self._bounds.columns:
            raise errors.LimitExceeded(f"more than {self._bounds.columns} columns in a row", row=found.line)
        if rows > 1:
            found.reaching[len(found.cells)] = rows, _repeated(text)
        found.cells.extend((text, *[""] * (columns - 1)))

    def _row_ends(self, found: _Open) -> Iterator[table.Row]:
        self._cell_ends(found)
        if found.cells is None:
            return
        _fill(found)
        yield table.Row(found.line, found.cells)
        found.cells = None
        found.reaching = {at: (rows - 1, text) for at, (rows, text) in found.reaching.items() if rows > 1}


def _fill(found: _Open) -> None:
    """Cells that reach down from the rows above stand before the next one."""
    assert found.cells is not None
    while len(found.cells) in found.reaching and found.reaching[len(found.cells)][0] > 0:
        found.cells.append(found.reaching[len(found.cells)][1])


def _repeated(text: str) -> str:
    """What a cell over several rows says in the lower ones: an amount is not there twice."""
    return "" if money.read(text) is not None and dates.read(text) is None else text


def _shown(markup: str) -> str:
    text = markup
    if "<" in text:
        text = _TAG.sub("", _BREAK.sub(" ", text))
    return " ".join(html.unescape(text).split())
