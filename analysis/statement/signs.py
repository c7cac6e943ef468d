"""Which way the money went, where neither sign nor balance says it: words, card conventions, or a question."""

from __future__ import annotations

from analysis.statement import judge, model, plan, roles, words

_ENOUGH_ROWS = 2
_SPOKEN_ROWS = 5


def questions(
    evidence: judge.Evidence, found: roles.Roles, money: plan.Money, hints: model.Hints, notes: list[str]
) -> list[model.Question]:
    """Settles `money` further in place; returns what stays open."""
    if hints.sign is not None:
        money.check = None
    if hints.sign is not None or money.source in ("flag", "balance"):
        return []
    if money.check is not None and (asked := _contradicted(evidence, money)):
        return asked
    held, checked = judge.chain(evidence, money)
    proven = checked >= 2 and held * 2 > checked
    return [] if proven else _unproven(evidence, found, money, notes)


def _unproven(
    evidence: judge.Evidence, found: roles.Roles, money: plan.Money, notes: list[str]
) -> list[model.Question]:
    if money.source == "columns":
        return _unnamed_pair(evidence, found, money)
    values = [value for value in judge.amounts(evidence, money) if value]
    if any(value < 0 for value in values) and any(value > 0 for value in values):
        return _card(evidence, found, money, notes)
    if not values or all(value < 0 for value in values) or money.negate:
        return []
    return _unsigned(evidence, found, money)


def _contradicted(evidence: judge.Evidence, money: plan.Money) -> list[model.Question]:
    """Signs and direction column say the opposite of each other in most rows: which of them lies?"""
    assert money.check is not None
    kinds = [words.flag_of(evidence.cell(index, money.check)) for index in range(len(evidence.rows))]
    pairs = [(kind, value) for kind, value in zip(kinds, judge.amounts(evidence, money), strict=True) if kind and value]
    against = sum((kind == "credit") != (value > 0) for kind, value in pairs if kind != "neutral")
    if against * 2 <= len(pairs):
        return []
    why = "the signs of the amounts contradict the column that names the direction"
    return [model.Question("sign", "sign", ("signed", "inverted"), why)]


def _unnamed_pair(evidence: judge.Evidence, found: roles.Roles, money: plan.Money) -> list[model.Question]:
    named = any(
        found.score(index, role)
        for index, role in ((money.debit, "debit"), (money.credit, "credit"))
        if index is not None
    )
    if named or abs(judge.agreement(evidence, money)) >= 0.3 or _signs_show(found, money):
        return []
    why = "two columns of amounts have no heading that says which one is money in"
    return [model.Question("sign", "sign", ("signed", "inverted"), why)]


def _signs_show(found: roles.Roles, money: plan.Money) -> bool:
    return money.debit is not None and found.columns[money.debit].negative > 0


def _card(evidence: judge.Evidence, found: roles.Roles, money: plan.Money, notes: list[str]) -> list[model.Question]:
    """Card statements write purchases as positive and payments towards the card as negative."""
    assert money.amount is not None
    raw = evidence.values(money.amount)
    minus = [index for index, value in enumerate(raw) if value and value < 0]
    plus = [index for index, value in enumerate(raw) if value and value > 0]
    paid = [index for index in minus if words.has_phrase(evidence.texts[index], words.CARD_PAYMENTS)]
    paid_plus = [index for index in plus if words.has_phrase(evidence.texts[index], words.CARD_PAYMENTS)]
    marked = any(words.has_phrase(words.normalise(name), words.CARD_MARKS) for name in found.header.names)
    if (
        len(paid) * 2 >= len(minus)
        and len(minus) < len(plus)
        and not paid_plus
        and (marked or len(plus) >= 2 * len(minus))
    ):
        if judge.agreement(evidence, money) * (1 if money.negate else -1) >= -0.34:
            money.negate = True
            notes.append("amounts follow the card convention: positive is money out")
    elif judge.agreement(evidence, money) <= -0.6 and judge.spoken(evidence) >= _SPOKEN_ROWS and not money.negate:
        why = "what the rows say (purchase, salary ...) contradicts the signs of their amounts"
        return [model.Question("sign", "sign", ("inverted", "signed"), why)]
    elif marked and len(minus) * 3 < len(plus) and judge.agreement(evidence, money) <= 0 and not paid_plus:
        why = "most amounts of what looks like a card statement are positive"
        return [model.Question("sign", "sign", ("inverted", "signed"), why)]
    return []


def _unsigned(evidence: judge.Evidence, found: roles.Roles, money: plan.Money) -> list[model.Question]:
    """No amount has a sign: words decide row by row where nearly all rows have one, else the caller is asked."""
    if sum(words.has_phrase(words.normalise(name), words.MERCHANT_MARKS) for name in found.header.names) >= 2:
        return []
    values = judge.amounts(evidence, money)
    directions = [judge.direction_of(text) for text, value in zip(evidence.texts, values, strict=True) if value]
    outs, ins = directions.count(-1), directions.count(1)
    if outs and outs + ins >= 0.9 * len(directions) and len(directions) >= _ENOUGH_ROWS:
        money.source = "words"
        return []
    if not outs and ins >= 0.5 * len(directions):
        return []
    if len(directions) < _ENOUGH_ROWS and not outs:
        return []
    why = "no amount has a sign and no column says which way the money went"
    return [model.Question("sign", "sign", ("signed", "inverted"), why)]
