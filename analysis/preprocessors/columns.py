"""A statement's rows as columns: one canonical order, no row twice, nothing after the as-of date.

Everything after this module works on arrays. Two histories with the same rows give the same columns, whatever order
the rows came in, since rows are sorted by their content.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from analysis.statement import model

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

LARGEST_MINOR = 10**18  # squares and sums of a million such amounts stay finite

_Value = TypeVar("_Value", str, tuple[str, str], tuple[str, str, str])


class AmountOutOfRange(ValueError):
    """An amount or balance is larger than `LARGEST_MINOR`; `row` is its place in the file."""

    def __init__(self, row: int) -> None:
        super().__init__(f"the amount or balance in row {row} is out of range")
        self.row = row


@dataclasses.dataclass(frozen=True, slots=True)
class Columns:
    """`n` booked rows sorted by account, day and content. Amounts are signed minor units (float64, whole numbers)."""

    day: Ints  # proleptic Gregorian ordinal
    amount: Floats
    balance: Floats  # NaN where the statement prints none
    account: Ints  # index into `accounts`
    text: Ints  # index into `texts`
    accounts: tuple[tuple[str, str], ...]  # (account key, currency)
    texts: tuple[tuple[str, str, str], ...]  # (text, counterparty, bank code) as the bank wrote them
    as_of: int  # ordinal; every day is before it
    n_given: int
    n_pending: int
    n_later: int  # rows on or after the as-of date
    n_duplicates: int

    def __len__(self) -> int:
        return len(self.day)


def from_transactions(rows: Sequence[model.Transaction], as_of: dt.date | None) -> Columns:
    """Columns of the booked rows before `as_of` (default: the day after the last booked row).

    Raises `AmountOutOfRange`. A row given twice (same content at the same place of its file, or with the same
    balance after it) counts once; equal rows at different places of a file both happened.
    """
    booked = [row for row in rows if not row.pending]
    day = np.fromiter((row.booked.toordinal() for row in booked), np.int64, len(booked))
    until = as_of.toordinal() if as_of else int(day.max(initial=0)) + 1
    known = day < until
    if not known.all():
        booked = [row for row, keep in zip(booked, known, strict=True) if keep]
    built = _columns(booked, day[known], until)
    return dataclasses.replace(
        built, n_given=len(rows), n_pending=len(rows) - len(known), n_later=int(len(known) - known.sum())
    )


def _columns(rows: list[model.Transaction], day: Ints, until: int) -> Columns:
    account, accounts = _ranked((row.account, row.currency) for row in rows)
    text, texts = _ranked((row.text, row.counterparty or "", row.bank_code or "") for row in rows)
    place = np.fromiter((row.row for row in rows), np.int64, len(rows))
    identity, _ = _ranked(row.id or "" for row in rows)
    amount, balance = _money(rows)
    order = np.lexsort((place, identity, np.nan_to_num(balance, nan=np.inf), text, amount, day, account))
    day, account, text = day[order], account[order], text[order]
    amount, balance = amount[order], balance[order]
    repeated = _repeated(day, amount, balance, account, text, place[order], identity[order])
    keep = ~repeated
    return Columns(
        day[keep], amount[keep], balance[keep], account[keep], text[keep], accounts, texts, until,
        n_given=len(rows), n_pending=0, n_later=0, n_duplicates=int(repeated.sum()),
    )  # fmt: skip


def _money(rows: list[model.Transaction]) -> tuple[Floats, Floats]:
    try:
        amount = np.fromiter((row.amount_minor for row in rows), np.float64, len(rows))
        balance = np.fromiter(
            (np.nan if row.balance_minor is None else row.balance_minor for row in rows), np.float64, len(rows)
        )
    except OverflowError:
        raise AmountOutOfRange(next(row.row for row in rows if not _small(row))) from None
    wrong = ~(_in_range(amount) & _in_range(balance))
    if wrong.any():
        raise AmountOutOfRange(rows[int(np.argmax(wrong))].row)
    return amount, balance


def _small(row: model.Transaction) -> bool:
    return max(abs(row.amount_minor), abs(row.balance_minor or 0)) <= LARGEST_MINOR


def _in_range(values: Floats) -> Bools:
    return np.isnan(values) | (np.abs(values) <= LARGEST_MINOR)


def _ranked(values: Iterable[_Value]) -> tuple[Ints, tuple[_Value, ...]]:
    """Each value as its place in the sorted distinct values, so that codes do not depend on row order."""
    met: dict[_Value, int] = {}
    code = np.fromiter((met.setdefault(value, len(met)) for value in values), np.int64)
    distinct = sorted(met)
    rank = np.zeros(len(met), np.int64)
    rank[[met[value] for value in distinct]] = np.arange(len(met))
    return rank[code], tuple(distinct)


def _repeated(
    day: Ints, amount: Floats, balance: Floats, account: Ints, text: Ints, place: Ints, identity: Ints
) -> Bools:
    """Rows that say again what the row before them (in canonical order) says."""
    repeated = np.zeros(len(day), np.bool_)
    if len(day) < 2:
        return repeated
    same_balance = (balance[1:] == balance[:-1]) | (np.isnan(balance[1:]) & np.isnan(balance[:-1]))
    same = same_balance.copy()
    for column in (account, day, text):
        same &= column[1:] == column[:-1]
    same &= amount[1:] == amount[:-1]
    one_event = (place[1:] == place[:-1]) | ~np.isnan(balance[1:])
    repeated[1:] = same & (one_event & (identity[1:] == identity[:-1]))
    return repeated
