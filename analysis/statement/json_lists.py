"""Where in a JSON document of no known dialect the transactions are: one list, or one for each account."""

# ruff: noqa: SIM905 (a table of words reads best as one string)
from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from analysis.statement import dates, words

_Object = Mapping[str, Any]
_LEVELS = 6
_WIDTH = 1_000
_LOOKED_AT = 20
_DATE_CHARS = 40
_FIRST_MOMENT, _LAST_MOMENT = Decimal(946_684_800), Decimal("4102444800e3")  # seconds or milliseconds since 1970
_JOINT = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[_\-]+")
_ACCOUNT_KEYS = ("iban", "accountNumber", "account_number", "accountId", "account_id", "number", "id", "name")
_CURRENCY_KEYS = ("currency", "currencyCode", "currency_code", "iso_currency_code")
_LIST_NAMES = words.TITLES | set("bookings booked entries movements records lines postings history statement".split())


@dataclasses.dataclass(frozen=True, slots=True)
class _List:
    items: list[_Object]
    dated: bool  # its objects have a date and a number
    name: str  # the key that it has
    holder: _Object | None  # the object that it stands in

    @property
    def rank(self) -> tuple[bool, bool, int]:
        return self.dated, any(map(_speaks_of_amounts, self.items[0])), len(self.items)

    def around(self) -> dict[str, Any]:
        """Its account and currency, as the object around it says, and whether its name says pending."""
        holder = self.holder or {}
        account = next((holder[key] for key in _ACCOUNT_KEYS if isinstance(holder.get(key), str)), self.name)
        code = next((holder[key] for key in _CURRENCY_KEYS if isinstance(holder.get(key), str)), None)
        pending = words.heads_pending(_JOINT.sub(" ", self.name))
        return {"account": account} | ({"currency": code} if code else {}) | ({"status": "pending"} if pending else {})


def longest_list(document: Any) -> list[_Object]:
    """The objects of the longest list in the first levels, and of all lists like it (one for each account).

    Lists whose objects have a date and a number go before others, and of these those that speak of amounts.
    """
    lists = [found for found in _lists(document, "", None, 0) if found.items]
    best = max(lists, key=lambda found: found.rank, default=None)
    if best is None:
        return []
    alike = [found for found in lists if found.dated == best.dated and _alike(found.items[0], best.items[0])]
    if len(alike) == 1:
        return list(best.items)
    return [{**found.around(), **item} for found in alike for item in found.items]


def _lists(node: Any, name: str, holder: _Object | None, depth: int) -> Iterator[_List]:
    if isinstance(node, Mapping):
        yield from _inside(node.items(), node, depth)
    if not isinstance(node, list):
        return
    items = [item for item in node if isinstance(item, Mapping)]
    dated = any(map(_has_date_and_number, items[:_LOOKED_AT]))
    inner = [
        found for item in items[:_WIDTH] for found in _inside(_named(item) if dated else item.items(), item, depth)
    ]
    if dated and any(found.dated for found in inner):  # an account with a date and a balance of its own
        yield from inner
        return
    yield _List(items, dated, name, holder)
    if not dated:
        yield from inner


def _inside(pairs: Iterable[tuple[str, Any]], holder: _Object, depth: int) -> Iterator[_List]:
    for key, child in list(pairs)[:_WIDTH] if depth < _LEVELS else ():
        yield from _lists(child, str(key), holder, depth + 1)


def _named(item: _Object) -> list[tuple[str, Any]]:
    """What an object calls its transactions; other lists inside it (parts of a payment, labels) are its own."""
    return [(key, value) for key, value in item.items() if words.normalise(str(key)) in _LIST_NAMES]


def _has_date_and_number(item: _Object) -> bool:
    values = list(_scalars(item, 0))
    return any(map(_is_moment, values)) and any(map(_is_number, values))


def _is_moment(value: Any) -> bool:
    if isinstance(value, Decimal):
        return _FIRST_MOMENT <= value < _LAST_MOMENT
    return isinstance(value, str) and len(value) <= _DATE_CHARS and dates.read(value) is not None


def _is_number(value: Any) -> bool:
    return isinstance(value, Decimal) or (isinstance(value, str) and value.strip("+- ").replace(".", "", 1).isdecimal())


def _scalars(item: _Object, depth: int) -> Iterator[Any]:
    for several in item.values():
        value = several[0] if isinstance(several, list) and len(several) == 1 else several
        if isinstance(value, Mapping) and depth < 3:
            yield from _scalars(value, depth + 1)
        elif not isinstance(value, list):
            yield value


def _speaks_of_amounts(key: str) -> bool:
    return bool(words.match_header(key).scores.keys() & {"amount", "debit", "credit"})


def _alike(one: _Object, other: _Object) -> bool:
    return len(one.keys() & other.keys()) * 2 > len(one.keys() | other.keys())
