"""A draft becomes the canonical result: minor units, booking order, reconciliation, tamper report."""

from __future__ import annotations

import dataclasses
import datetime
import sys
from collections.abc import Iterator
from decimal import Decimal

from analysis.statement import currency, draft, errors, model, reconcile, tamper

_LARGEST_MINOR = 2**63  # what a 64-bit integer of the contracts holds


def assemble(found: draft.Draft, as_of: datetime.date | None) -> model.ParsedStatement:
    """Raises `MalformedStatement` for amounts beyond any currency (more than 18 digits)."""
    rounding = _Rounding(in_minor_units=found.minor_units)
    kept: list[model.Transaction] = []
    aside: list[model.Transaction] = []
    for row in found.rows:
        (aside if row.void else kept).append(_transaction(row, found.currency, rounding))
    declared = list(_declared(found, rounding))
    verdict, ordered = reconcile.reconcile(kept, declared)
    balances = [_balance(balance, found.currency, rounding) for balance in found.balances]
    notes = list(found.notes)
    if found.minor_units:
        notes.append("amounts were taken as counting minor units (cents)")
    if rounding.count:
        notes.append(f"{rounding.count} amounts were finer than the currency's smallest unit and were rounded")
    if any(row.currency == model.NO_CURRENCY for row in kept):
        notes.append("the file names no currency")
    return model.ParsedStatement(
        accounts=_accounts(found, kept, aside),
        transactions=tuple(ordered),
        layout=found.layout,
        set_aside=tuple(aside),
        opening_balances=tuple(balance for balance in balances if balance.kind == "opening"),
        closing_balances=tuple(balance for balance in balances if balance.kind == "closing"),
        problems=tuple(found.problems.kept),
        n_problems=found.problems.count,
        questions=tuple(found.questions),
        reconciliation=verdict,
        tamper=tamper.report(ordered, found.problems.kept, verdict, found.signals, as_of),
        notes=tuple(dict.fromkeys(notes)),
    )


class _Rounding:
    """Amounts to minor units, counting those that had to be rounded."""

    __slots__ = ("_in_minor_units", "count")

    def __init__(self, *, in_minor_units: bool) -> None:
        self._in_minor_units = in_minor_units
        self.count = 0

    def minor(self, amount: Decimal, code: str) -> int:
        minor, rounded = currency.rounded(amount) if self._in_minor_units else currency.to_minor(amount, code)
        if not -_LARGEST_MINOR < minor < _LARGEST_MINOR:
            raise errors.MalformedStatement("an amount is larger than any account's")
        self.count += rounded
        return minor


def _transaction(row: draft.DraftRow, default: str | None, rounding: _Rounding) -> model.Transaction:
    code = row.currency or default or model.NO_CURRENCY
    balance = None if row.balance is None else rounding.minor(row.balance, code)
    return model.Transaction(
        # interned: a long statement says the same few things, and a million rows must fit into memory
        row.account, row.booked, rounding.minor(row.amount, code), code, sys.intern(row.text), row.row,
        row.value_date, row.counterparty, balance, row.bank_code, row.pending, row.id,
    )  # fmt: skip


def _declared(found: draft.Draft, rounding: _Rounding) -> Iterator[tuple[str, str, int, int, int, int]]:
    for period in found.declared:
        code = period.currency or found.currency or model.NO_CURRENCY
        amounts = (rounding.minor(amount, code) for amount in (period.opening, period.closing, period.total))
        opening, closing, total = amounts
        yield period.account, code, period.row, opening, closing, total


def _balance(balance: draft.DraftBalance, default: str | None, rounding: _Rounding) -> model.Balance:
    code = balance.currency or default or model.NO_CURRENCY
    return model.Balance(balance.account, balance.kind, rounding.minor(balance.amount, code), code, balance.on)


def _accounts(
    found: draft.Draft, kept: list[model.Transaction], aside: list[model.Transaction]
) -> tuple[model.Account, ...]:
    """The accounts named by the format, completed by those that rows refer to and by the rows' currency."""
    codes: dict[str, set[str]] = {key: set() for key in found.accounts}
    for row in (*kept, *aside):
        codes.setdefault(row.account, set()).add(row.currency)
    return tuple(_account(found, key, seen) for key, seen in codes.items())


def _account(found: draft.Draft, key: str, seen: set[str]) -> model.Account:
    known = found.accounts.get(key) or model.Account(key, number=key or None)
    if known.currency != model.NO_CURRENCY:
        return known
    code = next(iter(seen)) if len(seen) == 1 else found.currency or model.NO_CURRENCY
    return dataclasses.replace(known, currency=code)
