"""JSON text: what orjson leaves out is refused, and only that."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.transcoding import json_text
from gateway.transcoding.errors import Refusal


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":1,"a":2}',
        b'{"a":1,"\\u0061":2}',
        b'[{"x":{"k":"a:b","k":"c:d"}}]',
        b'{"a":"\\u003a","a":1}',
        b'{"a:":"::","b":{"c":1,"c":":"}}',
        b'{"a":{"b":1},"a":{"b":1}}',
    ],
)
def test_duplicate_keys_are_refused(raw: bytes) -> None:
    with pytest.raises(Refusal, match="stands twice"):
        json_text.loads(raw)


def test_duplicate_key_is_named() -> None:
    with pytest.raises(Refusal) as caught:
        json_text.loads(b'{"outer":{"inner":1,"inner":2}}')
    assert caught.value.path == ["inner"]


@pytest.mark.parametrize("raw", [b'{"a":"::","b":"\\u003a"}', b'{"\\u003a":":"}', b'[{"a":1},{"a":2}]', b'"a"', b"{}"])
def test_colons_in_texts_are_no_duplicates(raw: bytes) -> None:
    assert json_text.loads(raw) == json.loads(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b"NaN",
        b'{"a":Infinity}',
        b"{'a':1}",
        b'{"a":1,}',
        b"01",
        b"",
        b" ",
        b'{"a":1}x',
        b'"\xff"',
        b'"\\ud800"',
        b"1e999",
    ],
)
def test_what_rfc_8259_forbids_is_refused(raw: bytes) -> None:
    with pytest.raises(Refusal, match="not valid JSON at line"):
        json_text.loads(raw)


@pytest.mark.parametrize("shape", [b"[%b]", b'{"a":%b}'])
def test_nesting_ends_at_the_limit(shape: bytes) -> None:
    text = b"1"
    for _ in range(json_text.DEPTH_LIMIT):
        text = shape.replace(b"%b", text)
    assert json_text.depth(json_text.loads(text)) == json_text.DEPTH_LIMIT
    with pytest.raises(Refusal, match="nested deeper"):
        json_text.loads(shape.replace(b"%b", text))


def test_very_deep_text_is_refused_without_harm() -> None:
    with pytest.raises(Refusal):
        json_text.loads(b"[" * 100_000 + b"]" * 100_000)


_KEYS = st.sampled_from(["a", "b", ":", 'q"', "\\", "é"])


def _pairs_text(pairs: list[tuple[str, str]]) -> str:
    return "{" + ",".join(f"{json.dumps(key)}:{value}" for key, value in pairs) + "}"


_TEXTS = st.recursive(
    st.text(alphabet='a:"\\,{}é', max_size=6).map(json.dumps) | st.integers().map(str) | st.just("null"),
    lambda inner: (
        st.lists(st.tuples(_KEYS, inner), max_size=4).map(_pairs_text)
        | st.lists(inner, max_size=4).map(lambda items: "[" + ",".join(items) + "]")
    ),
    max_leaves=12,
)


def _has_duplicates(text: str) -> bool:
    found = []

    def note(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found.append(len({key for key, _ in pairs}) != len(pairs))
        return dict(pairs)

    json.loads(text, object_pairs_hook=note)
    return any(found)


@given(_TEXTS)
def test_exactly_the_texts_with_duplicate_keys_are_refused(text: str) -> None:
    try:
        json_text.loads(text.encode())
    except Refusal:
        assert _has_duplicates(text)
    else:
        assert not _has_duplicates(text)
