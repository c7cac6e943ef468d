"""Real loans with outcomes, as published per-account aggregates, in the terms of the risk features.

The table has one row a loan, computed by somebody else from all bookings before the loan date: `operation_count_d`
counts remittances to another bank, which in a raw statement are the bookings out to a named counterparty.
"""

from __future__ import annotations

import csv
import dataclasses
from collections.abc import Iterable

import numpy as np

from analysis.models.risk_features import Totals
from analysis.preprocessors.columns import Bools, Floats

_COLUMNS = {
    "bookings": "operation_count",
    "out_to_named": "operation_count_d",
    "days": "date_age_days",
    "amount_std": "amount_std",
    "balance_mean": "balance_mean",
    "balance_std": "balance_std",
    "balance_min": "balance_min",
    "balance_max": "balance_max",
}


@dataclasses.dataclass(frozen=True, slots=True)
class Loans:
    """`features` has shape (loans, 7); `bad` marks a loan that was not paid as agreed."""

    account: tuple[str, ...]
    features: Floats
    bad: Bools
    granted: tuple[str, ...]  # ISO dates

    def __len__(self) -> int:
        return len(self.account)

    @property
    def first_date(self) -> str:
        return min(self.granted)

    @property
    def last_date(self) -> str:
        return max(self.granted)

    def granted_before(self, day: str) -> Bools:
        return np.array([one < day for one in self.granted], np.bool_)

    def chosen(self, which: Bools) -> Loans:
        """The loans marked in `which`."""
        account, granted = (tuple(np.array(column)[which].tolist()) for column in (self.account, self.granted))
        return Loans(account, self.features[which], self.bad[which], granted)


def read(lines: Iterable[str]) -> Loans:
    """Loans of the aggregate table (CSV lines); raises `KeyError` or `ValueError` on a table of another kind."""
    rows = list(csv.DictReader(lines))
    totals = Totals(**{
        name: np.array([float(row[column]) for row in rows]) for name, column in _COLUMNS.items()
    })  # fmt: skip
    bad = np.array([{"1": False, "-1": True}[row["status"]] for row in rows], np.bool_)
    return Loans(
        tuple(row["account_id"] for row in rows), totals.features(), bad, tuple(row["loan_date"] for row in rows)
    )
