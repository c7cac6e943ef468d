"""How a table is to be read: which column is what, and where the sign of an amount comes from."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Literal

from analysis.statement import headers, model

Direction = Literal["credit", "debit"]
SignSource = Literal["sign", "flag", "columns", "words", "balance"]


@dataclasses.dataclass(slots=True)
class Money:
    """One way to get a row's signed amount. Column numbers count from 0."""

    source: SignSource
    amount: int | None = None
    debit: int | None = None
    credit: int | None = None
    flag: int | None = None
    check: int | None = None  # a direction column that signed amounts must agree with
    balance: int | None = None
    fee: int | None = None
    fee_sign: int = -1
    negate: bool = False
    balance_before: bool = False  # each row prints the balance before it
    prior: float = 0.0
    by_words: bool = False  # nothing names its columns: what the rows say may tell them apart
    debit_sign: int = 1  # -1 where the debit column writes its amounts as negative
    credit_sign: int = 1
    unmarked: Direction | None = None  # amounts without any sign beside those that have one

    @property
    def columns(self) -> tuple[int, ...]:
        return tuple(index for index in (self.amount, self.debit, self.credit) if index is not None)

    @property
    def convention(self) -> str:
        if self.source == "columns":
            return "debit and credit columns"
        if self.source == "flag":
            return "amount and direction column"
        if self.source == "words":
            return "unsigned, direction by words"
        if self.source == "balance":
            return "unsigned, direction by balance"
        return "inverted: positive is money out" if self.negate else "signed: negative is money out"


@dataclasses.dataclass(slots=True)
class Plan:
    header: headers.Header
    width: int
    dates: tuple[int, ...]  # the booking date and what stands in for it where it is empty
    money: Money
    marks: dict[int, model.DecimalMark]
    order: model.DateOrder = "dmy"
    thai_years: bool = False  # two digits are the Buddhist year's
    era: int = 0  # added to years that count from an era's beginning
    year: int | None = None
    period: tuple[datetime.date, datetime.date] | None = None  # tells the years of dates without one
    value_date: int | None = None
    value_order: model.DateOrder = "dmy"
    currencies: tuple[int, ...] = ()
    texts: tuple[int, ...] = ()
    spare: tuple[int, ...] = ()  # figures under a heading that nothing knows
    counterparty: tuple[int, ...] = ()
    code: int | None = None
    id: int | None = None
    newest_first: bool = False
    account: int | None = None
    status: int | None = None
    currency: str | None = None
    minor_units: bool = False  # whole figures count minor units
    dateless: Literal["same_day", "parts", "unknown"] = "unknown"
    confidence: float = 1.0
    narrow: bool = False  # most rows have no figures behind the header's last column: one that has was moved
