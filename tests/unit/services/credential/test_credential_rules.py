from __future__ import annotations

from datetime import UTC, datetime

import pytest
from credpass.credential.v1 import error_reason_pb2
from hypothesis import given
from hypothesis import strategies as st

from mesh import errors
from services.credential import domain
from services.credential import errors as refusals
from services.credential.adapters import content


@pytest.mark.parametrize(
    ("issued", "expires"),
    [((2026, 2, 15), (2027, 2, 15)), ((2028, 2, 29), (2029, 2, 28)), ((2027, 12, 31), (2028, 12, 31))],
)
def test_credential_expires_a_calendar_year_later(issued: tuple[int, int, int], expires: tuple[int, int, int]) -> None:
    assert domain.expiry(datetime(*issued, 8, 30, tzinfo=UTC)) == datetime(*expires, 8, 30, tzinfo=UTC)


def test_every_reason_of_the_contract_has_its_class() -> None:
    reasons = {name.removeprefix("ERROR_REASON_") for name, _ in error_reason_pb2.ErrorReason.items()} - {"UNSPECIFIED"}
    known = {reason for area, reason in errors.ServiceError.registry if area == refusals.DOMAIN}
    assert known == reasons


@given(st.lists(st.text(max_size=150), max_size=8))
def test_sanitised_phrases_never_show_a_figure(phrases: list[str]) -> None:
    kept = domain.sanitised(phrases)
    assert all(not character.isnumeric() for phrase in kept for character in phrase)
    assert set(kept) <= set(phrases)


TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
NUMBERS = st.integers(-1000, 1000)
ANALYSES = st.builds(
    domain.Analysis,
    trust_score=st.integers(0, 1000),
    confidence=st.floats(0, 1),
    dimensions=st.dictionaries(TEXTS, st.builds(domain.Dimension, NUMBERS, st.floats(0, 1), NUMBERS), max_size=6),
    credibility=st.builds(domain.Credibility, st.floats(0.7, 1), NUMBERS, st.lists(TEXTS, max_size=3)),
    insights=st.lists(st.builds(domain.Insight, TEXTS, TEXTS, TEXTS, NUMBERS, TEXTS), max_size=3),
    public_insights=st.lists(TEXTS, max_size=3),
    recommendations=st.lists(TEXTS, max_size=3),
    data_points=st.integers(0, 100_000),
    analysis_version=TEXTS,
    region=TEXTS,
    data_through=TEXTS,
    staleness_days=st.integers(0, 10_000),
)


@given(st.builds(domain.Content, TEXTS, TEXTS, st.lists(TEXTS, max_size=3), ANALYSES))
def test_content_is_read_as_it_was_written(written: domain.Content) -> None:
    assert content.decode(content.encode(written)) == written


def test_content_does_not_show_the_token() -> None:
    analysis = domain.Analysis(500, 1.0, {}, domain.Credibility(1.0, 0), (), (), (), 1, "1.0", "CZ", "2026-01-01", 0)
    assert "vt_secret" not in repr(domain.content("vt_secret", analysis))
