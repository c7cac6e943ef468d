"""Whole requests and the compiled routes: path, query and body of one binding, field masks, refusals at the build."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import descriptor_pb2

from gateway.transcoding import (
    BuildError,
    Collision,
    DuplicateRouteError,
    Match,
    Options,
    RuleError,
    TemplateError,
    Transcoder,
    TranscodingError,
    WrongMethod,
)
from tests.support.transcoding_cases_suite import Case, Suite, compile_protos


def _call(transcoder: Transcoder, method: str, target: str, body: bytes = b"") -> Any:
    path, _, query = target.partition("?")
    match = transcoder.match(method, path)
    assert isinstance(match, Match)
    return match.route.decode(match.variables, query, body)


def test_every_binding_reaches_its_method(transcoder: Transcoder) -> None:
    names = {route.method.name: route for route in transcoder.routes}
    assert "CountPlants" not in names
    assert [r.template.render() for r in transcoder.routes if r.method.name == "GetPlant"] == [
        "/v1/plants/{plant_name}",
        "/v1/{bed=beds/*}/plants/{plant_name}",
    ]
    assert names["WatchPlants"].server_streaming
    assert not names["WatchPlants"].client_streaming
    assert names["SowPlants"].client_streaming


def test_path_and_query_make_the_request(transcoder: Transcoder) -> None:
    made = _call(transcoder, "GET", "/v1/beds/b%201/plants/rose?season=SPRING&with_roots=true")
    assert (made.bed, made.plant_name, made.season, made.with_roots) == ("beds/b 1", "rose", 1, True)


def test_head_decodes_like_get(transcoder: Transcoder) -> None:
    assert _call(transcoder, "HEAD", "/v1/plants/rose").plant_name == "rose"


def test_wrong_method_names_the_allowed_ones(transcoder: Transcoder) -> None:
    assert transcoder.match("DELETE", "/v1/plants") == WrongMethod(("GET", "HEAD", "POST"))
    assert transcoder.allowed("/v1/plants") == ("GET", "HEAD", "POST")


def test_body_field_and_path_meet_in_one_message(transcoder: Transcoder) -> None:
    made = _call(transcoder, "PUT", "/v1/plants/rose", b'{"heightCm": 3}')
    assert (made.plant.name, made.plant.height_cm) == ("rose", 3)
    assert not made.HasField("update_mask")


@pytest.mark.parametrize("name", ["rose", "tulip"])
def test_path_variable_repeated_in_the_body_is_refused(transcoder: Transcoder, name: str) -> None:
    with pytest.raises(TranscodingError) as caught:
        _call(transcoder, "PUT", "/v1/plants/rose", b'{"name": "%s"}' % name.encode())
    assert caught.value.violations == (("plant.name", "set more than once"),)


def test_patch_names_the_fields_of_its_body(transcoder: Transcoder) -> None:
    made = _call(transcoder, "PATCH", "/v1/plants/rose", b'{"heightCm": 3, "pot": {"litres": 1}, "tags": []}')
    assert sorted(made.update_mask.paths) == ["height_cm", "pot.litres", "tags"]


def test_patch_keeps_a_mask_that_is_given(transcoder: Transcoder) -> None:
    made = _call(transcoder, "PATCH", "/v1/plants/rose?updateMask=tags", b'{"heightCm": 3}')
    assert list(made.update_mask.paths) == ["tags"]


def test_body_for_a_route_without_one_is_refused(transcoder: Transcoder) -> None:
    assert _call(transcoder, "GET", "/v1/plants/rose", b"{}").plant_name == "rose"
    with pytest.raises(TranscodingError, match="takes no body"):
        _call(transcoder, "GET", "/v1/plants/rose", b'{"bed":"a"}')


def test_whole_body_leaves_nothing_to_the_query(transcoder: Transcoder) -> None:
    with pytest.raises(TranscodingError, match="bed: set by the path or the body"):
        _call(transcoder, "POST", "/v1/plants/rose:move?bed=a", b"{}")


def test_errors_inside_a_body_field_name_the_whole_path(transcoder: Transcoder) -> None:
    with pytest.raises(TranscodingError) as caught:
        _call(transcoder, "PUT", "/v1/plants/rose", b'{"pot": {"litres": -1}}')
    assert caught.value.violations == (("plant.pot.litres", "number out of range"),)


def test_empty_body_is_an_empty_message(transcoder: Transcoder) -> None:
    assert _call(transcoder, "POST", "/v1/plants").ByteSize() == 0
    assert not _call(transcoder, "PUT", "/v1/plants/a").plant.height_cm


def test_lone_surrogate_from_a_server_is_refused(transcoder: Transcoder) -> None:
    with pytest.raises(TranscodingError, match="does not fit its message"):
        _call(transcoder, "GET", "/v1/plants/\udc80")


def test_response_body_is_the_field_alone(transcoder: Transcoder, garden: Suite) -> None:
    route = next(r for r in transcoder.routes if r.method.name == "ListPlants")
    response = garden.message(garden.descriptor("garden.v1.ListPlantsResponse"), {"plants": [{"name": "a"}, {}]})
    assert route.encode(response) == b'[{"name":"a"},{}]'


def test_text_of_a_response_fits_into_an_envelope(transcoder: Transcoder, garden: Suite) -> None:
    route = next(r for r in transcoder.routes if r.method.name == "GetPlant")
    text = route.encode(garden.message(garden.descriptor("garden.v1.Plant"), {"name": "a"}))
    assert b'{"data":' + text + b"}" == b'{"data":{"name":"a"}}'


@pytest.mark.parametrize(
    ("rule", "error", "reason"),
    [
        ({"get": "/v1/{nope}"}, RuleError, "has no field 'nope'"),
        ({"get": "/v1/{tags}"}, RuleError, "is a repeated field"),
        ({"get": "/v1/{pot}"}, RuleError, "has no plain text form"),
        ({"get": "/v1/{name.x}"}, RuleError, "has no field 'name.x'"),
        ({"post": "/v1", "body": "nope"}, RuleError, "has no field 'nope'"),
        ({"post": "/v1", "response_body": "nope"}, RuleError, "for response_body"),
        ({"get": "/v1/"}, TemplateError, "an empty segment"),
        ({"custom": {"path": "/v1"}}, RuleError, "needs a kind"),
        ({"get": "/a", "additional_bindings": [{"body": "*"}]}, RuleError, "needs a pattern"),
        ({"get": "/a", "additional_bindings": [{"get": "/b", "additional_bindings": [{}]}]}, RuleError, "cannot have"),
        ({"get": "/a", "additional_bindings": [{"get": "/a"}]}, DuplicateRouteError, "bound twice"),
    ],
)
def test_rule_that_does_not_fit_fails_the_start(
    garden: Suite, rule: Case, error: type[BuildError], reason: str
) -> None:
    with pytest.raises(error, match=reason) as caught:
        Transcoder.from_services([garden.service("garden.v1.Plant", rule)], Options())
    assert error is DuplicateRouteError or "Service.Call" in str(caught.value)


def test_custom_method_and_open_method_are_routes(garden: Suite) -> None:
    rule = {
        "custom": {"kind": "REPORT", "path": "/a"},
        "additional_bindings": [{"custom": {"kind": "*", "path": "/b"}}],
    }
    transcoder = Transcoder.from_services([garden.service("garden.v1.Plant", rule)], Options())
    assert isinstance(transcoder.match("REPORT", "/a"), Match)
    assert transcoder.match("GET", "/a") == WrongMethod(("REPORT",))
    assert isinstance(transcoder.match("PURGE", "/b"), Match)


def test_collisions_follow_the_option(garden: Suite) -> None:
    rule = {"post": "/a/{name}", "body": "*"}
    for collision, name in [(Collision.BODY_WINS, "body"), (Collision.REFUSE_DIFFERENT, "path")]:
        transcoder = Transcoder.from_services([garden.service("garden.v1.Plant", rule)], Options(collision=collision))
        assert _call(transcoder, "POST", "/a/path", b'{"name":"%s"}' % name.encode()).name == name
    with pytest.raises(TranscodingError, match="two different values"):
        _call(transcoder, "POST", "/a/path", b'{"name":"body"}')


def test_descriptor_set_alone_is_enough(garden: Suite) -> None:
    files = descriptor_pb2.FileDescriptorSet.FromString(compile_protos(garden.folder).SerializeToString())
    transcoder = Transcoder.from_file_set(files)
    assert _call(transcoder, "GET", "/v1/plants/rose").plant_name == "rose"
