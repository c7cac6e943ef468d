"""Path templates: what is accepted, what is refused and why, and that rendering loses nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.transcoding import TemplateError, templates


def test_variable_spans_count_flattened_segments() -> None:
    template = templates.parse("/v1/{bed=beds/*/rows/*}/plants/{plant.name}:move")
    assert template.segments == ("v1", "beds", "*", "rows", "*", "plants", "*")
    assert template.variables == (templates.Variable("bed", 1, 5), templates.Variable("plant.name", 6, 7))
    assert template.verb == "move"


def test_only_one_segment_variables_are_decoded_in_full() -> None:
    template = templates.parse("/{a}/{b=x/*}/{c=**}")
    assert [template.covers_one_segment(v) for v in template.variables] == [True, False, False]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("v1/plants", "starts with a slash"),
        ("/v1//plants", "an empty segment"),
        ("/v1/plants/", "an empty segment"),
        ("/v1/{name", "not closed"),
        ("/v1/{name}s", "fills its segment alone"),
        ("/v1/x{name}", "is no literal"),
        ("/v1/{=*}", "names a field path"),
        ("/v1/{name=}", "an empty segment"),
        ("/v1/{a={b}}", "is no literal"),
        ("/v1/{name}:", "a verb is a non-empty literal"),
        ("/v1/**/{name}", "only literals may follow"),
        ("/v1/{name}/{name}", "bound twice"),
        ("/v1/%4", "is no literal"),
        ("/v1/***", "is no literal"),
        ("/" + "/".join(["a"] * 129), "more than 128 segments"),
    ],
)
def test_refused_template_says_why(text: str, reason: str) -> None:
    with pytest.raises(TemplateError, match=reason.replace("*", r"\*")):
        templates.parse(text)


_NAMES = st.from_regex(r"[a-z_][a-z0-9_]{0,5}(\.[a-z_][a-z0-9_]{0,5}){0,2}", fullmatch=True)
_LITERALS = st.from_regex(r"([a-z0-9._~-]|%[0-9A-F]{2}){1,6}", fullmatch=True)


@st.composite
def _template_texts(draw: st.DrawFn) -> str:
    names = draw(st.lists(_NAMES, max_size=4, unique=True))
    parts = [f"{{{name}={draw(st.sampled_from(['*', 'a/*', '*/b', 'lit']))}}}" for name in names]
    parts += draw(st.lists(_LITERALS | st.just("*"), max_size=4))
    parts = draw(st.permutations(parts)) + draw(st.sampled_from([["x"], ["**"], ["{deep=**}"], ["**", "tail"]]))
    return "/" + "/".join(parts) + draw(st.sampled_from(["", ":verb"]))


@given(_template_texts())
def test_rendered_template_parses_to_the_same(text: str) -> None:
    template = templates.parse(text)
    assert templates.parse(template.render()) == template


@given(st.text(alphabet="/{}*=:.%aB2 \x00ü", max_size=24))
def test_any_text_is_parsed_or_refused_with_our_error(text: str) -> None:
    try:
        template = templates.parse(text)
    except TemplateError:
        return
    assert templates.parse(template.render()) == template
