"""Statements that tests make: a plain person's account, with texts that occur nowhere else."""

from __future__ import annotations

from datetime import date, timedelta

CANARY = "ZXQVCANARY"
HEADER = "Date,Description,Amount,Balance,Currency"


def rows(months: int = 14, first: date = date(2024, 12, 1)) -> list[str]:
    """Salary, rent, a loan and daily shopping, in booking order, with a running balance."""
    booked: list[tuple[date, str, int]] = []
    for month in range(months):
        start = date(first.year + (first.month - 1 + month) // 12, (first.month - 1 + month) % 12 + 1, 1)
        booked += [
            (start, f"SALARY {CANARY} WORKS LTD", 3_200_00),
            (start + timedelta(days=2), f"RENT {CANARY} HOMES", -1_100_00),
            (start + timedelta(days=4), f"LOAN PAYMENT {CANARY} BANK", -240_00),
        ]
        booked += [
            (start + timedelta(days=5 + 2 * step), f"GROCERY {CANARY} MARKET", -(38_00 + 317 * step))
            for step in range(10)
        ]
    balance, lines = 2_000_00, []
    for day, text, amount in sorted(booked):
        balance += amount
        lines.append(f"{day.isoformat()},{text},{amount / 100:.2f},{balance / 100:.2f},EUR")
    return lines


def statement(months: int = 14, first: date = date(2024, 12, 1)) -> bytes:
    """A CSV statement of so many months."""
    return "\n".join([HEADER, *rows(months, first), ""]).encode()
