"""Percent-decoding of paths and queries (RFC 3986, section 2.1): strict, UTF-8 only."""

from __future__ import annotations

import re
from urllib import parse

from .options import DecodeMode

_BROKEN = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SLASH = re.compile(r"(%2[Ff])")
# RFC 6570, section 1.5: gen-delims and sub-delims
_RESERVED = re.compile(r"(%(?:2[13-9A-Ca-cFf]|3[ABDFabdf]|40|5[BDbd]))")


class EscapeError(ValueError):
    """A percent escape that is cut off or whose bytes are not UTF-8."""


def decode(text: str) -> str:
    """Decode every escape of `text`; raises EscapeError."""
    if "%" not in text:
        return text
    if _BROKEN.search(text):
        raise EscapeError("broken percent escape")
    try:
        return parse.unquote_to_bytes(text).decode("utf-8")
    except UnicodeError:
        raise EscapeError("escapes are not UTF-8") from None


def decode_plus(text: str) -> str:
    """Decode a query piece in which a plus sign stands for a blank (application/x-www-form-urlencoded)."""
    return decode(text.replace("+", " "))


def decode_segments(text: str, mode: DecodeMode) -> str:
    """Decode a variable that covers several segments, keeping what `mode` keeps; raises EscapeError."""
    if "%" not in text:
        return text
    if mode is DecodeMode.ALL:
        return decode(text)
    kept = _RESERVED if mode is DecodeMode.ALL_EXCEPT_RESERVED else _SLASH
    # split() with one group puts the kept escapes at the odd places
    return "".join(piece if odd % 2 else decode(piece) for odd, piece in enumerate(kept.split(text)))


def literal_key(segment: str) -> str:
    """The form in which literals are compared: decoded where that is possible, else as it came."""
    try:
        return decode(segment)
    except EscapeError:
        return segment
