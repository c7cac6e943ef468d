"""Writes one list of movements in any convention a bank may use, for the laws of reading."""

from __future__ import annotations

import csv
import dataclasses
import datetime
import io
import zipfile
from collections.abc import Sequence
from decimal import Decimal
from typing import Literal
from xml.sax.saxutils import escape


@dataclasses.dataclass(frozen=True, slots=True)
class Movement:
    booked: datetime.date
    cents: int
    text: str


@dataclasses.dataclass(frozen=True, slots=True)
class Convention:
    delimiter: str = ","
    decimal: Literal["point", "comma"] = "point"
    thousands: bool = False
    date_format: str = "%Y-%m-%d"
    sign: Literal["signed", "columns", "negative_debits", "flag", "trailing", "crdr"] = "signed"
    encoding: str = "utf-8"
    preamble: bool = False
    balance: bool = True
    newest_first: bool = False
    language: Literal["en", "de", "fr", "es", "pl"] = "en"
    footer: bool = False
    line_end: str = "\n"


_HEADS = {
    "en": ("Date", "Description", "Amount", "Debit", "Credit", "Debit/Credit", "Balance", "Currency"),
    "de": ("Buchungstag", "Verwendungszweck", "Betrag", "Soll", "Haben", "Soll/Haben", "Saldo", "Währung"),
    "fr": ("Date", "Libellé", "Montant", "Débit", "Crédit", "Sens", "Solde", "Devise"),
    "es": ("Fecha", "Concepto", "Importe", "Cargo", "Abono", "Debe/Haber", "Saldo", "Moneda"),
    "pl": ("Data operacji", "Opis operacji", "Kwota", "Obciążenia", "Uznania", "Wn/Ma", "Saldo", "Waluta"),
}
_FLAGS = {"en": ("D", "C"), "de": ("S", "H"), "fr": ("D", "C"), "es": ("Debe", "Haber"), "pl": ("Wn", "Ma")}


def figure(cents: int, how: Convention) -> str:
    """A signed figure in the convention's marks."""
    whole, part = divmod(abs(cents), 100)
    point, group = (".", ",") if how.decimal == "point" else (",", ".")
    digits = f"{whole:,}".replace(",", group) if how.thousands else str(whole)
    return f"{'-' if cents < 0 else ''}{digits}{point}{part:02d}"


def csv_statement(movements: Sequence[Movement], how: Convention, opening: int = 0) -> bytes:
    """A CSV statement of the movements (oldest first) as bytes."""
    rows, balance = [], opening
    for movement in movements:
        balance += movement.cents
        rows.append(_row(movement, balance, how))
    if how.newest_first:
        rows.reverse()
    out = io.StringIO()
    writer = csv.writer(out, delimiter=how.delimiter, lineterminator=how.line_end)
    if how.preamble:
        writer.writerow(["Account statement"])
        writer.writerow(["IBAN", "DE02120300000000202051"])
        writer.writerow([])
    writer.writerow(_head(how))
    writer.writerows(rows)
    if how.footer:
        writer.writerow([])
        writer.writerow(["End of list"])
    return out.getvalue().encode(how.encoding)


def _head(how: Convention) -> list[str]:
    date, text, amount, debit, credit, flag, balance, currency = _HEADS[how.language]
    money = {
        "signed": [amount], "trailing": [amount], "crdr": [amount], "columns": [debit, credit],
        "negative_debits": [debit, credit], "flag": [amount, flag],
    }[how.sign]  # fmt: skip
    return [date, text, *money, *([balance] if how.balance else []), currency]


def _row(movement: Movement, balance: int, how: Convention) -> list[str]:
    tail = [figure(balance, how)] if how.balance else []
    return [movement.booked.strftime(how.date_format), movement.text, *_money(movement.cents, how), *tail, "EUR"]


def _money(cents: int, how: Convention) -> list[str]:
    plain = figure(abs(cents), how)
    if how.sign == "signed":
        return [figure(cents, how)]
    if how.sign == "trailing":
        return [plain + ("-" if cents < 0 else "")]
    if how.sign == "crdr":
        return [plain + (" DR" if cents < 0 else " CR")]
    if how.sign == "flag":
        return [plain, _FLAGS[how.language][cents >= 0]]
    minus = "-" if how.sign == "negative_debits" else ""
    return [minus + plain, ""] if cents < 0 else ["", plain]


@dataclasses.dataclass(frozen=True, slots=True)
class Formula:
    """A cell with a formula that nobody has calculated."""

    text: str


def workbook(*sheets: Sequence[Sequence[str | float | datetime.date | Formula | None]]) -> bytes:
    """A workbook; dates carry a date style, texts are inline."""
    styles = '<cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>'
    space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    parts = {
        "xl/workbook.xml": f"<workbook {space}><workbookPr/><sheets/></workbook>",
        "xl/styles.xml": f"<styleSheet {space}>{styles}</styleSheet>",
    }
    for place, rows in enumerate(sheets, 1):
        body = "".join(
            f'<row r="{number}">' + "".join(map(_cell, row)) + "</row>" for number, row in enumerate(rows, 1)
        )
        parts[f"xl/worksheets/sheet{place}.xml"] = f"<worksheet {space}><sheetData>{body}</sheetData></worksheet>"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:
        for name, text in parts.items():
            book.writestr(name, '<?xml version="1.0" encoding="UTF-8"?>' + text)
    return out.getvalue()


def _cell(value: str | float | datetime.date | Formula | None) -> str:
    if value is None:
        return "<c/>"
    if isinstance(value, Formula):
        return f"<c><f>{escape(value.text)}</f></c>"
    if isinstance(value, datetime.date):
        return f'<c s="1"><v>{(value - datetime.date(1899, 12, 30)).days}</v></c>'
    if isinstance(value, str):
        return f'<c t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    return f"<c><v>{value}</v></c>"


def in_columns(rows: Sequence[Sequence[str]], gap: int = 2) -> bytes:
    """The cells in columns of a fixed width, figures to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]

    def padded(at: int, cell: str) -> str:
        return cell.rjust(widths[at]) if any(map(str.isdigit, cell)) else cell.ljust(widths[at])

    lines = ((" " * gap).join(padded(at, cell) for at, cell in enumerate(row)).rstrip() for row in rows)
    return "\n".join(lines).encode()


def html_table(rows: Sequence[Sequence[str]]) -> bytes:
    """A page with one table, as banks send it under the name .xls; the first row are headings."""
    head, *body = ("".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in row) for tag, row in _tagged(rows))
    lines = "\n".join(f"<tr>{cells}</tr>" for cells in (head, *body))
    return (
        f'<html><head><meta charset="utf-8"></head><body><table border="1">\n{lines}\n</table></body></html>'.encode()
    )


def _tagged(rows: Sequence[Sequence[str]]) -> list[tuple[str, Sequence[str]]]:
    return [("td" if number else "th", row) for number, row in enumerate(rows)]


def spreadsheet_xml(rows: Sequence[Sequence[str | float | datetime.date | None]]) -> bytes:
    """A workbook of one sheet in Excel's XML of 2003."""
    space = "urn:schemas-microsoft-com:office:spreadsheet"
    body = "\n".join(f"<Row>{''.join(map(_xml_cell, row))}</Row>" for row in rows)
    sheet = f'<Worksheet ss:Name="Sheet1"><Table>\n{body}\n</Table></Worksheet>'
    return f'<?xml version="1.0"?>\n<Workbook xmlns="{space}" xmlns:ss="{space}">{sheet}</Workbook>'.encode()


def _xml_cell(value: str | float | datetime.date | None) -> str:
    if value is None:
        return "<Cell/>"
    if isinstance(value, datetime.date):
        return f'<Cell><Data ss:Type="DateTime">{value}T00:00:00.000</Data></Cell>'
    if isinstance(value, str):
        return f'<Cell><Data ss:Type="String">{escape(value)}</Data></Cell>'
    return f'<Cell><Data ss:Type="Number">{value}</Data></Cell>'


def pdf(lines: Sequence[Sequence[tuple[float, str]]], extra: bytes = b"") -> bytes:
    """A PDF of one page: each line is a list of (x, text), from the top; Helvetica 9."""
    shown = b"BT /F1 9 Tf\n"
    for number, line in enumerate(lines):
        for x, text in line:
            safe = text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)").encode("cp1252")
            shown += b"1 0 0 1 %.2f %d Tm (" % (x, 800 - 14 * number) + safe + b") Tj\n"
    shown += b"ET"
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << /Font << /F1 " + font + b" >> >> >>",
        b"<< /Length %d >>\nstream\n" % len(shown) + shown + b"\nendstream",
    ]
    body = b"".join(b"%d 0 obj\n%s\nendobj\n" % (number, value) for number, value in enumerate(objects, 1))
    return b"%PDF-1.4\n" + body + b"trailer\n<< /Root 1 0 R " + extra + b" >>\n%%EOF\n"


def right(x1: float, text: str) -> tuple[float, str]:
    """Where a figure of digits begins that ends at x1 (Helvetica 9: digits 5.0, marks 2.5 points wide)."""
    width = sum(2.5 if char in ".,-" else 5.0 for char in text)
    return x1 - width, text


def money(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)
