"""Streams out, status codes, deadlines, headers and frames."""

from __future__ import annotations

import json

import pytest
from google.protobuf import any_pb2, duration_pb2

from gateway.transcoding import (
    BuildError,
    HeaderRules,
    Options,
    StreamOut,
    StreamWriter,
    TranscodingError,
    frames,
    negotiate,
    status,
    timeouts,
)
from gateway.transcoding.json_out import JsonWriters
from tests.support.transcoding_cases_suite import Suite


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (None, StreamOut.LINES),
        ("*/*", StreamOut.LINES),
        ("text/event-stream", StreamOut.EVENTS),
        ("application/json", StreamOut.ARRAY),
        ("application/json;q=0.5, application/x-ndjson", StreamOut.LINES),
        ("application/json;q=0.5, text/event-stream; Q=0.9", StreamOut.EVENTS),
        ("image/png", None),
        ("application/json;q=0", None),
        ("application/json;q=x", None),
    ],
)
def test_accept_chooses_the_form(accept: str | None, form: StreamOut | None) -> None:
    assert negotiate(accept) is form


def _written(form: StreamOut, items: list[bytes], error: bytes | None = None) -> bytes:
    writer = StreamWriter(form)
    parts = [writer.start(), *map(writer.item, items)]
    return b"".join([*parts, *([writer.error(error)] if error else []), writer.end()])


def test_each_form_frames_items_and_the_error() -> None:
    items, error = [b'{"a":1}', b"{}"], b'{"error":{"code":13}}'
    assert _written(StreamOut.LINES, items, error) == b'{"a":1}\n{}\n{"error":{"code":13}}\n'
    events = b'data: {"a":1}\n\ndata: {}\n\nevent: error\ndata: {"error":{"code":13}}\n\n'
    assert _written(StreamOut.EVENTS, items, error) == events
    assert json.loads(_written(StreamOut.ARRAY, items, error)) == [{"a": 1}, {}, {"error": {"code": 13}}]
    assert (_written(StreamOut.ARRAY, []), _written(StreamOut.LINES, [])) == (b"[]", b"")


def test_error_bodies_carry_code_message_and_details(garden: Suite) -> None:
    writers = JsonWriters(garden.types, Options())
    detail = any_pb2.Any()
    detail.Pack(duration_pb2.Duration(seconds=3))
    body = json.loads(status.error_body(8, "slow down", [detail], writers))
    assert body == {
        "code": 8,
        "message": "slow down",
        "details": [{"@type": "type.googleapis.com/google.protobuf.Duration", "value": "3s"}],
    }
    assert json.loads(status.stream_error_body(13, "", [], writers)) == {"error": {"code": 13, "message": ""}}


def test_codes_that_do_not_exist_are_internal() -> None:
    assert [status.http_status(code) for code in (-1, 17, 100)] == [500, 500, 500]


@pytest.mark.parametrize("text", ["", "1", "S", "-1S", "1.5S", "123456789S", "1s", " 1S", "1S ", "\u0661S"])
def test_malformed_timeouts_are_refused(text: str) -> None:
    with pytest.raises(TranscodingError) as caught:
        timeouts.parse_timeout_ns(text)
    assert caught.value.violations[0].field == "grpc-timeout"


def test_timeouts_are_nanoseconds() -> None:
    assert timeouts.parse_timeout_ns("99999999H") == 99_999_999 * 3_600 * 10**9


def test_only_allowed_headers_pass() -> None:
    headers = [("Traceparent", "00-1"), ("X-CredPass-User", "u"), ("Grpc-Metadata-A", "b"), ("Authorization", "t")]
    assert HeaderRules().metadata(headers) == [("traceparent", "00-1")]


def test_binary_headers_are_decoded_and_checked() -> None:
    rules = HeaderRules({"X-Token-Bin": "token-bin", "x-text": "text"})
    assert rules.metadata([("x-token-bin", "AAE"), ("X-Text", " a ")]) == [("token-bin", b"\x00\x01"), ("text", "a")]
    for name, value in [("x-token-bin", "?"), ("x-text", "é"), ("x-text", "a\nb")]:
        with pytest.raises(TranscodingError):
            rules.metadata([(name, value)])


@pytest.mark.parametrize("key", ["grpc-timeout", "Upper", "", "a b"])
def test_reserved_metadata_keys_fail_the_start(key: str) -> None:
    with pytest.raises(BuildError):
        HeaderRules({"x": key})


def test_frames_are_split_or_refused() -> None:
    assert list(frames.split(b"\0\0\0\0\1a\0\0\0\0\0")) == [b"a", b""]
    for raw in (b"\1\0\0\0\0", b"\0\0\0\0", b"\0\0\0\0\2a"):
        with pytest.raises(frames.FrameError):
            list(frames.split(raw))
