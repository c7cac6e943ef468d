"""RFC 3339 times and proto JSON durations <-> (seconds, nanoseconds)."""

from __future__ import annotations

import datetime as dt
import functools
import re

from .errors import EncodingError, Refusal

_TIMESTAMP = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))", re.ASCII
)
_DURATION = re.compile(r"(-?)(\d{1,12})(?:\.(\d{1,9}))?s", re.ASCII)
_EPOCH_DAY = dt.date(1970, 1, 1).toordinal()
_DAY_S = 86_400
MIN_TIMESTAMP_S = -62_135_596_800
"""0001-01-01T00:00:00Z, timestamp.proto"""
MAX_TIMESTAMP_S = 253_402_300_799
"""9999-12-31T23:59:59Z, timestamp.proto"""
MAX_DURATION_S = 315_576_000_000
"""About 10,000 years, duration.proto"""


def parse_timestamp(text: str) -> tuple[int, int]:
    """An RFC 3339 time as (Unix seconds, nanoseconds); raises Refusal."""
    found = _TIMESTAMP.fullmatch(text)
    if found is None:
        raise Refusal("expected an RFC 3339 time")
    year, month, day, hour, minute, second = map(int, found.group(1, 2, 3, 4, 5, 6))
    try:
        ordinal = dt.date(year, month, day).toordinal()
    except ValueError:
        raise Refusal("no such day") from None
    if hour > 23 or minute > 59 or second > 59:
        raise Refusal("no such time of day")
    seconds = (ordinal - _EPOCH_DAY) * _DAY_S + hour * 3600 + minute * 60 + second - _offset_s(found)
    if not MIN_TIMESTAMP_S <= seconds <= MAX_TIMESTAMP_S:
        raise Refusal("time out of range")
    return seconds, _nanos(found.group(7))


def parse_duration(text: str) -> tuple[int, int]:
    """Proto JSON duration text (`1.5s`) as (seconds, nanoseconds) of one sign; raises Refusal."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise Refusal("expected a duration in seconds, like 1.5s")
    seconds, nanos = int(found.group(2)), _nanos(found.group(3))
    if seconds > MAX_DURATION_S or (seconds == MAX_DURATION_S and nanos):
        raise Refusal("duration out of range")
    return (-seconds, -nanos) if found.group(1) else (seconds, nanos)


@functools.lru_cache(maxsize=4096)  # moments come again: an issue date with each answer, now with a whole batch
def format_timestamp(seconds: int, nanos: int) -> str:
    """RFC 3339 in UTC with 0, 3, 6 or 9 digits; raises EncodingError outside the years 1 to 9999."""
    if not (MIN_TIMESTAMP_S <= seconds <= MAX_TIMESTAMP_S and 0 <= nanos < 1_000_000_000):
        raise EncodingError("a time is out of range")
    day, rest = divmod(seconds, _DAY_S)
    hour, rest = divmod(rest, 3600)
    return f"{_date_text(day)}T{hour:02}:{rest // 60:02}:{rest % 60:02}{_fraction(nanos)}Z"


def format_duration(seconds: int, nanos: int) -> str:
    """Seconds with 0, 3, 6 or 9 digits and an s; raises EncodingError when out of range or of two signs."""
    mixed = (seconds < 0 < nanos) or (nanos < 0 < seconds)
    if mixed or abs(seconds) > MAX_DURATION_S or abs(nanos) >= 1_000_000_000:
        raise EncodingError("a duration is out of range")
    sign = "-" if seconds < 0 or nanos < 0 else ""
    return f"{sign}{abs(seconds)}{_fraction(abs(nanos))}s"


@functools.lru_cache(maxsize=1024)
def _date_text(day: int) -> str:
    return dt.date.fromordinal(day + _EPOCH_DAY).isoformat()


def _offset_s(found: re.Match[str]) -> int:
    if found.group(8) is None:
        return 0
    hours, minutes = int(found.group(9)), int(found.group(10))
    if hours > 23 or minutes > 59:
        raise Refusal("no such time zone offset")
    seconds = hours * 3600 + minutes * 60
    return -seconds if found.group(8) == "-" else seconds


def _nanos(digits: str | None) -> int:
    return int(digits.ljust(9, "0")) if digits else 0


def _fraction(nanos: int) -> str:
    if not nanos:
        return ""
    text = f"{nanos:09}"
    return "." + (text[:3] if text.endswith("000000") else text[:6] if text.endswith("000") else text)
