"""Text in columns of a fixed width, as printed on a terminal: read like a page, each character as wide as the next."""

from __future__ import annotations

import dataclasses
import re

from analysis.statement import dates, draft, errors, limits, model, pdf, pdf_text

_WORD = re.compile(r"\S+")
_GAP = re.compile(r"\S[ \t]{2,}\S")
_CHAR_WIDTH = 0.5  # of the size of the letters
_TAB = 8
_SNIFF_LINES = 400
_FEWEST_LINES = 2
_LINE_CHARS = 1_000


def looks_like(text: str) -> bool:
    """Some lines begin with a date and have wide gaps."""
    found = 0
    for line in text.split("\n", _SNIFF_LINES)[:_SNIFF_LINES]:
        first = line[:_LINE_CHARS].split(maxsplit=1)[:1]
        found += bool(first and dates.read(first[0]) and _GAP.search(line[:_LINE_CHARS]))
    return found >= _FEWEST_LINES


def read(text: str, encoding: str, hints: model.Hints, bounds: limits.Limits, problems: draft.Problems) -> draft.Draft:
    """Raises `NoTransactionsFound` where fewer than two lines begin with a date and end with an amount."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if len(lines) > bounds.rows:
        raise errors.LimitExceeded(f"more than {bounds.rows} lines")
    result = pdf.read_words([_words(line) for line in lines], "text", hints, bounds, problems)
    result.layout = dataclasses.replace(result.layout, encoding=encoding)
    return result


def _words(line: str) -> list[pdf_text.Word]:
    shown = line[:_LINE_CHARS].expandtabs(_TAB)
    return [
        pdf_text.Word(_CHAR_WIDTH * found.start(), _CHAR_WIDTH * found.end(), 0.0, 1.0, found[0], "")
        for found in _WORD.finditer(shown)
    ]
