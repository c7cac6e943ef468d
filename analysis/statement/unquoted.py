"""Commas within figures that nobody quoted in a table whose cells commas part: rows wider than their header."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence

from analysis.statement import money

_WHOLE = re.compile(r"[-+]?\d{1,12}")
_CENTS = re.compile(r"\d\d")
_HEAD_OF_THOUSANDS = re.compile(r"[-+]?\d{1,3}")
_REST_OF_THOUSANDS = re.compile(r"\d{3}\.\d\d")
_MOST = 3

Join = Callable[[list[str]], list[str]]


def joint(rows: Sequence[list[str]], likely: Callable[[list[str]], bool]) -> Join | None:
    """How rows are put together again, where it can be done for all that are too wide, and in one way only."""
    first = next((index for index, row in enumerate(rows) if likely(row)), 0)
    width = len(rows[first - 1]) if first else 0
    wide = [row for row in rows[first:] if overfull(row, width) and likely(row)] if width > 1 else []
    if not wide or not all(_joined(row, width) for row in wide):
        return None
    return lambda cells: (_joined(cells, width) or cells) if len(cells) > width else cells


def overfull(cells: Sequence[str], width: int) -> bool:
    """There are figures behind the header's last column."""
    return len(cells) > width and any(money.read(cell) for cell in cells[width:] if cell.strip())


def _joined(cells: list[str], width: int) -> list[str] | None:
    parted = [at for at, pair in enumerate(itertools.pairwise(cells)) if _belong_together(*map(str.strip, pair))]
    missing = len(cells) - width
    if not 0 < missing <= _MOST:
        return None
    ways = [
        found for found in itertools.combinations(parted, missing)
        if all(later - before > 1 for before, later in itertools.pairwise(found))
    ]  # fmt: skip
    if len(ways) != 1:
        return None
    joined: list[str] = []
    for at, cell in enumerate(cells):
        if at - 1 in ways[0]:
            joined[-1] += f",{cell.strip()}"
        else:
            joined.append(cell)
    return joined


def _belong_together(one: str, other: str) -> bool:
    if _CENTS.fullmatch(other):
        return bool(_WHOLE.fullmatch(one))
    return bool(_HEAD_OF_THOUSANDS.fullmatch(one) and _REST_OF_THOUSANDS.fullmatch(other))
