"""Every statement parser as a function of bytes, by name, with whole statements to start damaging from.

A parser ends with rows or with `StatementRefused`; anything else it raises is a finding.
"""

from __future__ import annotations

import dataclasses
import io
import json
import zipfile
from collections.abc import Callable, Sequence

from analysis import statement
from analysis.statement import (
    assemble,
    camt,
    decoding,
    delimited,
    draft,
    fixed_width,
    html_table,
    json_format,
    mt940,
    ofx,
    pdf,
    qif,
    records,
    spreadsheet_xml,
    tabular,
    xlsx,
)
from tests.support import statement_formats, statement_samples
from tests.support import statement_writer as writer

# Tight enough that limits are met by small files, too.
BOUNDS = statement.Limits(size_bytes=1 << 20, rows=2_000, pages=20, inflated_bytes=4 << 20, problems=50)
_HINTS = statement.Hints()
_SHEET = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'

MT940 = b":20:A\n:25:1\n:60F:C230101EUR1,00\n:61:2301020102D0,25NMSC\n:86:106?00A?20B?32C\n:62F:C230102EUR0,75\n-\n"
OFX = (
    b"OFXHEADER:100\n\n<OFX><STMTRS><CURDEF>EUR<ACCTID>1<BANKTRANLIST><STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20230131"
    b"<TRNAMT>-1.5<FITID>1<NAME>A</STMTTRN></BANKTRANLIST></STMTRS></OFX>"
)
QIF = b"!Type:Bank\nD1/31'23\nT-1.50\nPShop\n^\n"
CAMT = (
    b'<Document><BkToCstmrStmt><Stmt><Acct><Id><IBAN>DE1</IBAN></Id></Acct><Ntry><Amt Ccy="EUR">1.00</Amt>'
    b"<CdtDbtInd>DBIT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2023-01-02</Dt></BookgDt></Ntry></Stmt></BkToCstmrStmt></Document>"
)
JSON = json.dumps({"transactions": [{"date": "2024-01-31", "amount": "-1.5", "currency": "EUR"}]}).encode()
LINES: list[list[tuple[float, str]]] = [
    [(40.0, "Date"), (510.0, "Amount")],
    *[[(40.0, f"{day} Jan 2023"), (110.0, "Shop"), (510.0, "-1.50")] for day in range(13, 20)],
]
BOOK = writer.workbook([("Date", "Text", "Amount"), *[("2023-01-13", "Shop", -1.5)] * 9])
_MONTH = statement_formats.life(1)

Read = Callable[[bytes], statement.ParsedStatement]


@dataclasses.dataclass(frozen=True, slots=True)
class Parser:
    """`read` takes any bytes; `seeds` are whole files it reads."""

    read: Read
    seeds: Sequence[bytes]


def _through_the_door(data: bytes) -> statement.ParsedStatement:
    return statement.parse(data, limits=BOUNDS)


def _finished(read: Callable[[bytes, draft.Problems], draft.Draft]) -> Read:
    """The reader alone, whatever the detection of formats would have said, and the walk over its rows."""

    def finish(data: bytes) -> statement.ParsedStatement:
        return assemble.assemble(read(data, draft.Problems("", BOUNDS.problems)), None)

    return finish


def _text(data: bytes) -> str:
    return decoding.decode(data)[0]


def _delimited(data: bytes, problems: draft.Problems) -> draft.Draft:
    text, encoding = decoding.decode(data)
    return tabular.read(delimited.read(text, encoding, BOUNDS), _HINTS, problems)


def _html(data: bytes, problems: draft.Problems) -> draft.Draft:
    return tabular.read(html_table.read(_text(data), "utf-8", BOUNDS), _HINTS, problems)


def _records(data: bytes, problems: draft.Problems) -> draft.Draft:
    found = records.read(_text(data), "utf-8", BOUNDS)
    if found is None:
        raise statement.NoTransactionsFound("the text is not made of labelled lines")
    return tabular.read(found, _HINTS, problems)


def page_of(data: bytes) -> bytes:
    """A PDF whose page draws the bytes: no object syntax between the damage and the text operators."""
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
    return (
        b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n<< /Kids [3 0 R] >>\nendobj\n"
        b"3 0 obj\n<< /Contents 4 0 R /Resources << /Font << /F1 " + font + b" >> >> >>\nendobj\n"
        b"4 0 obj\n<< /Length %d >>\nstream\n" % len(data) + data + b"\nendstream\nendobj\n"
    )


def _drawing(lines: Sequence[Sequence[tuple[float, str]]]) -> bytes:
    return writer.pdf(lines).partition(b"stream\n")[2].partition(b"\nendstream")[0]


def workbook_of(data: bytes) -> bytes:
    """A workbook whose sheet is the bytes: no checksum between the damage and the reader of sheets."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as book:
        book.writestr("xl/workbook.xml", "<workbook><sheets/></workbook>")
        book.writestr(
            "xl/styles.xml", '<styleSheet><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>'
        )
        book.writestr("xl/worksheets/sheet1.xml", data)
    return out.getvalue()


def _sheets() -> list[bytes]:
    with zipfile.ZipFile(io.BytesIO(BOOK)) as book:
        return [
            book.read("xl/worksheets/sheet1.xml"),
            f"{_SHEET}<row><c><f>1+1</f><v>2</v></c></row></sheetData></worksheet>".encode(),
        ]


def _tables() -> list[bytes]:
    return [sample.text.encode(sample.encoding) for sample in statement_samples.SAMPLES]


def _parsers() -> dict[str, Parser]:
    formats, month = statement_formats, _MONTH
    ofxs = [OFX, formats.ofx(month, is_xml=False), formats.ofx(month, is_xml=True)]
    jsons = [JSON, formats.credpass_json(month), formats.gocardless_json(month)]
    camts, swifts, qifs = [CAMT, formats.camt(month)], [MT940, formats.mt940(month)], [QIF, formats.qif(month)]
    printed = [writer.pdf(LINES), formats.printed(month)]
    books = [BOOK, formats.xlsx(month)]
    pages, sheets, blocks = [formats.html_xls(month)], [formats.xml_xls(month)], [formats.labelled(month)]
    columns = [formats.fixed_width(month)]
    jsons.append(formats.json_lines(month))
    texts = [*pages, *sheets, *blocks, *columns]
    everything = [*_tables(), *ofxs, *jsons, *camts, *swifts, *qifs, *printed, *books, *texts]
    pdf_read = _finished(lambda data, problems: pdf.read(data, _HINTS, BOUNDS, problems))
    xlsx_read = _finished(lambda data, problems: xlsx.read(data, _HINTS, BOUNDS, problems))
    return {
        "parse": Parser(_through_the_door, everything),
        "csv": Parser(_finished(_delimited), _tables()),
        "json": Parser(_finished(lambda data, p: json_format.read(_text(data), _HINTS, BOUNDS, p)), jsons),
        "ofx": Parser(_finished(lambda data, p: ofx.read(_text(data), "utf-8", BOUNDS, p)), ofxs),
        "qif": Parser(_finished(lambda data, p: qif.read(_text(data), "utf-8", _HINTS, BOUNDS, p)), qifs),
        "mt940": Parser(_finished(lambda data, p: mt940.read(_text(data), "utf-8", BOUNDS, p)), swifts),
        "camt": Parser(_finished(lambda data, p: camt.read(_text(data), "utf-8", BOUNDS, p)), camts),
        "html": Parser(_finished(_html), pages),
        "xml_spreadsheet": Parser(
            _finished(lambda data, p: spreadsheet_xml.read(_text(data), "utf-8", _HINTS, BOUNDS, p)), sheets
        ),
        "records": Parser(_finished(_records), blocks),
        "fixed_width": Parser(
            _finished(lambda data, p: fixed_width.read(_text(data), "utf-8", _HINTS, BOUNDS, p)), columns
        ),
        "xlsx": Parser(xlsx_read, books),
        "xlsx_sheet": Parser(lambda data: xlsx_read(workbook_of(data)), _sheets()),
        "pdf": Parser(pdf_read, printed),
        "pdf_page": Parser(lambda data: pdf_read(page_of(data)), [_drawing(LINES)]),
    }


PARSERS = _parsers()


def check(parser: Parser, data: bytes) -> None:
    """Raises what is a finding: neither rows that can be stored and read back, nor the documented refusal."""
    try:
        parsed = parser.read(data)
    except statement.StatementRefused:
        return
    stored = statement.deserialise_rows(statement.serialise_rows(parsed))
    if len(stored.transactions) != len(parsed.transactions):
        raise AssertionError("rows were lost on the way to the store")
