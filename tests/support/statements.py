"""Statements that tests write themselves: a plain life in months, balances that add up."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

HEADER = "Date,Description,Amount,Balance,Currency,Counterparty"


def statement(months: int = 12, *, start: dt.date = dt.date(2025, 1, 1), salary: int = 3000, marker: str = "") -> bytes:
    """A CSV statement of `months` months, six rows a month. `marker` makes one statement differ from another."""
    rows, balance = [HEADER], Decimal(500)
    for month in range(months):
        first = dt.date(start.year + (start.month - 1 + month) // 12, (start.month - 1 + month) % 12 + 1, 1)
        for day, text, amount, who in (
            (1, "SALARY", Decimal(salary), "ACME INC"),
            (3, "RENT", Decimal("-900.00"), "LANDLORD"),
            (7, f"GROCERIES {marker}".strip(), Decimal("-210.40"), "MARKET"),
            (12, "ELECTRICITY", Decimal("-75.10"), "POWER CO"),
            (20, "RESTAURANT", Decimal("-48.90"), "BISTRO"),
            (26, "SAVINGS TRANSFER", Decimal("-300.00"), "OWN SAVINGS"),
        ):
            balance += amount
            rows.append(f"{first.replace(day=day)},{text},{amount:.2f},{balance:.2f},EUR,{who}")
    return ("\n".join(rows) + "\n").encode()
