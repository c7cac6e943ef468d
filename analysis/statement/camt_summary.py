"""What a CAMT statement says that its entries add up to (TxsSummry), against the entries that it holds.

ISO 20022 TotalTransactions: NbOfNtries and Sum of all entries (TtlNtries), of the credits and of the debits. Banks
count booked entries or all of them, batches as one or by their transactions, and sums of both sides signed or not.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

_FIGURE = re.compile(r"[+-]?\d{1,18}(?:\.\d{1,17})?")
_TOTALS = {"TtlNtries": ("CRDT", "DBIT"), "TtlCdtNtries": ("CRDT",), "TtlDbtNtries": ("DBIT",)}


class Declared(NamedTuple):
    """One figure of the summary: `field` is NbOfNtries or Sum."""

    total: str
    field: str
    value: str


class Contradiction(NamedTuple):
    column: str
    value: str
    reason: str


@dataclasses.dataclass(slots=True)
class _Side:
    entries: int = 0
    transactions: int = 0  # of batches each by itself
    amount: Decimal = Decimal(0)

    def add(self, transactions: int, amount: Decimal) -> None:
        self.entries += 1
        self.transactions += max(1, transactions)
        self.amount += amount


class Tally:
    """The entries of one statement so far."""

    def __init__(self) -> None:
        self._all = {"CRDT": _Side(), "DBIT": _Side()}
        self._booked = {"CRDT": _Side(), "DBIT": _Side()}
        self._currencies: set[str] = set()
        self._unread = 0

    def add(self, direction: str, amount: Decimal, code: str, transactions: int, *, booked: bool) -> None:
        self._currencies.add(code)
        for sides in (self._all, self._booked) if booked else (self._all,):
            sides[direction].add(transactions, amount)

    def add_unread(self) -> None:
        """An entry that is a problem of its own."""
        self._unread += 1

    def contradictions(self, declared: list[Declared]) -> Iterator[Contradiction]:
        """The figures that no way of counting gives; none where entries went unread."""
        if self._unread:
            return
        for total, field, value in declared:
            figure = Decimal(value) if _FIGURE.fullmatch(value) else None
            counts = field == "NbOfNtries"
            if figure is None or not (counts or len(self._currencies) <= 1):
                continue
            found = self._counts(total) if counts else self._sums(total)
            if abs(figure) not in found:
                what = "number of entries" if counts else "sum of entries"
                reason = f"the message declares another {what} than it holds ({found[0]})"
                yield Contradiction(f"{total}/{field}", value, reason)

    def _counts(self, total: str) -> list[Decimal]:
        chosen = [[sides[key] for key in _TOTALS[total]] for sides in (self._all, self._booked)]
        entries = [Decimal(sum(side.entries for side in sides)) for sides in chosen]
        return entries + [Decimal(sum(side.transactions for side in sides)) for sides in chosen]

    def _sums(self, total: str) -> list[Decimal]:
        chosen = [[sides[key].amount for key in _TOTALS[total]] for sides in (self._all, self._booked)]
        signed = [abs(amounts[0] - amounts[1]) for amounts in chosen if len(amounts) == len(self._all)]
        return [sum(amounts, Decimal(0)) for amounts in chosen] + signed
