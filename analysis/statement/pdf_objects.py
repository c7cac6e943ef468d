"""PDF files (ISO 32000-1) as objects: found by scanning, so that broken cross-references do not matter.

Only what text needs is read. Everything is bounded: inflated bytes, nesting, number of objects.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from analysis.statement import errors, limits, pdf_crypt

_OBJECT = re.compile(rb"(?<![0-9])(\d{1,10})\s+(\d{1,5})\s+obj\b")
_TOKEN = re.compile(
    rb"\s*(?:%[^\r\n]*[\r\n]+\s*)*(?:(?P<open><<|\[)|(?P<close>>>|\])|(?P<string>\()|<(?P<hex>[0-9A-Fa-f\s]*)>"
    rb"|/(?P<name>[^\s()<>\[\]{}/%]*)|(?P<number>[+-]?(?:\d+\.?\d*|\.\d+))(?![^\s()<>\[\]{}/%])|(?P<word>[^\s()<>\[\]{}/%]+)|(?P<other>[{}<>)]))"
)
_MAX_OBJECTS = 200_000
_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


class Name(str):
    """A /Name, told apart from strings (bytes) and operators (`Word`)."""

    __slots__ = ()


class Word(str):
    """An operator or a keyword."""

    __slots__ = ()


class Ref(NamedTuple):
    number: int


class Stream(NamedTuple):
    info: dict[str, Any]
    raw: bytes
    number: int = 0
    generation: int = 0


Stop = Callable[[str, dict[str, Any]], bool]


class Lexer:
    """Values one after another; `END` at the end of the data."""

    END = Word("")

    def __init__(self, data: bytes, at: int = 0, nesting: int = 64) -> None:
        self._data, self.at, self._nesting = data, at, nesting

    def value(self, depth: int = 0) -> Any:
        match = _TOKEN.match(self._data, self.at)
        if match is None or match.end() == self.at:
            return self.END
        self.at = match.end()
        kind = match.lastgroup
        if kind == "open":
            if depth >= self._nesting:
                raise errors.LimitExceeded("the PDF is nested too deep")
            return self._dictionary(depth) if match["open"] == b"<<" else self._array(depth)
        if kind == "string":
            return self._string()
        return _simple(kind, match)

    def skip_to(self, mark: bytes) -> None:
        """Past the next `mark` that stands between white space (the end of an inline picture)."""
        match = re.compile(rb"\s" + re.escape(mark) + rb"(?=\s|$)").search(self._data, self.at)
        self.at = match.end() if match else len(self._data)

    def _array(self, depth: int) -> list[Any]:
        items: list[Any] = []
        while len(items) < _MAX_OBJECTS:
            item = self.value(depth + 1)
            if item is self.END or (isinstance(item, Word) and item in ("]", ">>")):
                break
            if isinstance(item, Word) and item == "R" and len(items) >= 2 and isinstance(items[-2], int):
                items[-2:] = [Ref(items[-2])]
            else:
                items.append(item)
        return items

    def _dictionary(self, depth: int) -> dict[str, Any]:
        items = self._array(depth)
        return {str(key): item for key, item in zip(items[::2], items[1::2], strict=False) if isinstance(key, Name)}

    def _string(self) -> bytes:
        out, depth, at, data = bytearray(), 1, self.at, self._data
        while at < len(data):
            char = data[at : at + 1]
            if char == b"\\":
                at, piece = _escape(data, at + 1)
                out += piece
                continue
            depth += (char == b"(") - (char == b")")
            at += 1
            if depth == 0:
                break
            out += char
        self.at = at
        return bytes(out)


def _simple(kind: str | None, match: re.Match[bytes]) -> Any:
    if kind == "number":
        text = match["number"]
        return float(text) if b"." in text else int(text[:18])
    if kind == "name":
        return Name(
            re.sub(rb"#([0-9A-Fa-f]{2})", lambda found: bytes([int(found[1], 16)]), match["name"]).decode("latin-1")
        )
    if kind == "hex" or match["hex"] is not None:
        digits = b"".join(match["hex"].split())
        return binascii.unhexlify(digits + b"0" * (len(digits) % 2))
    return Word((match[kind] if kind else b"").decode("latin-1"))


def _escape(data: bytes, at: int) -> tuple[int, bytes]:
    char = data[at : at + 1]
    octal = re.compile(rb"[0-7]{1,3}").match(data, at)
    if octal:
        return octal.end(), bytes([int(octal[0], 8) & 255])
    if char in (b"\r", b"\n"):
        return at + (2 if data[at : at + 2] == b"\r\n" else 1), b""
    return at + 1, _ESCAPES.get(char, char)


class Document:
    """All objects of a file by number; the last one wins, as it does after an incremental update."""

    def __init__(self, data: bytes, bounds: limits.Limits) -> None:
        self._data, self._bounds, self._left = data, bounds, bounds.inflated_bytes
        found = list(_OBJECT.finditer(data))
        self._offsets = {int(match[1]): match.end() for match in found}
        self._generations = {int(match[1]): int(match[2]) for match in found}
        self._decrypt: pdf_crypt.Decrypt | None = None
        if len(self._offsets) > _MAX_OBJECTS:
            raise errors.LimitExceeded("the PDF has too many objects")
        self._known: dict[int, Any] = {}
        self.trailer = self._trailers()
        self._decrypt = self._decryptor() if "Encrypt" in self.trailer else None
        self._unpack()

    def _decryptor(self) -> pdf_crypt.Decrypt:
        info, ids = self.get(self.trailer["Encrypt"]), self.get(self.trailer.get("ID"))
        first = self.get(ids[0]) if isinstance(ids, list) and ids else b""
        if not isinstance(info, dict):
            raise errors.PasswordProtected("the PDF is encrypted: save it without a password")
        return pdf_crypt.decryptor(info, first if isinstance(first, bytes) else b"", self.get)

    def _trailers(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for match in re.finditer(rb"\btrailer\b", self._data):
            value = Lexer(self._data, match.end(), self._bounds.nesting).value()
            found.update(value if isinstance(value, dict) else {})
        for number in list(self._offsets):
            info = self._head(number)
            if info.get("Type") in ("XRef", "Catalog"):
                found.update(info if info["Type"] == "XRef" else {"Root": found.get("Root", Ref(number))})
        return found

    def _head(self, number: int) -> dict[str, Any]:
        value = self.get(Ref(number))
        return value.info if isinstance(value, Stream) else value if isinstance(value, dict) else {}

    def _unpack(self) -> None:
        """Objects inside object streams, unless the file also has them in the open."""
        for number in list(self._offsets):
            value = self.get(Ref(number))
            if not isinstance(value, Stream) or value.info.get("Type") != "ObjStm":
                continue
            body = self.decoded(value)
            first, count = self.get(value.info.get("First")), self.get(value.info.get("N"))
            if not isinstance(first, int) or not isinstance(count, int):
                continue
            lexer = Lexer(body[:first], 0, self._bounds.nesting)
            for _ in range(min(count, _MAX_OBJECTS)):
                inner, offset = lexer.value(), lexer.value()
                if offset is lexer.END:
                    break
                if isinstance(inner, int) and isinstance(offset, int) and inner not in self._offsets:
                    self._known[inner] = Lexer(body, first + offset, self._bounds.nesting).value()

    def get(self, value: Any) -> Any:
        """The value, references followed (a few times: a chain of them is no cycle)."""
        for _ in range(16):
            if not isinstance(value, Ref):
                return value
            if value.number not in self._known:
                self._known[value.number] = None  # a stream whose length is itself must not look for it again
                self._known[value.number] = self._parsed(value.number)
            value = self._known[value.number]
        return None

    def _parsed(self, number: int) -> Any:
        if number not in self._offsets:
            return None
        lexer = Lexer(self._data, self._offsets[number], self._bounds.nesting)
        value = lexer.value()
        match = re.compile(rb"\s*stream\r?\n?").match(self._data, lexer.at)
        if match and isinstance(value, dict):
            return Stream(value, self._raw(value, match.end()), number, self._generations[number])
        return value

    def _raw(self, info: dict[str, Any], start: int) -> bytes:
        length = info.get("Length")
        if isinstance(length, Ref) and length.number != 0:
            length = self.get(length) if length.number in self._offsets else None
        if isinstance(length, int) and self._data[start + length : start + length + 20].lstrip().startswith(
            b"endstream"
        ):
            return self._data[start : start + length]
        end = self._data.find(b"endstream", start)
        return self._data[start : end if end >= 0 else len(self._data)].rstrip(b"\r\n")

    def decoded(self, stream: Stream) -> bytes:
        """The stream's bytes without its filters; empty for filters of pictures."""
        return self.decoded_until(stream, lambda _, __: False)[0]

    def decoded_until(self, stream: Stream, stop: Stop) -> tuple[bytes, str, dict[str, Any]]:
        """Filters undone up to the first that `stop` names: (bytes, that filter, its parameters); "" where none."""
        body = stream.raw
        if self._decrypt is not None and stream.info.get("Type") != "XRef":
            body = self._decrypt(body, stream.number, stream.generation)
        for name, option in self._filters(stream):
            if stop(name, option):
                return body, name, option
            body = self._filtered(name, body)
            if option:
                body = _unpredicted(body, option)
        return body, "", {}

    def _filters(self, stream: Stream) -> Iterator[tuple[str, dict[str, Any]]]:
        names, parms = self.get(stream.info.get("Filter")), self.get(stream.info.get("DecodeParms"))
        chain = names if isinstance(names, list) else [names] if names else []
        options = parms if isinstance(parms, list) else [parms]
        for index, name in enumerate(chain[:8]):
            option = self.get(options[index]) if index < len(options) else None
            found = {key: self.get(item) for key, item in option.items()} if isinstance(option, dict) else {}
            yield str(self.get(name)), found

    def _filtered(self, name: str, body: bytes) -> bytes:
        if name in ("FlateDecode", "Fl"):
            return self._inflated(body)
        if name in ("ASCIIHexDecode", "AHx"):
            digits = re.sub(rb"[^0-9A-Fa-f]", b"", body.partition(b">")[0])
            return binascii.unhexlify(digits + b"0" * (len(digits) % 2))
        if name in ("ASCII85Decode", "A85"):
            try:
                return base64.a85decode(body.partition(b"~>")[0].strip().removeprefix(b"<~"))
            except ValueError:
                return b""
        return b""

    def _inflated(self, body: bytes) -> bytes:
        machine = zlib.decompressobj()
        try:
            out = machine.decompress(body, max(self._left, 1))
        except zlib.error:
            out = _rescued(body, max(self._left, 1))
        self._left -= len(out)
        if self._left <= 0 or machine.unconsumed_tail:
            raise errors.LimitExceeded(f"the PDF inflates to more than {self._bounds.inflated_bytes} bytes")
        return out


def _rescued(body: bytes, limit: int) -> bytes:
    """What can be inflated of a damaged stream, byte block by byte block."""
    machine, out = zlib.decompressobj(), bytearray()
    for start in range(0, len(body), 256):
        try:
            out += machine.decompress(body[start : start + 256], limit)
        except zlib.error:
            break
    return bytes(out)


def _unpredicted(body: bytes, option: dict[str, Any]) -> bytes:
    """PNG predictors (10 to 15), as cross-reference and object streams use them."""
    predictor, columns = option.get("Predictor", 1), option.get("Columns", 1)
    if not isinstance(predictor, int) or predictor < 10 or not isinstance(columns, int):
        return body
    colors, bits = option.get("Colors", 1), option.get("BitsPerComponent", 8)
    step = max(1, colors * bits // 8)
    width = (columns * colors * bits + 7) // 8
    above, out = bytearray(width), bytearray()
    for start in range(0, len(body) - width, width + 1):
        row = bytearray(body[start + 1 : start + 1 + width])
        _unfilter(body[start], row, above, step)
        out += row
        above = row
    return bytes(out)


def _unfilter(kind: int, row: bytearray, above: bytearray, step: int) -> None:
    for index in range(len(row)):
        left = row[index - step] if index >= step else 0
        corner = above[index - step] if index >= step else 0
        guess = (0, left, above[index], (left + above[index]) // 2, _paeth(left, above[index], corner))[
            kind if kind < 5 else 0
        ]
        row[index] = (row[index] + guess) & 255


def _paeth(left: int, up: int, corner: int) -> int:
    base = left + up - corner
    return min((left, up, corner), key=lambda value: abs(base - value))
