"""A row's signed amount under a plan: from one column, two columns, or a column and a direction."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from analysis.statement import figures, plan, words

EMPTY = frozenset(("", "-", "--", "—", "n/a", "null", "None"))
Amount = tuple[Decimal | None, int | None]


def amount_of(planned: plan.Plan, read: dict[int, figures.Reader]) -> Callable[[list[str]], Amount]:
    """From cells to (signed amount or None, column that holds something else or None)."""
    money = planned.money
    if money.source == "columns":
        inner = _pair_amount(money, read)
    else:
        assert money.amount is not None
        inner = _single_amount(money, read[money.amount], money.amount)
    if money.fee is None and not money.negate:
        return inner
    fee_reader = read[money.fee] if money.fee is not None else None

    def adjusted(cells: list[str]) -> Amount:
        amount, bad = inner(cells)
        if amount is None:
            return amount, bad
        fee = fee_reader(cells[money.fee]) if fee_reader and money.fee is not None else None
        amount = amount + money.fee_sign * abs(fee.value) if fee else amount
        return (-amount if money.negate else amount), bad

    return adjusted


def _single_amount(money: plan.Money, read: figures.Reader, at: int) -> Callable[[list[str]], Amount]:
    flag_at, check_at, unmarked = money.flag, money.check, money.unmarked

    def amount(cells: list[str]) -> Amount:
        figure = read(cells[at])
        if figure is None:
            return None, (None if cells[at].strip() in EMPTY else at)
        value = figure.directed
        if unmarked and money.source != "flag" and not figure.flag and not figure.signed:
            return (-value if unmarked == "debit" else value), None
        if money.source == "flag" and flag_at is not None:
            kind = words.flag_of(cells[flag_at]) or (unmarked if not cells[flag_at].strip() else None)
            if kind is None:
                return value, flag_at
            return (-abs(value) if kind == "debit" else abs(value)), None
        if check_at is not None and value and (kind := words.flag_of(cells[check_at])) in ("credit", "debit"):
            return value, (check_at if (kind == "credit") != (value > 0) else None)
        return value, None

    return amount


def _pair_amount(money: plan.Money, read: dict[int, figures.Reader]) -> Callable[[list[str]], Amount]:
    signed = ((money.debit, -money.debit_sign), (money.credit, money.credit_sign))
    sides = [(at, sign, read[at]) for at, sign in signed if at is not None]

    def amount(cells: list[str]) -> Amount:
        total: Decimal | None = None
        for at, sign, figure_of in sides:
            cell = cells[at]
            figure = figure_of(cell)
            if figure is not None:
                if total and figure.value:
                    return total, at  # money in and out on one row
                total = (total or Decimal(0)) + sign * figure.directed
            elif cell.strip() not in EMPTY:
                return None, at
        return total, None

    return amount
