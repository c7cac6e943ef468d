"""OFX 1.x (SGML) and 2.x (XML), and QFX: one tokeniser, since only the closing of leaves differs.

https://financialdataexchange.org/ofx : STMTTRN in 11.4.4.1; TRNAMT is signed from the account's point of view.
"""

# ruff: noqa: SIM905 (a table of words reads best as one string)
from __future__ import annotations

import html
import re
from collections.abc import Iterator
from decimal import Decimal

from analysis.statement import dates, draft, errors, limits, model, money

_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9._]{1,40})\s*/?>")
_LIST_ENDS = frozenset(("BANKTRANLIST", "INVTRANLIST", "OFX"))
_DECLARED = re.compile(rb"CHARSET[:=]\s*[\"']?([\w-]+)|encoding=[\"']([\w-]+)", re.IGNORECASE)
_CODE_PAGES = ("windows-125", "iso-8859-", "koi8-", "gb", "big5", "shift_jis", "euc-")
_HEAD_BYTES = 2_000
_OUT_TYPES = frozenset("DEBIT CHECK PAYMENT FEE SRVCHG ATM POS CASH DIRECTDEBIT REPEATPMT".split())
_IN_TYPES = frozenset("CREDIT DEP DIRECTDEP INT DIV".split())
_STATEMENTS = frozenset(("STMTRS", "CCSTMTRS", "INVSTMTRS"))


def looks_like(text: str) -> bool:
    head = text[:4000].upper()
    return "OFXHEADER" in head or "<OFX>" in head


def declared_encoding(data: bytes) -> str | None:
    """The code page that the header names, as Python calls it."""
    match = _DECLARED.search(data[:_HEAD_BYTES])
    if not match:
        return None
    name = (match[1] or match[2]).decode("ascii", "replace").lower()
    if name.isdigit():
        return f"cp{name}"
    return {"iso-8859-1": "cp1252"}.get(name, name if name.startswith(_CODE_PAGES) else None)


def read(text: str, encoding: str, bounds: limits.Limits, problems: draft.Problems) -> draft.Draft:
    """Raises `NoTransactionsFound` where the answer holds no statement at all."""
    found = _Reader(text, bounds)
    found.walk()
    if not found.statements:
        raise errors.NoTransactionsFound("the OFX answer holds no statement")
    cut = found.without_cut_record()
    records = [record for statement in found.statements for record in statement.records]
    bodies = [amount.body for record in records if (amount := money.read(record.fields.get("TRNAMT", "")))]
    mark = money.infer_mark(bodies)[0] or "point"
    layout = model.Layout(
        format="ofx",
        encoding=encoding,
        date_format="%Y%m%d",
        decimal=mark,
        sign_convention="signed: negative is money out",
    )
    result = draft.Draft(layout, (), problems)
    if cut:
        problems.add(cut.line, "STMTTRN", "", "the file ends inside this record or behind it", "cut_off")
    result.rows = _rows(found.statements, mark, result)
    for statement in found.statements:
        statement.describe(result)
    return result


class _Record:
    """One STMTTRN: its leaves by name, the first of each (PAYEE's NAME does not replace NAME)."""

    __slots__ = ("fields", "line")

    def __init__(self, line: int) -> None:
        self.line = line
        self.fields: dict[str, str] = {}


class _Statement:
    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.records: list[_Record] = []
        self.fields: dict[str, str] = {}
        self.ledger: dict[str, str] = {}

    @property
    def key(self) -> str:
        return self.fields.get("ACCTID", "")

    def describe(self, result: draft.Draft) -> None:
        kind = "card" if self.kind == "CCSTMTRS" else self.fields.get("ACCTTYPE", "").lower() or None
        code = self.fields.get("CURDEF", "").upper() or model.NO_CURRENCY
        result.accounts[self.key] = model.Account(self.key, code, self.key or None, self.fields.get("BANKID"), kind)
        amount = money.read(self.ledger.get("BALAMT", ""))
        value = money.value_of(amount.body, money.mark_of(amount.body) or "point") if amount else None
        if amount and value is not None:
            value = -value if amount.sign < 0 else value
            result.balances.append(draft.DraftBalance(self.key, "closing", value, code))


class _Reader:
    def __init__(self, text: str, bounds: limits.Limits) -> None:
        self._text = text
        self._bounds = bounds
        self.statements: list[_Statement] = []
        self._record: _Record | None = None
        self._inside: list[str] = []
        self._count = 0
        self._ended = False  # the list of the last record is closed

    def without_cut_record(self) -> _Record | None:
        """The last record of a file that ends before its list does; it is taken out where it is itself not whole."""
        if self._ended or not self.statements or not self.statements[-1].records:
            return None
        last = self.statements[-1].records[-1]
        if self._record is last:
            self.statements[-1].records.pop()
        return last

    def walk(self) -> None:
        tags = _TAG.finditer(self._text)
        line, at = 1, 0
        current = next(tags, None)
        while current is not None:
            following = next(tags, None)
            line, at = line + self._text.count("\n", at, current.start()), current.start()
            value = self._text[current.end() : following.start() if following else len(self._text)]
            self._tag(current[2].upper(), bool(current[1]), value.strip(), line)
            current = following

    def _tag(self, name: str, closing: bool, value: str, line: int) -> None:
        if name in _STATEMENTS and not closing:
            self.statements.append(_Statement(name))
        elif not self.statements:
            return
        elif name in _LIST_ENDS:
            self._ended = closing
        elif name == "STMTTRN":
            self._record = None if closing else self._new(line)
        elif name in ("LEDGERBAL", "AVAILBAL", "BANKACCTTO", "CCACCTTO", "BALLIST"):
            self._inside = [] if closing else [name]
            self._record = self._record if name.endswith("TO") else None
        elif not closing and value:
            self._leaf(name, html.unescape(html.unescape(value)))

    def _new(self, line: int) -> _Record:
        self._count += 1
        if self._count > self._bounds.rows:
            raise errors.LimitExceeded(f"more than {self._bounds.rows} transactions", row=line)
        self._inside = []
        record = _Record(line)
        self.statements[-1].records.append(record)
        return record

    def _leaf(self, name: str, value: str) -> None:
        statement = self.statements[-1]
        if self._inside and self._inside[-1].endswith("TO"):
            return
        if self._record is not None:
            self._record.fields.setdefault(name, value)
        elif self._inside == ["LEDGERBAL"]:
            statement.ledger.setdefault(name, value)
        elif not self._inside:
            statement.fields.setdefault(name, value)


def _rows(statements: list[_Statement], mark: model.DecimalMark, result: draft.Draft) -> Iterator[draft.DraftRow]:
    for statement in statements:
        by_type = _unsigned(statement)
        if by_type:
            result.notes.append("no amount has a sign: the transaction types say which way the money went")
        for record in statement.records:
            row = _row(record, statement, mark, by_type, result.problems)
            if row is not None:
                yield row


def _unsigned(statement: _Statement) -> bool:
    """A bank that writes debits without their minus: not one negative amount, and both kinds of type."""
    kinds = {record.fields.get("TRNTYPE", "").upper() for record in statement.records}
    if not kinds & _OUT_TYPES or not kinds & _IN_TYPES:
        return False
    return not any("-" in record.fields.get("TRNAMT", "") for record in statement.records)


def _row(
    record: _Record, statement: _Statement, mark: model.DecimalMark, by_type: bool, problems: draft.Problems
) -> draft.DraftRow | None:
    fields = record.fields
    parts = dates.read(fields.get("DTPOSTED", "")[:45])
    booked = dates.resolve(parts, "ymd") if parts else None
    amount = _amount(fields.get("TRNAMT", ""), mark)
    if amount is None:
        problems.add(record.line, "TRNAMT", fields.get("TRNAMT", ""), "not an amount", "bad_amount")
        return None
    if booked is None:
        problems.add(record.line, "DTPOSTED", fields.get("DTPOSTED", ""), "not a date", "bad_date")
        return None
    if by_type and fields.get("TRNTYPE", "").upper() in _OUT_TYPES:
        amount = -amount
    name, memo = fields.get("NAME") or fields.get("PAYEE"), fields.get("MEMO")
    return draft.DraftRow(
        row=record.line,
        booked=booked,
        amount=amount,
        currency=(statement.fields.get("CURDEF") or fields.get("CURSYM", "")).upper() or None,
        account=statement.key,
        text=" ".join(dict.fromkeys(" ".join(part.split()) for part in (name, memo) if part)),
        counterparty=name,
        bank_code=fields.get("TRNTYPE"),
        id=fields.get("FITID"),
    )


def _amount(cell: str, mark: model.DecimalMark) -> Decimal | None:
    amount = money.read(cell)
    if amount is None:
        return None
    value = money.value_of(amount.body, money.mark_of(amount.body) or mark)
    return None if value is None else -value if amount.sign < 0 else value
