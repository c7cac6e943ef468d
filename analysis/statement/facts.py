"""What stands around the table: currency, account, declared balances, the period."""

# ruff: noqa: RUF001, SIM905 (words and signs of other alphabets are the data here)
from __future__ import annotations

import calendar
import dataclasses
import datetime
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

from analysis.statement import currency, dates, model, money, table, words

_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:\s?[A-Z0-9]{4}){2,7}(?:\s?[A-Z0-9]{1,4})?\b")
_YEAR = re.compile(r"(?<!\w)(?:19|20)\d\d(?![^\W年년])")
_MONTH = re.compile(r"(?<!\d)((?:19|20)\d\d)\s?[年년]\s?(\d{1,2})\s?[月월](?!\s?\d)")
_BESIDE = re.compile(
    r"\d\s?(€|£|zł|Kč|₽|₴|₺|₹|₪|₩|元|円|원|лв|грн|руб|(?:EUR|USD|GBP|CHF|PLN|CZK|HUF|RON|SEK|NOK|DKK)\b)"
)
_NUMBER = re.compile(r"(?=(?:\D*\d){4})[\w*\-/. ]{4,40}")
_CODE = re.compile(r"(?<![A-Za-z])[A-Z]{3}(?![A-Za-z])")
# Codes that are no words or abbreviations of anything else on a statement.
_COMMON = frozenset(
    "EUR USD GBP CHF PLN CZK HUF RON SEK NOK DKK BGN RUB UAH TRY ZAR AUD NZD CAD HKD SGD CNY JPY KRW INR IDR "
    "MYR THB PHP "
    "VND BRL MXN ILS AED SAR RSD ISK TWD KZT GEL".split()
)
_PREAMBLE_ROWS = 60
_CELL_SPLIT = re.compile(r"[:：]\s*")


@dataclasses.dataclass(slots=True)
class Facts:
    currency: str | None = None
    account: str | None = None
    opening: Decimal | None = None
    closing: Decimal | None = None
    card: bool = False  # the lines speak of a credit card
    pending: bool = False  # the last line alone heads rows not booked yet
    year: int | None = None
    years: tuple[int, ...] = ()  # all that the lines around the table name
    dates: tuple[str, ...] = ()


def gather(sample: Sequence[table.Row], end: int) -> Facts:
    """Facts in the rows before the table."""
    known = Facts()
    found: list[str] = []
    years: set[int] = set()
    for row in sample[: min(end, _PREAMBLE_ROWS)]:
        cells = [part for cell in row.cells for part in _CELL_SPLIT.split(cell.strip()) if part.strip()]
        _note(known, cells, found)
        years.update(int(year) for cell in row.cells for year in _YEAR.findall(cell))
        alone = [cell for cell in row.cells if cell.strip()]
        known.pending = words.heads_pending(alone[0]) if len(alone) == 1 else known.pending
        known.card = known.card or any(
            words.has_phrase(words.normalise(cell), words.CREDIT_CARDS) for cell in row.cells
        )
    known.dates = tuple(found)
    known.years = tuple(sorted(years))
    if len(years) == 1:
        known.year = known.years[0]
    return known


def period(known: Facts, order: model.DateOrder) -> tuple[datetime.date, datetime.date] | None:
    """First and last full date around the table, where there are two."""
    parts = [found for text in known.dates if (found := dates.read(text)) and found.third is not None]
    days = sorted({day for part in parts if (day := dates.resolve(part, order))})
    return (days[0], days[-1]) if len(days) > 1 else None


def _note(known: Facts, cells: list[str], found: list[str]) -> None:
    text = " ".join(cells)
    if known.account is None and (match := _IBAN.search(text)) and any(char.isdigit() for char in match[0]):
        known.account = match[0].replace(" ", "")
    if known.currency is None and (beside := _BESIDE.search(text)):
        known.currency = currency.code_of(beside[1])
    codes = {code for code in _CODE.findall(text) if code in _COMMON}
    if known.currency is None and len(codes) == 1:
        known.currency = codes.pop()
    if len(cells) > 1:
        _labelled(known, cells)
    found.extend(_full_dates(text))
    for year, month in _MONTH.findall(text):
        if 1 <= int(month) <= len(calendar.month_name) - 1:
            last = calendar.monthrange(int(year), int(month))[1]
            found.extend((f"{year}-{month}-01", f"{year}-{month}-{last}"))


def _full_dates(text: str) -> Iterator[str]:
    """Dates with a year amid other words ("from 12 January 2023 to 11 February 2023")."""
    tokens = [token.strip("()[],;:") for token in text.split()[:60]]
    at = 0
    while at < len(tokens):
        for size in (3, 2, 1):
            piece = " ".join(tokens[at : at + size])
            parts = dates.read(piece) if at + size <= len(tokens) else None
            if parts is not None and parts.third is not None:
                yield piece
                at += size - 1
                break
        at += 1


def _labelled(known: Facts, cells: list[str]) -> None:
    label = cells[0]
    if known.account is None and words.match_header(label).scores.get("account", 0.0) >= 0.9:
        known.account = next((" ".join(cell.split()) for cell in cells[1:] if _NUMBER.fullmatch(cell.strip())), None)
    if known.currency is None:
        named = words.match_header(label).best == "currency"
        codes = [
            code
            for cell in cells[1:]
            if (code := currency.code_of(cell)) not in (None, model.NO_CURRENCY)
            and (named or currency.is_code(cell.strip()))
        ]
        beside = [amount.currency for cell in cells[1:] if (amount := money.read(cell)) and amount.currency]
        known.currency = next(iter((*codes, *beside)), None)
    value = next((found for cell in cells[1:] if (found := balance_value(cell)) is not None), None)
    if value is None:
        return
    if words.starts_with([label], words.OPENING):
        known.opening = value
    elif words.starts_with([label], words.CLOSING):
        known.closing = value


def balance_value(cell: str) -> Decimal | None:
    """The signed amount of a lone cell, its mark judged by itself alone."""
    amount = money.read(cell)
    if amount is None or dates.read(cell):
        return None
    value = money.value_of(amount.body, money.mark_of(amount.body) or "point")
    return None if value is None else -value if amount.sign < 0 or amount.flag < 0 else value
