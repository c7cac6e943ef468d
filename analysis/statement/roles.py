"""Which column may play which role: the header's words checked against what the cells look like."""

# ruff: noqa: SIM905 (a table of words reads best as one string)
from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence

from analysis.statement import currency, headers, profile, words

_DATE_ROLES = ("date", "value_date")
_FEW_ROWS = 3
_MONEY_ROLES = ("amount", "debit", "credit", "balance", "fee", "orig_amount", "rate")


@dataclasses.dataclass(slots=True)
class Roles:
    """Column numbers by role, best first; `scores` are the header's (0 where the content alone decides)."""

    header: headers.Header
    columns: list[profile.Column]
    scores: list[dict[str, float]]

    def of(self, role: str, at_least: float = 0.0) -> list[int]:
        """Columns whose best role is `role`, the surest first, then from left to right."""
        found = [
            index for index, scores in enumerate(self.scores) if self._best(index) == role and scores[role] >= at_least
        ]
        return sorted(found, key=lambda index: (not self.columns[index].filled, -round(self.scores[index][role], 1)))

    def _best(self, index: int) -> str | None:
        scores = self.scores[index]
        return max(scores, key=lambda role: scores[role], default=None)

    def score(self, index: int, role: str) -> float:
        return self.scores[index].get(role, 0.0)

    @property
    def labelled(self) -> bool:
        """Some heading names an amount; if none does, every column of figures is a candidate for everything."""
        return any(self.scores[index].keys() & {"amount", "debit", "credit"} for index in range(len(self.columns)))


def roles_of(header: headers.Header, columns: list[profile.Column]) -> Roles:
    """Header scores, less those that the content contradicts."""
    scores = [_checked(header.scores(column.index), column) for column in columns]
    for found, column in zip(scores, columns, strict=True):
        if column.filled >= _FEW_ROWS and (column.distinct == 1 or not any(map(has_value, column.values))):
            found.pop("balance", None)  # a field that the bank leaves at zero, or the balance of today on every row
    _prefer_own_currency(header, scores)
    return Roles(header, columns, scores)


def _prefer_own_currency(header: headers.Header, scores: list[dict[str, float]]) -> None:
    """Beside "amount in the account's currency" any other amount is in that of the purchase."""
    amounts = [index for index, found in enumerate(scores) if "amount" in found]
    own = [index for index in amounts if words.has_phrase(words.normalise(header.name(index)), words.OWN_CURRENCY)]
    if not own and not any("currency" in found for found in scores):
        own = [index for index in amounts if header.currency(index)]
    if own and len(own) < len(amounts):
        for index in amounts:
            scores[index]["amount"] += 0.3 if index in own else -0.3


def _checked(scores: dict[str, float], column: profile.Column) -> dict[str, float]:
    kept = {role: score for role, score in scores.items() if _possible(role, column)}
    if "amount" in kept and "value_date" in kept:  # "Valor" and "Value" are both
        del kept["value_date" if column.is_money else "amount"]
    if "flag" in kept and len(kept) > 1 and column.is_flag:
        kept = {"flag": kept["flag"]}
    return kept


def _possible(role: str, column: profile.Column) -> bool:
    if column.filled == 0:
        return True
    if role in _DATE_ROLES:
        return column.is_date
    if role in _MONEY_ROLES:
        return column.share(column.amounts) >= 0.5 and (role != "amount" or not column.is_date or column.is_money)
    if role == "currency":
        return column.share(column.currencies) >= 0.5
    if role == "flag":
        return column.share(column.flags) >= 0.5
    return True


def date_columns(roles: Roles) -> tuple[tuple[int, ...], int | None]:
    """(booking date and its stand-ins, value date). Without header: date columns from left to right."""
    labelled = [index for index in roles.of("date") if roles.columns[index].filled]
    valued = [index for index in roles.of("value_date") if roles.columns[index].filled]
    if not labelled and not valued:
        unnamed = [column.index for column in roles.columns if column.is_date and not roles.scores[column.index]]
        found = unnamed or [column.index for column in roles.columns if column.is_date]
        return tuple(found[:1]), (found[1] if len(found) > 1 else None)
    primary = _fullest(roles, labelled) if labelled else _fullest(roles, valued)
    stand_ins = [index for index in (*labelled, *valued) if index != primary]
    value = next((index for index in valued if index != primary), None)
    return (primary, *stand_ins), value


def _fullest(roles: Roles, found: Sequence[int]) -> int:
    """The leftmost of the surest columns among those that are nearly as full as the fullest."""
    most = max(roles.columns[index].filled for index in found)
    return next(index for index in found if roles.columns[index].filled >= 0.9 * most)


def currency_columns(roles: Roles, near: Sequence[int]) -> tuple[int, ...]:
    """Currency columns, the one beside the amount first. Without header: the first column of codes."""
    found = [index for index in roles.of("currency") if roles.columns[index].filled]
    if not found and not roles.of("currency"):
        found = [
            column.index
            for column in roles.columns
            if column.is_currency and not (roles.scores[column.index].keys() & {"orig_currency", "amount"})
            and any(currency.is_code(value.strip().upper()) for value in column.values)
        ]  # fmt: skip
        if not roles.labelled and len(found) > 1:
            found = [_steadiest(roles, found)]
    return tuple(
        sorted(found, key=lambda index: min((abs(index - at) + 0.5 * (index < at) for at in near), default=index))
    )


def _steadiest(roles: Roles, found: Sequence[int]) -> int:
    return max(found, key=lambda index: (roles.columns[index].filled, index))


def flag_columns(roles: Roles) -> list[int]:
    """Columns of direction words: named ones, and unnamed or "type" columns that hold both directions or one."""
    named = [index for index in roles.of("flag") if roles.columns[index].is_flag]
    other = [column.index for column in roles.columns if column.index not in named and _unnamed_flag(roles, column)]
    return named + other


def _unnamed_flag(roles: Roles, column: profile.Column) -> bool:
    """Direction words under no heading, or under "type"; one direction alone only where it is an accountant's word."""
    if not column.is_flag or column.filled < 0.9 * max(len(column.values), 1):
        return False
    named = roles.scores[column.index].keys()
    if named and not named & {"type", "flag"}:
        return False
    kinds = {words.flag_of(value) for value in column.values} - {"neutral", None}
    if len(kinds) == 2:
        return True
    spoken = {words.normalise(value) for value in column.values if value.strip()}
    return bool(named) and spoken <= _ACCOUNTANTS


_ACCOUNTANTS = frozenset("c d cr dr credit debit s h soll haben debet kredit k af bij kt dt".split())


def exclusive_pairs(columns: Sequence[profile.Column]) -> list[tuple[int, int]]:
    """Money columns of which every row fills exactly one (zeros count as empty)."""
    pairs = []
    money_like = [column for column in columns if column.is_money]
    for left, right in itertools.combinations(money_like, 2):
        filled = [(has_value(a), has_value(b)) for a, b in zip(left.values, right.values, strict=True)]
        both = sum(a and b for a, b in filled)
        either = sum(a or b for a, b in filled)
        lone_left, lone_right = sum(a and not b for a, b in filled), sum(b and not a for a, b in filled)
        if both == 0 and either >= 0.9 * len(filled) and lone_left and lone_right:
            pairs.append((left.index, right.index))
    return pairs


def has_value(cell: str) -> bool:
    return any(char in "123456789" for char in cell)
