"""SpreadsheetML 2003, the XML that Excel wrote before XLSX, which banks name .xls or .xml: its sheets as tables.

https://learn.microsoft.com/previous-versions/office/developer/office-xp/aa140066(v=office.10): Index, MergeAcross and
Type of a cell. A document type (and so any entity) is refused before parsing.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from xml.etree import ElementTree

from analysis.statement import draft, errors, limits, model, sheets, table

_SPACE = "urn:schemas-microsoft-com:office:spreadsheet"
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_BASE_1904 = re.compile(r"<(?:\w{1,10}:)?Date1904\b")
_HEAD_CHARS = 4_000


def looks_like(text: str) -> bool:
    head = text[:_HEAD_CHARS]
    return _SPACE in head and re.search(r"<(?:\w{1,10}:)?Workbook\b", head) is not None


def read(text: str, encoding: str, hints: model.Hints, bounds: limits.Limits, problems: draft.Problems) -> draft.Draft:
    """Raises `MalformedStatement` for XML that is not well-formed or has a document type."""
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise errors.MalformedStatement("the XML declares a document type, which no workbook does")
    book = _Book(_DECLARATION.sub("", text.removeprefix("\ufeff"), count=1), bounds)
    base1904 = _BASE_1904.search(text) is not None
    dated = [sheets.with_dates(rows, base1904=base1904) for rows in book.sheets()]
    return sheets.read("xml-spreadsheet", dated, book.formulas, hints, problems, encoding)


class _Book:
    def __init__(self, text: str, bounds: limits.Limits) -> None:
        self._text, self._bounds = text, bounds
        self.formulas = sheets.Formulas()
        self._rows = 0

    def sheets(self) -> Iterator[list[table.Row]]:
        rows: list[table.Row] = []
        for name, element in self._elements():
            if name == "Row":
                rows.append(self._row(element, rows[-1].line if rows else 0))
                element.clear()
            elif name == "Worksheet":
                yield rows
                rows = []

    def _elements(self) -> Iterator[tuple[str, ElementTree.Element]]:
        depth = 0
        source = io.BytesIO(self._text.encode("utf-8", "replace"))
        try:
            for event, element in ElementTree.iterparse(source, events=("start", "end")):  # noqa: S314 (no DTD: see `read`)
                depth += 1 if event == "start" else -1
                if depth > self._bounds.nesting:
                    raise errors.LimitExceeded(f"the XML is nested more than {self._bounds.nesting} levels deep")
                if event == "end":
                    yield element.tag.rpartition("}")[2], element
        except ElementTree.ParseError as error:
            raise errors.MalformedStatement("the XML is not well-formed", row=error.position[0]) from error

    def _row(self, element: ElementTree.Element, before: int) -> table.Row:
        self._rows += 1
        if self._rows > self._bounds.rows:
            raise errors.LimitExceeded(f"more than {self._bounds.rows} rows")
        line = max(_whole(element, "Index"), before + 1)
        cells: list[str] = []
        for cell in element:
            if cell.tag.rpartition("}")[2] == "Cell":
                start, width = max(_whole(cell, "Index") - 1, len(cells)), 1 + _whole(cell, "MergeAcross")
                if start + width > self._bounds.columns:
                    raise errors.LimitExceeded(f"more than {self._bounds.columns} columns in a row", row=line)
                cells.extend("" for _ in range(start - len(cells)))
                cells.extend((self._value(cell), *[""] * (width - 1)))
        return table.Row(line, cells)

    def _value(self, cell: ElementTree.Element) -> str:
        formula = _attribute(cell, "Formula")
        self.formulas.count += formula is not None
        data = next((child for child in cell if child.tag.rpartition("}")[2] == "Data"), None)
        if data is None:
            return "" if formula is None else self.formulas.without_result(formula)
        text, kind = "".join(data.itertext()), _attribute(data, "Type")
        if kind == "DateTime":
            return text.partition("T")[0]
        return _number(text) if kind == "Number" else text


def _attribute(element: ElementTree.Element, name: str) -> str | None:
    return element.get(f"{{{_SPACE}}}{name}", element.get(name))


def _whole(element: ElementTree.Element, name: str) -> int:
    text = _attribute(element, name) or ""
    return int(text) if text.isdigit() and len(text) < 8 else 0


def _number(text: str) -> str:
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        return text
    return sheets.plain(value) if value.is_finite() and abs(value) < 10**18 else text
