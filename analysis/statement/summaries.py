"""Rows that speak of totals and balances: told apart from movements by their words."""

from __future__ import annotations

import functools

from analysis.statement import words


def _first_words() -> frozenset[str]:
    return frozenset(phrase.split()[0] for phrase in (*words.TOTALS, *words.TURNOVER, *words.OPENING, *words.CLOSING))


_FIRST_WORDS = _first_words()
_FIRST_SIGNS = frozenset(
    phrase[:2] for phrase in (*words.TOTALS, *words.TURNOVER, *words.OPENING, *words.CLOSING) if not phrase.isascii()
)


@functools.lru_cache(maxsize=65536)
def may_be(cell: str) -> bool:
    text = words.normalise(cell.split(" ", 1)[0].strip(":："))
    return text in _FIRST_WORDS or text[:2] in _FIRST_SIGNS or text.partition(" ")[0] in _FIRST_WORDS


def speaks(cells: list[str], wanted: frozenset[str]) -> bool:
    """A cell is one of the phrases, or begins with one of several words ("TOTAL STATION 12" is a petrol station)."""
    for cell in cells:
        text = words.normalise(cell) if len(cell) < 120 else ""
        tokens = text.split()
        if text in wanted or any(" ".join(tokens[:size]) in wanted for size in range(2, min(len(tokens), 5))):
            return True
        if (
            text
            and not text.isascii()
            and any(
                text.startswith(phrase)
                for phrase in wanted
                if not phrase.isascii() and len(phrase) > 1 and " " not in text
            )
        ):
            return True
    return False
