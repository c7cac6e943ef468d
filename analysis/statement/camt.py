"""ISO 20022 camt.052, .053 and .054 in all versions: names are read without their namespace.

The tree is built and dropped entry by entry; document types (and with them entities) are refused before parsing.
"""

from __future__ import annotations

import datetime
import io
import re
from collections.abc import Iterator
from decimal import Decimal
from xml.etree import ElementTree

from analysis.statement import camt_summary, draft, errors, limits, model

_ROOTS = frozenset(("BkToCstmrStmt", "BkToCstmrAcctRpt", "BkToCstmrDbtCdtNtfctn"))
_STATEMENTS = frozenset(("Stmt", "Rpt", "Ntfctn"))
_PAGES = frozenset(("MsgPgntn", "StmtPgntn", "RptPgntn", "NtfctnPgntn"))
_OPENING = ("OPBD", "PRCD")
_COUNT_DIGITS = 15  # Max15NumericText
_AMOUNT = re.compile(r"\s*\+?(\d{1,18}(?:\.\d{0,10})?|\.\d{1,10})\s*")
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")


def looks_like(text: str) -> bool:
    head = text[:6000]
    return "<" in head[:200] and any(re.search(rf"<(?:\w+:)?{root}\b", head) for root in _ROOTS)


def read(text: str, encoding: str, bounds: limits.Limits, problems: draft.Problems) -> draft.Draft:
    """Raises `MalformedStatement` for XML that is not well-formed or has a document type."""
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise errors.MalformedStatement("the XML declares a document type, which no bank message does")
    layout = model.Layout(
        format="camt",
        encoding=encoding,
        date_format="%Y-%m-%d",
        decimal="point",
        sign_convention="CdtDbtInd of the entry",
    )
    result = draft.Draft(layout, (), problems)
    result.rows = _Reader(_DECLARATION.sub("", text.removeprefix("\ufeff"), count=1), bounds, result).rows()
    return result


class _Reader:
    def __init__(self, text: str, bounds: limits.Limits, result: draft.Draft) -> None:
        self._text, self._bounds, self._result = text, bounds, result
        self._statements = self._entries = 0
        self._paged = False  # a part of a longer message, whose summary may be of the whole
        self._begin()

    def _begin(self) -> None:
        self._account, self._currency = "", ""
        self._balances: list[tuple[str, Decimal, str, datetime.date | None]] = []
        self._total: dict[str, Decimal] = {}
        self._tally = camt_summary.Tally()
        self._summary: list[camt_summary.Declared] = []

    def rows(self) -> Iterator[draft.DraftRow]:
        source = io.BytesIO(self._text.encode("utf-8", "replace"))
        path: list[str] = []
        try:
            for event, element in ElementTree.iterparse(source, events=("start", "end")):  # noqa: S314 (no DTD: see `read`)
                name = element.tag.rpartition("}")[2]
                if event == "start":
                    path.append(name)
                    if len(path) > self._bounds.nesting:
                        raise errors.LimitExceeded(f"the XML is nested more than {self._bounds.nesting} levels deep")
                    continue
                path.pop()
                yield from self._ended(name, element, path)
        except ElementTree.ParseError as error:
            raise errors.MalformedStatement("the XML is not well-formed", row=error.position[0]) from error
        if not self._statements:
            raise errors.NoTransactionsFound("the message holds no statement")

    def _ended(self, name: str, element: ElementTree.Element, path: list[str]) -> Iterator[draft.DraftRow]:
        parent = path[-1] if path else ""
        if name in _PAGES:
            self._paged |= _text(element, "PgNb") != "1" or _text(element, "LastPgInd") not in ("true", "1")
        elif parent in _STATEMENTS:
            if name == "Acct":
                self._take_account(element)
            elif name == "Bal":
                self._take_balance(element)
            elif name == "TxsSummry":
                self._summary.extend(_declared(element))
            elif name == "Ntry":
                self._entries += 1
                if self._entries > self._bounds.rows:
                    raise errors.LimitExceeded(f"more than {self._bounds.rows} entries")
                row = self._entry(element)
                if row is not None:
                    yield row
                element.clear()
        elif name in _STATEMENTS and parent in _ROOTS:
            self._statements += 1
            self._finish()
            element.clear()

    def _take_account(self, element: ElementTree.Element) -> None:
        number = _text(element, "Id", "IBAN") or _text(element, "Id", "Othr", "Id") or ""
        self._account = "".join(number.split())
        self._currency = _text(element, "Ccy") or ""
        bank = _text(element, "Svcr", "FinInstnId", "BICFI") or _text(element, "Svcr", "FinInstnId", "BIC")
        self._result.accounts[self._account] = model.Account(
            self._account, self._currency or model.NO_CURRENCY, self._account or None, bank
        )

    def _take_balance(self, element: ElementTree.Element) -> None:
        kind = _text(element, "Tp", "CdOrPrtry", "Cd") or _text(element, "Tp", "CdOrPrtry", "Prtry") or ""
        amount, code = _amount(_child(element, "Amt"))
        if amount is None:
            return
        if _text(element, "CdtDbtInd") == "DBIT":
            amount = -amount
        self._balances.append((kind, amount, code, _date(_child(element, "Dt"))))

    def _entry(self, element: ElementTree.Element) -> draft.DraftRow | None:
        amount, code = _amount(_child(element, "Amt"))
        direction = _text(element, "CdtDbtInd")
        booked = _date(_child(element, "BookgDt")) or _date(_child(element, "ValDt")) or _detail_date(element)
        for column, missing in (
            ("Amt", amount is None),
            ("CdtDbtInd", direction not in ("CRDT", "DBIT")),
            ("BookgDt", booked is None),
        ):
            if missing:
                value = _text(element, column) or _text(element, column, "Dt") or ""
                self._result.problems.add(
                    self._entries, column, value, f"{column} is missing or unreadable", "bad_entry"
                )
                self._tally.add_unread()
                return None
        assert amount is not None
        assert booked is not None
        status = _text(element, "Sts") or _text(element, "Sts", "Cd") or "BOOK"
        self._tally.add(direction or "", amount, code, _transactions(element), booked=status == "BOOK")
        amount = -amount if direction == "DBIT" else amount
        if status == "BOOK":
            self._total[code] = self._total.get(code, Decimal(0)) + amount
        return draft.DraftRow(
            row=self._entries,
            booked=booked,
            amount=amount,
            currency=code or self._currency or None,
            account=self._account,
            text=_description(element),
            value_date=_date(_child(element, "ValDt")),
            counterparty=_party(element, direction == "CRDT"),
            bank_code=_bank_code(element),
            pending=status in ("PDNG", "FUTR"),
            void=status == "INFO",
            id=_text(element, "AcctSvcrRef") or _text(element, "NtryRef"),
        )

    def _finish(self) -> None:
        opening = next((found for kind in _OPENING for found in self._balances if found[0] == kind), None)
        closing = next((found for found in self._balances if found[0] == "CLBD"), None)
        for found, side in ((opening, "opening"), (closing, "closing")):
            if found:
                kind: draft.Side = "opening" if side == "opening" else "closing"
                self._result.balances.append(draft.DraftBalance(self._account, kind, found[1], found[2], found[3]))
        total = self._total.get(closing[2], Decimal(0)) if closing else Decimal(0)
        if opening and closing:
            self._result.declared.append(
                draft.Declared(self._account, opening[1], closing[1], total, self._entries, closing[2] or None)
            )
        if not self._paged:
            self._compare(balances_break=bool(opening and closing and opening[1] + total != closing[1]))
        self._begin()

    def _compare(self, *, balances_break: bool) -> None:
        """The declared counts and sums; entries that are missing show in the balances too, where there are some."""
        for column, value, reason in self._tally.contradictions(self._summary):
            if balances_break:
                self._result.notes.append(f"{column} is {value}: {reason}")
            else:
                self._result.problems.add(self._entries, column, value, reason, "summary_mismatch")


def _declared(summary: ElementTree.Element) -> Iterator[camt_summary.Declared]:
    for total in ("TtlNtries", "TtlCdtNtries", "TtlDbtNtries"):
        for field in ("NbOfNtries", "Sum"):
            if value := _text(summary, total, field):
                yield camt_summary.Declared(total, field, value)


def _transactions(entry: ElementTree.Element) -> int:
    """How many a batch says that it is of, or details; 0 where it is none."""
    counts = [text for batch in _all(entry, "Btch") if (text := _text(batch, "NbOfTxs"))]
    declared = sum(int(text) for text in counts if text.isdecimal() and len(text) <= _COUNT_DIGITS)
    return declared or sum(1 for _ in _all(entry, "TxDtls"))


def _child(element: ElementTree.Element | None, name: str) -> ElementTree.Element | None:
    if element is None:
        return None
    return next((child for child in element if child.tag.rpartition("}")[2] == name), None)


def _text(element: ElementTree.Element | None, *path: str) -> str | None:
    for name in path:
        element = _child(element, name)
    text = (element.text or "").strip() if element is not None else ""
    return text or None


def _all(element: ElementTree.Element, name: str) -> Iterator[ElementTree.Element]:
    return (found for found in element.iter() if found.tag.rpartition("}")[2] == name)


def _amount(element: ElementTree.Element | None) -> tuple[Decimal | None, str]:
    if element is None:
        return None, ""
    match = _AMOUNT.fullmatch(
        (element.text or "").replace(",", ".") if (element.text or "").count(",") == 1 else element.text or ""
    )
    return (Decimal(match[1]) if match else None), element.get("Ccy", "")


def _date(element: ElementTree.Element | None) -> datetime.date | None:
    text = (
        _text(element, "Dt") or _text(element, "DtTm") or ((element.text or "").strip() if element is not None else "")
    )
    try:
        return datetime.date.fromisoformat(text[:10]) if text else None
    except ValueError:
        return None


def _detail_date(element: ElementTree.Element) -> datetime.date | None:
    related = next(_all(element, "RltdDts"), None)
    return _date(_child(related, "AccptncDtTm")) or _date(_child(related, "TxDtTm")) if related is not None else None


def _description(element: ElementTree.Element) -> str:
    parts = [" ".join((found.text or "").split()) for found in _all(element, "Ustrd")]
    parts += [
        " ".join((found.text or "").split()) for found in (*_all(element, "AddtlNtryInf"), *_all(element, "AddtlTxInf"))
    ]
    return " ".join(dict.fromkeys(part for part in parts if part))[:2000]


def _party(element: ElementTree.Element, credit: bool) -> str | None:
    """Who is on the other side: the debtor of money that came in, the creditor of money that went out."""
    for name in ("Dbtr", "UltmtDbtr") if credit else ("Cdtr", "UltmtCdtr"):
        for found in _all(element, name):
            text = _text(found, "Nm") or _text(found, "Pty", "Nm")
            if text:
                return text
    return None


def _bank_code(element: ElementTree.Element) -> str | None:
    code = _child(element, "BkTxCd")
    domain = [_text(code, "Domn", "Cd"), _text(code, "Domn", "Fmly", "Cd"), _text(code, "Domn", "Fmly", "SubFmlyCd")]
    return "-".join(part for part in domain if part) or _text(code, "Prtry", "Cd")
