"""Query strings: strict binding, plain text conversions, and errors that name the parameter."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.transcoding import Options, TranscodingError
from gateway.transcoding.json_in import JsonReaders
from gateway.transcoding.requests import RequestDecoder
from tests.support.transcoding_cases_suite import Suite


def _decoder(garden: Suite, message: str, variables: tuple[str, ...] = (), **options: Any) -> RequestDecoder:
    switches = Options(**options)
    readers = JsonReaders(garden.types, switches)
    return RequestDecoder(garden.descriptor(f"garden.v1.{message}"), variables, "", readers, switches)


def _query(garden: Suite, query: str, message: str = "Plant", **options: Any) -> Any:
    return _decoder(garden, message, **options).decode((), query, b"")


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("name=a+b%2B&heightCm=-3&edible=1", {"name": "a b+", "heightCm": -3, "edible": True}),
        ("tags=a&tags=&tags=c", {"tags": ["a", "", "c"]}),
        ("seasons=SPRING&seasons=3", {"seasons": ["SPRING", "AUTUMN"]}),
        ("mass=NaN&share=-1.5e-3", {"mass": "NaN", "share": -0.0015}),
        ("photo=-_-_", {"photo": "-_-_"}),
        ("sown_at=2024-01-01T00:00:00Z&growsFor=1.5s", {"sownAt": "2024-01-01T00:00:00Z", "growsFor": "1.5s"}),
        ("shown=name,sown_at", {"shown": "name,sownAt"}),
        ("watered=false&drops=7&remark=&acid=0.5", {"watered": False, "drops": "7", "remark": "", "acid": 0.5}),
        ("pot.colour=red&pot.litres=2", {"pot": {"colour": "red", "litres": 2}}),
        ("counts[a%26b]=1&counts[c]=2", {"counts": {"a&b": 1, "c": 2}}),
        ("notes[true]=x", {"notes": {"true": "x"}}),
        ("facts={%22a%22:[1]}&fact=null", {"facts": {"a": [1]}, "fact": None}),
        ("wateredAt=2024-01-01T00:00:00Z", {"wateredAt": ["2024-01-01T00:00:00Z"]}),
        ("&&name=a&", {"name": "a"}),
        ("name", {"name": ""}),
    ],
)
def test_parameters_become_fields(garden: Suite, query: str, body: dict[str, Any]) -> None:
    wanted = garden.message(garden.descriptor("garden.v1.Plant"), body)
    assert _query(garden, query).SerializeToString(deterministic=True) == wanted.SerializeToString(deterministic=True)


@pytest.mark.parametrize(
    ("query", "field", "message"),
    [
        ("nope=1", "nope", "unknown field"),
        ("pot.nope=1", "pot.nope", "unknown field"),
        ("name.x=1", "name", "not a message, so it has no fields"),
        ("pot=1", "pot", "a message, so name one of its fields"),
        ("offshoots.name=a", "offshoots", "not a message, so it has no fields"),
        ("counts=1", "counts", "a map, so name a key as in name[key]"),
        ("counts[a]=1&counts[a]=2", "counts", "given more than once"),
        ("pots[1]=x", "pots[1]", "a message, so name one of its fields"),
        ("notes[yes]=x", "notes", "expected true or false as key"),
        ("tags[0]=a", "tags[0]", "unknown field"),
        ("name=a&name=b", "name", "set more than once"),
        ("bed=a&pot.litres=1", "pot.litres", "another member of the same oneof is set"),
        ("heightCm=1.0", "heightCm", "expected an integer"),
        ("heightCm=2147483648", "heightCm", "number out of range"),
        ("heightCm=%D9%A3", "heightCm", "expected an integer"),
        ("edible=yes", "edible", "expected true or false"),
        ("season=2", "season", "unknown enum number"),
        ("season=WINTER", "season", "unknown enum value WINTER"),
        ("sownAt=null", "sownAt", "expected an RFC 3339 time"),
        ("facts=[]", "facts", "expected an object"),
        ("fact={", "fact", "not valid JSON at line 1, column 2"),
        ("name=%zz", "name", "broken percent escape in the query"),
        ("%ff=1", "%ff", "broken percent escape in the query"),
        ("=1", "", "a query parameter without a name"),
        ("&".join(["tags=a"] * 1001), "", "more than 1000 query parameters"),
        (".".join(["offshoots"] * 40) + "=1", ".".join(["offshoots"] * 40)[:80] + "...", "more than 16 names"),
    ],
)
def test_refusal_names_the_parameter(garden: Suite, query: str, field: str, message: str) -> None:
    with pytest.raises(TranscodingError) as caught:
        _query(garden, query)
    assert caught.value.violations == ((field, message),)


def test_parameter_of_a_path_field_is_refused(garden: Suite) -> None:
    decoder = _decoder(garden, "PlantRequest", ("plant.name",))
    with pytest.raises(TranscodingError, match=r"plant\.name: set by the path or the body"):
        decoder.decode(["a"], "plant.name=b", b"")
    made: Any = decoder.decode(["a"], "plant.heightCm=2", b"")
    assert (made.plant.name, made.plant.height_cm) == ("a", 2)


def test_oneof_set_by_the_path_is_not_set_again_by_the_query(garden: Suite) -> None:
    decoder = _decoder(garden, "ListPlantsRequest", ("filter.bed",))
    with pytest.raises(TranscodingError, match="same oneof"):
        decoder.decode(["a"], "filter.heightCm=1", b"")


def test_switches_of_the_query(garden: Suite) -> None:
    assert _query(garden, "name=a+b", plus_is_space=False).name == "a+b"
    assert _query(garden, "key=1&name=a", system_parameters=frozenset({"key"})).name == "a"
    assert _query(garden, "nope=1&name=a", ignore_unknown_parameters=True).name == "a"


def test_recursive_names_do_not_fill_the_memory(garden: Suite) -> None:
    decoder = _decoder(garden, "ListPlantsRequest")
    for depth in range(1, 14):
        made: Any = decoder.decode((), "filter." + "inner." * depth + "bed=x", b"")
        assert made.filter.HasField("inner")
    with pytest.raises(TranscodingError, match="more than 16 names"):
        decoder.decode((), "filter." + "inner." * 15 + "bed=x", b"")


@given(st.text(alphabet="nameheightCm.pot[]=&%2Bü \x00\ud800{}", max_size=40))
def test_any_query_is_bound_or_refused_with_our_error(garden: Suite, query: str) -> None:
    refused = None
    try:
        _query(garden, query)
    except TranscodingError as error:
        refused = error.message
    assert refused is None or refused
