"""QIF: Quicken's line-by-line records. No year-first rule, no currency, no marks agreed: all inferred or asked."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from decimal import Decimal

from analysis.statement import dates, draft, errors, figures, limits, model, money, ordering, words

_LISTS = frozenset(("cat", "class", "memorized", "security", "prices", "tag", "budget", "invitem", "template"))
_KINDS = {"bank": "checking", "cash": "cash", "ccard": "card", "oth a": "asset", "oth l": "loan", "invst": "investment"}
_HEADER = re.compile(r"^\s*!(?:type|account|option|clear)\b", re.IGNORECASE | re.MULTILINE)
_ORDER = re.compile(r"^\s*!Option:(MDY|DMY|YMD)\b", re.IGNORECASE | re.MULTILINE)
_RECORD = re.compile(r"^D[^\n]*\d[^\n]*\n(?:[A-Z$%][^\n]*\n)*?[TU][^\n]*\d", re.MULTILINE)


def looks_like(text: str) -> bool:
    head = text[:4000].replace("\r\n", "\n").replace("\r", "\n")
    return bool(_HEADER.search(head)) or (bool(_RECORD.search(head)) and "\n^" in head)


class _Record:
    __slots__ = ("account", "fields", "kind", "line")

    def __init__(self, line: int, account: str, kind: str) -> None:
        self.line, self.account, self.kind = line, account, kind
        self.fields: dict[str, str] = {}


def read(text: str, encoding: str, hints: model.Hints, bounds: limits.Limits, problems: draft.Problems) -> draft.Draft:
    """Raises `NoTransactionsFound` where no record has a date or an amount."""
    accounts: dict[str, model.Account] = {}
    records = list(_records(text, accounts, bounds))
    cut = records.pop() if records and not text.endswith(("\n", "\r", "^")) else None
    if cut:
        problems.add(cut.line, "T", _amount_text(cut), "the file ends inside this record", "cut_off")
    if not records and not cut:
        raise errors.NoTransactionsFound("the QIF file holds no transaction records")
    asked = hints.date_order or _declared_order(text)
    order = ordering.settle([_date_text(record) for record in records], (), hints.currency, asked)
    bodies = [amount.body for record in records if (amount := money.read(_amount_text(record)))]
    mark, doubtful = money.infer_mark(bodies)
    layout = model.Layout(
        format="qif",
        encoding=encoding,
        date_format=_format(records, order.order),
        decimal=hints.mark or mark or "point",
        sign_convention="inverted: positive is money out"
        if hints.sign == "inverted"
        else "signed: negative is money out",
    )
    result = draft.Draft(layout, (), problems, accounts=accounts, currency=hints.currency)
    if not order.settled:
        why = "every date of the file is a real one both ways"
        result.questions.append(model.Question("date_order", "date_order", order.candidates, why))
    if doubtful and not mark and hints.mark is None:
        why = "three digits stand behind the only mark of every amount"
        result.questions.append(model.Question("decimal", "decimal", ("comma", "point"), why))
    result.rows = _rows(records, order.order, hints, result)
    return result


def _declared_order(text: str) -> model.DateOrder | None:
    """Of "!Option:MDY", which some programs write above everything."""
    match = _ORDER.search(text[:4000])
    return next((order for order in dates.ORDERS if match and match[1].lower() == order), None)


def _format(records: list[_Record], order: model.DateOrder) -> str | None:
    parts = next((found for record in records if (found := dates.read(_date_text(record)))), None)
    return dates.format_of(parts, order) if parts else None


def _records(text: str, accounts: dict[str, model.Account], bounds: limits.Limits) -> Iterator[_Record]:
    """Transaction records; account blocks go into `accounts`, category and price lists are left out."""
    section, account, kind, count = "bank", "", "bank", 0
    record: _Record | None = None
    for number, line in enumerate(text.splitlines(), 1):
        tag, value = line[:1], line[1:].strip()
        if tag == "!":
            section, kind = _section(value, kind)
            record = None
        elif tag == "^" or not line.strip():
            if tag == "^" and record is not None:
                if section == "account":
                    account = record.fields.get("N", "")
                    named = record.fields.get("T", "bank").lower()
                    accounts[account] = model.Account(account, number=account or None, kind=_KINDS.get(named, named))
                elif section == "bank":
                    count += 1
                    yield record
                record = None
        else:
            record = record or _Record(number, account, kind)
            record.fields.setdefault(tag, value)
        if count > bounds.rows:
            raise errors.LimitExceeded(f"more than {bounds.rows} transactions", row=number)
    if record is not None and section == "bank" and {"D", "T"} <= record.fields.keys():
        yield record


def _section(header: str, kind: str) -> tuple[str, str]:
    name = header.lower()
    if name.startswith("account"):
        return "account", kind
    if name.startswith("type:"):
        kind = name[5:].strip()
        if kind in _LISTS:
            return "list", kind
        return ("securities" if kind == "invst" else "bank"), kind
    return ("bank" if name.startswith(("option", "clear")) else "list"), kind


def _date_text(record: _Record) -> str:
    """Of "12/19'18" and "1/ 5' 3", which are how Quicken writes this century."""
    text = record.fields.get("D", "")
    match = re.fullmatch(r"\s*(\d{1,2})\s*[/.\-]\s*(\d{1,2})\s*'\s*(\d{1,4})\s*", text)
    if match:
        year = match[3] if len(match[3]) == 4 else f"20{int(match[3]):02d}"
        return f"{match[1]}/{match[2]}/{year}"
    return text


def _amount_text(record: _Record) -> str:
    return record.fields.get("T") or record.fields.get("U") or ""


def _rows(
    records: list[_Record], order: model.DateOrder, hints: model.Hints, result: draft.Draft
) -> Iterator[draft.DraftRow]:
    read_figure = figures.reader(result.layout.decimal or "point")
    for record in records:
        figure = read_figure(_amount_text(record))
        parts = dates.read(_date_text(record))
        booked = dates.resolve(parts, order, hints.year) if parts else None
        if booked is None:
            result.problems.add(record.line, "D", record.fields.get("D", ""), "not a date", "bad_date")
        elif figure is None:
            result.problems.add(record.line, "T", _amount_text(record), "not an amount", "bad_amount")
        elif _is_opening(record):
            result.balances.append(draft.DraftBalance(record.account, "opening", figure.value, None, booked))
        else:
            yield _row(record, booked, -figure.value if hints.sign == "inverted" else figure.value)


def _is_opening(record: _Record) -> bool:
    return words.normalise(record.fields.get("P", "")) in words.OPENING


def _row(record: _Record, booked: datetime.date, amount: Decimal) -> draft.DraftRow:
    payee, memo = record.fields.get("P"), record.fields.get("M")
    return draft.DraftRow(
        row=record.line,
        booked=booked,
        amount=amount,
        account=record.account,
        text=" ".join(dict.fromkeys(part for part in (payee, memo) if part)),
        counterparty=payee or None,
        bank_code=record.fields.get("L"),
        id=record.fields.get("N"),
    )
