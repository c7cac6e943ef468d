"""Booking texts reduced to their words: no case, no accents, no digits, no punctuation."""

from __future__ import annotations

import re
import unicodedata

_WORD = re.compile(r"[^\W\d_]+")
# Letters that Unicode does not decompose into a base letter and an accent.
_PLAIN = str.maketrans({"ø": "o", "æ": "ae", "ł": "l", "đ": "d", "œ": "oe", "ð": "d", "þ": "th", "\u0131": "i"})
_FIRST_CJK = "\u2e80"


def words(text: str) -> str:
    """The words of `text`, separated by single spaces."""
    return " ".join(_WORD.findall(plain(text)))


def plain(text: str) -> str:
    """`text` in lower case without accents; half-width and full-width forms become one."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(char for char in decomposed if not unicodedata.combining(char)).casefold().translate(_PLAIN)


def without_spaces_between_words(text: str) -> bool:
    """True for text with characters of scripts that write no spaces (Chinese, Japanese)."""
    return not text.isascii() and max(text) >= _FIRST_CJK
