"""Bounds on what one file may cost. Exceeding one raises `errors.LimitExceeded`."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class Limits:
    """Sizes are of the uploaded file unless they say otherwise."""

    size_bytes: int = 25 * 1024 * 1024
    rows: int = 1_000_000
    columns: int = 256
    cell_chars: int = 32_768
    nesting: int = 64
    pages: int = 500
    scanned_pages: int = 20  # read by OCR: seconds each
    page_pixels: int = 40_000_000  # of a picture, or of all pictures of a page: A4 at 600 dpi
    inflated_bytes: int = 256 * 1024 * 1024  # of a zip (XLSX) or of a PDF's streams
    problems: int = 1_000  # problems kept in the result; `ParsedStatement.n_problems` counts all


DEFAULT = Limits()
