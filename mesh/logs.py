"""JSON lines: `timestamp, level, service, correlationId, message, metadata`. Never bodies, tokens or addresses.

`get("auth").info("upload accepted", uploadId=...)`: keywords become the metadata. A protobuf message among them is
masked by `debug_redact` (its `str()` ignores that option). An exception shows its class and where it was raised; its
text only where we wrote it, since a library's text may quote what it choked on.
"""

from __future__ import annotations

import asyncio
import atexit
import collections
import datetime as dt
import logging
import sys
import threading
import traceback
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, NamedTuple, Protocol

import orjson
import structlog
from google.protobuf import descriptor, message, timestamp_pb2

from mesh import clock, errors
from mesh.rpc import context

MASK = "***"
LEVELS: Mapping[str, int] = {"debug": 10, "info": 20, "warning": 30, "error": 40}
# Metadata under these names is masked whoever logs it.
SENSITIVE = frozenset({"password", "token", "authorization", "apiKey", "api_key", "email", "secret", "body"})

_DEPTH_LIMIT = 8
_ITEMS_LIMIT = 20
_FRAMES_LIMIT = 12
_VALUE_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS
_FLUSH_AFTER_S = 0.02
_LINES_LIMIT = 1000


class Stream(Protocol):
    """Where lines go: a binary file such as `sys.stderr.buffer`."""

    def write(self, data: bytes, /) -> Any: ...

    def flush(self) -> Any: ...


class Parts(NamedTuple):
    """A line before it is rendered."""

    timestamp: dt.datetime
    level: str
    service: str
    correlation_id: str
    message: str
    metadata: MutableMapping[str, Any]


class Sink:
    """Writes the lines of some milliseconds at once: rendering and a system call for each cost several times more."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._lines: collections.deque[Parts] = collections.deque()
        self._lock = threading.Lock()
        # The loop that will flush; None when no flush is due.
        self._loop: asyncio.AbstractEventLoop | None = None

    def take(self, parts: Parts) -> None:
        """Take the parts of one line; nobody changes them afterwards."""
        self._lines.append(parts)  # atomic, so that no call waits for a lock
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # no loop in this thread: nothing else would come to flush
            self.flush()
            return
        if loop is not self._loop:
            self._loop = loop
            loop.call_later(_FLUSH_AFTER_S, self.flush)
        elif len(self._lines) >= _LINES_LIMIT:
            self.flush()

    # The names by which structlog hands over what the renderer gives.
    debug = info = warning = error = critical = take

    def flush(self) -> None:
        """Write what has been taken."""
        with self._lock:
            self._loop = None
            taken = [self._lines.popleft() for _ in range(len(self._lines))]
            if not taken:
                return
            try:
                self._stream.write(b"".join(map(rendered, taken)))
                self._stream.flush()
            except (OSError, ValueError):  # the reader of our output is gone: no log can tell
                return


class _State:
    sink = Sink(sys.stderr.buffer if hasattr(sys.stderr, "buffer") else sys.__stderr__.buffer)  # type: ignore[union-attr]
    time: clock.Clock = clock.SystemClock()
    level: int = LEVELS["warning"]


def configure(level: str = "info", stream: Stream | None = None, time: clock.Clock | None = None) -> None:
    """Set level and stream (default: standard error) for the whole process, libraries' loggers included."""
    if stream is not None:
        _State.sink = Sink(stream)
    _State.time = time or _State.time
    _configure_ours(level)
    root = logging.getLogger()
    root.handlers = [handler for handler in root.handlers if not isinstance(handler, _Forward)] + [_Forward()]
    root.setLevel(max(LEVELS[level], LEVELS["warning"]))


def _configure_ours(level: str) -> None:
    _State.level = LEVELS[level]
    structlog.configure(
        processors=[_render],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=lambda *_: _State.sink,
        cache_logger_on_first_use=False,
    )


def get(service: str = "") -> structlog.typing.FilteringBoundLogger:
    """A logger. Without a name, lines carry the service of the call under way."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(service=service)
    return logger


def write(level: str, service: str, correlation_id: str, text: str, metadata: MutableMapping[str, Any]) -> None:
    """Log a line without a logger in between, for what every call leaves. Nobody changes `metadata` afterwards."""
    if LEVELS[level] >= _State.level:
        _State.sink.take(Parts(_State.time.now(), level, service, correlation_id, text, metadata))


def flush() -> None:
    """Write what has been logged, before the process ends."""
    _State.sink.flush()


def _render(_logger: object, level: str, event: MutableMapping[str, Any]) -> tuple[tuple[Parts], dict[str, Any]]:
    info = context.current()
    text = event.pop("event")
    if event.pop("exc_info", False):
        event.setdefault("error", sys.exc_info()[1])
    service = event.pop("service", "") or info.service
    correlation_id = event.pop("correlationId", "") or info.correlation_id
    # Rendered later, so what a caller may still change is rendered now; most values are plain.
    for name, value in event.items():
        if not isinstance(value, str | int | float):
            event[name] = orjson.Fragment(orjson.dumps(value, default=_plain, option=_VALUE_OPTIONS))
    return (Parts(_State.time.now(), level, service, correlation_id, str(text), event),), {}


def rendered(parts: Parts) -> bytes:
    """A line as it is written."""
    metadata = parts.metadata
    if not SENSITIVE.isdisjoint(metadata):
        metadata.update(dict.fromkeys(SENSITIVE & metadata.keys(), MASK))
    line = {
        "timestamp": parts.timestamp,
        "level": parts.level,
        "service": parts.service,
        "correlationId": parts.correlation_id,
        "message": parts.message,
        "metadata": metadata,
    }
    return orjson.dumps(line, default=_plain, option=_VALUE_OPTIONS | orjson.OPT_APPEND_NEWLINE)


def _plain(value: object) -> object:
    """What stands for a value that JSON has no form for; never its repr, which may show anything."""
    if isinstance(value, message.Message):
        return masked(value)
    if isinstance(value, BaseException):
        return described(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return f"{len(value)} bytes"
    if isinstance(value, set | frozenset):
        return list(value)
    if isinstance(value, Mapping):
        return dict(value)
    return f"<{type(value).__name__}>"


def described(error: BaseException) -> dict[str, object]:
    """An exception's class and where it was raised; its text only where we wrote it or the operating system did."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES_LIMIT:]
    where = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    described_: dict[str, object] = {"type": type(error).__qualname__, "where": where}
    if isinstance(error, errors.ServiceError):
        described_ |= {"reason": error.reason, "text": error.text}
    elif isinstance(error, OSError) and error.strerror:
        described_["text"] = error.strerror
    if error.__cause__ is not None:
        described_["cause"] = type(error.__cause__).__qualname__
    return described_


def masked(value: message.Message, depth: int = 0) -> object:
    """A message as JSON values in proto names, with every field that says `debug_redact` masked, at any depth."""
    if isinstance(value, timestamp_pb2.Timestamp):
        return value.ToJsonString()
    if depth == _DEPTH_LIMIT:
        return "..."
    return {field.name: _masked_field(field, content, depth) for field, content in value.ListFields()}


def _masked_field(field: descriptor.FieldDescriptor, content: Any, depth: int) -> object:
    if field.GetOptions().debug_redact:
        return MASK
    show = _shown(field, depth)
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return _masked_map(field, content, depth)
    if field.is_repeated:
        return [show(item) for item in content[:_ITEMS_LIMIT]] + (["..."] if len(content) > _ITEMS_LIMIT else [])
    return show(content)


def _masked_map(field: descriptor.FieldDescriptor, content: Mapping[Any, Any], depth: int) -> object:
    assert field.message_type is not None
    value_field = field.message_type.fields_by_name["value"]
    if value_field.GetOptions().debug_redact:
        return MASK
    show = _shown(value_field, depth)
    return {str(key): show(item) for key, item in list(content.items())[:_ITEMS_LIMIT]}


def _shown(field: descriptor.FieldDescriptor, depth: int) -> Callable[[Any], object]:
    if field.message_type is not None:
        return lambda item: masked(item, depth + 1)
    if field.type == descriptor.FieldDescriptor.TYPE_BYTES:
        return lambda item: f"{len(item)} bytes"
    return lambda item: item


class _Forward(logging.Handler):
    """Takes what libraries log: their level, name and place, and the class of an exception, but not its text."""

    def emit(self, record: logging.LogRecord) -> None:
        level = record.levelname.lower() if record.levelname.lower() in LEVELS else "error"
        metadata: dict[str, Any] = {"logger": record.name, "at": f"{record.module}:{record.lineno}"}
        if record.exc_info and record.exc_info[1] is not None:
            metadata["error"] = described(record.exc_info[1])
        # Arguments may quote data; the template was written by the library's author.
        text = record.msg if isinstance(record.msg, str) and (record.args or not record.exc_info) else record.name
        info = context.current()
        _State.sink.take(Parts(_State.time.now(), level, info.service, info.correlation_id, text, metadata))


_configure_ours("warning")
atexit.register(flush)
