"""Cases on requests: queries, single values, field paths, bodies, whole requests, field masks."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

from google.protobuf import message, text_format
from google.protobuf.descriptor import Descriptor

from gateway.transcoding import (
    BuildError,
    Collision,
    Match,
    Options,
    StreamForm,
    Transcoder,
    TranscodingError,
    WrongMethod,
    body_stream,
    fieldmask,
    fields,
    json_text,
)
from gateway.transcoding.errors import Refusal
from gateway.transcoding.json_in import JsonReaders
from gateway.transcoding.query import QueryBinder
from gateway.transcoding.registry import message_class
from gateway.transcoding.requests import RequestDecoder
from gateway.transcoding.text_in import TextReaders

from .transcoding_cases_options import offered
from .transcoding_cases_suite import Case, Question, Suite, plain_options, question

_WOVEN = Options(collision=Collision.REFUSE_DIFFERENT)
"""Bindings of the source may come from the query as well, so the same value twice is no error there."""
_NO_STATUS = 0
_CLIENT_ERRORS = 400
_FORMS = {"array": StreamForm.ARRAY, "lines": StreamForm.LINES, "newline": StreamForm.LINES, "ndjson": StreamForm.LINES}


class _Answered(Exception):
    """The HTTP status of a request that never became a message."""

    def __init__(self, http: int, reason: str) -> None:
        super().__init__(reason)
        self.http = http


def _judge(suite: Suite, descriptor: Descriptor, expect: Case, make: Callable[[], list[message.Message]]) -> str | None:
    """Compare what was made with `message`, `messages`, `message_part` or `error`."""
    try:
        made = make()
    except TranscodingError as error:
        return _judge_error(expect, 400, str(error))
    except BuildError as error:
        return _judge_error(expect, _NO_STATUS, str(error))
    except _Answered as answered:
        return _judge_error(expect, answered.http, str(answered))
    shown = str([text_format.MessageToString(m, as_one_line=True) for m in made])
    if "message_part" in expect:
        return None if _part(made[0], suite.message(descriptor, expect["message_part"])) else shown
    if "messages" in expect:
        return None if made == [suite.message(descriptor, m) for m in expect["messages"]] else shown
    return None if "message" in expect and made == [suite.message(descriptor, expect["message"])] else shown


def _judge_error(expect: Case, http: int, reason: str) -> str | None:
    wanted = expect.get("http", http)
    holds = (expect.get("error") or wanted >= _CLIENT_ERRORS) and wanted == http
    return None if holds else f"refused ({http or 'build'}): {reason}"


def _part(made: message.Message, wanted: message.Message) -> bool:
    return all(getattr(made, field.name) == value for field, value in wanted.ListFields())


def query_cases(suite: Suite, cases: list[Case]) -> Iterator[Question]:
    """Query string -> message."""
    for case in cases:
        asked = offered(case, Options())
        check = functools.partial(_check_query, suite, case, asked.options)
        yield question(case, case["expect"], check, skipped=asked.skipped)


def _check_query(suite: Suite, case: Case, options: Options, expect: Case) -> str | None:
    descriptor = suite.descriptor(case["message"])

    def make() -> list[message.Message]:
        readers = JsonReaders(suite.types, options)
        bound = [tuple(f.name for f in fields.resolve(descriptor, path)) for path in case.get("bound", ())]
        binder = QueryBinder(descriptor, bound, TextReaders(readers, options), options)
        kwargs: fields.Kwargs = {}
        try:
            binder.bind(kwargs, case["query"])
        except Refusal as refusal:
            raise refusal.to_error() from None
        return [message_class(descriptor)(**kwargs)]

    return _judge(suite, descriptor, expect, make)


def conversion_cases(suite: Suite, cases: list[Case]) -> Iterator[Question]:
    """Text of a path variable -> value of a type."""
    for case in cases:
        asked = offered(case, Options())
        options = plain_options(asked.options, path_list_separator=case.get("separator"))
        check = functools.partial(_check_conversion, suite, case, options)
        yield question(case, case["expect"], check, skipped=asked.skipped)


def _check_conversion(suite: Suite, case: Case, options: Options, expect: Case) -> str | None:
    holder = suite.value_field(case["type"]).containing_type
    assert holder is not None

    def make() -> list[message.Message]:
        decoder = RequestDecoder(holder, ["value"], "", JsonReaders(suite.types, options), options)
        return [decoder.decode([case["text"]], "", b"")]

    wanted = {"message": {"value": expect["value"]}} if "value" in expect else expect
    return _judge(suite, holder, wanted, make)


def field_path_cases(suite: Suite, cases: list[Case]) -> Iterator[Question]:
    """Path text -> proto names."""
    for case in cases:
        yield question(case, case["expect"], functools.partial(_check_path, suite, case))


def _check_path(suite: Suite, case: Case, expect: Case) -> str | None:
    try:
        found = [field.name for field in fields.resolve(suite.descriptor(case["message"]), case["path"])]
    except Refusal as refusal:
        return None if expect.get("error") else refusal.message
    return None if expect.get("fields") == found else str(found)


def http_cases(suite: Suite, cases: list[Case]) -> Iterator[Question]:
    """Rule and HTTP request -> message."""
    for case in cases:
        asked = offered(case, Options())
        check = functools.partial(_check_http, suite, case, asked.options)
        yield question(case, case["expect"], check, skipped=asked.skipped)


def _check_http(suite: Suite, case: Case, options: Options, expect: Case) -> str | None:
    descriptor = suite.descriptor(case["message"])

    def make() -> list[message.Message]:
        transcoder = Transcoder.from_services([suite.service(case["message"], case["rule"])], options)
        path, _, query = case["target"].partition("?")
        match transcoder.match(case["method"], path):
            case Match(route=route, variables=variables):
                return [route.decode(variables, query, _body(case))]
            case WrongMethod():
                raise _Answered(405, "wrong method")
            case _:
                raise _Answered(404, "no route")

    return _judge(suite, descriptor, expect, make)


def translate_cases(suite: Suite, cases: list[Case]) -> Iterator[Question]:
    """Body, body field and bindings -> message or messages."""
    for case in cases:
        asked = offered(case, _WOVEN)
        check = functools.partial(_check_translate, suite, case, asked.options)
        yield question(case, case["expect"], check, skipped=asked.skipped)


def _check_translate(suite: Suite, case: Case, options: Options, expect: Case) -> str | None:
    descriptor = suite.descriptor(case["message"])
    paths = [path for path, _ in case.get("bindings", ())]
    texts = [text for _, text in case.get("bindings", ())]

    def make() -> list[message.Message]:
        readers = JsonReaders(suite.types, options)
        decoder = RequestDecoder(descriptor, paths, case.get("body_field", ""), readers, options)
        pieces = list(_pieces(_body(case), case.get("chunk_size")))
        if not case.get("streaming"):
            return [decoder.decode(texts, "", b"".join(pieces))]
        rest = RequestDecoder(descriptor, (), case.get("body_field", ""), readers, options)
        stream = body_stream.BodyStream(decoder, rest, texts, "", _FORMS[case.get("form", "array")])
        return [m for piece in pieces for m in stream.feed(piece)] + list(stream.close())

    return _judge(suite, descriptor, expect, make)


def _body(case: Case) -> bytes:
    return str(case.get("body", "")).encode()


def _pieces(body: bytes, size: int | None) -> Iterator[bytes]:
    step = size or max(len(body), 1)
    for start in range(0, len(body), step):
        yield body[start : start + step]


def mask_cases(suite: Suite, cases: list[Case]) -> Iterator[Question]:
    """PATCH body -> mask paths."""
    for case in cases:
        asked = offered(case, Options())
        check = functools.partial(_check_mask, suite, case, asked.options)
        yield question(case, case["expect"], check, skipped=asked.skipped)


def _check_mask(suite: Suite, case: Case, options: Options, expect: Case) -> str | None:
    descriptor = suite.descriptor(case["message"])
    try:
        paths = _mask(suite, descriptor, case, options)
    except Refusal as refusal:
        return None if expect.get("error") else f"refused: {refusal.message}"
    except TranscodingError as error:
        return None if expect.get("error") else f"refused: {error}"
    return None if sorted(expect.get("paths", ())) == sorted(paths) and not expect.get("error") else str(paths)


def _mask(suite: Suite, descriptor: Descriptor, case: Case, options: Options) -> list[str]:
    if "body_field" in case:
        readers = JsonReaders(suite.types, options)
        decoder = RequestDecoder(descriptor, (), case["body_field"], readers, options, infers_mask=True)
        made: Any = decoder.decode((), "", _body(case))
        return list(made.update_mask.paths)
    return fieldmask.infer(descriptor, json_text.loads(_body(case))) if case["body"] else []
