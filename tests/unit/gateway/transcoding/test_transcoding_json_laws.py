"""Laws over generated messages, with the protobuf runtime's own converter as the oracle."""

from __future__ import annotations

import math
from typing import Any

import pytest
from google.protobuf import json_format, message
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.transcoding import Options, TranscodingError, fields, json_scalars
from gateway.transcoding.json_in import JsonReaders
from gateway.transcoding.json_out import JsonWriters
from gateway.transcoding.registry import message_class
from tests.support.transcoding_cases_suite import Suite

_TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=8)
_FINITE = st.floats(allow_nan=False, allow_infinity=False)
_SCALARS: dict[int, st.SearchStrategy[Any]] = {
    FieldDescriptor.TYPE_STRING: _TEXT,
    FieldDescriptor.TYPE_BYTES: st.binary(max_size=8),
    FieldDescriptor.TYPE_BOOL: st.booleans(),
    # JSON has one NaN, whatever its bits were
    FieldDescriptor.TYPE_DOUBLE: st.floats(allow_nan=False) | st.just(math.nan),
    FieldDescriptor.TYPE_FLOAT: st.floats(width=32, allow_nan=False) | st.just(math.nan),
    FieldDescriptor.TYPE_ENUM: st.sampled_from([0, 1, 3, 99]),
    **{kind: st.integers(*bounds) for kind, bounds in json_scalars.INTEGER_RANGES.items()},
}
_JSON = st.recursive(
    st.none() | st.booleans() | _FINITE | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=6,
)


@st.composite
def _fill(draw: st.DrawFn, descriptor: Descriptor, levels: int = 2) -> Any:
    made: Any = message_class(descriptor)()
    special = _special(descriptor)
    if special is not None:
        json_format.ParseDict(draw(special), made, descriptor_pool=descriptor.file.pool)
        return made
    for field in draw(st.lists(st.sampled_from(list(descriptor.fields)), max_size=6, unique_by=lambda f: f.number)):
        if field.message_type is None or levels > 0:
            _set(draw, made, field, levels)
    return made


def _special(descriptor: Descriptor) -> st.SearchStrategy[Any] | None:
    forms: dict[str, st.SearchStrategy[Any]] = {
        "Any": st.just({}) | st.just({"@type": "x/google.protobuf.Duration", "value": "1s"}),
        "Duration": st.sampled_from(["0s", "-0.000000001s", "315576000000s", "1.500s"]),
        "FieldMask": st.lists(st.from_regex(r"[a-z]{1,4}([A-Z][a-z]{1,4}){0,2}", fullmatch=True), max_size=3).map(
            ",".join
        ),
        "ListValue": st.lists(_JSON, max_size=3),
        "Struct": st.dictionaries(_TEXT, _JSON, max_size=3),
        "Timestamp": st.datetimes().map(lambda time: time.isoformat() + "Z"),
        "Value": _JSON,
    }
    return (
        forms.get(descriptor.full_name.removeprefix("google.protobuf."))
        if descriptor.full_name.startswith("g")
        else None
    )


def _set(draw: st.DrawFn, made: Any, field: FieldDescriptor, levels: int) -> None:
    entry = fields.map_entry(field)
    if entry is not None:
        value = entry.fields_by_name["value"]
        for key in draw(st.lists(_SCALARS[entry.fields_by_name["key"].type], max_size=3)):
            if value.message_type is None:
                getattr(made, field.name)[key] = draw(_SCALARS[value.type])
            else:
                getattr(made, field.name)[key].CopyFrom(draw(_fill(value.message_type, levels - 1)))
    elif field.message_type is not None:
        target = getattr(made, field.name)
        for _ in range(draw(st.integers(0, 2)) if field.is_repeated else 1):
            (target.add() if field.is_repeated else target).CopyFrom(draw(_fill(field.message_type, levels - 1)))
    elif field.is_repeated:
        getattr(made, field.name).extend(draw(st.lists(_SCALARS[field.type], max_size=3)))
    elif field.name != "nothing":
        setattr(made, field.name, draw(_SCALARS[field.type]))


def _bytes(value: message.Message) -> bytes:
    return value.SerializeToString(deterministic=True)


_LAW = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.mark.parametrize("options", [Options(), Options(print_defaults=True, proto_names=True, enums_as_ints=True)])
@_LAW
@given(data=st.data())
def test_what_we_print_is_read_back_by_both(garden: Suite, options: Options, data: st.DataObject) -> None:
    descriptor = garden.descriptor("garden.v1.Plant")
    plant = data.draw(_fill(descriptor))
    text = JsonWriters(garden.types, options).encode(plant)
    assert _bytes(JsonReaders(garden.types, options).parse(descriptor, text)) == _bytes(plant)
    other = json_format.Parse(text, message_class(descriptor)(), descriptor_pool=garden.pool)
    assert _bytes(other) == _bytes(plant)


@_LAW
@given(data=st.data())
def test_what_the_runtime_prints_is_read_alike(garden: Suite, data: st.DataObject) -> None:
    descriptor = garden.descriptor("garden.v1.Plant")
    plant = data.draw(_fill(descriptor))
    text = json_format.MessageToJson(plant, descriptor_pool=garden.pool)
    assert _bytes(JsonReaders(garden.types, Options()).parse(descriptor, text.encode())) == _bytes(plant)


@_LAW
@given(
    body=st.dictionaries(
        st.sampled_from(["name", "heightCm", "pot", "tags", "sownAt", "facts", "nothing", "mass"]), _JSON
    )
)
def test_any_body_is_read_or_refused_with_our_error(garden: Suite, body: dict[str, Any]) -> None:
    import orjson

    refused = None
    try:
        JsonReaders(garden.types, Options()).parse(garden.descriptor("garden.v1.Plant"), orjson.dumps(body))
    except TranscodingError as error:
        refused = error.violations[0].field
    assert refused is None or refused.split(".")[0].split("[")[0] in body


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_printed_single_is_the_same_single(number: float) -> None:
    from gateway.transcoding.json_out import _as_float32, _single

    printed = _single(number)
    assert isinstance(printed, float)
    assert math.isclose(printed, number, rel_tol=1e-6, abs_tol=1e-44)
    assert _as_float32(printed) == number
