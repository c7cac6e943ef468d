"""Rows that speak of totals and balances: told apart from movements by their words."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal

from analysis.statement import words

_ALL = (*words.TOTALS, *words.TURNOVER, *words.OPENING, *words.CLOSING)
_FIRST_WORDS = frozenset(phrase.split()[0] for phrase in _ALL)
_FIRST_SIGNS = frozenset(phrase[:2] for phrase in _ALL if not phrase.isascii())
_KNOWN_LIMIT = 20_000
_LONGEST = 120
_BOTH = 2


class Sides:
    """Money in and out of a table so far: a row without a date that repeats them is their total, whatever it says."""

    def __init__(self) -> None:
        self._rows = 0
        self._in = Decimal(0)
        self._out = Decimal(0)

    def add(self, amount: Decimal) -> None:
        self._rows += 1
        if amount > 0:
            self._in += amount
        else:
            self._out -= amount

    def are_summed(self, figures: Iterable[Decimal | None]) -> bool:
        """True where the figures of a row are both sides, or one of them or their difference in a longer table."""
        found = sorted(abs(figure) for figure in figures if figure)
        if len(found) == _BOTH:
            return self._rows >= _BOTH and found == sorted((self._in, self._out))
        return len(found) == 1 and self._rows > _BOTH and found[0] in (self._in, self._out, abs(self._in - self._out))


def first_word_test() -> Callable[[str], bool]:
    """A quick test of a cell's first word, with a memory of its own; True means "look closer"."""
    known: dict[str, bool] = {}

    def may_be(cell: str) -> bool:
        found = known.get(cell)
        if found is not None:
            return found
        first = cell[:40].lstrip().partition(" ")[0]
        found = known.get(first)
        if found is None:
            if len(known) >= _KNOWN_LIMIT:
                known.clear()
            found = known[first] = _starts_summary(first)
        return found

    return may_be


def _starts_summary(first: str) -> bool:
    text = words.normalise(first)
    if len(text) == 1:  # perhaps a spaced word: "S A L D O"
        return True
    return text.partition(" ")[0] in _FIRST_WORDS or text[:2] in _FIRST_SIGNS


def speaks(cells: list[str], wanted: frozenset[str]) -> bool:
    """A cell is one of the phrases, or begins with one of several words ("TOTAL STATION 12" is a petrol station)."""
    return any(_speaks(words.normalise(cell), wanted) for cell in cells if cell and len(cell) < _LONGEST)


def _speaks(text: str, wanted: frozenset[str]) -> bool:
    tokens = text.split()
    if len(tokens) > 3 and all(len(token) == 1 for token in tokens):  # "S A L D O"
        text = "".join(tokens)
    if text in wanted or any(" ".join(tokens[:size]) in wanted for size in range(2, min(len(tokens), 5))):
        return True
    # Scripts without spaces: the phrase may be glued to what follows it.
    return " " not in text and not text.isascii() and any(text.startswith(phrase) for phrase in _glued(wanted))


def is_title(text: str) -> bool:
    """A line of text amid the rows that heads a group of them, or sums it up."""
    tokens = words.normalise(text[:_LONGEST]).split()
    if not tokens or len(tokens) > 8:
        return False
    return tokens[0] in _FIRST_WORDS or (len(tokens) <= 4 and bool(words.TITLES.intersection(tokens)))


def _glued(wanted: frozenset[str]) -> list[str]:
    return [phrase for phrase in wanted if not phrase.isascii() and len(phrase) > 1]
