"""Day-month-year or month-day-year: decided for a whole column, or asked back."""

# ruff: noqa: SIM905 (a table of words reads best as one string)
from __future__ import annotations

import collections
import datetime
import itertools
import re
from collections.abc import Sequence
from typing import NamedTuple

from analysis.statement import dates, model

_SETTLED_BY = 2.5  # points between the best and the second order
_SHORT_ISO_BEHIND = 1.9  # of day-month-year: days alone must tell them apart
_MOST_OF_A_YEAR = 270
_SPEAKS_OTHER = frozenset(
    "datum betrag fecha importe concepto data valor saldo montant libelle solde kwota opis bedrag omschrijving "
    "naam dato belop belob beskrivelse tekst castka osszeg suma iznos tutar tarih summa selgitus pvm maara "
    "soll haben buchungstag valuta wertstellung cargo abono descripcion descrizione importo descricao historico "
    "movimiento operation cuenta".split()
)


class Order(NamedTuple):
    order: model.DateOrder
    settled: bool
    candidates: tuple[model.DateOrder, ...]
    yearless: bool = False
    thai: bool = False  # years of two digits count as the Thai calendar does


def settle(values: Sequence[str], header: Sequence[str], code: str | None, hint: model.DateOrder | None) -> Order:
    """The order of a column's dates. `values` are its cells in file order, `code` the file's currency if known."""
    parts = [found for value in values if (found := dates.read(value))]
    counts = collections.Counter(parts)
    support = {order: sum(n for part, n in counts.items() if _allows(part, order)) for order in dates.ORDERS}
    top = max(support.values(), default=0)
    yearless = any(part.third is None for part in counts)
    candidates = tuple(order for order in dates.ORDERS if top and support[order] == top)
    if hint and support[hint] >= 0.9 * top:
        return Order(hint, True, candidates, yearless)
    if yearless:
        candidates = tuple(order for order in candidates if order != "ymd")
    if len(candidates) <= 1 or all(part.fixed for part in counts):
        return Order(candidates[0] if candidates else "ymd", True, candidates, yearless)
    points = {order: _points(parts, order, header, code) for order in candidates}
    ranked = sorted(candidates, key=lambda order: -points[order])
    settled = points[ranked[0]] - points[ranked[1]] >= _SETTLED_BY
    open_to = tuple(order for order in ranked if points[ranked[0]] - points[order] < _SETTLED_BY)
    return Order(ranked[0], settled, open_to, yearless)


def may_count_an_era(values: Sequence[str], header: Sequence[str], found: Order) -> bool:
    """Japanese statements count years of the reign: 5.01.31 may be 2023."""
    parts = [part for value in values if (part := dates.read(value))]
    small = bool(parts) and all(part.third is not None and not part.fixed and part.first <= 20 for part in parts)
    return found.order == "ymd" and small and bool(_EASTERN.search("".join(header)))


def is_thai(header: Sequence[str]) -> bool:
    return bool(_THAI.search("".join(header)))


def last_year(values: Sequence[str]) -> int:
    """The largest year that an era's dates name."""
    return max((part.first for value in values if (part := dates.read(value))), default=0)


def turns_the_year(values: Sequence[str], found: Order) -> bool:
    """Dates without a year, of which neighbours lie most of a year apart: December beside January."""
    parts = [part for value in values if (part := dates.read(value)) and part.third is None]
    days = [day for part in parts if (day := dates.resolve(part, found.order, 2000))]
    return any(abs((other - one).days) > _MOST_OF_A_YEAR for one, other in itertools.pairwise(days))


def _allows(part: dates.Parts, order: model.DateOrder) -> bool:
    if part.named:
        return part.fixed is not None or (order != "mdy" and order in dates.possible_orders(part))
    return part.fixed is not None or order in dates.possible_orders(part)


def _points(parts: Sequence[dates.Parts], order: model.DateOrder, header: Sequence[str], code: str | None) -> float:
    sample = next(part for part in parts if not part.fixed)
    points = _by_convention(sample, order, header, code)
    days = [day for part in parts if (day := dates.resolve(part, order, 2000))]
    return points + _sortedness(days) + _density(days) - _spread(days)


def _by_convention(sample: dates.Parts, order: model.DateOrder, header: Sequence[str], code: str | None) -> float:
    eastern = bool(_EASTERN.search("".join(header)))
    if order == "ymd" and sample.separator == "-" and not eastern:  # ISO 8601 short of a century: 24-01-15
        return _by_convention(sample, "dmy", header, code) - _SHORT_ISO_BEHIND
    points = {"dmy": 0.4, "mdy": 0.0, "ymd": -2.5}[order]
    if sample.named:
        points += 3.0 if order == "dmy" else 2.2
    points += 3.0 if sample.separator == "." and order == "dmy" and not eastern else 0.0
    points += 3.0 if order == "dmy" and _foreign(header) and not eastern else 0.0
    points += 1.0 if order == "mdy" and code == "USD" else 0.0
    points += 1.5 if order == "dmy" and code in _DAY_FIRST else 0.0
    points += 6.0 if order == "ymd" and eastern else 0.0
    return points


_EASTERN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_THAI = re.compile(r"[\u0e00-\u0e7f]")
_DAY_FIRST = frozenset(
    "GBP EUR CHF AUD NZD INR BRL ZAR SGD MYR DKK NOK PLN CZK TRY RUB UAH ILS AED SAR HKD IDR VND".split()
)


def _foreign(header: Sequence[str]) -> bool:
    tokens = {token for cell in header for token in cell.casefold().replace("/", " ").split()}
    return any(not token.isascii() for token in tokens if token.isalpha()) or bool(tokens & _SPEAKS_OTHER)


def _spread(days: Sequence[datetime.date]) -> float:
    """A file rarely covers many years; a number that goes from 1 to 31 was no year."""
    years = [day.year for day in days]
    return min(6.0, 0.75 * (max(years) - min(years))) if years else 0.0


def _sortedness(days: Sequence[datetime.date]) -> float:
    """Statements are sorted: an order under which they are, and not just by chance, is worth a lot."""
    if len(set(days)) < 3:
        return 0.0
    pairs = [(one, other) for one, other in itertools.pairwise(days) if one != other]
    rising = sum(one < other for one, other in pairs)
    share = max(rising, len(pairs) - rising) / len(pairs)
    if share == 1.0:
        return 3.0 if len(pairs) >= 4 else 1.5
    return 1.0 if share > 0.9 else 0.0


def _density(days: Sequence[datetime.date]) -> float:
    """Ten rows within a fortnight are likelier than ten rows on the first of ten months."""
    distinct = set(days)
    if len(distinct) < 3:
        return 0.0
    span = (max(distinct) - min(distinct)).days
    return 1.0 if span <= 6 * len(distinct) else 0.0
