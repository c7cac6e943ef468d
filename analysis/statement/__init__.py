"""Any bank's statement, understood unaided: bytes in, canonical rows out. Pure: no I/O, no clock, no logging."""

from __future__ import annotations

from analysis.statement import currency
from analysis.statement.accounts import once as accounts_once
from analysis.statement.accounts import told_apart
from analysis.statement.errors import (
    EmptyStatement,
    LimitExceeded,
    MalformedStatement,
    NoTransactionsFound,
    PasswordProtected,
    ScannedDocument,
    StatementRefused,
    UnknownFormat,
)
from analysis.statement.limits import Limits
from analysis.statement.merge import merge
from analysis.statement.model import (
    NO_CURRENCY,
    Account,
    Balance,
    BalanceBreak,
    Hints,
    Layout,
    ParsedStatement,
    Problem,
    Quality,
    Question,
    Reconciliation,
    StoredStatement,
    TamperReport,
    TamperSignal,
    Transaction,
)
from analysis.statement.parsing import parse
from analysis.statement.serialise import UnknownRowFormat, deserialise_rows, quality_of, serialise_rows
from analysis.statement.tamper import fingerprints, foreign_rows
from analysis.statement.tamper import joined as tamper_report

__all__ = [
    "NO_CURRENCY",
    "Account",
    "Balance",
    "BalanceBreak",
    "EmptyStatement",
    "Hints",
    "Layout",
    "LimitExceeded",
    "Limits",
    "MalformedStatement",
    "NoTransactionsFound",
    "ParsedStatement",
    "PasswordProtected",
    "Problem",
    "Quality",
    "Question",
    "Reconciliation",
    "ScannedDocument",
    "StatementRefused",
    "StoredStatement",
    "TamperReport",
    "TamperSignal",
    "Transaction",
    "UnknownFormat",
    "UnknownRowFormat",
    "accounts_once",
    "currency",
    "deserialise_rows",
    "fingerprints",
    "foreign_rows",
    "merge",
    "parse",
    "quality_of",
    "serialise_rows",
    "tamper_report",
    "told_apart",
]
