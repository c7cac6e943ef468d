"""A table of text cells with the physical line of each row: what CSV, XLSX and PDF have in common."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterator
from typing import NamedTuple

from analysis.statement import errors, limits

SAMPLE_ROWS = 2_000


class Row(NamedTuple):
    line: int
    cells: list[str]

    @property
    def blank(self) -> bool:
        return not any(cell and not cell.isspace() for cell in self.cells)


@dataclasses.dataclass(frozen=True, slots=True)
class Table:
    """Rows can be walked several times; `source` must yield the same rows each time."""

    format: str
    source: Callable[[], Iterator[Row]]
    delimiter: str | None = None
    encoding: str | None = None
    cut: int | None = None  # the line of a last row in which the text breaks off
    notes: tuple[str, ...] = ()

    def rows(self, start: int = 0) -> Iterator[Row]:
        return itertools.islice(self.source(), start, None)

    def sample(self, start: int = 0, count: int = SAMPLE_ROWS) -> list[Row]:
        return list(itertools.islice(self.source(), start, start + count))


def bounded(rows: Iterator[Row], bounds: limits.Limits) -> Iterator[Row]:
    """The same rows; raises `LimitExceeded` at the first one beyond the limits."""
    for count, row in enumerate(rows, 1):
        if count > bounds.rows:
            raise errors.LimitExceeded(f"more than {bounds.rows} rows", row=row.line)
        if len(row.cells) > bounds.columns:
            raise errors.LimitExceeded(f"more than {bounds.columns} columns in a row", row=row.line)
        if row.cells and max(map(len, row.cells)) > bounds.cell_chars:
            raise errors.LimitExceeded(f"a cell is longer than {bounds.cell_chars} characters", row=row.line)
        yield row
