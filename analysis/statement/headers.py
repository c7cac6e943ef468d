"""Where the table's header is, and what each of its cells may mean."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from analysis.statement import dates, money, profile, table, words

MONEY_ROLES = frozenset(("amount", "debit", "credit", "orig_amount"))
_SEARCHED_ROWS = 150


@dataclasses.dataclass(frozen=True, slots=True)
class Header:
    """`position` counts rows of the table from 0; `line` is the physical line (0: there is no header)."""

    position: int
    line: int
    names: tuple[str, ...]
    matches: tuple[words.HeaderMatch, ...]

    def scores(self, index: int) -> dict[str, float]:
        return self.matches[index].scores if index < len(self.matches) else {}

    def name(self, index: int) -> str:
        name = self.names[index].strip() if index < len(self.names) else ""
        return " ".join(name.split()) or f"column {index + 1}"

    def currency(self, index: int) -> str | None:
        return self.matches[index].currency if index < len(self.matches) else None


NONE = Header(-1, 0, (), ())


def find(rows: Sequence[table.Row]) -> Header:
    """The best header among the first rows, or `NONE` where the table starts with its first transaction."""
    best, best_score = NONE, 1.9
    for position, row in enumerate(rows[:_SEARCHED_ROWS]):
        score = header_score(row)
        if score > best_score and _data_follows(rows, position, row):
            best, best_score = _header(position, row), score
        if score <= 0 and best is not NONE and _many_transactions(rows, best.position, position):
            break
    return best


def unknown(rows: Sequence[table.Row], first: table.Row) -> Header:
    """The row right above the first transaction, as a header of words that nobody knows: as wide, and all text."""
    above = [position for position, row in enumerate(rows) if row.line < first.line and not row.blank]
    if not above:
        return NONE
    row = rows[above[-1]]
    filled = [cell for cell in row.cells if cell.strip()]
    wide = len(row.cells) >= len(first.cells) - 1 and len(filled) * 4 >= len(first.cells) * 3
    if not wide or any(_is_data(cell) or money.read(cell) for cell in filled):
        return NONE
    return _header(above[-1], row)


def header_score(row: table.Row) -> float:
    """How much a row reads like a header: known words for a date and for money, no dates and amounts themselves."""
    if len(row.cells) < 2 or any(_is_data(cell) for cell in row.cells):
        return 0.0
    matches = [words.match_header(cell) for cell in row.cells if cell.strip()]
    roles = {match.best for match in matches if match.best}
    score = sum(max(match.scores.values(), default=0.0) for match in matches)
    has_date = any({"date", "value_date"} & match.scores.keys() for match in matches)
    has_money = any(MONEY_ROLES & match.scores.keys() for match in matches)
    if len(roles) < 2 or not (has_date or has_money):
        return 0.0
    return score * 0.5 + 1.2 * has_date + 1.2 * has_money


def _header(position: int, row: table.Row) -> Header:
    return Header(position, row.line, tuple(row.cells), tuple(words.match_header(cell) for cell in row.cells))


def _is_data(cell: str) -> bool:
    text = cell.strip()
    if not any(char.isdigit() for char in text):
        return False
    amount = money.read(text)
    return (dates.read(text) is not None) or (amount is not None and money.mark_of(amount.body) is not None)


def _data_follows(rows: Sequence[table.Row], position: int, row: table.Row) -> bool:
    """Something below the row has about its width, or nothing at all is below it."""
    below = [later for later in rows[position + 1 : position + 40] if not later.blank]
    if not below:
        return True
    width = len([cell for cell in row.cells if cell.strip()])
    return any(len(later.cells) >= max(2, width // 2) for later in below)


def _many_transactions(rows: Sequence[table.Row], start: int, end: int) -> bool:
    return sum(profile.looks_like_transaction(row) for row in rows[start + 1 : end]) >= 3
