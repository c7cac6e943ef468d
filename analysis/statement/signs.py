"""Which way the money went, where neither sign nor balance says it: words, card conventions, or a question."""

from __future__ import annotations

import re

from analysis.statement import judge, model, money, plan, profile, roles, words

_ENOUGH_ROWS = 2
_ENOUGH_COLUMNS = 2
_SPOKEN_ROWS = 5
_CARD_NUMBER = re.compile(r"(?=.*\d)[*xX•.#\d][*xX•.#\d\s\-]{2,22}\d")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_CARD_NOTE = "amounts follow the card convention: positive is money out"


def questions(
    evidence: judge.Evidence,
    found: roles.Roles,
    money: plan.Money,
    hints: model.Hints,
    notes: list[str],
    *,
    card: bool = False,
) -> list[model.Question]:
    """Settles `money` further in place; returns what stays open. `card`: the lines above name a credit card."""
    if hints.sign is not None:
        money.check = None
    if money.source == "flag" and money.flag is not None:
        _marks_one_side(found.columns[money.flag], money, notes)
    if hints.sign is not None or money.source in ("flag", "balance"):
        return []
    if money.check is not None and (asked := _contradicted(evidence, money)):
        return asked
    held, checked = judge.chain(evidence, money)
    proven = checked >= 2 and held * 2 > checked
    return [] if proven else _unproven(evidence, found, money, notes, card)


def _unproven(
    evidence: judge.Evidence, found: roles.Roles, money: plan.Money, notes: list[str], card: bool
) -> list[model.Question]:
    if money.source == "columns":
        return _unnamed_pair(evidence, found, money)
    values = [value for value in judge.amounts(evidence, money) if value]
    if any(value < 0 for value in values) and any(value > 0 for value in values):
        if _against_every_flag(evidence, found, money, notes):
            return []
        return _card(evidence, found, money, notes, card)
    if not values or all(value < 0 for value in values) or money.negate:
        return []
    if _marked_on_one_side(found, money, notes):
        return []
    return _unsigned(evidence, found, money, notes, card)


def _against_every_flag(evidence: judge.Evidence, found: roles.Roles, money: plan.Money, notes: list[str]) -> bool:
    """Without a header: DEBIT beside every positive amount and CREDIT beside every negative one, as cards write."""
    if found.header.line or money.negate:
        return False
    values = judge.amounts(evidence, money)
    for at in roles.flag_columns(found):
        kinds = [words.flag_of(evidence.cell(index, at)) for index in range(len(values))]
        told = [
            (kind, value) for kind, value in zip(kinds, values, strict=True) if kind in ("credit", "debit") and value
        ]
        if len(told) == len(values) > _ENOUGH_ROWS and all((kind == "debit") == (value > 0) for kind, value in told):
            _as_card(money, notes)
            return True
    return False


def _marked_on_one_side(found: roles.Roles, chosen: plan.Money, notes: list[str]) -> bool:
    """Where CR or a plus stands beside some amounts and nothing beside the others, those go the other way."""
    assert chosen.amount is not None
    amounts = [read for cell in found.columns[chosen.amount].values if (read := money.read(cell))]
    marked = sum(amount.sign > 0 or amount.flag > 0 for amount in amounts)
    if 0 < marked < len(amounts):
        chosen.unmarked = "debit"
        notes.append("amounts without a mark were taken as money out: only money in is marked")
        return True
    others = (column for column in found.columns if column.index != chosen.amount)
    return any(_marks_one_side(column, chosen, notes) for column in others)


def _marks_one_side(column: profile.Column, chosen: plan.Money, notes: list[str]) -> bool:
    """A column that holds a mark in some rows and nothing in the others."""
    kinds = {words.flag_of(cell) for cell in column.values if cell.strip()}
    if not 0 < column.filled < len(column.values) or len(kinds) != 1 or not _is_mark(column):
        return False
    kind = kinds.pop()
    if kind not in ("credit", "debit"):
        return False
    chosen.source, chosen.flag = "flag", column.index
    chosen.unmarked = "debit" if kind == "credit" else "credit"
    notes.append(f"rows without a mark were taken as the other side: only {kind} is marked")
    return True


def _is_mark(column: profile.Column) -> bool:
    """Signs and abbreviations, which nobody writes as a text of its own."""
    return all(cell.strip().strip(".").lower() in _MARKS for cell in column.values if cell.strip())


_MARKS = frozenset(("+", "-", "cr", "dr", "c", "d", "h", "s"))


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


def _is_card_list(found: roles.Roles, chosen: plan.Money) -> bool:
    """A column of card numbers beside which nearly all amounts are positive: purchases, as cards write them."""
    assert chosen.amount is not None
    for column in found.columns:
        name = words.normalise(found.header.name(column.index)) if found.header.line else ""
        if not words.has_phrase(name, words.CARD_NUMBERS):
            continue
        cells = zip(column.values, found.columns[chosen.amount].values, strict=True)
        paid = [
            read for number, cell in cells if _CARD_NUMBER.fullmatch(number.strip(" '")) and (read := money.read(cell))
        ]
        out = sum(amount.sign >= 0 and amount.flag >= 0 for amount in paid)
        if len(paid) > _ENOUGH_ROWS and out >= 0.8 * len(paid):
            return True
    return False


def _card(
    evidence: judge.Evidence, found: roles.Roles, money: plan.Money, notes: list[str], card: bool
) -> list[model.Question]:
    """Card statements write purchases as positive and payments towards the card as negative."""
    assert money.amount is not None
    raw = evidence.values(money.amount)
    minus = [index for index, value in enumerate(raw) if value and value < 0]
    plus = [index for index, value in enumerate(raw) if value and value > 0]
    paid = [index for index in minus if words.has_phrase(evidence.texts[index], words.CARD_PAYMENTS)]
    paid_plus = [index for index in plus if words.has_phrase(evidence.texts[index], words.CARD_PAYMENTS)]
    marked = card or any(words.has_phrase(words.normalise(name), words.CARD_MARKS) for name in found.header.names)
    agreed = judge.agreement(evidence, money) * (-1 if money.negate else 1)
    many = len(minus) < len(plus) and (marked or len(plus) >= 2 * len(minus))
    if len(paid) * 2 >= len(minus) and not paid_plus and (many or card or (paid == minus and agreed <= -0.6)):
        if agreed <= 0.34:
            _as_card(money, notes)
    elif agreed <= 0.34 and (_is_card_list(found, money) or (card and len(plus) >= 2 * len(minus) and not paid_plus)):
        _as_card(money, notes)
    elif not money.negate and agreed <= -0.6 and judge.spoken(evidence) >= _SPOKEN_ROWS:
        why = "what the rows say (purchase, salary ...) contradicts the signs of their amounts"
        return [model.Question("sign", "sign", ("inverted", "signed"), why)]
    elif marked and len(minus) * (1 if card else 3) < len(plus) and agreed <= 0 and not paid_plus:
        why = "most amounts of what looks like a card statement are positive"
        return [model.Question("sign", "sign", ("inverted", "signed"), why)]
    return []


def _as_card(money: plan.Money, notes: list[str]) -> None:
    money.negate = True
    notes.append(_CARD_NOTE)


def _card_columns(found: roles.Roles) -> int:
    """How many headings only the list of a card's purchases has."""
    names = (words.normalise(_CAMEL.sub(" ", name)) for name in found.header.names)
    return sum(words.has_phrase(name, words.CARD_MARKS) for name in names)


def _unsigned(
    evidence: judge.Evidence, found: roles.Roles, money: plan.Money, notes: list[str], card: bool
) -> list[model.Question]:
    """No amount has a sign: words decide row by row where nearly all rows have one, else the caller is asked."""
    sold = sum(words.has_phrase(words.normalise(name), words.MERCHANT_MARKS) for name in found.header.names) >= 2
    if sold and not any(words.has_phrase(text, words.PAYOUTS) for text in evidence.texts):
        return []
    values = judge.amounts(evidence, money)
    directions = [judge.direction_of(text) for text, value in zip(evidence.texts, values, strict=True) if value]
    outs, ins = directions.count(-1), directions.count(1)
    if outs and outs + ins >= 0.9 * len(directions) and len(directions) >= _ENOUGH_ROWS:
        money.source = "words"
        return []
    if not outs and ins >= 0.5 * len(directions):
        return []
    if not ins and (card or _card_columns(found) >= _ENOUGH_COLUMNS or _is_card_list(found, money)):
        _as_card(money, notes)
        return []
    if len(directions) < _ENOUGH_ROWS and not outs and found.header.line:
        return []
    why = "no amount has a sign and no column says which way the money went"
    return [model.Question("sign", "sign", ("signed", "inverted"), why)]
