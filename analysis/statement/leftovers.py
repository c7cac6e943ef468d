"""Rows that were not taken: a problem amid the table, a footer behind it, a title between."""

from __future__ import annotations

from typing import NamedTuple

from analysis.statement import draft, table

_FEW_STRAYS = 3  # more of them are titles of groups or pages
_TAIL_ROWS = 40  # footer lines remembered until it is known whether the table goes on


class _Doubt(NamedTuple):
    row: table.Row
    column: str
    value: str
    reason: str
    code: str
    described: bool


class Leftovers:
    """Keeps doubtful rows until the next transaction (then they are problems) or the end (then perhaps a footer)."""

    def __init__(self, problems: draft.Problems) -> None:
        self._problems = problems
        self._tail: list[_Doubt] = []
        self._strays: list[tuple[int, str, str]] = []
        self._without_amount = 0
        self._first_row = 0
        self._last_row = 0

    def problem(self, row: table.Row, column: str, value: str, reason: str, code: str) -> None:
        self.settle()
        self._problems.add(row.line, column, value, reason, code)

    def doubt(self, row: table.Row, column: str, value: str, reason: str, code: str, *, described: bool) -> None:
        """A problem, unless the file ends here: then it was a footer. `described`: it has a text like a movement."""
        self._tail.append(_Doubt(row, column, value, reason, code, described))
        if len(self._tail) > _TAIL_ROWS:
            self.settle()

    def stray(self, row: table.Row, column: str, text: str) -> None:
        self._strays.append((row.line, column, text))

    def without_amount(self) -> None:
        self._without_amount += 1

    def taken(self, row: table.Row) -> None:
        """A transaction: what stood before it was amid the table."""
        self._first_row = self._first_row or row.line
        self._last_row = row.line
        if self._tail:
            self.settle()

    def settle(self) -> None:
        for doubt in self._tail:
            self._problems.add(doubt.row.line, doubt.column, doubt.value, doubt.reason, doubt.code)
        self._tail.clear()

    def forget(self) -> None:
        """Another header follows: what stood before it was a footer and a title."""
        self._tail.clear()
        self._strays = [stray for stray in self._strays if stray[0] < self._last_row]

    def finish(self) -> list[str]:
        """The end of the table: what is still a problem is reported, the rest becomes notes."""
        notes = self._finish_strays()
        footer = 0
        for doubt in self._tail:
            if doubt.described or (doubt.code == "bad_date" and any(char.isdigit() for char in doubt.value)):
                self._problems.add(doubt.row.line, doubt.column, doubt.value, doubt.reason, doubt.code)
            else:
                footer += 1
        if footer:
            notes.append(f"{footer} lines at the end were taken as a footer")
        if self._without_amount:
            notes.append(f"{self._without_amount} rows have no amount and were left out")
        return notes

    def _finish_strays(self) -> list[str]:
        strays = [stray for stray in self._strays if self._first_row < stray[0] < self._last_row]
        if len(strays) > _FEW_STRAYS:
            return [f"{len(strays)} lines of text amid the rows were left out"]
        for line, column, text in strays:
            self._problems.add(line, column, text, "the row holds text and neither date nor amount", "stray_text")
        return []
