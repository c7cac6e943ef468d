"""Routing: precedence, methods, verbs, decoding, and that no path can hurt."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.transcoding import (
    BadPath,
    DecodeMode,
    DuplicateRouteError,
    Match,
    NotFound,
    Router,
    WrongMethod,
    templates,
)


def _router(*routes: str, mode: DecodeMode = DecodeMode.ALL_EXCEPT_SLASH, loose_verbs: bool = True) -> Router[str]:
    parsed = [(route.split(" ")[0], templates.parse(route.split(" ")[1]), route) for route in routes]
    return Router(parsed, mode=mode, unregistered_verb_matches_wildcard=loose_verbs)


def _found(router: Router[str], method: str, path: str) -> tuple[str, list[str]]:
    match = router.match(method, path)
    assert isinstance(match, Match)
    return match.route, list(match.variables)


def test_literal_comes_before_star_before_double_star() -> None:
    router = _router("GET /v1/{name}", "GET /v1/{rest=**}", "GET /v1/plants")
    assert _found(router, "GET", "/v1/plants") == ("GET /v1/plants", [])
    assert _found(router, "GET", "/v1/roses") == ("GET /v1/{name}", ["roses"])
    assert _found(router, "GET", "/v1/roses/red") == ("GET /v1/{rest=**}", ["roses/red"])


def test_dead_end_behind_a_literal_falls_back_to_the_variable() -> None:
    router = _router("GET /v1/plants/new", "GET /v1/{kind}/{name}/leaves")
    assert _found(router, "GET", "/v1/plants/new/leaves") == ("GET /v1/{kind}/{name}/leaves", ["plants", "new"])


def test_the_method_decides_between_templates_that_fit() -> None:
    router = _router("GET /v1/{name}", "POST /v1/plants")
    assert _found(router, "GET", "/v1/plants") == ("GET /v1/{name}", ["plants"])


def test_wrong_method_names_every_method_of_every_fitting_template() -> None:
    router = _router("GET /v1/{name}", "POST /v1/plants", "DELETE /v1/{rest=**}")
    assert router.match("PUT", "/v1/plants") == WrongMethod(("DELETE", "GET", "HEAD", "POST"))
    assert router.allowed("/v1/plants") == ("DELETE", "GET", "HEAD", "POST")
    assert router.allowed("/v2") == ()


def test_head_is_served_by_get_unless_it_has_its_own_route() -> None:
    assert _found(_router("GET /a"), "HEAD", "/a")[0] == "GET /a"
    assert _found(_router("GET /a", "HEAD /a"), "HEAD", "/a")[0] == "HEAD /a"
    assert _router("POST /a").match("HEAD", "/a") == WrongMethod(("POST",))


def test_open_method_serves_what_no_other_route_takes() -> None:
    router = _router("* /a", "GET /a")
    assert _found(router, "GET", "/a")[0] == "GET /a"
    assert _found(router, "PURGE", "/a")[0] == "* /a"


def test_same_shape_under_other_names_is_a_duplicate() -> None:
    with pytest.raises(DuplicateRouteError, match=r"GET /v1/\{b\} is bound twice"):
        _router("GET /v1/{a}", "GET /v1/{b}")


def test_encoded_literal_and_encoded_path_meet() -> None:
    router = _router("GET /caf%C3%A9/{name}")
    assert _found(router, "GET", "/caf%c3%a9/x")[1] == ["x"]
    assert _found(router, "GET", "/%63af%C3%A9/x")[1] == ["x"]


def test_encoded_star_is_a_literal() -> None:
    router = _router("GET /%2A")
    assert isinstance(router.match("GET", "/a"), NotFound)
    assert _found(router, "GET", "/*")[0] == "GET /%2A"


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (DecodeMode.ALL_EXCEPT_SLASH, ["a/b?", "c%2Fd?e"]),
        (DecodeMode.ALL_EXCEPT_RESERVED, ["a/b?", "c%2Fd%3Fe"]),
        (DecodeMode.ALL, ["a/b?", "c/d?e"]),
    ],
)
def test_decoding_of_several_segments_follows_the_mode(mode: DecodeMode, expected: list[str]) -> None:
    router = _router("GET /{one}/{many=**}", mode=mode)
    assert _found(router, "GET", "/a%2Fb%3F/c%2Fd%3F%65")[1] == expected


def test_legacy_mode_splits_at_encoded_slashes() -> None:
    assert isinstance(_router("GET /{one}", mode=DecodeMode.LEGACY).match("GET", "/a%2Fb"), NotFound)


@pytest.mark.parametrize("path", ["/%", "/%zz", "/%ff", "/%C3", ""])
def test_broken_escapes_and_empty_paths_are_bad(path: str) -> None:
    assert _router("GET /{name}").match("GET", path) == BadPath()


@pytest.mark.parametrize("path", ["v1/a", "/v1/a/", "/v1//a", "/v1", "/v1/a/b"])
def test_star_takes_exactly_one_filled_segment(path: str) -> None:
    assert _router("GET /v1/{name}").match("GET", path) == NotFound()


def test_unregistered_verb_belongs_to_the_wildcard_unless_told_otherwise() -> None:
    routes = ("GET /v1/{name}", "GET /v1/{name}:move")
    assert _found(_router(*routes), "GET", "/v1/a:b") == ("GET /v1/{name}", ["a:b"])
    assert _router(*routes, loose_verbs=False).match("GET", "/v1/a:b") == NotFound()
    assert _found(_router(*routes, loose_verbs=False), "GET", "/v1/a:move")[1] == ["a"]


def test_longest_registered_verb_wins() -> None:
    router = _router("GET /{name}:a", "GET /{name}:b:a")
    assert _found(router, "GET", "/x:b:a") == ("GET /{name}:b:a", ["x"])
    assert _found(router, "GET", "/x:c:a") == ("GET /{name}:a", ["x:c"])


def test_variables_behind_double_star_are_counted_from_the_end() -> None:
    router = _router("GET /{a}/{b=x/**/y}/z")
    assert _found(router, "GET", "/1/x/2/3/y/z")[1] == ["1", "x/2/3/y"]
    assert _found(router, "GET", "/1/x/y/z")[1] == ["1", "x/y"]


def test_hostile_paths_cost_no_more_than_the_table() -> None:
    # every level offers a literal and a star: a matcher that backtracks by path would try 2**24 ways
    every = ["GET /" + "/".join("a" if at & (1 << bit) else "*" for bit in range(8)) + "/end" for at in range(256)]
    router = _router(*every)
    start = time.perf_counter()
    assert router.match("GET", "/" + "/".join(["a"] * 8) + "/no") == NotFound()
    assert router.match("GET", "/" + "a/" * 100_000) == NotFound()
    assert time.perf_counter() - start < 10


_TABLE = _router(
    "GET /", "GET /a/{x}/c", "POST /a/{x=b/**}/y", "GET /{x=**}:verb", "* /a/**", "GET /%25/{n}", "PUT /a/b/c:d:e"
)


@given(st.text(alphabet="/ab%25:cdevry?*{}ü\x00\ud800", max_size=40), st.sampled_from(["GET", "PUT", "", "HEAD"]))
def test_no_path_makes_the_router_raise(path: str, method: str) -> None:
    result = _TABLE.match(method, path)
    assert isinstance(result, Match | NotFound | WrongMethod | BadPath)
    if isinstance(result, WrongMethod):
        assert method not in result.allow


@given(st.lists(st.text(min_size=1, max_size=6).filter(lambda s: s.isprintable()), min_size=1, max_size=4))
def test_encoded_segments_come_back_as_they_were(texts: list[str]) -> None:
    from urllib.parse import quote

    names = [f"f{at}" for at in range(len(texts))]
    router = _router("GET /v1/" + "/".join(f"{{{name}}}" for name in names))
    path = "/v1/" + "/".join(quote(text, safe="") for text in texts)
    assert _found(router, "GET", path)[1] == texts
