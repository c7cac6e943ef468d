"""XLSX (ECMA-376): the sheets of a workbook as tables. Nothing is calculated: a formula counts by its stored result.

A workbook is a zip of XML, so both kinds of bomb are refused: sizes are counted while inflating, never believed.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import IO
from xml.etree import ElementTree

from analysis.statement import draft, errors, limits, model, sheets, table

_DATE_FORMATS = frozenset((*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)))
_LITERALS = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|_.|\*.')
_REFERENCE = re.compile(r"([A-Z]{1,3})(\d{1,7})")
_MAX_PARTS = 2_000


def looks_like(data: bytes) -> bool:
    return data[:4] == b"PK\x03\x04"


def is_old_office(data: bytes) -> bool:
    """An OLE container: XLS before 2007, or an XLSX that is encrypted."""
    return data[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def read(data: bytes, hints: model.Hints, bounds: limits.Limits, problems: draft.Problems) -> draft.Draft:
    """All sheets that hold transactions; raises `NoTransactionsFound` where none does."""
    book = _Book(data, bounds)
    found = (list(table.bounded(book.rows(name), bounds)) for name in book.sheets())
    dated = (sheets.with_dates(rows, base1904=book.base1904) for rows in found)
    return sheets.read("xlsx", dated, book.formulas, hints, problems)


class _Book:
    def __init__(self, data: bytes, bounds: limits.Limits) -> None:
        self.bounds = bounds
        self._left = bounds.inflated_bytes
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
            raise errors.MalformedStatement("the workbook is not a whole zip file") from error
        self._parts = {info.filename.lstrip("/"): info for info in self._zip.infolist()[:_MAX_PARTS]}
        if not any(name.startswith("xl/") for name in self._parts):
            raise errors.UnknownFormat(
                "the zip file holds no Excel workbook: unpack it, or save a sheet as XLSX or CSV"
            )
        if "xl/workbook.bin" in self._parts:
            raise errors.UnknownFormat("a binary Excel workbook (XLSB): save it as XLSX or CSV")
        self.formulas = sheets.Formulas()
        self.base1904 = False
        self._shared: list[str] = []
        self._dates: list[bool] = []

    def sheets(self) -> list[str]:
        """Parts of the worksheets in the order of the workbook; loads strings and styles on the way."""
        if "xl/sharedStrings.xml" in self._parts:
            self._shared = [_texts(item) for item in self._elements("xl/sharedStrings.xml", "si")]
        if "xl/styles.xml" in self._parts:
            self._dates = list(self._date_styles())
        for element in self._elements("xl/workbook.xml", "workbookPr") if "xl/workbook.xml" in self._parts else ():
            self.base1904 = element.get("date1904") in ("1", "true")
        found = [name for name in self._parts if re.fullmatch(r"xl/worksheets/[^/]+\.xml", name)]
        return sorted(found, key=lambda name: [int(part) for part in re.findall(r"\d+", name)] or [0])

    def _open(self, name: str) -> _Counted:
        info = self._parts[name]
        if info.flag_bits & 1:
            raise errors.PasswordProtected("the workbook is protected by a password")
        return _Counted(self._zip.open(info), self)

    def spend(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise errors.LimitExceeded(f"the workbook inflates to more than {self.bounds.inflated_bytes} bytes")

    def _elements(self, part: str, wanted: str) -> Iterator[ElementTree.Element]:
        """Elements of one name, each dropped once it was looked at."""
        depth = 0
        try:
            with self._open(part) as source:
                for event, element in ElementTree.iterparse(source, events=("start", "end")):  # noqa: S314 (no DTD: see _Counted)
                    depth += 1 if event == "start" else -1
                    if depth > self.bounds.nesting:
                        raise errors.LimitExceeded(f"the XML is nested more than {self.bounds.nesting} levels deep")
                    if event == "end" and element.tag.rpartition("}")[2] == wanted:
                        yield element
                        element.clear()
        except (
            ElementTree.ParseError,
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            ValueError,
            LookupError,  # an encoding that Python does not know
            OSError,
            NotImplementedError,
        ) as error:
            raise errors.MalformedStatement("a part of the workbook is damaged") from error

    def _date_styles(self) -> Iterator[bool]:
        custom = {
            element.get("numFmtId"): _is_date_format(element.get("formatCode", ""))
            for element in self._elements("xl/styles.xml", "numFmt")
        }
        for element in self._elements("xl/styles.xml", "cellXfs"):
            for style in element:
                number = style.get("numFmtId", "0")
                yield custom.get(number, number.isdigit() and int(number) in _DATE_FORMATS)

    def rows(self, part: str) -> Iterator[table.Row]:
        """Rows of a sheet with their own numbers; gaps between cells are empty cells."""
        last = 0
        for element in self._elements(part, "row"):
            number = element.get("r", "")
            last = int(number) if number.isdigit() and len(number) < 8 else last + 1
            yield table.Row(last, self._cells(element, last))

    def _cells(self, row: ElementTree.Element, line: int) -> list[str]:
        cells: list[str] = []
        for cell in row:
            if cell.tag.rpartition("}")[2] != "c":
                continue
            match = _REFERENCE.fullmatch(cell.get("r", ""))
            column = _column(match[1]) if match else len(cells)
            if column >= self.bounds.columns:
                raise errors.LimitExceeded(f"more than {self.bounds.columns} columns in a row", row=line)
            cells.extend("" for _ in range(column - len(cells)))
            cells.append(self._value(cell))
        return cells

    def _value(self, cell: ElementTree.Element) -> str:
        kind = cell.get("t", "n")
        found = {child.tag.rpartition("}")[2]: child for child in cell}
        if "f" in found:
            self.formulas.count += 1
            if "v" not in found and "is" not in found:
                return self.formulas.without_result(found["f"].text)
        if kind == "inlineStr":
            return _texts(found["is"]) if "is" in found else ""
        text = (found["v"].text or "") if "v" in found else ""
        if kind == "s":
            return self._shared[int(text)] if text.isdigit() and int(text) < len(self._shared) else ""
        if kind == "b":
            return "true" if text == "1" else "false"
        if kind in ("str", "e", "d") or not text:
            return text
        style = cell.get("s", "0")
        return self._number(text, style.isdigit() and int(style) < len(self._dates) and self._dates[int(style)])

    def _number(self, text: str, dated: bool) -> str:
        try:
            value = Decimal(text)
        except InvalidOperation:
            return text
        if not value.is_finite() or abs(value) >= 10**18:
            return text
        if dated and 0 < value < 2_958_466:  # 9999-12-31
            return sheets.day(value, base1904=self.base1904)
        return sheets.plain(value)


class _Counted(io.RawIOBase):
    """Inflated bytes, counted against the book's limit; a document type (and so any entity) is refused."""

    def __init__(self, source: IO[bytes], book: _Book) -> None:
        super().__init__()
        self._source, self._book, self._tail = source, book, b""

    def read(self, size: int = -1) -> bytes:
        chunk = self._source.read(65536 if size < 0 else size)
        self._book.spend(len(chunk))
        if b"<!DOCTYPE" in self._tail + chunk or b"<!ENTITY" in self._tail + chunk:
            raise errors.MalformedStatement("a part of the workbook declares a document type")
        if b"\0" in chunk:  # UTF-16 would hide a document type from the look above
            raise errors.MalformedStatement("a part of the workbook is not UTF-8")
        self._tail = chunk[-16:]
        return chunk


def _is_date_format(code: str) -> bool:
    return (
        bool(re.search(r"[dmy]", _LITERALS.sub("", code).lower()))
        and "0" not in _LITERALS.sub("", code).split(".")[0][:1]
    )


def _texts(element: ElementTree.Element) -> str:
    """The runs of a string without its phonetic hints."""
    return "".join(
        found.text or "" for child in element for found in child.iter()
        if child.tag.rpartition("}")[2] != "rPh" and found.tag.rpartition("}")[2] == "t"
    )  # fmt: skip


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1
