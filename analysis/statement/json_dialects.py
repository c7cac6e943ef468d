"""Known JSON dialects: where their transactions are, and where each field of a transaction is.

Plaid /transactions/get and /sync (positive is money out); Open Banking UK v3/v4 account information; Berlin Group
NextGenPSD2 and GoCardless Bank Account Data; CredPass's own schema (docs/statements.md).
"""

# ruff: noqa: SIM905 (a table of words reads best as one string)
from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from analysis.statement import draft, model


class Entry(NamedTuple):
    """One transaction's object, whether its list says that it is pending, and the account around it."""

    item: Mapping[str, Any]
    pending: bool = False
    account: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Dialect:
    name: str
    convention: str
    fields: Callable[[Entry], dict[str, Any]]
    complete: Callable[[Any, draft.Draft], None]


_PAGED = 2  # of the dialects: those whose objects say which account they are of


def recognise(document: Any) -> tuple[Dialect | None, Sequence[Entry]]:
    """The dialect of a document and its transactions; (None, ()) for one of no known dialect."""
    for find, dialect in _DIALECTS:
        rows = find(document)
        if rows is not None:
            return dialect, rows
    for find, dialect in _DIALECTS[:_PAGED] if isinstance(document, list) and document else ():
        pages = [find(page) if isinstance(page, Mapping) else None for page in document]
        if all(page is not None for page in pages):  # several accounts, or several pages, in one file
            return dialect, [entry for page in pages for entry in page or ()]
    return None, ()


def get(item: Any, *path: str) -> Any:
    for name in path:
        item = item.get(name) if isinstance(item, Mapping) else None
    return item


def _objects(found: Any) -> list[Mapping[str, Any]] | None:
    if isinstance(found, list) and all(isinstance(item, Mapping) for item in found):
        return found
    return None


def _number(value: Any) -> Decimal | None:
    if isinstance(value, Decimal):
        return value
    try:
        return Decimal(value.strip()) if isinstance(value, str) else None
    except InvalidOperation:
        return None


# CredPass.


def _find_own(document: Any) -> list[Entry] | None:
    items = _objects(get(document, "transactions"))
    if items is None or (items and not all(item.keys() <= _OWN for item in items[:20])):
        return None
    if any(_objects(value) for key, value in document.items() if key not in ("transactions", "accounts")):
        return None  # somebody else's: there are more lists of objects than this schema has
    return [Entry(item, item.get("pending") is True) for item in items]


_OWN = frozenset("date amount currency description account valueDate counterparty balance id pending code".split())


def _own(entry: Entry) -> dict[str, Any]:
    item = entry.item
    return {
        "date": item.get("date"), "amount": item.get("amount"), "currency": item.get("currency"),
        "text": item.get("description"),
        "account": item.get("account"), "value_date": item.get("valueDate"), "counterparty": item.get("counterparty"),
        "balance": item.get("balance"), "id": item.get("id"), "pending": entry.pending, "code": item.get("code"),
    }  # fmt: skip


def _own_accounts(document: Any, result: draft.Draft) -> None:
    for item in _objects(get(document, "accounts")) or []:
        key = str(item.get("id") or "")
        code = item.get("currency")
        currency = code if isinstance(code, str) else model.NO_CURRENCY
        kind, bank = item.get("type"), item.get("bank")
        result.accounts[key] = model.Account(key, currency, key or None, _or_none(bank), _or_none(kind))
        _balances(result, key, currency, item.get("openingBalance"), item.get("closingBalance"))


def _balances(result: draft.Draft, key: str, currency: str, opening: Any, closing: Any) -> None:
    start, end = _number(opening), _number(closing)
    if start is not None:
        result.balances.append(draft.DraftBalance(key, "opening", start, currency))
    if end is not None:
        result.balances.append(draft.DraftBalance(key, "closing", end, currency))


def _or_none(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


# Plaid.


def _find_plaid(document: Any) -> list[Entry] | None:
    lists = [get(document, "transactions"), get(document, "added")]
    if isinstance(document, list):
        lists.append(document)
    items = next((found for found in map(_objects, lists) if found), None)
    if not items or not any("iso_currency_code" in item or "unofficial_currency_code" in item for item in items):
        return None
    return [Entry(item, item.get("pending") is True, str(item.get("account_id") or "")) for item in items]


def _plaid(entry: Entry) -> dict[str, Any]:
    item = entry.item
    amount = _number(item.get("amount"))
    return {
        "date": item.get("date"), "amount": item.get("amount") if amount is None else -amount, "account": entry.account,
        "currency": item.get("iso_currency_code") or item.get("unofficial_currency_code"),
        "text": item.get("original_description") or item.get("name"), "counterparty": item.get("merchant_name"),
        "pending": entry.pending, "id": item.get("transaction_id"), "code": item.get("payment_channel"),
        "value_date": item.get("authorized_date"),
    }  # fmt: skip


def _plaid_accounts(document: Any, result: draft.Draft) -> None:
    for item in _objects(get(document, "accounts")) or []:
        key = str(item.get("account_id") or "")
        code = get(item, "balances", "iso_currency_code")
        kind = item.get("subtype") or item.get("type")
        result.accounts[key] = model.Account(
            key, code or model.NO_CURRENCY, _or_none(item.get("mask")), None, _or_none(kind)
        )


# Open Banking UK.


def _find_uk(document: Any) -> list[Entry] | None:
    items = _objects(get(document, "Data", "Transaction"))
    if items is None:
        return None
    return [
        Entry(item, str(item.get("Status", "")).lower() in ("pending", "pdng"), str(item.get("AccountId") or ""))
        for item in items
    ]


def _uk(entry: Entry) -> dict[str, Any]:
    item = entry.item
    merchant = get(item, "MerchantDetails", "MerchantName")
    party = get(item, "CreditorAccount", "Name") or get(item, "DebtorAccount", "Name")
    balance = get(item, "Balance", "Amount", "Amount")
    return {
        "date": item.get("BookingDateTime") or item.get("ValueDateTime"), "value_date": item.get("ValueDateTime"),
        "amount": _directed(get(item, "Amount", "Amount"), item.get("CreditDebitIndicator")),
        "currency": get(item, "Amount", "Currency"), "account": entry.account,
        "text": item.get("TransactionInformation") or merchant or item.get("TransactionReference"),
        "counterparty": merchant or party, "balance": _directed(balance, get(item, "Balance", "CreditDebitIndicator")),
        "pending": entry.pending, "id": item.get("TransactionId"),
        "void": str(item.get("Status", "")).lower() in ("rejected", "rjct"),
        "code": get(item, "ProprietaryBankTransactionCode", "Code") or get(item, "BankTransactionCode", "Code"),
    }  # fmt: skip


def _directed(amount: Any, indicator: Any) -> Any:
    number = _number(amount)
    if number is None:
        return amount
    if str(indicator).lower() in ("debit", "dbit"):
        return -abs(number)
    return abs(number) if str(indicator).lower() in ("credit", "crdt") else None


# Berlin Group and GoCardless.


def _find_berlin(document: Any) -> list[Entry] | None:
    holder = document if isinstance(document, Mapping) else None
    groups = get(holder, "transactions") if isinstance(get(holder, "transactions"), Mapping) else holder
    if not isinstance(groups, Mapping) or not any(isinstance(groups.get(name), list) for name in ("booked", "pending")):
        return None
    account = get(holder, "account", "iban") or ""
    found: list[Entry] = []
    for name in ("booked", "pending"):
        found.extend(Entry(item, name == "pending", str(account)) for item in _objects(groups.get(name)) or [])
    return found


def _berlin(entry: Entry) -> dict[str, Any]:
    item = entry.item
    amount = get(item, "transactionAmount", "amount")
    party = item.get("creditorName") or item.get("debtorName")
    free = item.get("remittanceInformationUnstructured") or item.get("remittanceInformationUnstructuredArray")
    text = " ".join(part for part in free if isinstance(part, str)) if isinstance(free, list) else free
    return {
        "date": item.get("bookingDate") or item.get("bookingDateTime") or item.get("valueDate")
        or item.get("transactionDate"),
        "value_date": item.get("valueDate"), "amount": amount, "currency": get(item, "transactionAmount", "currency"),
        "account": entry.account, "counterparty": party,
        "text": text or item.get("additionalInformation") or item.get("remittanceInformationStructured") or party,
        "balance": get(item, "balanceAfterTransaction", "balanceAmount", "amount"), "pending": entry.pending,
        "id": item.get("transactionId") or item.get("entryReference") or item.get("internalTransactionId"),
        "code": item.get("bankTransactionCode") or item.get("proprietaryBankTransactionCode"),
    }  # fmt: skip


_OPENING = frozenset(("openingBooked", "OPBD", "OpeningBooked"))
_CLOSING = frozenset(("closingBooked", "CLBD", "ClosingBooked"))


def _berlin_accounts(document: Any, result: draft.Draft) -> None:
    for page in document if isinstance(document, list) else ():
        _berlin_accounts(page, result)
    iban = get(document, "account", "iban")
    if isinstance(iban, str):
        result.accounts[iban] = model.Account(iban, get(document, "account", "currency") or model.NO_CURRENCY, iban)
    for item in _objects(get(document, "balances")) or []:
        amount = _number(get(item, "balanceAmount", "amount"))
        kind = item.get("balanceType")
        if amount is not None and kind in _OPENING | _CLOSING:
            side = "opening" if kind in _OPENING else "closing"
            result.balances.append(
                draft.DraftBalance(
                    str(iban or ""),
                    "opening" if side == "opening" else "closing",
                    amount,
                    get(item, "balanceAmount", "currency"),
                )
            )


def _nothing(document: Any, result: draft.Draft) -> None:
    """The dialect says nothing outside its rows."""


_SIGNED = "signed: negative is money out"
_DIALECTS = (
    (_find_uk, Dialect("open-banking-uk", "amount and credit/debit indicator", _uk, _nothing)),
    (_find_berlin, Dialect("berlin-group", _SIGNED, _berlin, _berlin_accounts)),
    (_find_plaid, Dialect("plaid", "inverted: positive is money out", _plaid, _plaid_accounts)),
    (_find_own, Dialect("credpass", _SIGNED, _own, _own_accounts)),
)
