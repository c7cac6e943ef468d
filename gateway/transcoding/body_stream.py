"""A client stream in one body: a JSON array or newline-delimited JSON, fed in pieces, out come messages."""

from __future__ import annotations

import abc
import enum
import re
from collections.abc import Iterator, Sequence

from google.protobuf import message

from .errors import TranscodingError
from .requests import RequestDecoder

_BLANKS = b" \t\r\n"
_MARK = re.compile(rb'["{}\[\],]')
_STRING_MARK = re.compile(rb'["\\]')
MESSAGE_LIMIT_BYTES = 4 * 1024 * 1024
"""Longest text of one message, the default limit of gRPC receivers."""


class StreamForm(enum.Enum):
    """How the messages of one body are told apart."""

    ARRAY = "array"
    """`application/json`: one list."""
    LINES = "lines"
    """`application/x-ndjson`: one value a line, blank lines are skipped."""


def form_of(content_type: str) -> StreamForm:
    """The form that a Content-Type names; anything but newline-delimited JSON is an array."""
    kind = content_type.partition(";")[0].strip().lower()
    lines = ("application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines")
    return StreamForm.LINES if kind in lines else StreamForm.ARRAY


class BodyStream:
    """Feeds pieces, gives messages. Path variables and query parameters go into the first message only."""

    def __init__(
        self,
        decoder: RequestDecoder,
        rest: RequestDecoder,
        variables: Sequence[str],
        query: str,
        form: StreamForm,
        message_limit_bytes: int = MESSAGE_LIMIT_BYTES,
    ) -> None:
        """`decoder` makes the first message, `rest` (without variables) all others."""
        self._first: tuple[Sequence[str], str] | None = (variables, query)
        self._decoder = decoder
        self._rest = rest
        self._splitter: _Splitter = (_ArraySplitter if form is StreamForm.ARRAY else _LineSplitter)(message_limit_bytes)

    def feed(self, piece: bytes) -> Iterator[message.Message]:
        """The messages that this piece completes; raises TranscodingError."""
        for text in self._splitter.feed(piece):
            yield self._decode(text)

    def close(self) -> Iterator[message.Message]:
        """The last message, if the body ends without a line end; raises TranscodingError for a cut-off body."""
        for text in self._splitter.close():
            yield self._decode(text)

    def _decode(self, text: bytes) -> message.Message:
        if self._first is None:
            return self._rest.decode((), "", text)
        variables, query = self._first
        self._first = None
        return self._decoder.decode(variables, query, text)


class _Splitter(abc.ABC):
    """Keeps the unfinished rest between two pieces."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._rest = bytearray()
        self._at = 0
        """Up to here the rest has been looked at, so that small pieces cost no second look."""

    def feed(self, piece: bytes) -> Iterator[bytes]:
        self._rest += piece
        yield from self._complete()
        if len(self._rest) > self._limit_bytes:
            raise TranscodingError(f"a message of the stream is longer than {self._limit_bytes} bytes")

    @abc.abstractmethod
    def close(self) -> Iterator[bytes]:
        """What is left when the body ends."""

    @abc.abstractmethod
    def _complete(self) -> Iterator[bytes]:
        """Take every complete text out of the rest."""

    def _drop(self, end: int) -> None:
        del self._rest[:end]
        self._at = 0


class _LineSplitter(_Splitter):
    def close(self) -> Iterator[bytes]:
        if self._rest.strip(_BLANKS):
            yield bytes(self._rest)

    def _complete(self) -> Iterator[bytes]:
        while (end := self._rest.find(b"\n", self._at)) >= 0:
            line = bytes(self._rest[:end])
            self._drop(end + 1)
            if line.strip(_BLANKS):
                yield line
        self._at = len(self._rest)


class _ArraySplitter(_Splitter):
    """Cuts the elements of one list; what an element holds is checked by the decoder."""

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(limit_bytes)
        self._depth = 0
        """0 before the list, 1 in it, more in an element."""
        self._in_string = False
        self._ended = False
        self._seen_comma = False

    def close(self) -> Iterator[bytes]:
        if not self._ended:
            raise TranscodingError("the body is no complete JSON list")
        yield from ()

    def _complete(self) -> Iterator[bytes]:
        while True:
            if self._in_string:
                if not self._skip_string():
                    return
                continue
            found = _MARK.search(self._rest, self._at)
            self._check_outside(len(self._rest) if found is None else found.start())
            if found is None:
                self._at = len(self._rest)
                return
            self._at = found.end()
            element = self._mark(found.group())
            if element is not None:
                yield element

    def _skip_string(self) -> bool:
        """Go behind the end of the string; False when it is not there yet."""
        found = _STRING_MARK.search(self._rest, self._at)
        if found is None:
            self._at = len(self._rest)
            return False
        if found.group() == b'"':
            self._in_string = False
            self._at = found.end()
            return True
        if found.end() == len(self._rest):
            self._at = found.start()
            return False
        self._at = found.end() + 1
        return True

    def _check_outside(self, end: int) -> None:
        """Before and behind the list only blanks may stand."""
        if (self._depth == 0 or self._ended) and self._rest[self._at : end].strip(_BLANKS):
            raise TranscodingError("the body is no JSON list")

    def _mark(self, mark: bytes) -> bytes | None:
        if self._ended or (self._depth == 0 and mark != b"["):
            raise TranscodingError("the body is no JSON list")
        if mark == b'"':
            self._in_string = True
        elif mark in b"[{":
            self._depth += 1
            if self._depth == 1:
                self._drop(self._at)
        elif self._depth == 1:
            return self._end_element(mark)
        elif mark in b"]}":
            self._depth -= 1
        return None

    def _end_element(self, mark: bytes) -> bytes | None:
        if mark == b"}":
            raise TranscodingError("the body is no JSON list")
        element = bytes(self._rest[: self._at - 1]).strip(_BLANKS)
        self._drop(self._at)
        self._ended = mark == b"]"
        empty_list = self._ended and not self._seen_comma
        self._seen_comma = True
        if element:
            return element
        if not empty_list:
            raise TranscodingError("an element of the list is missing")
        return None
