"""Scans: refused naming the extra where it is missing, read right where it is installed."""

from __future__ import annotations

import functools
import importlib
import io
import zlib
from typing import Any

import pytest

from analysis import statement
from analysis.statement import ocr, pdf_objects, pdf_pictures

needs_ocr = pytest.mark.skipif(not ocr.available(), reason="the extra credpass[ocr] is not installed")
_MOVEMENTS = [("Grocery store 12", -1234), ("Salary Example Ltd", 250_000), ("Fee", -5), ("Rent March", -99_999)] * 4
_OPENING = 100_000
_GREY = b"/ColorSpace /DeviceGray /BitsPerComponent %d /Filter %s"


def scanned_pdf(info: bytes, body: bytes, width: int, height: int, page: bytes = b"") -> bytes:
    """A PDF of one page that is one picture."""
    drawing = b"q 595 0 0 842 0 0 cm /I Do Q"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Contents 4 0 R /Resources << /XObject << /I 5 0 R >> >> " + page + b" >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawing), drawing),
        b"<< /Subtype /Image /Width %d /Height %d /Length %d %s >>\nstream\n%s\nendstream"
        % (width, height, len(body), info, body),
    ]
    numbered = b"".join(b"%d 0 obj\n%s\nendobj\n" % item for item in enumerate(objects, 1))
    return b"%PDF-1.4\n" + numbered + b"trailer\n<< /Root 1 0 R >>\n%%EOF\n"


@functools.cache
def printed() -> Any:
    """A page of a statement, drawn as a printer would, 150 dpi, grey."""
    pil, draw_, fonts = (importlib.import_module(f"PIL.{name}") for name in ("Image", "ImageDraw", "ImageFont"))
    page = pil.new("L", (1240, 1754), 255)
    draw, font = draw_.Draw(page), fonts.load_default(22)

    def line(y: int, date: str, text: str, amount: str, balance: str) -> None:
        draw.text((80, y), date, fill=0, font=font, anchor="ls")
        draw.text((240, y), text, fill=0, font=font, anchor="ls")
        draw.text((900, y), amount, fill=0, font=font, anchor="rs")
        draw.text((1150, y), balance, fill=0, font=font, anchor="rs")

    line(80, "Example Bank", "Account statement EUR", "", "")
    line(160, "Date", "Description", "Amount", "Balance")
    balance = _OPENING
    for day, (text, cents) in enumerate(_MOVEMENTS, 1):
        balance += cents
        line(170 + 36 * day, f"{day:02d}.03.2024", text, f"{cents / 100:,.2f}", f"{balance / 100:,.2f}")
    return page


def encoded(image: Any, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def _jpeg_pdf(page: Any) -> bytes:
    return scanned_pdf(_GREY % (8, b"/DCTDecode"), encoded(page, "JPEG", quality=80), *page.size)


def _flate_pdf(page: Any) -> bytes:
    return scanned_pdf(_GREY % (8, b"/FlateDecode"), zlib.compress(page.tobytes()), *page.size)


def _bitmap_pdf(page: Any) -> bytes:
    return scanned_pdf(_GREY % (1, b"/FlateDecode"), zlib.compress(page.convert("1").tobytes()), *page.size)


def _turned_pdf(page: Any) -> bytes:
    """Pixels lie on their side; the page says to turn them."""
    side = page.rotate(90, expand=True)
    width, height = side.size
    upright = scanned_pdf(_GREY % (8, b"/FlateDecode"), zlib.compress(side.tobytes()), width, height, b"/Rotate 90")
    return upright.replace(b"595 0 0 842", b"842 0 0 595")


def _skewed_png(page: Any) -> bytes:
    return encoded(page.rotate(1.5, expand=True, fillcolor=255), "PNG")


_WAYS = {
    "png": lambda page: encoded(page, "PNG"),
    "jpeg": lambda page: encoded(page, "JPEG", quality=80),
    "skewed": _skewed_png,
    "pdf_jpeg": _jpeg_pdf,
    "pdf_flate": _flate_pdf,
    "pdf_bitmap": _bitmap_pdf,
    "pdf_turned": _turned_pdf,
}


@needs_ocr
@pytest.mark.slow
@pytest.mark.parametrize("way", _WAYS)
def test_a_scan_is_read_like_print_and_says_so(way: str) -> None:
    parsed = statement.parse(_WAYS[way](printed()), file_name="scan")

    assert [(row.text, row.amount_minor) for row in parsed.transactions] == _MOVEMENTS
    assert [row.booked.day for row in parsed.transactions] == list(range(1, len(_MOVEMENTS) + 1))
    assert parsed.reconciliation.status == "chains"
    assert parsed.layout.confidence <= 0.8
    assert any("OCR" in note for note in parsed.notes)


@needs_ocr
@pytest.mark.slow
def test_a_balance_that_does_not_follow_shows_in_a_scan_too() -> None:
    page = printed().copy()
    page.paste(255, (780, 220, 910, 248))  # the second amount is gone
    draw, font = (importlib.import_module(f"PIL.{name}") for name in ("ImageDraw", "ImageFont"))
    draw.Draw(page).text((900, 242), "2,600.00", fill=0, font=font.load_default(22), anchor="rs")

    parsed = statement.parse(encoded(page, "PNG"))

    assert parsed.reconciliation.status == "breaks"


@needs_ocr
def test_pictures_meet_limits_before_they_are_read() -> None:
    page = printed()
    for data in (encoded(page, "PNG"), _flate_pdf(page)):
        with pytest.raises(statement.LimitExceeded):
            statement.parse(data, limits=statement.Limits(page_pixels=1_000_000))
    with pytest.raises(statement.LimitExceeded):
        statement.parse(_flate_pdf(page), limits=statement.Limits(scanned_pages=0))


@needs_ocr
@pytest.mark.parametrize("data", [b"\x89PNG\r\n\x1a\n" + bytes(200), b"\xff\xd8\xff" + bytes(200)])
def test_a_damaged_picture_is_refused(data: bytes) -> None:
    with pytest.raises(statement.MalformedStatement):
        statement.parse(data)


_ENCODINGS = ((b"/JBIG2Decode", "JBIG2"), (b"/JPXDecode", "JPEG 2000"), (b"/CCITTFaxDecode", "CCITT fax"))


@pytest.mark.parametrize(("name", "spoken"), _ENCODINGS)
def test_a_picture_encoding_that_is_not_read_is_named_with_what_to_do(name: bytes, spoken: str) -> None:
    document = pdf_objects.Document(scanned_pdf(_GREY % (1, name), b"\x00" * 99, 1240, 1754), statement.Limits())

    with pytest.raises(statement.ScannedDocument) as caught:
        next(pdf_pictures.pages(document, statement.Limits()))

    assert all(said in caught.value.reason for said in (spoken, "JPEG or PNG", "CSV"))


@needs_ocr
def test_a_picture_encoding_that_is_not_read_is_refused() -> None:
    with pytest.raises(statement.ScannedDocument, match="JBIG2"):
        statement.parse(scanned_pdf(_GREY % (1, b"/JBIG2Decode"), b"\x00" * 99, 1240, 1754))


@needs_ocr
def test_an_empty_page_is_no_statement() -> None:
    blank = importlib.import_module("PIL.Image").new("L", (800, 800), 255)

    with pytest.raises(statement.NoTransactionsFound):
        statement.parse(encoded(blank, "PNG"))


@pytest.mark.skipif(ocr.available(), reason="the extra credpass[ocr] is installed")
@pytest.mark.parametrize(
    "data",
    [
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(200),
        b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(200),
        scanned_pdf(_GREY % (8, b"/FlateDecode"), zlib.compress(bytes(300 * 300)), 300, 300),
    ],
)
def test_a_scan_is_refused_naming_the_extra_that_would_read_it(data: bytes) -> None:
    with pytest.raises(statement.ScannedDocument, match=r"credpass\[ocr\] is installed; send .* CSV"):
        statement.parse(data)
