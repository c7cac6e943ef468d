from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh import apikeys, ids


@pytest.mark.parametrize("environment", ["live", "test"])
def test_generated_key_parses_back(environment: apikeys.Environment) -> None:
    text = apikeys.generate(environment)
    parsed = apikeys.parse(text)
    assert len(text) == apikeys.KEY_LENGTH == 46
    assert (parsed.environment, parsed.prefix, parsed.text) == (environment, text[:16], text)


def test_keys_differ() -> None:
    assert len({apikeys.generate("live") for _ in range(100)}) == 100


@given(position=st.integers(0, 45), character=st.sampled_from(ids.ALPHABET + "_- é\n"))
def test_any_changed_character_is_refused(position: int, character: str) -> None:
    text = apikeys.generate("live")
    changed = text[:position] + character + text[position + 1 :]
    if changed != text:
        with pytest.raises(ValueError):
            apikeys.parse(changed)


@given(st.text(max_size=60))
def test_other_text_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(ValueError) as caught:
        apikeys.parse(text)
    assert len(text) < 8 or text not in str(caught.value)


@pytest.mark.parametrize("change", [lambda t: t[:-1], lambda t: t + "0", lambda t: t + "\n", lambda t: " " + t])
def test_wrong_length_is_refused(change: Callable[[str], str]) -> None:
    with pytest.raises(ValueError):
        apikeys.parse(change(apikeys.generate("test")))


def test_key_does_not_show_in_repr() -> None:
    text = apikeys.generate("live")
    assert text not in repr(apikeys.parse(text))


def test_hash_is_sha256_of_the_whole_key() -> None:
    assert apikeys.hash_key("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
