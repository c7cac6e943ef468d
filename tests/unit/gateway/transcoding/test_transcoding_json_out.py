"""JSON out: the proto JSON mapping and its options."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.transcoding import EncodingError, Options
from gateway.transcoding.json_out import JsonWriters
from gateway.transcoding.registry import message_class
from tests.support.transcoding_cases_suite import Suite


def _plant(garden: Suite, **content: Any) -> Any:
    return message_class(garden.descriptor("garden.v1.Plant"))(**content)


def _encode(garden: Suite, message: Any, **options: Any) -> Any:
    return json.loads(JsonWriters(garden.types, Options(**options)).encode(message))


def test_only_what_is_set_is_printed(garden: Suite) -> None:
    plant = _plant(garden, name="a", nickname="", pot={}, watered={"value": False})
    assert _encode(garden, plant) == {"name": "a", "nickname": "", "pot": {}, "watered": False}


def test_fields_without_presence_are_always_printed_when_asked(garden: Suite) -> None:
    printed = _encode(garden, _plant(garden, pot={}), print_defaults=True)
    assert printed["pot"] == {"colour": "", "litres": 0}
    assert (printed["seedCount"], printed["photo"], printed["season"]) == ("0", "", "SEASON_UNSPECIFIED")
    assert (printed["tags"], printed["counts"], printed["mass"], printed["edible"]) == ([], {}, 0.0, False)
    assert not {"nickname", "bed", "sownAt", "watered", "extra", "fact"} & set(printed)


def test_answers_do_not_share_their_defaults(garden: Suite) -> None:
    writers = JsonWriters(garden.types, Options(print_defaults=True))
    writers.encode(_plant(garden, tags=["a"], counts={"k": 1}))
    printed = json.loads(writers.encode(_plant(garden)))
    assert (printed["tags"], printed["counts"]) == ([], {})


def test_options_change_names_enums_integers_and_layout(garden: Suite) -> None:
    plant = _plant(garden, height_cm=1, season=1, seed_count=5)
    assert _encode(garden, plant, proto_names=True) == {"height_cm": 1, "season": "SPRING", "seed_count": "5"}
    assert _encode(garden, plant, enums_as_ints=True)["season"] == 1
    assert _encode(garden, plant, int64_as_numbers=True)["seedCount"] == 5
    assert b'\n  "heightCm": 1' in JsonWriters(garden.types, Options(indent="  ")).encode(plant)


def test_floats_are_printed_as_short_as_they_can_be(garden: Suite) -> None:
    assert _encode(garden, _plant(garden, share=0.1, mass=0.1)) == {"share": 0.1, "mass": 0.1}
    assert _encode(garden, _plant(garden, share=float("-inf"), mass=float("nan"))) == {
        "share": "-Infinity",
        "mass": "NaN",
    }
    assert _encode(garden, _plant(garden, share=3.4028234663852886e38))["share"] == 3.4028234663852886e38


def test_equal_maps_have_equal_bytes(garden: Suite) -> None:
    names = [f"k{at}" for at in range(50)]
    forward = JsonWriters(garden.types, Options()).encode(_plant(garden, counts=dict.fromkeys(names, 1)))
    backward = JsonWriters(garden.types, Options()).encode(_plant(garden, counts=dict.fromkeys(reversed(names), 1)))
    assert forward == backward


def test_unknown_enum_number_is_printed_as_number(garden: Suite) -> None:
    assert _encode(garden, _plant(garden, season=77, seasons=[1, 77])) == {"season": 77, "seasons": ["SPRING", 77]}


@pytest.mark.parametrize(
    "content",
    [
        {"sown_at": {"seconds": 253402300800}},
        {"sown_at": {"nanos": -1}},
        {"grows_for": {"seconds": 1, "nanos": -1}},
        {"shown": {"paths": ["aB"]}},
        {"fact": {}},
        {"fact": {"number_value": float("nan")}},
        {"extra": {"type_url": "x/none.Such"}},
        {"extra": {"type_url": "x/garden.v1.Pot", "value": b"\xff"}},
    ],
)
def test_what_has_no_json_form_is_an_error_of_ours(garden: Suite, content: dict[str, Any]) -> None:
    with pytest.raises(EncodingError):
        JsonWriters(garden.types, Options()).encode(_plant(garden, **content))
