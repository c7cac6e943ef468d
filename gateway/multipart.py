"""multipart/form-data (RFC 7578) as a stream of parts, in bounded memory."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import AsyncIterator

import python_multipart
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from mesh import errors

FILE_PART = "file"
MAX_FIELD_BYTES = 16 * 1024
MAX_FIELDS = 50
MAX_HEADER_BYTES = 8 * 1024
CHUNK_BYTES = 256 * 1024


class UnsupportedMediaType(errors.InvalidArgument):
    reason = "UNSUPPORTED_MEDIA_TYPE"
    message = "The body's media type is not one that this route takes."


class PayloadTooLarge(errors.InvalidArgument):
    reason = "PAYLOAD_TOO_LARGE"
    message = "The body is larger than the limit."


class MalformedForm(errors.InvalidArgument):
    message = "The body is not a well-formed multipart/form-data form."


@dataclasses.dataclass(frozen=True, slots=True)
class Field:
    """A plain field of the form."""

    name: str
    value: str


@dataclasses.dataclass(frozen=True, slots=True)
class FileStart:
    """The file part begins; its name as the client gave it, without folders."""

    file_name: str


@dataclasses.dataclass(frozen=True, slots=True)
class FileChunk:
    """The next bytes of the file, at most CHUNK_BYTES."""

    data: bytes


Part = Field | FileStart | FileChunk


def boundary_of(content_type: str) -> bytes:
    """The boundary that a Content-Type names.

    Raises:
        UnsupportedMediaType: it is not multipart/form-data, or names no boundary.
    """
    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not 0 < len(boundary) <= 70:
        raise UnsupportedMediaType(metadata={"expected": "multipart/form-data"})
    return boundary


async def read_form(body: AsyncIterator[bytes], content_type: str, limit_bytes: int) -> AsyncIterator[Part]:
    """The parts of a form as they arrive.

    Raises:
        UnsupportedMediaType: it is not multipart/form-data.
        PayloadTooLarge: the body is larger than `limit_bytes`.
        MalformedForm: it is not well-formed, ends early, or has too many or too large fields.
    """
    reader = _Reader(boundary_of(content_type))
    received = 0
    async for piece in body:
        received += len(piece)
        if received > limit_bytes:
            raise PayloadTooLarge(metadata={"limit_bytes": str(limit_bytes)})
        for start in range(0, len(piece), CHUNK_BYTES):
            reader.feed(piece[start : start + CHUNK_BYTES])
            while reader.parts:
                yield reader.parts.popleft()
    if not reader.finished:
        raise MalformedForm("The form ends before its closing boundary.")


class _Reader:
    """Turns the parser's callbacks into parts."""

    def __init__(self, boundary: bytes) -> None:
        self.parts: collections.deque[Part] = collections.deque()
        self.finished = False
        self._fields = 0
        self._header_name = b""
        self._header_value = b""
        self._headers: dict[bytes, bytes] = {}
        self._field: str | None = None
        self._value = bytearray()
        callbacks: python_multipart.multipart.MultipartCallbacks = {
            "on_part_begin": self._part_begin,
            "on_header_field": self._header_field,
            "on_header_value": self._header_piece,
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_finished,
            "on_part_data": self._part_data,
            "on_part_end": self._part_end,
            "on_end": self._end,
        }
        self._parser = MultipartParser(boundary, callbacks, max_header_size=MAX_HEADER_BYTES)

    def feed(self, data: bytes) -> None:
        try:
            self._parser.write(data)
        except FormParserError:
            raise MalformedForm from None

    def _part_begin(self) -> None:
        self._headers, self._field = {}, None
        self._value.clear()
        self._fields += 1
        if self._fields > MAX_FIELDS:
            raise MalformedForm(f"The form has more than {MAX_FIELDS} fields.")

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _header_piece(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _header_end(self) -> None:
        self._headers[self._header_name.lower()] = self._header_value
        self._header_name = self._header_value = b""

    def _headers_finished(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        name = _text(options.get(b"name", b""), "field name")
        if not name:
            raise MalformedForm("A part of the form has no name.")
        if b"filename" not in options:
            self._field = name
        elif name != FILE_PART:
            raise MalformedForm(violations=(errors.FieldViolation(name, "is not a file field of this form"),))
        else:
            file_name = _text(options[b"filename"], "file name").replace("\\", "/").rpartition("/")[2]
            self.parts.append(FileStart(file_name[:255]))

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        if self._field is None:
            self.parts.append(FileChunk(data[start:end]))
            return
        self._value += data[start:end]
        if len(self._value) > MAX_FIELD_BYTES:
            raise MalformedForm(violations=(errors.FieldViolation(self._field, "is too long"),))

    def _part_end(self) -> None:
        if self._field is not None:
            self.parts.append(Field(self._field, _text(bytes(self._value), self._field)))

    def _end(self) -> None:
        self.finished = True


def _text(data: bytes, what: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise MalformedForm(violations=(errors.FieldViolation(what, "is not UTF-8"),)) from None
