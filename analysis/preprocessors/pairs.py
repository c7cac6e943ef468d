"""Movements that are not income and not spending: transfers between a person's own accounts, and purchases refunded."""

from __future__ import annotations

import collections
import itertools

import numpy as np

from analysis.preprocessors import groups
from analysis.preprocessors.columns import Bools, Columns, Floats, Ints

TRANSFER_DAYS = 4  # a transfer may be booked on the other account after a weekend
REFUND_DAYS = 60
_LOOK_AHEAD = 50  # rows out with the same amount that are looked at; bounds the work on monotonous statements


def own_transfers(columns: Columns) -> Bools:
    """Rows that left one account and reached another of the same history: same currency and amount, days apart."""
    paired = np.zeros(len(columns), np.bool_)
    if len(columns.accounts) < 2:
        return paired
    currency = np.unique([code for _, code in columns.accounts], return_inverse=True)[1][columns.account]
    key, _ = groups.codes(currency, _ranks(np.abs(columns.amount)))
    for out, into in _matches(columns, key, TRANSFER_DAYS, same_account=False):
        paired[out] = paired[into] = True
    return paired


def refunds(columns: Columns, payee: Ints, candidates: Bools) -> tuple[Ints, Ints]:
    """(purchases, their refunds): same account, payee and amount, the money back within `REFUND_DAYS`.

    `candidates` leaves out rows that are known to be something else.
    """
    key, _ = groups.codes(columns.account, payee, _ranks(np.abs(columns.amount)))
    pairs = _matches(columns, np.where(candidates, key, -1), REFUND_DAYS, same_account=True)
    return np.array([out for out, _ in pairs], np.int64), np.array([into for _, into in pairs], np.int64)


def _ranks(values: Floats) -> Ints:
    return np.unique(values, return_inverse=True)[1].astype(np.int64)


def _matches(columns: Columns, key: Ints, within_days: int, *, same_account: bool) -> list[tuple[int, int]]:
    """Pairs (row out, row in) of one key, each row in at most one pair; the longest waiting money out goes first."""
    out, into = (np.flatnonzero(side & (key >= 0)) for side in (columns.amount < 0, columns.amount > 0))
    shared = np.intersect1d(key[out], key[into])
    waiting: dict[int, collections.deque[int]] = {int(one): collections.deque() for one in shared}
    for row in _by_day(columns, out[np.isin(key[out], shared)]):
        waiting[int(key[row])].append(row)
    pairs = []
    for row in _by_day(columns, into[np.isin(key[into], shared)]):
        found = _taken(columns, waiting[int(key[row])], row, within_days, same_account=same_account)
        if found is not None:
            pairs.append((found, row))
    return pairs


def _by_day(columns: Columns, rows: Ints) -> list[int]:
    return [int(row) for row in rows[np.lexsort((rows, columns.day[rows]))]]


def _taken(
    columns: Columns, waiting: collections.deque[int], row: int, within_days: int, *, same_account: bool
) -> int | None:
    """Take the first row out that `row` can answer; those that are too old for any later row are dropped."""
    day, account = columns.day[row], columns.account[row]
    while waiting and columns.day[waiting[0]] < day - within_days:
        waiting.popleft()
    for place, out in enumerate(itertools.islice(waiting, _LOOK_AHEAD)):
        if columns.day[out] > day:
            return None
        if bool(columns.account[out] == account) == same_account:
            del waiting[place]
            return out
    return None
