"""From the bytes of a PDF string to characters and their widths (thousandths of the font size)."""

# ruff: noqa: RUF001 (words and signs of other alphabets are the data here)
from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from analysis.statement import pdf_objects

_NAMED = {
    "space": " ", "zero": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7",
    "eight": "8", "nine": "9", "period": ".", "comma": ",", "hyphen": "-", "minus": "-", "plus": "+", "slash": "/",
    "colon": ":", "semicolon": ";", "parenleft": "(", "parenright": ")", "dollar": "$", "Euro": "€", "sterling": "£",
    "yen": "¥", "percent": "%", "ampersand": "&", "asterisk": "*", "quotesingle": "'", "quoteright": "'",
    "quoteleft": "'",
    "quotedbl": '"', "quotedblleft": '"', "quotedblright": '"', "numbersign": "#", "at": "@", "underscore": "_",
    "equal": "=",
    "endash": "-", "emdash": "-", "bullet": "*", "germandbls": "ß", "nbspace": " ", "sfthyphen": "-", "exclam": "!",
    "question": "?", "bracketleft": "[", "bracketright": "]", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "oslash": "ø",
    "Oslash": "Ø", "lslash": "ł", "Lslash": "Ł", "degree": "°", "section": "§", "fi": "fi", "fl": "fl", "less": "<",
    "greater": ">", "bar": "|", "backslash": "\\", "periodcentered": "·", "dotlessi": "ı", "eth": "ð", "thorn": "þ",
}  # fmt: skip
_ACCENTS = {
    "acute": "\u0301", "grave": "\u0300", "circumflex": "\u0302", "dieresis": "\u0308", "tilde": "\u0303",
    "ring": "\u030a",
    "cedilla": "\u0327", "caron": "\u030c", "ogonek": "\u0328", "macron": "\u0304", "breve": "\u0306",
    "dotaccent": "\u0307",
    "hungarumlaut": "\u030b", "commaaccent": "\u0326",
}  # fmt: skip
_HEX = re.compile(rb"<([0-9A-Fa-f\s]*)>")
_SECTIONS = re.compile(rb"begin(bfchar|bfrange)(.*?)end\1", re.DOTALL)
_MAX_MAPPED = 70_000
# Helvetica's widths by kind of character, for the standard fonts that carry none of their own.
_NARROW, _MIDDLE = frozenset(" .,:;!'|ijlIft()[]/\\"), 556


class Font:
    """`decode` yields (text, width in thousandths, code bytes) of each character of a string."""

    def __init__(self, document: pdf_objects.Document, info: dict[str, Any]) -> None:
        self._get = document.get
        self.name = str(self._get(info.get("BaseFont")) or "")
        self.two_bytes = self._get(info.get("Subtype")) == "Type0"
        stream = self._get(info.get("ToUnicode"))
        self._unicode: dict[int, str] = {}
        if isinstance(stream, pdf_objects.Stream):
            self._unicode = _mapping(document.decoded(stream))
        self._widths: dict[int, float] = {}
        self._default: float | None = None
        self._codes: dict[int, str] = {}
        self._load_composite(info) if self.two_bytes else self._load_simple(info)

    def _load_simple(self, info: dict[str, Any]) -> None:
        first, widths = self._get(info.get("FirstChar")), self._get(info.get("Widths"))
        if isinstance(first, int) and isinstance(widths, list):
            found = (self._get(width) for width in widths[:256])
            self._widths = {first + index: width for index, width in enumerate(found) if isinstance(width, int | float)}
        encoding = self._get(info.get("Encoding"))
        base, differences = encoding, None
        if isinstance(encoding, dict):
            base, differences = self._get(encoding.get("BaseEncoding")), self._get(encoding.get("Differences"))
        codec = "mac-roman" if base == "MacRomanEncoding" else "cp1252"
        self._codes = {code: bytes([code]).decode(codec, "replace") for code in range(32, 256)}
        self._differ(differences)

    def _differ(self, differences: Any) -> None:
        code = 0
        for item in differences if isinstance(differences, list) else ():
            if isinstance(item, int):
                code = item
            elif isinstance(item, pdf_objects.Name):
                self._codes[code] = _glyph(item)
                code += 1

    def _load_composite(self, info: dict[str, Any]) -> None:
        below = self._get(info.get("DescendantFonts"))
        inner = self._get(below[0]) if isinstance(below, list) and below else {}
        inner = inner if isinstance(inner, dict) else {}
        default = self._get(inner.get("DW"))
        self._default = default if isinstance(default, int | float) else 1000.0
        widths = self._get(inner.get("W"))
        items = [self._get(item) for item in widths[:_MAX_MAPPED]] if isinstance(widths, list) else []
        self._take_widths(items)

    def _take_widths(self, items: list[Any]) -> None:
        """The form "c [w1 w2 ...]" gives consecutive codes, "c1 c2 w" a range."""
        index = 0
        while index + 1 < len(items):
            first, second = items[index], items[index + 1]
            if isinstance(first, int) and isinstance(second, list):
                self._widths.update(
                    {first + at: width for at, width in enumerate(second) if isinstance(width, int | float)}
                )
                index += 2
            elif isinstance(first, int) and isinstance(second, int) and index + 2 < len(items):
                width = items[index + 2]
                if isinstance(width, int | float):
                    self._widths.update(dict.fromkeys(range(first, min(second, first + 65_536) + 1), width))
                index += 3
            else:
                index += 1

    def decode(self, raw: bytes) -> Iterator[tuple[str, float, bool]]:
        """(text, width, whether it is the one-byte space that word spacing widens)."""
        size = 2 if self.two_bytes else 1
        for at in range(0, len(raw) - size + 1, size):
            code = int.from_bytes(raw[at : at + size], "big")
            text = self._unicode.get(code)
            if text is None:
                text = self._codes.get(code, "") if not self.two_bytes else "\ufffd"
            yield text, self._width(code, text), size == 1 and code == 32

    def _width(self, code: int, text: str) -> float:
        width = self._widths.get(code, self._default)
        if width is not None:
            return width
        if "Courier" in self.name:
            return 600.0
        return 278.0 if text in _NARROW else 667.0 if text.isupper() else _MIDDLE


def _glyph(name: str) -> str:
    """A glyph's character by its name: listed, one letter, letter and accent, or uniXXXX."""
    if name in _NAMED:
        return _NAMED[name]
    if len(name) == 1:
        return name
    match = re.fullmatch(r"(?:uni|u)([0-9A-Fa-f]{4,6})", name)
    if match and int(match[1], 16) < 0x110000:
        return chr(int(match[1], 16))
    accent = _ACCENTS.get(name[1:])
    return unicodedata.normalize("NFC", name[0] + accent) if accent else ""


def _mapping(cmap: bytes) -> dict[int, str]:
    """A ToUnicode CMap: code -> text."""
    found: dict[int, str] = {}
    for kind, body in _SECTIONS.findall(cmap):
        if kind == b"bfchar":
            codes = _HEX.findall(body)
            for source, target in zip(codes[::2], codes[1::2], strict=False):
                found[_number(source)] = _utf16(target)
        else:
            _ranges(body, found)
        if len(found) > _MAX_MAPPED:
            break
    return found


def _ranges(body: bytes, found: dict[int, str]) -> None:
    pattern = re.compile(rb"<([0-9A-Fa-f\s]+)>\s*<([0-9A-Fa-f\s]+)>\s*(?:<([0-9A-Fa-f\s]*)>|\[(.*?)\])", re.DOTALL)
    for match in pattern.finditer(body):
        first, last = _number(match[1]), min(_number(match[2]), _number(match[1]) + 65_535)
        if match[4] is not None:
            for offset, target in enumerate(_HEX.findall(match[4])[: last - first + 1]):
                found[first + offset] = _utf16(target)
            continue
        start = _utf16(match[3])
        for offset in range(last - first + 1 if start else 0):
            found[first + offset] = start[:-1] + chr(min(ord(start[-1]) + offset, 0x10FFFF))


def _number(digits: bytes) -> int:
    return int(b"".join(digits.split()) or b"0", 16)


def _utf16(digits: bytes) -> str:
    clean = b"".join(digits.split())
    return bytes.fromhex(clean.decode() + "0" * (len(clean) % 2)).decode("utf-16-be", "replace")
