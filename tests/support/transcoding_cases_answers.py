"""Cases on answers: JSON of values and messages, streams, frames, status codes, timeouts, metadata."""

from __future__ import annotations

import asyncio
import functools
import json
from collections.abc import Iterator
from typing import Any

from google.protobuf import any_pb2, message, message_factory

from gateway.transcoding import (
    HeaderRules,
    Options,
    StreamOut,
    StreamWriter,
    Transcoder,
    TranscodingError,
    frames,
    status,
    timeouts,
)
from gateway.transcoding.json_in import JsonReaders, build
from gateway.transcoding.json_out import JsonWriters

from .transcoding_cases_options import offered
from .transcoding_cases_suite import Case, Question, Suite, question

_FORMS = {
    "array": StreamOut.ARRAY,
    "newline": StreamOut.LINES,
    "lines": StreamOut.LINES,
    "ndjson": StreamOut.LINES,
    "sse": StreamOut.EVENTS,
}


class _Codec:
    def __init__(self, suite: Suite, options: Options) -> None:
        self.readers = JsonReaders(suite.types, options)
        self.writers = JsonWriters(suite.types, options)


def json_cases(suite: Suite, cases: list[Case]) -> Iterator[Question]:
    """Values, messages, parsing, printing, response bodies."""
    checks = {
        "value": _check_value,
        "message": _check_message,
        "parse": _check_parse,
        "print": _check_print,
        "response_body": _check_response_body,
    }
    for case in cases:
        asked = offered(case, Options())
        kind = checks.get(case.get("kind", ""))
        skipped = asked.skipped or ("" if kind else f"kind {case.get('kind')!r} is not known")
        expect = case["expect"] if "expect" in case else {"json": case.get("json")}
        yield question(
            case,
            expect,
            functools.partial(kind or _unknown, suite, case, _Codec(suite, asked.options)),
            skipped=skipped,
        )


def _unknown(_suite: Suite, _case: Case, _codec: _Codec, _expect: Case) -> str | None:
    return "a kind that is not known is skipped, never run"


def _check_value(suite: Suite, case: Case, codec: _Codec, expect: Case) -> str | None:
    field = suite.value_field(case["type"])
    holder = field.containing_type
    assert holder is not None
    value = suite.message(holder, {"value": case["value"]})
    write = codec.writers.field_writer(field)
    text = codec.writers.dump(write or (lambda v: v), value.value)  # type: ignore[attr-defined]
    back = build(holder, {"value": codec.readers.field_reader(field)(json.loads(text))})
    return None if json.loads(text) == json.loads(expect["json"]) and back == value else text.decode()


def _check_message(suite: Suite, case: Case, codec: _Codec, expect: Case) -> str | None:
    descriptor = suite.descriptor(case["message"])
    if "fields" in case:
        value: message.Message = message_factory.GetMessageClass(descriptor)(**case["fields"])
    else:
        value = suite.message(descriptor, case["value"])
    text = codec.writers.encode(value)
    back = codec.readers.parse(descriptor, expect["json"].encode())
    return None if json.loads(text) == json.loads(expect["json"]) and back == value else f"{text.decode()} {back}"


def _check_parse(suite: Suite, case: Case, codec: _Codec, expect: Case) -> str | None:
    descriptor = suite.descriptor(case["message"])
    try:
        made = codec.readers.parse(descriptor, case["json"].encode())
    except TranscodingError as error:
        return None if expect.get("error") else f"refused: {error}"
    return None if "message" in expect and made == suite.message(descriptor, expect["message"]) else str(made)


def _check_print(suite: Suite, case: Case, codec: _Codec, expect: Case) -> str | None:
    descriptor = suite.descriptor(case["message"])
    value = suite.message(descriptor, case["value"])
    text = codec.writers.encode(value).decode()
    holds = all(part in text for part in expect.get("contains", ()))
    holds = holds and not any(part in text for part in expect.get("not_contains", ()))
    if expect.get("parses_back"):
        holds = holds and codec.readers.parse(descriptor, text.encode()) == value
    if "json" in expect:
        holds = holds and json.loads(text) == expect["json"]
    return None if holds else text


def _check_response_body(suite: Suite, case: Case, codec: _Codec, expect: Case) -> str | None:
    descriptor = suite.descriptor(case["message"])
    field = descriptor.fields_by_name[case["response_body"]]
    value = suite.message(descriptor, case["value"])
    write = codec.writers.field_writer(field) or (lambda v: v)
    text = codec.writers.dump(write, getattr(value, field.name))
    return None if json.loads(text) == json.loads(expect["json"]) else text.decode()


def stream_cases(suite: Suite, cases: list[Case]) -> Iterator[Question]:
    """Messages -> text of a stream."""
    for case in cases:
        asked = offered(case, Options())
        skipped = asked.skipped or ("" if case.get("form") in _FORMS else f"form {case.get('form')!r} is not offered")
        check = functools.partial(_check_stream, suite, case, asked.options)
        yield question(case, case["expect"], check, skipped=skipped)


def _check_stream(suite: Suite, case: Case, options: Options, expect: Case) -> str | None:
    codec = _Codec(suite, options)
    writer = StreamWriter(_FORMS[case["form"]])
    descriptor = suite.descriptor(case["message"])
    texts = [codec.writers.encode(suite.message(descriptor, value)) for value in case["values"]]
    whole = b"".join([writer.start(), *(writer.item(text) for text in texts), writer.end()]).decode()
    if "text" in expect:
        return None if whole == expect["text"] else whole
    if "lines" in expect:
        lines = whole.split("\n")
        return None if lines[-1] == "" and [json.loads(line) for line in lines[:-1]] == expect["lines"] else whole
    return None if json.loads(whole) == expect["json"] else whole


def frame_cases(_: Suite, cases: list[Case]) -> Iterator[Question]:
    """Bytes of a backend -> messages or an error."""
    for case in cases:
        yield question(case, case["expect"], functools.partial(_check_frames, case))


def _check_frames(case: Case, expect: Case) -> str | None:
    try:
        found = list(frames.split(bytes.fromhex(case["backend_bytes_hex"])))
    except frames.FrameError as error:
        return None if expect.get("error") else str(error)
    wanted = expect.get("messages_hex")
    return None if wanted is not None and [raw.hex() for raw in found] == wanted else str(found)


def code_cases(_: Suite, cases: list[Case]) -> Iterator[Question]:
    """Codes -> HTTP status."""
    for case in cases:
        yield question(case, {"http": case["http"]}, functools.partial(_check_code, case))


def _check_code(case: Case, expect: Case) -> str | None:
    return _same(status.http_status(case["code"]), expect["http"])


def health_cases(_: Suite, cases: list[Case]) -> Iterator[Question]:
    """Health answers -> HTTP status."""
    for case in cases:
        yield question(case, {"http": case["http"]}, functools.partial(_check_health, case))


def _check_health(case: Case, expect: Case) -> str | None:
    return _same(status.health_http_status(case["rpc_code"], case["serving_status"]), expect["http"])


def error_body_cases(suite: Suite, cases: list[Case]) -> Iterator[Question]:
    """Status -> error body."""
    for case in cases:
        yield question(case, case["expect"], functools.partial(_check_error_body, suite, case))


def _check_error_body(suite: Suite, case: Case, expect: Case) -> str | None:
    codec = _Codec(suite, Options())
    given = case["status"]
    body = json.loads(status.error_body(given["code"], given["message"], _details(codec, given), codec.writers))
    wanted = {key: value for key, value in expect["body"].items() if key != "details" or value}
    holds = body == wanted and status.http_status(given["code"]) == expect["http"]
    return None if holds else f"{status.http_status(given['code'])} {body}"


def stream_error_cases(suite: Suite, cases: list[Case]) -> Iterator[Question]:
    """Status inside a stream -> its line."""
    for case in cases:
        yield question(case, case["expect"], functools.partial(_check_stream_error, suite, case))


def _check_stream_error(suite: Suite, case: Case, expect: Case) -> str | None:
    codec = _Codec(suite, Options())
    given = case["status"]
    text = status.stream_error_body(given["code"], given["message"], _details(codec, given), codec.writers)
    line = StreamWriter(StreamOut.LINES).error(text).decode()
    return None if json.loads(line) == json.loads(expect["line"]) else line


def _details(codec: _Codec, given: Case) -> list[Any]:
    read = codec.readers.reader(any_pb2.Any.DESCRIPTOR)
    return [build(any_pb2.Any.DESCRIPTOR, read(detail)) for detail in given.get("details", ())]


def outcome_cases(_: Suite, cases: list[Case]) -> Iterator[Question]:
    """Plain HTTP outcomes."""
    for case in cases:
        yield question(case, case["expect"], functools.partial(_check_outcome, case))


def _check_outcome(case: Case, expect: Case) -> str | None:
    return _same(_outcome(case), expect["http"])


def _outcome(case: Case) -> int:
    request = case["request"]
    if "target" in request:
        found = Transcoder.from_services([]).match(request["method"], request["target"].partition("?")[0])
        return 404 if type(found).__name__ == "NotFound" else 400
    text = {name.lower(): value for name, value in request.get("headers", {}).items()}.get(timeouts.HEADER, "99999999H")
    try:
        limit_s = timeouts.parse_timeout_ns(text) / 1e9
    except TranscodingError:
        return status.http_status(3)
    return status.http_status(asyncio.run(_code_of_call(limit_s, request.get("handler_takes_s", 0))))


async def _code_of_call(limit_s: float, takes_s: float) -> int:
    """A call whose handler answers at once, or not within the limit."""
    if takes_s < limit_s:
        return status.OK
    try:
        await asyncio.wait_for(asyncio.Event().wait(), limit_s)
    except TimeoutError:
        return status.DEADLINE_EXCEEDED
    return status.OK


def timeout_cases(_: Suite, cases: list[Case]) -> Iterator[Question]:
    """grpc-timeout text -> nanoseconds."""
    for case in cases:
        yield question(case, case["expect"], functools.partial(_check_timeout, case))


def _check_timeout(case: Case, expect: Case) -> str | None:
    try:
        found = timeouts.parse_timeout_ns(case["text"])
    except TranscodingError as error:
        return None if expect.get("error") and expect.get("http", 400) == 400 else str(error)
    return _same(found, expect.get("nanoseconds"))


def metadata_cases(_: Suite, cases: list[Case]) -> Iterator[Question]:
    """Request headers -> metadata."""
    for case in cases:
        yield question(case, case["expect"], functools.partial(_check_metadata, case))


def _check_metadata(case: Case, expect: Case) -> str | None:
    found: dict[str, list[str]] = {}
    for key, value in HeaderRules().metadata((name, value) for name, value in case["headers"]):
        found.setdefault(key, []).append(value if isinstance(value, str) else value.decode("latin-1"))
    holds = found == expect.get("metadata", {}) and not set(found).intersection(expect.get("absent", ()))
    return None if holds else str(found)


def _same(found: Any, wanted: Any) -> str | None:
    return None if found == wanted else str(found)
