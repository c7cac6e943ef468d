"""Fees beside the amounts: "gross" and "net" told apart by their figures, and a note where no figure proves it."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.statement import judge, plan, roles

_ENOUGH = 0.5  # more than headings can tell two columns of amounts apart


def weighed(evidence: judge.Evidence, found: roles.Roles, options: Sequence[plan.Money]) -> list[plan.Money]:
    """The readings with those preferred whose amount is another one less the fee: that is what reaches the account."""
    singles = {money.amount for money in options if money.amount is not None}
    for fee in _fees(found):
        pairs = ((gross, net) for gross in singles for net in singles if gross != net)
        for gross, net in pairs:
            if _is_net(evidence, gross, fee, net):
                for money in options:
                    money.prior += _ENOUGH if money.amount == net else 0.0
                return list(options)
    return list(options)


def taken_off(evidence: judge.Evidence, found: roles.Roles, money: plan.Money) -> bool:
    """What is charged makes positive amounts smaller: they are money in, as sellers' lists write it."""
    if money.source != "sign" or money.negate or money.amount is None:
        return False
    return any(
        _is_net(evidence, gross, fee, money.amount)
        for fee in _fees(found)
        for gross in found.of("amount")
        if gross != money.amount
    )


def left_out(evidence: judge.Evidence, found: roles.Roles, money: plan.Money) -> str | None:
    """A note on fees that no balance, and no other column of amounts, says to be part of the amounts."""
    fee = next((at for at in _fees(found) if at != money.fee and any(evidence.values(at))), None)
    if money.fee is not None or money.balance is not None or fee is None or taken_off(evidence, found, money):
        return None
    return f"the amounts were taken without the fees in “{found.header.name(fee)}”: nothing says that they include them"


def _fees(found: roles.Roles) -> list[int]:
    return [index for index in found.of("fee") if found.columns[index].is_money]


def _is_net(evidence: judge.Evidence, gross: int, fee: int, net: int) -> bool:
    before, charged, after = (evidence.values(at) for at in (gross, fee, net))
    rows = [
        (one, cost, other)
        for one, cost, other in zip(before, charged, after, strict=True)
        if one is not None and other is not None and cost
    ]
    return len(rows) > 1 and all(other == one - abs(cost) for one, cost, other in rows)
