"""The canonical result of reading a statement: plain frozen values, the same for every format.

Money is a signed integer in the minor units of an ISO 4217 currency (cents for EUR, yen for JPY): money into the
account is positive, money out of it negative. `NO_CURRENCY` stands where neither file nor caller names one.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping
from typing import Literal

NO_CURRENCY = "XXX"  # ISO 4217's own code for "no currency involved"; counted with two decimals here

DateOrder = Literal["dmy", "mdy", "ymd"]
DecimalMark = Literal["point", "comma"]
DecimalHint = Literal["point", "comma", "minor"]
Sign = Literal["signed", "inverted"]
QuestionKind = Literal["date_order", "decimal", "currency", "sign", "year"]
ReconciliationStatus = Literal["chains", "breaks", "no_balances"]


@dataclasses.dataclass(frozen=True, slots=True)
class Hints:
    """What the caller knows about the file; each field answers the `Question` of the same name.

    `sign`: "signed" (positive is money in) or "inverted" (positive is money out, as card statements write).
    `decimal`: the mark, or "minor" where whole amounts count minor units (cents). `currency` is used for rows that
    name none. `year` completes dates without one.
    """

    date_order: DateOrder | None = None
    decimal: DecimalHint | None = None
    currency: str | None = None
    sign: Sign | None = None
    year: int | None = None

    @property
    def mark(self) -> DecimalMark | None:
        return None if self.decimal == "minor" else self.decimal


@dataclasses.dataclass(frozen=True, slots=True)
class Account:
    """One account of the file. `key` is what `Transaction.account` refers to ("" when the file names none)."""

    key: str
    currency: str = NO_CURRENCY
    number: str | None = None
    bank: str | None = None
    kind: str | None = None  # "checking" | "savings" | "card" | "loan" | ..., where the file says so


@dataclasses.dataclass(frozen=True, slots=True)
class Transaction:
    """One booked or pending movement. `row` is the physical line, record or page row it came from (1-based)."""

    account: str
    booked: datetime.date
    amount_minor: int
    currency: str
    text: str
    row: int
    value_date: datetime.date | None = None
    counterparty: str | None = None
    balance_minor: int | None = None  # of the account after this row, where the file prints it
    bank_code: str | None = None
    pending: bool = False
    id: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Balance:
    """A balance that the file declares for an account, outside its rows."""

    account: str
    kind: Literal["opening", "closing"]
    amount_minor: int
    currency: str
    on: datetime.date | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Problem:
    """One row that could not be taken. `value` is the person's own data: answer it, never log it."""

    file: str
    row: int
    column: str
    value: str
    reason: str
    code: str = "unreadable"


@dataclasses.dataclass(frozen=True, slots=True)
class Question:
    """Something the file cannot settle. Sending the file again with the hint `field` = one candidate answers it."""

    kind: QuestionKind
    field: str
    candidates: tuple[str, ...]
    why: str


@dataclasses.dataclass(frozen=True, slots=True)
class Layout:
    """How the file is written, as far as it was found. `header_line` is 0 where the table has no header."""

    format: str
    delimiter: str | None = None
    encoding: str | None = None
    header_line: int = 0
    roles: Mapping[str, str] = dataclasses.field(default_factory=dict)  # column name -> role
    date_format: str | None = None
    decimal: DecimalMark | None = None
    sign_convention: str | None = None
    confidence: float = 1.0


@dataclasses.dataclass(frozen=True, slots=True)
class BalanceBreak:
    """The balance printed at `row` is not what the rows before it lead to."""

    account: str
    row: int
    expected_minor: int
    found_minor: int
    currency: str

    @property
    def difference_minor(self) -> int:
        return self.found_minor - self.expected_minor


@dataclasses.dataclass(frozen=True, slots=True)
class Reconciliation:
    """Do the file's own balances agree with its rows? A link is one printed balance with a predecessor."""

    status: ReconciliationStatus = "no_balances"
    links_checked: int = 0
    links_held: int = 0
    breaks: tuple[BalanceBreak, ...] = ()  # the first 100


@dataclasses.dataclass(frozen=True, slots=True)
class TamperSignal:
    """One documented sign of tampering; `weight` in 0..1, `evidence` names places and amounts, not texts."""

    code: str
    weight: float
    evidence: str


@dataclasses.dataclass(frozen=True, slots=True)
class TamperReport:
    """`score` in 0 (no sign) .. 1; one minus the product of (1 - weight)."""

    score: float = 0.0
    signals: tuple[TamperSignal, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class ParsedStatement:
    """All that was understood. `transactions` are the clean rows in booking order.

    `set_aside` are rows with an amount that moved nothing on the account as far as the file says (failed, reversed,
    closed, "neither income nor expense"): they count as rows read, never as money.
    """

    accounts: tuple[Account, ...]
    transactions: tuple[Transaction, ...]
    layout: Layout
    set_aside: tuple[Transaction, ...] = ()
    opening_balances: tuple[Balance, ...] = ()
    closing_balances: tuple[Balance, ...] = ()
    problems: tuple[Problem, ...] = ()
    n_problems: int = 0
    questions: tuple[Question, ...] = ()
    reconciliation: Reconciliation = Reconciliation()
    tamper: TamperReport = TamperReport()
    notes: tuple[str, ...] = ()

    @property
    def first_date(self) -> datetime.date | None:
        return min((row.booked for row in self.transactions), default=None)

    @property
    def last_date(self) -> datetime.date | None:
        return max((row.booked for row in self.transactions), default=None)

    @property
    def currencies(self) -> tuple[str, ...]:
        """Of the rows; of the accounts where there are no rows. Empty when nobody names one."""
        codes = {row.currency for row in self.transactions} or {account.currency for account in self.accounts}
        return tuple(sorted(codes - {NO_CURRENCY}))

    def sums_minor(self) -> dict[str, tuple[int, int]]:
        """Currency -> (money in, money out), both not negative, in minor units."""
        sums: dict[str, tuple[int, int]] = {}
        for row in self.transactions:
            credit, debit = sums.get(row.currency, (0, 0))
            if row.amount_minor > 0:
                sums[row.currency] = credit + row.amount_minor, debit
            else:
                sums[row.currency] = credit, debit - row.amount_minor
        return sums


@dataclasses.dataclass(frozen=True, slots=True)
class Quality:
    """What storage keeps about how well a file was read: no texts, no amounts."""

    format: str
    confidence: float
    n_transactions: int
    n_problems: int
    reconciliation: ReconciliationStatus
    links_checked: int
    links_held: int
    tamper_score: float
    tamper_codes: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class StoredStatement:
    """Canonical rows as read back by `deserialise_rows`."""

    accounts: tuple[Account, ...]
    transactions: tuple[Transaction, ...]
    quality: Quality
