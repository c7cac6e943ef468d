"""What a format's reader hands over: amounts still Decimal, currencies perhaps unknown, rows in the file's order."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Literal

from analysis.statement import model


@dataclasses.dataclass(slots=True)
class DraftRow:
    row: int
    booked: datetime.date
    amount: Decimal
    currency: str | None = None
    account: str = ""
    text: str = ""
    value_date: datetime.date | None = None
    counterparty: str | None = None
    balance: Decimal | None = None
    bank_code: str | None = None
    pending: bool = False
    void: bool = False  # moved nothing: set aside
    id: str | None = None


Side = Literal["opening", "closing"]


@dataclasses.dataclass(slots=True)
class DraftBalance:
    account: str
    kind: Side
    amount: Decimal
    currency: str | None = None
    on: datetime.date | None = None


@dataclasses.dataclass(slots=True)
class Declared:
    """A period for which the file declares both balances, and what its own rows add up to."""

    account: str
    opening: Decimal
    closing: Decimal
    total: Decimal
    row: int
    currency: str | None = None


class Problems:
    """Row-level trouble, kept up to a limit and counted beyond it."""

    def __init__(self, file: str, limit: int) -> None:
        self.kept: list[model.Problem] = []
        self.count = 0
        self._file = file
        self._limit = limit

    def add(self, row: int, column: str, value: str, reason: str, code: str) -> None:
        self.count += 1
        if len(self.kept) < self._limit:
            self.kept.append(model.Problem(self._file, row, column, value[:200], reason, code))


@dataclasses.dataclass(slots=True)
class Draft:
    """`rows` is walked once; the other fields may still grow while it is."""

    layout: model.Layout
    rows: Iterable[DraftRow] | Iterator[DraftRow]
    problems: Problems
    accounts: dict[str, model.Account] = dataclasses.field(default_factory=dict)
    balances: list[DraftBalance] = dataclasses.field(default_factory=list)
    declared: list[Declared] = dataclasses.field(default_factory=list)
    questions: list[model.Question] = dataclasses.field(default_factory=list)
    notes: list[str] = dataclasses.field(default_factory=list)
    signals: list[model.TamperSignal] = dataclasses.field(default_factory=list)
    currency: str | None = None  # of rows that name none
    minor_units: bool = False  # amounts and balances count minor units
