"""Text in columns of a fixed width, as printed on a terminal: columns are what no line with a date leaves blank.

Where the gaps between columns are too narrow for that, each line is read like one of a page: date, words, figures.
"""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from analysis.statement import dates, draft, errors, limits, model, pdf, pdf_text, table, tabular

_WORD = re.compile(r"\S+")
_SEGMENT = re.compile(r"\S+(?: \S+)*")
_GAP = re.compile(r"\S[ \t]{2,}\S")
_NARROWEST_GAP = 2
_FEWEST_COLUMNS = 3
_CHAR_WIDTH = 0.5  # of the size of the letters
_TAB = 8
_SNIFF_LINES = 400
_FEWEST_LINES = 2
_LINE_CHARS = 1_000


class _Span(NamedTuple):
    start: int
    end: int


def looks_like(text: str) -> bool:
    """Some lines begin with a date and have wide gaps."""
    return sum(map(_is_dated, text.split("\n", _SNIFF_LINES)[:_SNIFF_LINES])) >= _FEWEST_LINES


def _is_dated(line: str) -> bool:
    shown = line[:_LINE_CHARS].strip()
    gap = _GAP.search(shown)
    return gap is not None and any(map(dates.read, (shown[: gap.start() + 1], shown.partition(" ")[0])))


def read(text: str, encoding: str, hints: model.Hints, bounds: limits.Limits, problems: draft.Problems) -> draft.Draft:
    """Raises `NoTransactionsFound` where fewer than two lines begin with a date and hold an amount."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if len(lines) > bounds.rows:
        raise errors.LimitExceeded(f"more than {bounds.rows} lines")
    lines = [line[:_LINE_CHARS].expandtabs(_TAB) for line in lines]
    result = _by_columns(lines, hints, bounds, problems)
    if result is None:
        result = pdf.read_words([_words(line) for line in lines], "text", hints, bounds, problems)
    result.layout = dataclasses.replace(result.layout, encoding=encoding)
    return result


def _by_columns(
    lines: Sequence[str], hints: model.Hints, bounds: limits.Limits, problems: draft.Problems
) -> draft.Draft | None:
    columns = _columns(list(itertools.islice(filter(_is_dated, lines), table.SAMPLE_ROWS)))
    if len(columns) < _FEWEST_COLUMNS:
        return None
    source = table.Table("text", lambda: table.bounded(_rows(lines, columns), bounds))
    try:
        return tabular.read(source, hints, problems)
    except errors.NoTransactionsFound:
        return None


def _columns(lines: Sequence[str]) -> list[_Span]:
    """From gap to gap: two or more places that are blank in all lines."""
    inked = {at for line in lines for found in _WORD.finditer(line) for at in range(*found.span())}
    spans: list[_Span] = []
    for at in sorted(inked):
        if spans and at - spans[-1].end < _NARROWEST_GAP:
            spans[-1] = _Span(spans[-1].start, at + 1)
        else:
            spans.append(_Span(at, at + 1))
    return spans


def _rows(lines: Sequence[str], columns: Sequence[_Span]) -> Iterator[table.Row]:
    for number, line in enumerate(lines, 1):
        found = list(_SEGMENT.finditer(line))
        if len(found) == 1 and found[0].start() == 0:
            yield table.Row(number, [found[0][0]])
            continue
        cells = [""] * len(columns)
        for segment in found:
            at = _nearest(columns, _Span(*segment.span()))
            cells[at] = f"{cells[at]} {segment[0]}".strip()
        yield table.Row(number, cells)


def _nearest(columns: Sequence[_Span], segment: _Span) -> int:
    """The column under most of the segment, else the one beside it."""

    def apart(at: int) -> int:
        return max(columns[at].start, segment.start) - min(columns[at].end, segment.end)

    return min(range(len(columns)), key=apart)


def _words(line: str) -> list[pdf_text.Word]:
    return [
        pdf_text.Word(_CHAR_WIDTH * found.start(), _CHAR_WIDTH * found.end(), 0.0, 1.0, found[0], "")
        for found in _WORD.finditer(line)
    ]
