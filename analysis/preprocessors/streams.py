"""Recurring streams: the same payer or payee at a regular distance (wages, rent, subscriptions ...).

A stream is due once a period. Between two payments that lie k periods apart, k payments were due and one was made; a
payment is on time when it comes no later than the tolerance after a single period. After the last payment, one or two
unpaid periods are missed payments; from three on the stream has ended, which counts as one missed payment, since an
ended contract cannot be told from an abandoned one.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from analysis.preprocessors import groups
from analysis.preprocessors.columns import Bools, Floats, Ints

# Days between payments; how far from it an interval may lie; how late a payment may come and still be on time.
PERIODS = np.array([7.0, 14.0, 30.4375, 91.3125, 182.625, 365.25])
PERIOD_NAMES = ("weekly", "fortnightly", "monthly", "quarterly", "half-yearly", "yearly")
_SPREAD = np.array([1.5, 3.0, 6.0, 12.0, 18.0, 25.0])
_GRACE = np.array([2.0, 3.0, 6.0, 10.0, 14.0, 21.0])
_LEAST_PAYMENTS = 3
_LEAST_REGULAR = 0.6  # share of the intervals that fit the period
_WIDEST_SPREAD = 0.5  # median deviation of one stream's amounts, by their median
_AMOUNT_STEP = 1.3  # payments of one payer that differ by more belong to different streams
_MOST_MISSED = 3  # periods between two payments that count as missed; a longer pause was agreed or ended
_ENDED_AFTER = 3


@dataclasses.dataclass(frozen=True, slots=True)
class Streams:
    """`of_row[i]` is the row's stream or -1; the other arrays have one entry a stream."""

    of_row: Ints
    period: Ints  # index into PERIODS
    regularity: Floats  # share of intervals that fit the period
    typical: Floats  # median absolute amount, minor units
    amount_spread: Floats  # median absolute deviation / typical
    first: Ints
    last: Ints
    payments: Ints
    overdue: Ints  # periods since the last payment that are past their grace

    def __len__(self) -> int:
        return len(self.period)

    @property
    def active(self) -> Bools:
        return self.overdue < 2

    @property
    def next_expected(self) -> Ints:
        """Ordinal of the day the next payment is expected."""
        return self.last + np.round(PERIODS[self.period]).astype(np.int64)


@dataclasses.dataclass(frozen=True, slots=True)
class Dues:
    """Payments that were due in a set of streams; one entry a payment made or a gap at the end of a stream."""

    day: Ints
    due: Floats
    on_time: Floats
    lateness_days: Floats  # after the due day, not negative; NaN for a gap at the end
    stream: Ints


def find(key: Ints, day: Ints, amount: Floats, as_of: int) -> Streams:
    """Streams among rows of one `key` (payer, direction, purpose); first over all amounts, then by amount band."""
    of_row = _regular(key, day, _of_one_size(key, np.abs(amount)))
    rest = of_row < 0
    banded, _ = groups.codes(key, _bands(key, np.abs(amount), rest))
    second = _regular(banded, day, rest)
    of_row = np.where(rest & (second >= 0), second + of_row.max(initial=-1) + 1, of_row)
    return _described(of_row, day, np.abs(amount), as_of)


def _of_one_size(key: Ints, size: Floats) -> Bools:
    """Rows of keys whose amounts lie about one level."""
    group, n_groups = groups.codes(key)
    typical = groups.medians(size, group, n_groups)
    spread = groups.medians(np.abs(size - typical[group]), group, n_groups)
    return (spread <= _WIDEST_SPREAD * typical)[group]


def _bands(key: Ints, size: Floats, chosen: Bools) -> Ints:
    """Rows of a key in bands of similar amounts: a new band starts where the next amount is a step higher."""
    order = np.lexsort((size, key))
    jump = np.zeros(len(key), np.bool_)
    jump[1:] = (size[order][1:] > _AMOUNT_STEP * size[order][:-1]) | (key[order][1:] != key[order][:-1])
    band = np.zeros(len(key), np.int64)
    band[order] = np.cumsum(jump)
    return np.where(chosen, band + 1, 0)


def _regular(key: Ints, day: Ints, chosen: Bools) -> Ints:
    """Stream number by row for keys whose payment days have a regular distance, else -1."""
    result = np.full(len(key), -1, np.int64)
    if not chosen.any():
        return result
    group, n_groups = groups.codes(key[chosen])
    start, gap = _gaps(group, day[chosen])
    period = nearest_period(groups.medians(gap, start, n_groups))
    fits = np.abs(gap - PERIODS[period[start]]) <= _SPREAD[period[start]]
    enough = np.bincount(start, minlength=n_groups) >= _LEAST_PAYMENTS - 1
    good = enough & (period >= 0) & (groups.shares(fits, start, n_groups) >= _LEAST_REGULAR)
    number = np.where(good, np.cumsum(good) - 1, -1)
    result[chosen] = number[group]
    return result


def _gaps(group: Ints, day: Ints) -> tuple[Ints, Floats]:
    """(group, days) for each pair of consecutive distinct payment days within a group."""
    order = np.lexsort((day, group))
    grouped, ordered = group[order], day[order]
    same = (grouped[1:] == grouped[:-1]) & (ordered[1:] > ordered[:-1])
    return grouped[1:][same], (ordered[1:] - ordered[:-1])[same].astype(np.float64)


def nearest_period(typical_gap: Floats) -> Ints:
    """Index of the period that a typical distance of payments fits, or -1."""
    distance = np.abs(np.nan_to_num(typical_gap, nan=-1.0)[:, None] - PERIODS)
    best = np.argmin(distance, axis=1)
    fits = distance[np.arange(len(best)), best] <= _SPREAD[best]
    return np.where(fits, best, -1).astype(np.int64)


def _described(of_row: Ints, day: Ints, size: Floats, as_of: int) -> Streams:
    mine = of_row >= 0
    stream, days, sizes = of_row[mine], day[mine], size[mine]
    count = int(of_row.max(initial=-1)) + 1
    start, gap = _gaps(stream, days)
    period = nearest_period(groups.medians(gap, start, count))
    typical = groups.medians(sizes, stream, count)
    first, last = np.full(count, as_of, np.int64), np.zeros(count, np.int64)
    np.minimum.at(first, stream, days)
    np.maximum.at(last, stream, days)
    fits = np.abs(gap - PERIODS[period[start]]) <= _SPREAD[period[start]]
    return Streams(
        of_row, period, groups.shares(fits, start, count), typical,
        groups.medians(np.abs(sizes - typical[stream]), stream, count) / np.maximum(typical, 1.0),
        first, last, np.bincount(start, minlength=count) + 1,
        _overdue(as_of - last, period),
    )  # fmt: skip


def _overdue(days_since: Ints, period: Ints) -> Ints:
    late: Floats = (days_since - _GRACE[period]) / PERIODS[period]
    return np.maximum(np.floor(late), 0.0).astype(np.int64)


def dues(streams: Streams, chosen: Bools, day: Ints, as_of: int) -> Dues:
    """Payments due in the `chosen` streams after the first payment of each, by the day they were made or missed."""
    mine = np.append(chosen, False)[streams.of_row]  # -1, no stream, finds the appended one
    order = np.lexsort((day[mine], streams.of_row[mine]))
    stream, days = streams.of_row[mine][order], day[mine][order]
    same = (stream[1:] == stream[:-1]) & (days[1:] > days[:-1])
    stream, days, gap = stream[1:][same], days[1:][same], (days[1:] - days[:-1])[same]
    period, grace = PERIODS[streams.period[stream]], _GRACE[streams.period[stream]]
    due = np.clip(np.round(gap / period), 1, 1 + _MOST_MISSED)
    late = np.maximum(gap - due * period, 0.0)
    on_time = (gap <= due * period + grace).astype(np.float64)
    ended = np.flatnonzero(chosen & (streams.overdue > 0))
    missed = np.where(streams.overdue[ended] >= _ENDED_AFTER, 1.0, streams.overdue[ended])
    return Dues(
        np.concatenate([days, np.minimum(streams.next_expected[ended], as_of - 1)]),
        np.concatenate([due, missed]),
        np.concatenate([on_time, np.zeros(len(ended))]),
        np.concatenate([late, np.full(len(ended), np.nan)]),
        np.concatenate([stream, ended]),
    )
