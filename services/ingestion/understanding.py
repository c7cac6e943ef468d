"""What is understood of a statement, for its owner. Dates are ISO 8601, amounts decimal text in major units."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

LISTED = 100  # problems and broken balances that are listed; all are counted


@dataclasses.dataclass(frozen=True, slots=True)
class Layout:
    """How the file is written; what does not apply to its format is empty."""

    format: str = ""
    delimiter: str = ""
    encoding: str = ""
    decimal: str = ""
    date_format: str = ""
    sign_convention: str = ""
    confidence: float = 0.0


@dataclasses.dataclass(frozen=True, slots=True)
class BalanceBreak:
    """The balance in a row is not what the rows before it lead to."""

    row: int
    account: str
    currency: str
    expected: str
    found: str


@dataclasses.dataclass(frozen=True, slots=True)
class Reconciliation:
    """Status: chains, breaks or no_balances."""

    status: str = "no_balances"
    links_checked: int = 0
    links_held: int = 0
    breaks: tuple[BalanceBreak, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class RowProblem:
    """A row that cannot be taken: its number and column as in the file, why, and what stands there."""

    row: int
    column: str
    reason: str
    value: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Signal:
    """A sign that the file was changed; weight in [0, 1]."""

    code: str
    weight: float
    evidence: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Tamper:
    """Score 0 without a sign, towards 1 with strong ones."""

    score: float = 0.0
    signals: tuple[Signal, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Understanding:
    """All of it. `problems` are the first of `problem_count`; sums are by currency, none is negative."""

    account_count: int = 0
    transaction_count: int = 0
    first_date: str = ""
    last_date: str = ""
    currencies: tuple[str, ...] = ()
    sum_credits: Mapping[str, str] = dataclasses.field(default_factory=dict)
    sum_debits: Mapping[str, str] = dataclasses.field(default_factory=dict)
    layout: Layout = Layout()
    reconciliation: Reconciliation = Reconciliation()
    problems: tuple[RowProblem, ...] = ()
    problem_count: int = 0
    tamper: Tamper = Tamper()
    notes: tuple[str, ...] = ()
