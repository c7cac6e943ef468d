"""A server stream as one HTTP body: newline-delimited JSON, server-sent events or a JSON array, by Accept."""

from __future__ import annotations

import dataclasses
import enum


class StreamOut(enum.Enum):
    """The forms; the value is the Content-Type."""

    LINES = "application/x-ndjson"
    EVENTS = "text/event-stream"
    ARRAY = "application/json"


_ASKS_FOR = {
    "application/x-ndjson": StreamOut.LINES,
    "application/ndjson": StreamOut.LINES,
    "application/jsonl": StreamOut.LINES,
    "text/event-stream": StreamOut.EVENTS,
    "text/*": StreamOut.EVENTS,
    "application/json": StreamOut.ARRAY,
}
_ACCEPT_LIMIT = 32


def negotiate(accept: str | None) -> StreamOut | None:
    """The form with the highest quality in an Accept header (RFC 9110, section 12.5.1).

    LINES when there is no header or it takes anything; None when it takes none of the forms (406).
    """
    if not accept or not accept.strip():
        return StreamOut.LINES
    best: StreamOut | None = None
    best_quality = 0.0
    for item in accept.split(",")[:_ACCEPT_LIMIT]:
        kind, *parameters = (part.strip().lower() for part in item.split(";"))
        form = StreamOut.LINES if kind in ("*/*", "application/*") else _ASKS_FOR.get(kind)
        quality = _quality(parameters)
        if form is not None and quality > best_quality:
            best, best_quality = form, quality
    return best


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0


@dataclasses.dataclass(frozen=True, slots=True)
class _Frame:
    start: bytes
    before: bytes
    between: bytes
    after: bytes
    before_error: bytes
    end: bytes


# JSON text holds no raw line end, so one data: line is enough for an event
_FRAMES = {
    StreamOut.LINES: _Frame(b"", b"", b"", b"\n", b"", b""),
    StreamOut.EVENTS: _Frame(b"", b"data: ", b"", b"\n\n", b"event: error\ndata: ", b""),
    StreamOut.ARRAY: _Frame(b"[", b"", b",", b"", b"", b"]"),
}


class StreamWriter:
    """Frames the JSON texts of one stream: start(), then item() a message, at most one error(), then end()."""

    def __init__(self, form: StreamOut) -> None:
        self.content_type = form.value
        self._frame = _FRAMES[form]
        self._count = 0

    def start(self) -> bytes:
        """What stands before the first item."""
        return self._frame.start

    def item(self, text: bytes) -> bytes:
        """One message; `text` is compact JSON."""
        return self._piece(self._frame.before, text)

    def error(self, text: bytes) -> bytes:
        """The status that ended the stream. The HTTP status has long been sent, so the client finds it here only."""
        return self._piece(self._frame.before_error, text)

    def end(self) -> bytes:
        """What stands behind the last item."""
        return self._frame.end

    def _piece(self, before: bytes, text: bytes) -> bytes:
        between = self._frame.between if self._count else b""
        self._count += 1
        return between + before + text + self._frame.after
