"""Do the whole numbers of a JSON list count minor units? Field names, a documented source or the balances say it.

Field names of documented sources: https://docs.monzo.com (transactions), https://api.monobank.ua/docs (statement).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal

from analysis.statement import currency

_NAME = re.compile(r"(?:amount_?)?(?:in_?)?(?:minor_?units?|minor|cents)$", re.IGNORECASE)
_CURRENCY_NAME = re.compile(r"(?:^|_)currency(?:_?code)?$|Currency(?:Code)?$", re.IGNORECASE)
_WHOLE = re.compile(r"-?\d*")
_FIGURE = re.compile(r"-?\d{1,18}(?:\.\d{1,4})?")
_DOCUMENTED = (
    frozenset(("account_balance", "amount", "created", "currency", "settled")),
    frozenset(("amount", "balance", "cashbackAmount", "currencyCode", "mcc", "operationAmount", "time")),
)
_SAMPLE = 50
Verdict = Literal["minor", "major", "open"]


def is_named(name: str) -> bool:
    """Whether the field's own name says that it counts minor units ("minorUnits", "amount_cents")."""
    return _NAME.search(name) is not None


def bare_name(name: str) -> str:
    return _NAME.sub("amount", name)


def code_of(name: str, value: Any) -> str | None:
    """The currency of a field that numbers it by ISO 4217 ("currencyCode": 980)."""
    text = f"{value:f}" if isinstance(value, Decimal) else value
    if not isinstance(text, str) or not re.fullmatch(r"\d{1,3}", text) or not _CURRENCY_NAME.search(name):
        return None
    return currency.by_number(text)


def major(item: Mapping[str, Any], minor: Decimal) -> Decimal:
    """An amount of minor units in the currency that stands beside it."""
    named = [(key, item[key]) for key in ("currency", "currencyCode") if item.get(key)]
    code = next((code_of(key, value) or str(value) for key, value in named), "")
    return minor.scaleb(-currency.exponent(code))


def is_documented(objects: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the objects have the fields of a source that documents its amounts as minor units."""
    return any(all(known <= item.keys() for item in objects[:_SAMPLE]) for known in _DOCUMENTED)


def all_whole(cells: Iterable[str]) -> bool:
    """Nothing but whole numbers, some of three digits or more: written so, cents and units look the same."""
    found = list(cells)
    return all(_WHOLE.fullmatch(cell) for cell in found) and any(len(cell) > 2 for cell in found)


def by_balance(amounts: Sequence[str], balances: Sequence[str], exponent: int) -> Verdict:
    """What balances written with a decimal mark say of whole amounts beside them."""
    if not all(map(_FIGURE.fullmatch, (*amounts, *balances))) or all(map(_WHOLE.fullmatch, balances)):
        return "open"
    moved, left = [abs(Decimal(cell)) for cell in amounts], [Decimal(cell) for cell in balances]
    steps = [abs(after - before) for before, after in itertools.pairwise(left)]
    fits = {unit: _fits([value.scaleb(-unit) for value in moved], steps) for unit in (0, exponent)}
    return "open" if fits[0] == fits[exponent] else "major" if fits[0] else "minor"


def _fits(moved: Sequence[Decimal], steps: Sequence[Decimal]) -> bool:
    """Each step between two balances is the amount of its later row, in a file that runs either way."""
    return bool(steps) and steps in (list(moved[1:]), list(moved[:-1]))
