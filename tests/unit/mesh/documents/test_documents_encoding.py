"""The law of the encoding: what goes in comes out, and what would come out otherwise does not go in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh.documents import encoding

ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
TIMES = st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 12, 31), timezones=ZONES)  # noqa: DTZ001
NAMES = st.one_of(st.text(max_size=5), st.sampled_from(["$d", "$b", "$", "a.b"]))
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(),
    st.sampled_from(['"$d":', '{"$d":"x"}', "$b"]),
    st.binary(),
    TIMES,
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(NAMES, inner, max_size=4)),
    max_leaves=20,
)


def _kept(value: Any) -> Any:
    """A value as a document keeps it: times in UTC, to the millisecond."""
    if isinstance(value, datetime):
        utc = value.astimezone(UTC)
        return utc.replace(microsecond=utc.microsecond // 1000 * 1000)
    if isinstance(value, list):
        return [_kept(item) for item in value]
    if isinstance(value, dict):
        return {name: _kept(item) for name, item in value.items()}
    return value


def _has_tag(value: Any) -> bool:
    if isinstance(value, dict):
        return bool({"$d", "$b"} & set(value)) or any(map(_has_tag, value.values()))
    return isinstance(value, list) and any(map(_has_tag, value))


@given(st.dictionaries(NAMES, VALUES, max_size=5))
def test_what_goes_in_comes_out_and_a_tag_of_ones_own_is_refused(data: dict[str, Any]) -> None:
    if _has_tag(data):
        with pytest.raises(ValueError, match="cannot have a key"):
            encoding.encode(data)
    else:
        assert encoding.decode(encoding.encode(data)) == _kept(data)


@given(TIMES, TIMES)
def test_times_compare_as_their_texts(first: datetime, second: datetime) -> None:
    assert (encoding.instant(first) < encoding.instant(second)) == (_kept(first) < _kept(second))
    assert len(encoding.instant(first)) == 24
