"""Overlapping uploads of the same account become one history.

Two rows of one upload are never each other's duplicate: the file says both happened. Across uploads, rows of one
account, day, currency and amount are paired one to one (a multiset, not a set): first those that also agree in id or
text, then those that can only be one row written in two ways. What stays unpaired is kept.
"""

from __future__ import annotations

import collections
import datetime
import re
from collections.abc import Iterable, Sequence

from analysis.statement import model

_Slot = tuple[str, datetime.date, str, int]
_WORD = re.compile(r"\w+")


def merge(uploads: Sequence[Sequence[model.Transaction]]) -> list[model.Transaction]:
    """One history of all uploads, in booking order; the later upload's wording wins where a pair was pending."""
    merged: list[model.Transaction] = []
    for upload in uploads:
        merged = _joined(merged, list(upload)) if merged else list(upload)
    return sorted(merged, key=lambda row: row.booked)


def _joined(known: list[model.Transaction], new: list[model.Transaction]) -> list[model.Transaction]:
    by_slot: dict[_Slot, list[int]] = collections.defaultdict(list)
    for index, row in enumerate(known):
        by_slot[_slot(row)].append(index)
    covered = _both_complete(known, new)
    result = list(known)
    arrivals: dict[_Slot, list[model.Transaction]] = collections.defaultdict(list)
    for row in new:
        arrivals[_slot(row)].append(row)
    for slot, rows in arrivals.items():
        complete = slot[1] in covered.get(slot[0], ())
        result.extend(_unpaired(result, by_slot.get(slot, []), rows, complete))
    return result


def _unpaired(
    result: list[model.Transaction], free: list[int], rows: list[model.Transaction], complete: bool
) -> list[model.Transaction]:
    free = list(free)
    for same in (_same_identity, _same_text, _alike):
        rows = _pair_off(result, free, rows, same, complete)
    return rows


def _pair_off(
    result: list[model.Transaction],
    free: list[int],
    rows: list[model.Transaction],
    same: collections.abc.Callable[[model.Transaction, model.Transaction, bool], bool],
    complete: bool,
) -> list[model.Transaction]:
    left: list[model.Transaction] = []
    for row in rows:
        match = next((index for index in free if same(result[index], row, complete)), None)
        if match is None:
            left.append(row)
            continue
        free.remove(match)
        if result[match].pending and not row.pending:
            result[match] = row
    return left


def _same_identity(one: model.Transaction, other: model.Transaction, complete: bool) -> bool:
    return one.id is not None and one.id == other.id and _same_text(one, other, complete)


def _same_text(one: model.Transaction, other: model.Transaction, _: bool) -> bool:
    if None not in (one.balance_minor, other.balance_minor) and one.balance_minor != other.balance_minor:
        return False
    return _words(one.text) == _words(other.text)


def _alike(one: model.Transaction, other: model.Transaction, complete: bool) -> bool:
    """Same money on the same day under different words (another export format of the bank).

    On a day that lies inside both uploads each of them holds every row of it, so it must be the same row, even where
    its balance differs because the day was printed in another order. On a day where one of them begins or ends the
    balances must agree, or else the texts have something in common.
    """
    if complete:
        return True
    if one.balance_minor is not None and other.balance_minor is not None:
        return one.balance_minor == other.balance_minor
    return bool(_words(one.text) & _words(other.text)) or not (one.text and other.text)


def _both_complete(
    known: Iterable[model.Transaction], new: Iterable[model.Transaction]
) -> dict[str, frozenset[datetime.date]]:
    """Account -> days strictly inside the period of both uploads."""
    first, second = _periods(known), _periods(new)
    inside: dict[str, frozenset[datetime.date]] = {}
    for account in first.keys() & second.keys():
        start = max(first[account][0], second[account][0])
        end = min(first[account][1], second[account][1])
        days = max((end - start).days - 1, 0)
        inside[account] = frozenset(start + datetime.timedelta(days=1 + step) for step in range(days))
    return inside


def _periods(rows: Iterable[model.Transaction]) -> dict[str, tuple[datetime.date, datetime.date]]:
    periods: dict[str, tuple[datetime.date, datetime.date]] = {}
    for row in rows:
        first, last = periods.get(row.account, (row.booked, row.booked))
        periods[row.account] = min(first, row.booked), max(last, row.booked)
    return periods


def _slot(row: model.Transaction) -> _Slot:
    return row.account, row.booked, row.currency, row.amount_minor


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.casefold()))
