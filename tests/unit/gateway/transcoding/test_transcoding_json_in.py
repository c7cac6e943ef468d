"""JSON in: the proto JSON mapping, and a refusal that names the place for everything else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.protobuf import json_format

from gateway.transcoding import Options, TranscodingError, json_text
from gateway.transcoding.json_in import JsonReaders
from tests.support.transcoding_cases_suite import Suite


def _parse(garden: Suite, body: Any, **options: Any) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return JsonReaders(garden.types, Options(**options)).parse(garden.descriptor("garden.v1.Plant"), raw)


def _violation(garden: Suite, body: Any) -> tuple[str, str]:
    with pytest.raises(TranscodingError) as caught:
        _parse(garden, body)
    (violation,) = caught.value.violations
    return violation.field, violation.message


@pytest.mark.parametrize(
    "body",
    [
        {"heightCm": 3, "seed_count": "9007199254740993", "cellCount": "18446744073709551615", "slope": -1},
        {"heightCm": 3.0, "seedCount": 1e3, "code": "1.0", "leafCount": "4e2"},
        {"share": 1.1, "mass": "1.5", "acid": "-Infinity"},
        {"mass": "NaN"},
        {"seedCount": -9223372036854775808, "rings": [9223372036854775807, "-9223372036854775808"]},
        {"season": "SPRING", "seasons": [3, "SPRING", 77]},
        {"photo": "-_-_", "root": "YQ", "remark": "", "watered": False, "drops": "-5"},
        {"tags": ["a", "a"], "rings": ["1", 2], "offshoots": [{"name": "b", "offshoots": [{}]}]},
        {"counts": {"a": 1}, "pots": {"-7": {"litres": 2}}, "notes": {"true": "x", "false": "y"}},
        {"nickname": "", "bed": "", "on-the-wire": "w"},
        {"wire_name": "w"},
        {"pot": {}},
        {"sownAt": "2024-02-29T23:59:59.000000001+05:30", "growsFor": "-0.5s", "shown": "name,sownAt"},
        {"wateredAt": ["1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z"]},
        {"facts": {"a": [1, None, {"b": "c"}], "d": True}, "fact": None, "factsList": [[], {}]},
        {"values": {"a": None, "b": 1.5}},
        {"nothing": None},
        {"extra": {"@type": "type.googleapis.com/garden.v1.Pot", "colour": "red"}},
        {"extra": {"@type": "type.googleapis.com/google.protobuf.Duration", "value": "1.5s"}},
        {"extra": {"@type": "x/google.protobuf.Struct", "value": {"a": [1]}}},
        {"extra": {}},
        {"name": None, "pot": None, "tags": None, "counts": None, "sownAt": None, "drops": None},
    ],
)
def test_reads_what_the_runtimes_own_converter_reads(garden: Suite, body: Any) -> None:
    wanted = garden.message(garden.descriptor("garden.v1.Plant"), body)
    assert _parse(garden, body).SerializeToString(deterministic=True) == wanted.SerializeToString(deterministic=True)


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ({"nope": 1}, "nope", "unknown field"),
        ({"offshoots": [{}, {"pot": {"nope": 1}}]}, "offshoots[1].pot.nope", "unknown field"),
        ({"name": 1}, "name", "expected a string"),
        ({"heightCm": "a"}, "heightCm", "expected a number"),
        ({"heightCm": 1.5}, "heightCm", "expected an integer"),
        ({"heightCm": True}, "heightCm", "expected an integer"),
        ({"heightCm": 2147483648}, "heightCm", "number out of range"),
        ({"cellCount": "18446744073709551616"}, "cellCount", "number out of range"),
        ({"cellCount": -1}, "cellCount", "number out of range"),
        ({"seedCount": -9223372036854775809}, "seedCount", "expected an integer"),
        ({"seedCount": 9223372036854775808}, "seedCount", "number out of range"),
        ({"seedCount": "1e400"}, "seedCount", "expected an integer"),
        ({"seedCount": "9" * 5000}, "seedCount", "expected a number"),
        ({"seedCount": " 1"}, "seedCount", "expected a number"),
        ({"seedCount": "1_0"}, "seedCount", "expected a number"),
        ({"share": 3.5e38}, "share", "number out of range"),
        ({"mass": "1e999"}, "mass", "number out of range"),
        ({"mass": "nan"}, "mass", "expected a number"),
        ({"edible": "true"}, "edible", "expected true or false"),
        ({"photo": "a"}, "photo", "expected base64 text"),
        ({"photo": "YQ==="}, "photo", "expected base64 text"),
        ({"photo": "é"}, "photo", "expected base64 text"),
        ({"season": "WINTER"}, "season", "unknown enum value WINTER"),
        ({"season": 1.5}, "season", "expected an integer"),
        ({"tags": "a"}, "tags", "expected a list"),
        ({"tags": ["a", None]}, "tags[1]", "expected a string"),
        ({"counts": {"a": "x"}}, 'counts["a"]', "expected a number"),
        ({"pots": {"x": {}}}, 'pots["x"]', "expected a number"),
        ({"pots": {"1": {}, "1e0": {}}}, 'pots["1e0"]', "two keys of the same value"),
        ({"notes": {"True": ""}}, 'notes["True"]', "expected true or false as key"),
        ({"bed": "a", "pot": {}}, "pot", "another member of the same oneof is set"),
        ({"heightCm": 1, "height_cm": 1}, "height_cm", "given under both of its names"),
        ({"sownAt": "2023-02-29T00:00:00Z"}, "sownAt", "no such day"),
        ({"sownAt": "0001-01-01T00:00:00+01:00"}, "sownAt", "time out of range"),
        ({"sownAt": "2023-01-01T24:00:00Z"}, "sownAt", "no such time of day"),
        ({"sownAt": "2023-01-01 00:00:00Z"}, "sownAt", "expected an RFC 3339 time"),
        ({"sownAt": 5}, "sownAt", "expected a string"),
        ({"growsFor": "315576000000.1s"}, "growsFor", "duration out of range"),
        ({"growsFor": "1"}, "growsFor", "expected a duration in seconds, like 1.5s"),
        ({"shown": "sown_at"}, "shown", "expected field paths in lowerCamelCase, joined by commas"),
        ({"facts": []}, "facts", "expected an object"),
        ({"factsList": {}}, "factsList", "expected a list"),
        ({"nothing": 1}, "nothing", "expected null"),
        ({"extra": {"@type": "x/none.Such"}}, "extra.@type", "unknown type"),
        ({"extra": {"@type": "garden.v1.Pot"}}, "extra.@type", "unknown type"),
        ({"extra": {"colour": "red"}}, "extra.@type", "unknown type"),
        ({"extra": {"@type": "x/garden.v1.Pot", "nope": 1}}, "extra.nope", "unknown field"),
        ({"extra": {"@type": "x/google.protobuf.Duration"}}, "extra.value", "missing"),
        ([], "", "expected an object"),
        (None, "", "expected an object"),
    ],
)
def test_refusal_names_the_place_and_the_reason(garden: Suite, body: Any, field: str, message: str) -> None:
    assert _violation(garden, body) == (field, message)


@pytest.mark.parametrize("content", [{}, {"value": {}}])
def test_empty_in_an_any_is_read_in_both_forms(garden: Suite, content: dict[str, Any]) -> None:
    made = _parse(garden, {"extra": {"@type": "type.googleapis.com/google.protobuf.Empty", **content}})
    assert (made.extra.type_url, made.extra.value) == ("type.googleapis.com/google.protobuf.Empty", b"")


def test_long_client_text_is_cut_in_messages(garden: Suite) -> None:
    field, _ = _violation(garden, {"x" * 5000: 1})
    assert len(field) < 100


def test_unknown_fields_pass_only_when_asked(garden: Suite) -> None:
    assert _parse(garden, {"nope": 1, "name": "a"}, ignore_unknown_fields=True).name == "a"


def test_enum_names_of_any_case_pass_only_when_asked(garden: Suite) -> None:
    assert _parse(garden, {"season": "sprinG"}, case_insensitive_enums=True).season == 1


def test_deep_recursion_is_refused_by_the_limit_and_not_by_the_stack(garden: Suite) -> None:
    body = b'{"offshoots":[' * 60 + b"]}" * 60
    with pytest.raises(TranscodingError, match="nested deeper"):
        _parse(garden, body)
    allowed = b'{"offshoots":[' * 49 + b"]}" * 49
    assert len(_parse(garden, allowed).offshoots) == 1


@pytest.mark.parametrize("shape", ['{"a":%s}', "[%s]"])
def test_dynamic_values_end_where_the_wire_does(garden: Suite, shape: str) -> None:
    text = "1"
    for _ in range(json_text.DYNAMIC_DEPTH_LIMIT):
        text = shape % text
    assert _parse(garden, f'{{"fact":{text}}}'.encode()).HasField("fact")
    assert _violation(garden, json.loads(f'{{"fact":{shape % text}}}')) == ("fact", "nested deeper than 25 levels")


def test_message_that_no_receiver_could_read_is_refused(garden: Suite) -> None:
    def body(levels: int) -> bytes:
        facts = '{"a":' * 24 + "{}" + "}" * 24
        return ('{"offshoots":[' * levels + f'{{"facts":{facts}}}' + "]}" * levels).encode()

    # 57 and 95 levels of JSON are under and over 100 levels on the wire
    assert _parse(garden, body(16)).offshoots
    with pytest.raises(TranscodingError, match="nested too deeply"):
        _parse(garden, body(35))


def test_failure_deep_inside_repeated_messages_is_found_once(garden: Suite) -> None:
    body: dict[str, Any] = {"heightCm": "x"}
    for _ in range(45):
        body = {"offshoots": [body]}
    assert _violation(garden, body)[0].count("offshoots[0]") == 45


def test_same_type_in_two_pools_is_kept_apart(garden: Suite) -> None:
    from google.protobuf import struct_pb2

    readers = JsonReaders(garden.types, Options())
    assert readers.parse(garden.descriptor("google.protobuf.Struct"), b'{"a":[{}]}') is not None
    made = readers.parse(struct_pb2.Struct.DESCRIPTOR, b'{"a":[{}]}')
    assert json_format.MessageToDict(made) == {"a": [{}]}
