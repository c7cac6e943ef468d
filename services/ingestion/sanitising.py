"""Texts of a statement made harmless before they are kept: nothing in them makes a terminal or a spreadsheet act."""

from __future__ import annotations

import re
import unicodedata

# C0, C1, direction marks and overrides, lone surrogates, the byte order mark.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]+")
_BLANKS = re.compile(r"\s{2,}")
# A spreadsheet takes a cell that begins so for a formula; after an apostrophe it is text (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@")


def text(value: str, limit_chars: int) -> str:
    """One line of text in NFC: controls become a space, blanks are one, a formula's beginning is kept as text."""
    cleaned = value if value.isascii() else unicodedata.normalize("NFC", value)
    cleaned = _BLANKS.sub(" ", _CONTROL.sub(" ", cleaned)).strip()
    if cleaned.startswith(_FORMULA):
        cleaned = f"'{cleaned}"
    return cleaned[:limit_chars].rstrip()


def optional_text(value: str | None, limit_chars: int) -> str | None:
    """The same for a text that may be missing."""
    return None if value is None else text(value, limit_chars)
