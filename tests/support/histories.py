"""Constructed histories: the plain life of a person who does not exist, with one thing changed at a time."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal

from analysis.statement.model import Transaction

TODAY = dt.date(2026, 1, 10)
START = dt.date(2024, 1, 1)


@dataclasses.dataclass(frozen=True)
class Life:
    """A monthly rhythm. Amounts in cents. `skip_rent`, `no_income` and `penalties` name months counted from 0."""

    months: int = 18
    salary: int = 300_000
    rent: int = 90_000
    groceries: int = 6_000
    groceries_a_month: int = 9
    opening: int = 250_000
    savings: int = 20_000
    currency: str = "EUR"
    account: str = "A"
    skip_rent: frozenset[int] = frozenset()
    late_rent: frozenset[int] = frozenset()
    no_income: frozenset[int] = frozenset()
    penalties: frozenset[int] = frozenset()
    dearer: tuple[tuple[int, int], ...] = ()  # (month, further spending)
    balances: bool = True

    def rows(self) -> list[Transaction]:
        """Bookings in order, with balances that chain."""
        made: list[tuple[dt.date, int, str, str]] = []
        for month in range(self.months):
            made += self._month(month)
        made.sort(key=lambda row: row[0])
        balance, rows = self.opening, []
        for place, (day, amount, text, counterparty) in enumerate(made):
            balance += amount
            rows.append(
                Transaction(
                    self.account, day, amount, self.currency, text, place + 2, counterparty=counterparty or None,
                    balance_minor=balance if self.balances else None,
                )
            )  # fmt: skip
        return rows

    def _month(self, month: int) -> Iterable[tuple[dt.date, int, str, str]]:
        first = month_start(month)
        if month not in self.no_income:
            yield first + dt.timedelta(days=24), self.salary, "SALARY", "Works Ltd"
        if month not in self.skip_rent:
            yield first + dt.timedelta(days=12 if month in self.late_rent else 1), -self.rent, "RENT", "Landlord"
        yield first + dt.timedelta(days=4), -9_000, "Electricity", "Power"
        yield first + dt.timedelta(days=6), -5_000, "Insurance", "Cover"
        if self.savings:
            yield first + dt.timedelta(days=2), -self.savings, "Savings plan", ""
        for number in range(self.groceries_a_month):
            day = first + dt.timedelta(days=1 + number * 3)
            yield day, -(self.groceries + 100 * ((number * 7 + month) % 11)), "Supermarket", f"Shop {number % 3}"
        if month in self.penalties:
            yield first + dt.timedelta(days=15), -1_500, "Overdraft fee", ""
        for dear, amount in self.dearer:
            if dear == month:
                yield first + dt.timedelta(days=17), -amount, "Furniture", "Store"


def month_start(month: int) -> dt.date:
    return dt.date(START.year + month // 12, month % 12 + 1, 1)


def scaled(rows: Sequence[Transaction], factor: int, currency: str) -> list[Transaction]:
    """The same history in another currency."""
    return [
        dataclasses.replace(
            row, amount_minor=row.amount_minor * factor, currency=currency,
            balance_minor=None if row.balance_minor is None else row.balance_minor * factor,
        )
        for row in rows
    ]  # fmt: skip


def as_csv(rows: Sequence[Transaction]) -> str:
    """The history as a statement file."""
    lines = ["Date,Description,Amount,Balance,Currency,Counterparty"]
    for row in rows:
        amount, balance = (Decimal(value) / 100 for value in (row.amount_minor, row.balance_minor or 0))
        lines.append(f"{row.booked},{row.text},{amount:.2f},{balance:.2f},{row.currency},{row.counterparty or ''}")
    return "\n".join(lines) + "\n"


def without_balances(rows: Sequence[Transaction]) -> list[Transaction]:
    return [dataclasses.replace(row, balance_minor=None) for row in rows]


def reworded(rows: Sequence[Transaction], words: dict[str, str]) -> list[Transaction]:
    return [dataclasses.replace(row, text=words[row.text]) for row in rows]
