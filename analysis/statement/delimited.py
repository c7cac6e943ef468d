"""CSV and its kin: which delimiter and quoting make a table of the text, and that table."""

from __future__ import annotations

import csv
import functools
import itertools
import re
from collections.abc import Iterator
from typing import Any, Literal

from analysis.statement import dates, errors, limits, money, table, unquoted

_DELIMITERS = {";": "semicolon", ",": "comma", "\t": "tab", "|": "pipe", "^": "caret", "~": "tilde", ":": "colon"}
_SNIFF_LINES = 400
_LINE_CHARS = 1_000_000  # a reader would build all cells of a line before anybody could count them
_FORMULA = re.compile(r'^="([^"]*)"$', re.DOTALL)  # a text that spreadsheets are told not to take for a number
_MANY = 5  # amounts that all have as many decimals
_SWALLOWED_LINES = 60  # a "quoted" cell over more lines than this is an unbalanced quote


def read(text: str, encoding: str, bounds: limits.Limits) -> table.Table:
    """The table that the text is. Raises `NoTransactionsFound` where no delimiter gives rows of several cells."""
    text = text.removeprefix("\ufeff")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    text, declared = _declared_delimiter(text)
    lines = raw = list(itertools.islice(_lines(text), _SNIFF_LINES))
    wrapped = _wrapped(lines)
    if wrapped:
        lines = [cells[0] for line in lines for cells in [_cells(line)] if cells]
    delimiter = declared or _delimiter_of(lines)
    quoting = _quoting(text, delimiter)
    source = functools.partial(_rows, text, delimiter, quoting, wrapped, bounds)
    cut = _cut(text, delimiter, quoting, raw)
    join = unquoted.joint(list(_reader(iter(lines), delimiter, quoting)), _likely) if delimiter == "," else None
    if join is None:
        return table.Table("csv", source, _DELIMITERS.get(delimiter, delimiter), encoding, cut)
    note = "commas within figures stand without quotes: the cells that they part were put together again"
    return table.Table("csv", lambda: _put_together(source(), join), "comma", encoding, cut, (note,))


def _put_together(rows: Iterator[table.Row], join: unquoted.Join) -> Iterator[table.Row]:
    return (table.Row(row.line, join(row.cells)) for row in rows)


def _cut(text: str, delimiter: str, quoting: _Quoting, lines: list[str]) -> int | None:
    """The last line where it has no end and less in it than every row before: the file was not written to its end."""
    tail = text[text.rfind("\n") + 1 :]
    if not tail.strip() or len(tail) > _LINE_CHARS:
        return None
    number = text.count("\n") + 1
    if text.count('"') % 2 and _OPEN_QUOTE.search(tail):
        return number
    cells: list[str] = next(_reader(iter([tail]), delimiter, quoting), [])
    rows = [row for row in _reader(iter(lines), delimiter, quoting) if len(row) > 1]
    rows = rows[:-1] if rows and rows[-1] == cells else rows
    first = next((at for at, row in enumerate(rows) if _likely(row)), len(rows))
    others = [*rows[max(first - 1, 0) : first], *filter(_likely, rows[first:])]  # with the heading above the first
    early = bool(others) and _ends_early(cells, others, stripped=delimiter == "\t" or len(others) == 1)
    return number if cells and (early or _ends_in_figure(cells, others[1:])) else None


_OPEN_QUOTE = re.compile(r'(?:^|[;,\t|])"[^"]*$')


def _ends_early(cells: list[str], others: list[list[str]], *, stripped: bool) -> bool:
    """All rows above have more cells; where the end of the text may have lost its tabs, more that are never empty."""
    width = min(map(len, others))
    if stripped or len(set(map(len, others))) > 1:
        return any(all(row[at].strip() for row in others) for at in range(len(cells), width))
    return len(cells) < width


def _ends_in_figure(cells: list[str], others: list[list[str]]) -> bool:
    """The last cell ends with its decimal mark, or has fewer decimals than all of many above it."""
    found = _decimals(cells[-1])
    above = {_decimals(row[len(cells) - 1]) for row in others if len(row) == len(cells)}
    if found is None or len(above) != 1 or not (usual := above.pop()):
        return False
    return found < usual and (cells[-1].strip()[-1:] in (".", ",") or len(others) >= _MANY)


def _decimals(cell: str) -> int | None:
    amount = money.read(cell.strip().rstrip(".,"))
    if amount is None:
        return None
    mark = money.mark_of(amount.body)
    return len(amount.body) - 1 - amount.body.rfind({"point": ".", "comma": ","}[mark]) if mark else 0


def _declared_delimiter(text: str) -> tuple[str, str | None]:
    head, _, rest = text.partition("\n")
    head = head.strip().strip('"')
    if head.lower().startswith("sep=") and len(head) == 5:
        return "\n" + rest, head[4]  # the empty first line keeps the line numbers true
    return text, None


def _lines(text: str) -> Iterator[str]:
    """Lines with their ends (a cell may hold any of the other separators that `splitlines` knows)."""
    start = 0
    size = len(text)
    while start < size:
        end = text.find("\n", start)
        end = size if end < 0 else end + 1
        if end - start > _LINE_CHARS:
            raise errors.LimitExceeded(f"a line is longer than {_LINE_CHARS} characters")
        yield text[start:end]
        start = end


def _delimiter_of(lines: list[str]) -> str:
    scored = {mark: _score(lines, mark) for mark in _DELIMITERS if any(mark in line for line in lines)}
    best = max(scored, key=lambda mark: scored[mark], default=None)
    if best is None or scored[best] <= 0:
        raise errors.NoTransactionsFound("the text is no table: no line has both a date and an amount in columns")
    return best


def _score(lines: list[str], delimiter: str) -> float:
    """How many rows look like transactions under a delimiter, and how alike their widths are."""
    rows = [row for row in _reader(iter(lines), delimiter, csv.QUOTE_MINIMAL) if len(row) > 1]
    likely = [row for row in rows if _likely(row)]
    if not likely:
        return 0.01 * sum(len(row) > 2 for row in rows) if delimiter in ";,\t|" else 0.0
    widths = [len(row) for row in likely]
    common = max(set(widths), key=widths.count)
    steady = widths.count(common) / len(widths)
    return len(likely) * (0.3 + 0.7 * steady) + min(common, 12) * 0.05


def _likely(row: list[str]) -> bool:
    dated = any(dates.read(cell) for cell in row if len(cell) <= 45)
    return dated and any(
        (amount := money.read(cell)) and (money.mark_of(amount.body) or amount.sign or len(amount.body) <= 7)
        for cell in row
        if not dates.read(cell)
    )


def _wrapped(lines: list[str]) -> bool:
    """Every line is one quoted cell that holds the real, quoted line."""
    solid = [line for line in lines if line.strip()][:50]
    return len(solid) > 1 and all(line.lstrip()[:1] == '"' and len(_cells(line)) == 1 for line in solid)


def _cells(line: str) -> list[str]:
    cells: list[str] = next(_reader(iter([line]), "\0", csv.QUOTE_MINIMAL), [])
    return cells


def _quoting(text: str, delimiter: str) -> _Quoting:
    """QUOTE_NONE where a lone quote would swallow the rest of the file."""
    if '"' not in text:
        return csv.QUOTE_MINIMAL
    last = 0
    cells: list[str] = []
    reader = _reader(_lines(text), delimiter, csv.QUOTE_MINIMAL)
    try:
        for row in reader:
            cells = row
            if reader.line_num - last > _SWALLOWED_LINES:
                return csv.QUOTE_NONE
            last = reader.line_num
    except csv.Error:  # a cell beyond the module's own limit: swallowed as well
        return csv.QUOTE_NONE
    return csv.QUOTE_NONE if text.count('"') % 2 and any("\n" in cell for cell in cells) else csv.QUOTE_MINIMAL


_Quoting = Literal[0, 3]  # csv.QUOTE_MINIMAL, csv.QUOTE_NONE


def _reader(lines: Iterator[str], delimiter: str, quoting: _Quoting) -> Any:
    return csv.reader(lines, delimiter=delimiter, quoting=quoting, skipinitialspace=delimiter != "\t")


def _rows(text: str, delimiter: str, quoting: _Quoting, wrapped: bool, bounds: limits.Limits) -> Iterator[table.Row]:
    return table.bounded(_split(text, delimiter, quoting, wrapped), bounds)


def _split(text: str, delimiter: str, quoting: _Quoting, wrapped: bool) -> Iterator[table.Row]:
    reader = _reader(_lines(text), delimiter, quoting)
    last, formulas = 0, '="' in text
    try:
        for cells in reader:
            line, last = last + 1, reader.line_num
            inner = wrapped and len(cells) == 1
            found = next(_reader(iter(cells), delimiter, csv.QUOTE_MINIMAL), []) if inner else cells
            yield table.Row(line, [_FORMULA.sub(r"\1", cell) for cell in found] if formulas else found)
    except csv.Error as error:
        raise errors.LimitExceeded("a cell is longer than any bank writes", row=last + 1) from error
