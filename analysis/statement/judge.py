"""Several readings of the same money columns are tried; the running balance, where there is one, decides.

Values are integers of 1/10,000 unit (exact for every currency) so that a reading costs microseconds.
"""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Sequence
from decimal import Decimal

from analysis.statement import figures, plan, words

_SCALE = 10_000
_ENOUGH_LINKS = 3  # so many more hold the other way: the balances tell the order better than the dates
_ONE_LINK = 1.2  # not enough to take a heading that names a side for its opposite
_BY_CHANCE = 0.25  # links that hold in figures that have nothing to do with each other
_Value = int | None


class Evidence:
    """The sample rows as values: per money column, with groups (account and currency) and dates."""

    def __init__(
        self,
        rows: Sequence[Sequence[str]],
        readers: dict[int, figures.Reader],
        days: Sequence[datetime.date | None],
        groups: Sequence[str],
        texts: Sequence[str],
    ) -> None:
        self.rows = rows
        self.days = days
        self.groups = groups
        self.texts = texts
        self._readers = readers
        self._values: dict[int, list[_Value]] = {}
        known = [day for day in days if day]
        self.descending = bool(known) and known[0] > known[-1]
        self.ascending = bool(known) and known[0] < known[-1]
        steps = [one <= other if self.ascending else one >= other for one, other in itertools.pairwise(known)]
        self.in_order = (self.ascending or self.descending) and all(steps)
        self.order = "descending" if self.descending else "ascending" if self.ascending else "unknown"

    def values(self, column: int) -> list[_Value]:
        if column not in self._values:
            read = self._readers[column]
            self._values[column] = [_scaled(read(row[column]) if column < len(row) else None) for row in self.rows]
        return self._values[column]

    def cell(self, row: int, column: int) -> str:
        cells = self.rows[row]
        return cells[column] if column < len(cells) else ""


def _scaled(figure: figures.Figure | None) -> _Value:
    if figure is None:
        return None
    value = abs(figure.value) * figure.flag if figure.flag else figure.value
    return int((value * _SCALE).to_integral_value()) if abs(value) < Decimal(10) ** 18 else None


def amounts(evidence: Evidence, money: plan.Money) -> list[_Value]:
    """The signed amounts of the sample under one reading; None where a row has none."""
    if money.source == "columns":
        found = _from_columns(evidence, money)
    else:
        assert money.amount is not None
        found = list(evidence.values(money.amount))
        if money.source == "flag":
            found = [_flagged(evidence, index, money, value) for index, value in enumerate(found)]
        elif money.source == "balance":
            found = _by_balance(evidence, money, found)
    if money.fee is not None:
        fees = evidence.values(money.fee)
        found = [
            None if value is None else value + money.fee_sign * abs(fee or 0)
            for value, fee in zip(found, fees, strict=True)
        ]
    return [None if value is None else -value for value in found] if money.negate else found


def _from_columns(evidence: Evidence, money: plan.Money) -> list[_Value]:
    empty: list[_Value] = [None] * len(evidence.rows)
    debits = evidence.values(money.debit) if money.debit is not None else empty
    paid_in = evidence.values(money.credit) if money.credit is not None else empty
    return [
        None
        if debit is None and credit is None
        else money.credit_sign * (credit or 0) - money.debit_sign * (debit or 0)
        for debit, credit in zip(debits, paid_in, strict=True)
    ]


def _flagged(evidence: Evidence, index: int, money: plan.Money, value: _Value) -> _Value:
    assert money.flag is not None
    kind = words.flag_of(evidence.cell(index, money.flag))
    if value is None or kind not in ("credit", "debit"):
        return None
    return abs(value) if kind == "credit" else -abs(value)


def _by_balance(evidence: Evidence, money: plan.Money, found: list[_Value]) -> list[_Value]:
    """Unsigned amounts take the sign of the step between the balances around them; the first row stays as it is."""
    assert money.balance is not None
    balances = evidence.values(money.balance)
    order = range(len(found) - 1, -1, -1) if evidence.descending else range(len(found))
    signed: list[_Value] = list(found)
    before: _Value = None
    for index in order:
        value, after = found[index], balances[index]
        if None not in (value, after, before) and after - before == -value:  # type: ignore[operator]
            signed[index] = -value  # type: ignore[operator]
        before = after
    return signed


def chain(evidence: Evidence, money: plan.Money) -> tuple[int, int]:
    """(links that hold, links checked) under the better of the possible row orders."""
    if money.balance is None:
        return 0, 0
    found, balances = amounts(evidence, money), evidence.values(money.balance)
    groups = _groups(evidence, found, balances)
    checked = sum(max(len(members) - 1, 0) for members in groups)
    held = _held_after(evidence, groups, found, balances, checked)
    before = _held_before(evidence, groups, found, balances)
    return held or (before if before > 1 else 0), checked


def balance_is_before(evidence: Evidence, money: plan.Money) -> bool:
    """Whether each row prints the balance before it: all links hold so, and none as the balance after it."""
    if money.balance is None:
        return False
    found, balances = amounts(evidence, money), evidence.values(money.balance)
    groups = _groups(evidence, found, balances)
    either_way = [order for members in groups for order in (members, members[::-1])]
    if any(_held(order, found, balances) for order in either_way):
        return False
    return _held_before(evidence, groups, found, balances) > 0


def _groups(evidence: Evidence, found: Sequence[_Value], balances: Sequence[_Value]) -> list[list[int]]:
    """The rows with amount and balance, by account and currency."""
    by_group: dict[str, list[int]] = {}
    for index, group in enumerate(evidence.groups):
        if balances[index] is not None and found[index] is not None:
            by_group.setdefault(group, []).append(index)
    return list(by_group.values())


def _held_after(
    evidence: Evidence,
    groups: Sequence[Sequence[int]],
    found: list[_Value],
    balances: list[_Value],
    checked: int,
) -> int:
    """Links of balances printed after their rows, in the order of the dates unless the other one is plainly right."""
    forward = sum(_held(members, found, balances) for members in groups)
    backward = sum(_held(members[::-1], found, balances) for members in groups)
    usual = {"descending": backward, "ascending": forward}.get(evidence.order, max(forward, backward))
    best = max(forward, backward)
    return best if best >= usual + _ENOUGH_LINKS and best >= 0.8 * checked else usual


def _held_before(
    evidence: Evidence, groups: Sequence[Sequence[int]], found: Sequence[_Value], balances: Sequence[_Value]
) -> int:
    """Links of balances printed before their rows, if all of them hold and some join two days; else 0.

    Read backwards, such a file is its own mirror with all signs turned round: only dates in order tell the two apart.
    """
    if not evidence.in_order:
        return 0
    ordered = [members[::-1] if evidence.descending else members for members in groups]
    links = [link for members in ordered for link in itertools.pairwise(members) if found[link[0]]]
    if not all(balances[after] - balances[before] == found[before] for before, after in links):  # type: ignore[operator]
        return 0
    return len(links) if any(evidence.days[before] != evidence.days[after] for before, after in links) else 0


def newest_first(evidence: Evidence, money: plan.Money) -> bool:
    """The file's order by its dates; where all are of one day, by the balances."""
    if evidence.descending or evidence.ascending or money.balance is None or money.source != "balance":
        return evidence.descending
    values, balances = evidence.values(money.amount or 0), evidence.values(money.balance)
    steps = list(itertools.pairwise(range(len(values))))
    rising = sum(_step(balances, one, other) == abs(values[other] or 0) for one, other in steps)
    falling = sum(_step(balances, other, one) == abs(values[one] or 0) for one, other in steps)
    return falling > rising


def _step(balances: Sequence[_Value], before: int, after: int) -> int | None:
    one, other = balances[before], balances[after]
    return None if one is None or other is None else abs(other - one)


def _held(order: Sequence[int], found: list[_Value], balances: list[_Value]) -> int:
    return sum(
        balances[index] - balances[before] == found[index]  # type: ignore[operator]
        for before, index in itertools.pairwise(order)
        if found[index] != 0
    )


def verdict(evidence: Evidence, money: plan.Money) -> float:
    """The prior of a reading plus what the balance, and words where nothing else speaks, say for or against it."""
    held, checked = chain(evidence, money)
    if money.negate and held and _only_against_dates(evidence, money):
        held = 0  # balances before their rows, read upside down and from the end
    points = money.prior
    if checked >= 2 or (checked == 1 and held == 1):
        share, weight = held / checked, 1.6 if checked > 1 else _ONE_LINK
        points += min(1.0, 0.4 + 0.15 * held) * share * weight if share >= _BY_CHANCE else -0.2
    return points + (0.5 * agreement(evidence, money) if money.by_words else 0.0)


def _only_against_dates(evidence: Evidence, money: plan.Money) -> bool:
    """The days have an order, and no balance follows from the one before it in that order."""
    if evidence.order == "unknown" or money.balance is None:
        return False
    found, balances = amounts(evidence, money), evidence.values(money.balance)
    step = -1 if evidence.descending else 1
    for group in set(evidence.groups):
        members = [
            index for index, own in enumerate(evidence.groups)
            if own == group and found[index] is not None and balances[index] is not None
        ]  # fmt: skip
        if _held(members[::step], found, balances):
            return False
    return True


def agreement(evidence: Evidence, money: plan.Money) -> float:
    """In -1..1: how far the signs agree with the words of the rows (purchase, salary ...)."""
    for_it = against = 0
    for text, value in zip(evidence.texts, amounts(evidence, money), strict=True):
        direction = direction_of(text)
        if value and direction:
            if (value > 0) == (direction > 0):
                for_it += 1
            else:
                against += 1
    total = for_it + against
    return (for_it - against) / max(total, 3) if total else 0.0


def spoken(evidence: Evidence) -> int:
    """How many rows have words that tell a direction."""
    return sum(direction_of(text) != 0 for text in evidence.texts)


def direction_of(text: str) -> int:
    """+1 or -1 where the words of a row say which way its money went, else 0."""
    words_in, words_out = words.longest_phrase(text, words.WORDS_IN), words.longest_phrase(text, words.WORDS_OUT)
    if bool(words_in) == bool(words_out):
        if not words_in or not words_out or len(words_in) == len(words_out):
            return 0
        return 1 if len(words_in) > len(words_out) else -1
    return 1 if words_in else -1
