"""All the ways in which a table's money columns could be meant, each with a prior."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from analysis.statement import model, plan, profile, roles

_MAX_READINGS = 60
_BOTH_FILLED = 1.0


def readings(found: roles.Roles, hint: model.Sign | None) -> list[plan.Money]:
    """Readings worth trying, the likeliest first, at most `_MAX_READINGS`."""
    base = list(_labelled(found)) or list(_unlabelled(found))
    fees = [index for index in found.of("fee") if found.columns[index].is_money]
    tried: list[plan.Money] = []
    for money in sorted(base, key=lambda money: -money.prior):
        tried.extend(_variants(money, fees, hint))
    return tried[:_MAX_READINGS]


def _labelled(found: roles.Roles) -> Iterator[plan.Money]:
    balances = [index for index in found.of("balance") if found.columns[index].filled]
    balance = balances[0] if balances else None
    debits, incomes = found.of("debit"), found.of("credit")
    filled_pair = any(found.columns[index].filled for index in (*debits[:1], *incomes[:1]))
    if (debits or incomes) and filled_pair:
        yield from _pairs(found, debits, incomes, balance)
    for index in found.of("amount"):
        column = found.columns[index]
        if column.filled:
            emptier = 0.3 if column.filled < 0.5 * len(column.values) else 0.0
            yield from _amounts(found, index, balance, found.score(index, "amount") + 0.1 - emptier)


def _pairs(
    found: roles.Roles, debits: Sequence[int], incomes: Sequence[int], balance: int | None
) -> Iterator[plan.Money]:
    debit, credit = (debits[0] if debits else None), (incomes[0] if incomes else None)
    if debit is None or credit is None:
        debit, credit = _with_partner(found, debit, credit)
    scores = [found.score(debit, "debit")] if debit is not None else []
    scores += [found.score(credit, "credit")] if credit is not None else []
    both = 0.45 if len(scores) == 2 else -0.1
    prior = sum(scores) / len(scores) + both - _BOTH_FILLED * _fill_the_same_rows(found, debit, credit)
    for at in _balances(found, balance, [index for index in (debit, credit) if index is not None]):
        yield _pair(found, debit, credit, at, prior)


def _with_partner(found: roles.Roles, debit: int | None, credit: int | None) -> tuple[int | None, int | None]:
    """A lone debit or credit column and the unnamed column that is filled exactly where it is empty."""
    known = debit if debit is not None else credit
    for pair in roles.exclusive_pairs(found.columns):
        if known in pair:
            other = pair[0] if pair[1] == known else pair[1]
            if not found.scores[other].keys() & {"balance", "amount", "orig_amount", "fee", "rate", "ignore"}:
                return (known, other) if debit is not None else (other, known)
    return debit, credit


def _pair(found: roles.Roles, debit: int | None, credit: int | None, balance: int | None, prior: float) -> plan.Money:
    return plan.Money(
        "columns",
        debit=debit,
        credit=credit,
        balance=balance,
        prior=prior,
        debit_sign=_usual_sign(found, debit),
        credit_sign=_usual_sign(found, credit),
    )


def _fill_the_same_rows(found: roles.Roles, debit: int | None, credit: int | None) -> bool:
    """Two columns that most rows fill both are not the two sides of an account."""
    if debit is None or credit is None:
        return False
    cells = list(zip(found.columns[debit].values, found.columns[credit].values, strict=True))
    return sum(roles.has_value(one) and roles.has_value(other) for one, other in cells) > 0.5 * len(cells)


def _usual_sign(found: roles.Roles, index: int | None) -> int:
    if index is None:
        return 1
    column = found.columns[index]
    filled = sum(any(char in "123456789" for char in value) for value in column.values)
    return -1 if column.negative > filled / 2 else 1


def _amounts(found: roles.Roles, index: int, balance: int | None, prior: float) -> Iterator[plan.Money]:
    column = found.columns[index]
    for at in _balances(found, balance, [index]):
        if column.negative == 0:
            for flag in roles.flag_columns(found)[:3]:
                named = 0.5 if found.score(flag, "flag") else 0.25
                yield plan.Money("flag", amount=index, flag=flag, balance=at, prior=prior + named)
            if at is not None:
                yield plan.Money("balance", amount=index, balance=at, prior=prior - 0.2)
        direction = next((flag for flag in roles.flag_columns(found) if found.score(flag, "flag")), None)
        check = direction if column.negative else None
        yield plan.Money("sign", amount=index, balance=at, check=check, prior=prior + (0.3 if column.negative else 0.0))


def _balances(found: roles.Roles, balance: int | None, taken: Sequence[int]) -> list[int | None]:
    """The named balance column; without a header every full money column that is not taken, or none."""
    if balance is not None:
        return [balance] if balance not in taken else [None]
    if found.labelled:
        return [None]
    others = [
        column.index for column in found.columns
        if column.is_money and not column.is_counter and column.index not in taken
        and (column.distinct > 1 or column.filled < 2)  # no balance stays the same while money moves
        and _nearly_full(column) and any(map(roles.has_value, column.values))
    ]  # fmt: skip
    return [*others[:6], None]


def _nearly_full(column: profile.Column) -> bool:
    """One row may lack its balance: a pending one, or a closing line."""
    rows = len(column.values)
    return column.filled >= 0.9 * rows or 2 <= column.filled == rows - 1


def _unlabelled(found: roles.Roles) -> Iterator[plan.Money]:
    """No header names an amount: what the cells look like has to do."""
    balances = [index for index in found.of("balance") if found.columns[index].filled]
    named = balances[0] if balances else None
    for left, right in roles.exclusive_pairs(found.columns)[:6]:
        for at in _balances(found, named, [left, right]):
            yield from _unnamed_pairs(found, left, right, at)
    for column in found.columns:
        if (
            column.is_money
            and not column.is_counter
            and not (found.scores[column.index].keys() & {"balance", "rate", "orig_amount", "fee", "id"})
        ):
            yield from _amounts(found, column.index, named, _looks(column))


def _unnamed_pairs(found: roles.Roles, left: int, right: int, balance: int | None) -> Iterator[plan.Money]:
    """Both ways round, or the one way that signs show: a column of negative amounts is money out."""
    shown = {index: _usual_sign(found, index) for index in (left, right)}
    for debit, credit, order in ((left, right, 0.0), (right, left, -0.05)):
        if shown[debit] < shown[credit]:
            yield _pair(found, debit, credit, balance, 2.3)
        elif shown[debit] == shown[credit]:
            money = _pair(found, debit, credit, balance, 1.8 + order + 0.2 * _frequency(found, debit, credit))
            money.by_words = True
            yield money


def _frequency(found: roles.Roles, debit: int, credit: int) -> float:
    """Money leaves an account more often than it arrives."""
    outs = sum(any(char in "123456789" for char in value) for value in found.columns[debit].values)
    ins = sum(any(char in "123456789" for char in value) for value in found.columns[credit].values)
    return (outs - ins) / max(outs + ins, 1)


def _looks(column: profile.Column) -> float:
    """How much an unlabelled column looks like amounts rather than counts, numbers of documents or prices."""
    full = column.filled / max(len(column.values), 1)
    points = (
        0.5 * full - 1.5 * max(0.0, 0.95 - full) + 0.6 * column.share(column.decimals) + 0.6 * bool(column.negative)
    )
    points += 0.1 * bool(column.signed) - 0.02 * column.index
    if not column.decimals and not column.negative:
        points -= 0.4
    return points


def _variants(money: plan.Money, fees: Sequence[int], hint: model.Sign | None) -> Iterator[plan.Money]:
    """The reading itself, upside down, and net of fees where there is a balance to prove it."""
    if hint == "inverted":
        yield dataclasses.replace(money, negate=True)
        return
    yield money
    if money.balance is not None:
        for fee in fees[:2]:
            for sign in (-1, 1):
                yield dataclasses.replace(money, fee=fee, fee_sign=sign, prior=money.prior - 0.1)
    if hint is None and money.source in ("sign", "columns"):
        yield dataclasses.replace(money, negate=True, prior=money.prior - (0.6 if money.source == "sign" else 0.75))
