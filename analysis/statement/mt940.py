"""SWIFT MT940 and MT942: field 61 is a movement, 86 its text, 60/62 the balances around a page.

Dates are those of subfield 1 of field 61 (always there); the entry date MMDD behind it is often left out by banks.
RC takes a credit back (money out), RD a debit (money in). The decimal mark is a comma by the standard, a point in
some banks' files.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from decimal import Decimal

from analysis.statement import draft, errors, limits, model

_FIELD = re.compile(r"^:(\d{2}[A-Z]?|NS):", re.MULTILINE)
_MOVEMENT = re.compile(
    r"(?P<date>\d{6})(?P<entry>\d{4})?\s?(?P<mark>E?R?[CD])(?P<funds>[A-Z])?\s?(?P<amount>\d[\d.,]*)(?P<rest>.*)",
    re.DOTALL,
)
_LONE = re.compile(r":61:\d{6}(?:\d{4})?E?R?[CD][A-Z]?\d")
_BALANCE = re.compile(r"([CD])(\d{6})([A-Z]{3})\s?(-?[\d.,]+)")
_FLOOR = re.compile(r"(?:^|\d)([A-Z]{3})[CD]?[\d.,]+")
_CODED = re.compile(r"\?(\d\d)")
_SLASHED = re.compile(r"/(NAME|REMI|IBAN|EREF|ORDP|BENM|CNTP)/")


def looks_like(text: str) -> bool:
    found = {match[1] for match in _FIELD.finditer(text[:20_000])}
    if found & {"61", "60F", "60M", "62F"} and len(found) >= 3:
        return True
    return bool(_LONE.match(text.lstrip()))


class _Page:
    """One message: what stands between two fields 20, or between two opening balances."""

    def __init__(self, line: int) -> None:
        self.line = line
        self.account = ""
        self.currency: str | None = None
        self.opening: Decimal | None = None
        self.closing: Decimal | None = None
        self.final = False
        self.total = Decimal(0)


def read(text: str, encoding: str, bounds: limits.Limits, problems: draft.Problems) -> draft.Draft:
    """Rows and balances of every message in the text."""
    layout = model.Layout(
        format="mt940",
        encoding=encoding,
        date_format="%y%m%d",
        decimal="comma",
        sign_convention="C/D mark, RC and RD reversed",
    )
    result = draft.Draft(layout, (), problems)
    result.rows = _rows(text.replace("\r\n", "\n").replace("\r", "\n"), bounds, result)
    return result


def _fields(text: str) -> Iterator[tuple[str, str, int]]:
    """(tag, content, physical line)."""
    marks = list(_FIELD.finditer(text))
    line, at = 1, 0
    for index, mark in enumerate(marks):
        end = marks[index + 1].start() if index + 1 < len(marks) else len(text)
        line, at = line + text.count("\n", at, mark.start()), mark.start()
        content = re.split(r"\n-(?:\}|\n|$)|\n\{|\n\$|-\}", text[mark.end() : end])[0]
        yield mark[1], content.strip("\n"), line


def _rows(text: str, bounds: limits.Limits, result: draft.Draft) -> Iterator[draft.DraftRow]:
    page = _Page(1)
    waiting: draft.DraftRow | None = None
    count, tag = 0, ""
    for tag, content, line in _fields(text):
        if tag == "86" and waiting is not None:
            _describe(waiting, content)
            continue
        if waiting is not None and tag in ("61", "20", "60F", "60M", "62F", "62M"):
            yield waiting
            waiting = None
        if tag == "61":
            count += 1
            if count > bounds.rows:
                raise errors.LimitExceeded(f"more than {bounds.rows} movements", row=line)
            page = _beyond(page, line, result) if page.closing is not None else page
            waiting = _movement(content, line, page, result)
        else:
            page = _header(tag, content, line, page, result)
    cut = not text.endswith("\n") and (
        (page.opening is not None and tag in ("61", "86")) or (tag == "61" and "," not in content)
    )
    if waiting is not None and cut:
        reason = "the file ends inside this movement: no closing balance follows"
        result.problems.add(waiting.row, "61", "", reason, "cut_off")
    elif waiting is not None:
        yield waiting
    _close(page, result)
    if not result.balances and "\n:34F:" in text:
        reason = "an interim report (MT942): it has neither opening nor closing balance"
        result.problems.add(1, "34F", "", reason, "interim_report")


def _header(tag: str, content: str, line: int, page: _Page, result: draft.Draft) -> _Page:
    if tag == "20" or (tag in ("60F", "60M") and page.opening is not None):
        _close(page, result)
        account = page.account if tag != "20" else ""
        page = _Page(line)
        page.account = account
    if tag == "25":
        page.account = "".join(content.split())
    elif tag in ("60F", "60M", "62F", "62M"):
        _balance(tag, content, page)
    elif tag in ("34F", "90D", "90C") and page.currency is None and (match := _FLOOR.search(content)):
        page.currency = match[1]
    return page


def _beyond(page: _Page, line: int, result: draft.Draft) -> _Page:
    """A movement behind the closing balance is of no page that the message opened."""
    _close(page, result)
    new = _Page(line)
    new.account, new.currency = page.account, page.currency
    return new


def _balance(tag: str, content: str, page: _Page) -> None:
    match = _BALANCE.match(content.strip())
    if not match:
        return
    value = _decimal(match[4].lstrip("-"))
    if value is None:
        return
    value = -value if (match[1] == "D") != match[4].startswith("-") else value
    page.currency = match[3]
    if tag.startswith("60"):
        page.opening = value
        page.final = tag == "60F"
    else:
        page.closing = value


def _close(page: _Page, result: draft.Draft) -> None:
    if page.account or page.opening is not None:
        code = page.currency or model.NO_CURRENCY
        result.accounts.setdefault(page.account, model.Account(page.account, code, page.account or None))
    if page.opening is not None:
        result.balances.append(draft.DraftBalance(page.account, "opening", page.opening, page.currency))
    if page.closing is not None:
        result.balances.append(draft.DraftBalance(page.account, "closing", page.closing, page.currency))
    if page.opening is not None and page.closing is not None:
        result.declared.append(
            draft.Declared(page.account, page.opening, page.closing, page.total, page.line, page.currency)
        )


def _movement(content: str, line: int, page: _Page, result: draft.Draft) -> draft.DraftRow | None:
    match = _MOVEMENT.match(content)
    booked = _date(match["date"]) or _entered(match) if match else None
    amount = _decimal(match["amount"]) if match else None
    if match is None or booked is None or amount is None:
        reason = "not a movement: date, mark and amount were expected"
        result.problems.add(line, "61", content.partition("\n")[0], reason, "bad_movement")
        return None
    # An E (expected) movement of MT942 is not booked yet.
    amount = amount if match["mark"] in ("C", "RD", "EC", "ERD") else -amount
    pending = match["mark"].startswith("E")
    if not pending:
        page.total += amount
    reference, _, more = match["rest"].partition("\n")
    code, number = _reference(reference)
    return draft.DraftRow(
        row=line,
        booked=booked,
        amount=amount,
        currency=page.currency,
        account=page.account,
        text=" ".join(more.split()),
        bank_code=code,
        pending=pending,
        id=number,
    )


def _entered(match: re.Match[str]) -> datetime.date | None:
    """The entry date, where interest is counted in months of thirty days and the value date is 30 February."""
    return _date(match["date"][:2] + match["entry"]) if match["entry"] and match["date"][2:4] == "02" else None


def _reference(rest: str) -> tuple[str | None, str | None]:
    """Type (N, F or S and three characters) and the reference behind it, the bank's own one first."""
    match = re.match(r"([NFS][A-Z0-9 ]{3})?([^/]*)(?://(.*))?", rest.strip())
    if not match:
        return None, None
    number = (match[3] or match[2] or "").strip()
    return (match[1] or "").strip() or None, None if number in ("", "NONREF") else number


def _describe(row: draft.DraftRow, content: str) -> None:
    """Field 86: coded subfields (?20 ...), slashed ones (/REMI/ ...), or plain text."""
    flat = content.replace("\n", "")
    if len(_CODED.findall(flat)) >= 2:
        parts = _CODED.split(flat)
        pairs = list(zip(parts[1::2], parts[2::2], strict=True))
        purpose = [value for code, value in pairs if code[0] == "2" or code in ("60", "61", "62", "63")]
        name = "".join(value for code, value in pairs if code in ("32", "33")).strip()
        heading = next((value for code, value in pairs if code == "00"), "")
        text = " ".join((heading + " " + "".join(purpose)).split())
        row.bank_code = parts[0].strip()[:3] or row.bank_code
    else:
        name, text = _slashed(flat) if _SLASHED.search(flat) else ("", " ".join(content.split()))
    row.counterparty = row.counterparty or name or None
    row.text = " ".join(part for part in (row.text, text) if part).strip() or name


def _slashed(flat: str) -> tuple[str, str]:
    parts = _SLASHED.split(flat)
    found: dict[str, str] = {}
    for name, value in zip(parts[1::2], parts[2::2], strict=True):
        found.setdefault(name, value.strip(" /"))
    return found.get("NAME", ""), " ".join(flat.split())


def _date(text: str) -> datetime.date | None:
    year = int(text[:2])
    try:
        return datetime.date(year + (1900 if year >= 80 else 2000), int(text[2:4]), int(text[4:]))
    except ValueError:
        return None


def _decimal(text: str) -> Decimal | None:
    """Digits with one mark, whichever it is; "1.234,56" is what some banks write in spite of the standard."""
    text = text.rstrip(",.")
    last = max(text.rfind(","), text.rfind("."))
    whole = re.sub(r"[.,]", "", text[:last] if last >= 0 else text)
    if not whole.isdigit() or len(whole) > 18:
        return None
    return Decimal(f"{whole}.{text[last + 1 :]}" if last >= 0 else whole)
