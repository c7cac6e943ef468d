from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingestion import sanitising

ANY = st.text(st.characters(), max_size=60)


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("RENT\x00\x1b[31m MAY", "RENT [31m MAY"),
        ("line one\r\nline two", "line one line two"),
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("  @SUM", "'@SUM"),
        ("a\u202eb", "a b"),
        ("\ud800lone", "lone"),
        ("Cafe\u0301", "Caf\u00e9"),
        ("x" * 30, "x" * 20),
    ],
)
def test_texts_are_made_harmless(raw: str, kept: str) -> None:
    assert sanitising.text(raw, 20) == kept


@given(ANY)
def test_no_text_keeps_a_control_a_formula_or_too_much(raw: str) -> None:
    kept = sanitising.text(raw, 40)
    assert not any(unicodedata.category(character) in {"Cc", "Cs"} for character in kept)
    assert not kept.startswith(("=", "+", "-", "@"))
    assert len(kept) <= 40
    kept.encode()


@given(ANY)
def test_a_text_made_harmless_stays_as_it_is(raw: str) -> None:
    once = sanitising.text(raw, 40)
    assert sanitising.text(once, 40) == once
