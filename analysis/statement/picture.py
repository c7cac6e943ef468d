"""A statement that is one picture: a PNG or JPEG, as a scanner or a camera makes it."""

from __future__ import annotations

from analysis.statement import draft, limits, model, ocr, pdf, pdf_pictures

_MARKS = {b"\x89PNG\r\n\x1a\n": "PNG", b"\xff\xd8\xff": "JPEG"}


def looks_like(data: bytes) -> bool:
    return data.startswith(tuple(_MARKS))


def read(data: bytes, hints: model.Hints, bounds: limits.Limits, problems: draft.Problems) -> draft.Draft:
    """Raises `ScannedDocument` without the extra, `MalformedStatement`, `LimitExceeded`, `NoTransactionsFound`."""
    ocr.require()
    kind = next(kind for mark, kind in _MARKS.items() if data.startswith(mark))
    image = pdf_pictures.opened(data, [kind], bounds)
    return pdf.read_scan([ocr.read(image)], "image", hints, bounds, problems)
