"""Texts of a statement made harmless before they are kept: nothing in them makes a terminal or a spreadsheet act."""

from __future__ import annotations

import re
import unicodedata

NAME_CHARS = 140  # of ISO 20022's party names
CODE_CHARS = 64

# C0, C1, direction marks and overrides, lone surrogates, the byte order mark.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]+")
_BLANKS = re.compile(r"\s{2,}")
# A spreadsheet takes a cell that begins so for a formula; after an apostrophe it is text (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@")


def line(value: str, limit_chars: int) -> str:
    """One line in NFC: controls become a space, blanks are one. For what is shown as it stands in the file."""
    cleaned = value if value.isascii() else unicodedata.normalize("NFC", value)
    return _BLANKS.sub(" ", _CONTROL.sub(" ", cleaned)).strip()[:limit_chars].rstrip()


def text(value: str, limit_chars: int) -> str:
    """The same for what is kept: a formula's beginning is kept as text."""
    cleaned = line(value, limit_chars)
    return f"'{cleaned}"[:limit_chars].rstrip() if cleaned.startswith(_FORMULA) else cleaned


def optional_text(value: str | None, limit_chars: int) -> str | None:
    """The same for a text that may be missing."""
    return None if value is None else text(value, limit_chars)
