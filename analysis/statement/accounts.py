"""Which account a file is of that names none: told from the movements that it shares with the person's other files.

An export may leave the account's number out that another export of the same account has. Taken for two accounts, every
movement of both would count twice; and two accounts that are both nameless would be taken for one.
"""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from analysis.statement import model

NAMELESS = ""
_ENOUGH_ROWS = 5  # on days of both: fewer say nothing
_SAME, _OTHER = 0.8, 0.2  # share of them that the other file has, too

_Rows: TypeAlias = collections.Counter[tuple[int, int, str]]  # (day, amount, currency) -> how often


class _Known:
    """What is known of one account: its movements, as often as any one file has them, and the days covered."""

    def __init__(self) -> None:
        self._rows: _Rows = collections.Counter()
        self._days: set[int] = set()

    def learn(self, rows: _Rows) -> None:
        for movement, times in rows.items():
            self._rows[movement] = max(times, self._rows[movement])
        days = [day for day, _, _ in rows]
        self._days.update(range(min(days), max(days) + 1))

    def share(self, rows: _Rows) -> float | None:
        """Share of the rows on days covered that are known; None where they are too few to tell."""
        covered = [(movement, times) for movement, times in rows.items() if movement[0] in self._days]
        count = sum(times for _, times in covered)
        if count < _ENOUGH_ROWS:
            return None
        return sum(min(times, self._rows[movement]) for movement, times in covered) / count


def told_apart(uploads: Sequence[model.StoredStatement]) -> list[model.StoredStatement]:
    """The uploads, with each nameless account under the key of the account that it turns out to be."""
    if len(uploads) < 2:
        return list(uploads)
    known: dict[str, _Known] = {}
    nameless: dict[int, _Rows] = {}
    for place, upload in enumerate(uploads):
        for key, rows in _movements(upload).items():
            if key == NAMELESS:
                nameless[place] = rows
            else:
                known.setdefault(key, _Known()).learn(rows)
    keys = _found(nameless, known)
    return [_renamed(upload, keys.get(place, NAMELESS)) for place, upload in enumerate(uploads)]


def _found(nameless: dict[int, _Rows], known: dict[str, _Known]) -> dict[int, str]:
    """Place of each upload with a nameless account -> that account's key."""
    keys: dict[int, str] = {}
    for _ in nameless:  # each round finds at least one more of those that overlap in a chain
        before = len(keys)
        for place, rows in nameless.items():
            if place not in keys and (key := _key(rows, known)) is not None:
                keys[place] = key
                known[key].learn(rows)
        if len(keys) == before:
            break
    for place, rows in nameless.items():
        if place not in keys:
            keys[place] = _key(rows, known) or _free_key(rows, known)
            known.setdefault(keys[place], _Known()).learn(rows)
    return keys


def once(accounts: Iterable[model.Account]) -> list[model.Account]:
    """Each account once; what kind it is stays known though a later file does not say it."""
    found: dict[str, model.Account] = {}
    for account in accounts:
        known = found.get(account.key)
        kind = account.kind or (known.kind if known else None)
        found[account.key] = dataclasses.replace(account, kind=kind)
    return list(found.values())


def _movements(upload: model.StoredStatement) -> dict[str, _Rows]:
    found: dict[str, _Rows] = collections.defaultdict(collections.Counter)
    for row in upload.transactions:
        found[row.account][row.booked.toordinal(), row.amount_minor, row.currency] += 1
    return found


def _key(rows: _Rows, known: dict[str, _Known]) -> str | None:
    """The account that has nearly all of the rows, the one that has most of them."""
    shares = {key: account.share(rows) or 0.0 for key, account in known.items()}
    best = max(shares, key=lambda key: shares[key], default=None)
    return best if best is not None and shares[best] >= _SAME else None


def _free_key(rows: _Rows, known: dict[str, _Known]) -> str:
    """The first nameless account that nothing speaks against, else a new one."""
    for number in range(len(known) + 1):
        key = f"{NAMELESS}#{number}" if number else NAMELESS
        share = known[key].share(rows) if key in known else None
        if share is None or share > _OTHER:
            return key
    raise AssertionError("one more key than accounts is free")


def _renamed(upload: model.StoredStatement, key: str) -> model.StoredStatement:
    if key == NAMELESS:
        return upload
    return dataclasses.replace(
        upload,
        accounts=tuple(
            dataclasses.replace(account, key=key) if account.key == NAMELESS else account for account in upload.accounts
        ),
        transactions=tuple(
            dataclasses.replace(row, account=key) if row.account == NAMELESS else row for row in upload.transactions
        ),
    )
