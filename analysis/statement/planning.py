"""Columns, dates, decimal mark and sign of one table: settled on its first rows, or asked back."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Sequence
from decimal import Decimal

from analysis.statement import (
    currency,
    dateless,
    dates,
    errors,
    facts,
    fees,
    figures,
    headers,
    judge,
    model,
    ordering,
    plan,
    profile,
    readings,
    roles,
    signed,
    signs,
    table,
    words,
)

PLACEHOLDER_YEAR = 2000  # a leap year; rows are counted under it while the question for the year is open


def settle(
    core: list[table.Row],
    body: list[table.Row],
    header: headers.Header,
    known: facts.Facts,
    hints: model.Hints,
) -> tuple[plan.Plan, list[model.Question], list[str]]:
    columns = profile.columns_of(core or body)
    found = roles.roles_of(header, columns)
    booked, valued = roles.date_columns(found)
    code = _currency(found, known, hints)
    options = readings.readings(found, hints.sign)
    if not booked or not options:
        raise errors.NoTransactionsFound(
            "the table has no column of dates beside a column of amounts", row=header.line or None
        )
    wanted = sorted(
        {index for money in options for index in (*money.columns, money.balance, money.fee) if index is not None}
    )
    others = [index for role in ("rate", "orig_amount") for index in found.of(role)]
    marks = figures.settle_marks(columns, wanted, others, code or _same_in_all_rows(found, wanted), hints.mark)
    order = _order(columns[booked[0]].values, header, known, code, hints)
    questions = list(_questions(columns[booked[0]].values, order, marks, known, hints))
    counts_an_era = ordering.may_count_an_era(columns[booked[0]].values, header.names, order)
    if counts_an_era and not hints.year:
        why = "the years have one or two digits and may be those of a Japanese era"
        questions.append(model.Question("year", "year", (), why))
    evidence = _evidence(core, columns, found, booked, order, marks)
    options = fees.weighed(evidence, found, options)
    ranked = sorted(options, key=lambda money: -judge.verdict(evidence, money))
    money = ranked[0]
    notes: list[str] = [note] if (note := fees.left_out(evidence, found, money)) else []
    if money.source != "balance" and judge.balance_is_before(evidence, money):
        money.balance_before = True
        notes.append("each row prints the balance before it")
    if not fees.taken_off(evidence, found, money):
        questions += signs.questions(evidence, found, money, hints, notes, card=known.card)
    notes.extend(_doubtful_code(found, known, hints, code))
    planned = _completed(found, booked, valued, money, marks, order, code, hints, known)
    read = {index: figures.reader(mark) for index, mark in planned.marks.items()}
    planned.dateless = dateless.meaning(body, planned, signed.amount_of(planned, read), _balance_reader(planned, read))
    if counts_an_era and hints.year:
        planned.era = hints.year - ordering.last_year(columns[booked[0]].values)
    planned.newest_first = judge.newest_first(evidence, money)
    planned.confidence = _confidence(evidence, ranked, order, marks)
    return planned, questions, notes


def _doubtful_code(found: roles.Roles, known: facts.Facts, hints: model.Hints, code: str | None) -> list[str]:
    """A note where the currency comes from a sign that several share, or from the language of the headings."""
    if not code or code in (hints.currency, known.currency):
        return []
    guessed = code in (_doubtful_sign(found), _by_language(found))
    return [f"the currency was taken to be {code}: no code names it"] if guessed else []


def _order(
    values: Sequence[str], header: headers.Header, known: facts.Facts, code: str | None, hints: model.Hints
) -> ordering.Order:
    """By the column itself; where that leaves it open, the dates around the table have their say."""
    found = ordering.settle(values, header.names, code, hints.date_order)
    if not found.settled:
        around = [text for text in known.dates if (parts := dates.read(text)) and not parts.fixed]
        found = ordering.settle([*around, *values], header.names, code, hints.date_order)
    return found._replace(thai=code == "THB" or ordering.is_thai(header.names))


def _balance_reader(planned: plan.Plan, read: dict[int, figures.Reader]) -> Callable[[list[str]], Decimal | None]:
    at = planned.money.balance

    def balance(cells: list[str]) -> Decimal | None:
        figure = read[at](cells[at]) if at is not None else None
        return figure.value if figure else None

    return balance


def _questions(
    values: Sequence[str], order: ordering.Order, marks: figures.Marks, known: facts.Facts, hints: model.Hints
) -> list[model.Question]:
    asked = []
    if not order.settled:
        why = "every date of the file is a real one both ways"
        asked.append(model.Question("date_order", "date_order", order.candidates, why))
    if order.yearless and not (hints.year or known.year or facts.period(known, order.order)):
        asked.append(model.Question("year", "year", (), "the dates have no year and nothing else in the file names it"))
    elif (
        order.yearless
        and not (hints.year or facts.period(known, order.order))
        and ordering.turns_the_year(values, order)
    ):
        asked.append(model.Question("year", "year", (), "the dates have no year and run from one year into another"))
    if marks.doubtful:
        why = "three digits stand behind the only mark of every amount"
        asked.append(model.Question("decimal", "decimal", ("comma", "point"), why))
    return asked


def _currency(found: roles.Roles, known: facts.Facts, hints: model.Hints) -> str | None:
    """The file's one currency: a header's, the preamble's, the sign beside the amounts, or the caller's."""
    named = [
        code
        for index in range(len(found.columns))
        if _money_role(found, index) and (code := found.header.currency(index))
    ]
    if named:
        return named[0]
    return known.currency or hints.currency or _beside_amounts(found) or _by_language(found)


def _same_in_all_rows(found: roles.Roles, wanted: Sequence[int]) -> str | None:
    """The one code that the currency column beside the amounts holds."""
    for index in roles.currency_columns(found, wanted)[:1]:
        codes = {currency.code_of(value) for value in found.columns[index].values}
        return codes.pop() if len(codes) == 1 else None
    return None


def _by_language(found: roles.Roles) -> str | None:
    """Whole numbers under Japanese, Korean or Icelandic headings are yen, won and krónur."""
    text = "".join(found.header.names)
    if any(column.decimals for column in found.columns if column.is_money):
        return None
    if _KANA.search(text) or "金額" in text or "残高" in text:
        return "JPY"
    return "KRW" if _HANGUL.search(text) else "ISK" if _ICELANDIC.search(text) else None


def _money_role(found: roles.Roles, index: int) -> bool:
    return bool(found.scores[index].keys() & {"amount", "debit", "credit", "balance"})


def _beside_amounts(found: roles.Roles) -> str | None:
    reader = figures.reader("point")
    for column in found.columns:
        if column.is_money:
            codes = {figure.currency for value in column.values[:50] if (figure := reader(value)) and figure.currency}
            if len(codes) == 1:
                return codes.pop()
    return _doubtful_sign(found)


def _doubtful_sign(found: roles.Roles) -> str | None:
    """Where "$" is most often the US dollar; "¥" is the yuan beside Chinese and the yen beside Japanese words."""
    cells = "".join(value for column in found.columns if column.is_money for value in column.values[:50])
    if "$" in cells:
        return "USD"
    if "¥" not in cells and "\uffe5" not in cells:
        return None
    text = "".join((*found.header.names, *(value for column in found.columns for value in column.values[:50])))
    return "JPY" if _KANA.search(text) else "CNY" if _HAN.search(text) else None


_KANA = re.compile(r"[\u3040-\u30ff]")
_HANGUL = re.compile(r"[\uac00-\ud7a3]")
_ICELANDIC = re.compile(r"upph\u00e6\u00f0|\u00fe|dagsetning", re.IGNORECASE)
_HAN = re.compile(r"[\u3400-\u9fff]")


def _evidence(
    core: list[table.Row],
    columns: list[profile.Column],
    found: roles.Roles,
    booked: tuple[int, ...],
    order: ordering.Order,
    marks: figures.Marks,
) -> judge.Evidence:
    cells = [row.cells for row in core]
    days = [_day(row, booked[0], order) for row in cells]
    grouping = [*found.of("account")[:1], *found.of("currency")[:1]]
    groups = ["|".join(row[index] if index < len(row) else "" for index in grouping) for row in cells]
    spoken = [column.index for column in columns if column.words and not column.is_currency and not column.is_date]
    texts = [words.normalise(" ".join(row[index] for index in spoken if index < len(row))[:160]) for row in cells]
    readers = {index: figures.reader(mark) for index, mark in marks.by_column.items()}
    usual = next(iter(marks.by_column.values()))
    beside = (*found.of("fee"), *found.of("amount"))
    readers |= {index: figures.reader(usual) for index in beside if index not in readers}
    return judge.Evidence(cells, readers, days, groups, texts)


def _day(cells: Sequence[str], index: int, order: ordering.Order) -> datetime.date | None:
    parts = dates.read(cells[index]) if index < len(cells) else None
    if parts and order.thai:
        parts = dates.of_thai_reign(parts, order.order)
    return dates.resolve(parts, order.order, 2000) if parts else None


def _completed(
    found: roles.Roles,
    booked: tuple[int, ...],
    valued: int | None,
    money: plan.Money,
    marks: figures.Marks,
    order: ordering.Order,
    code: str | None,
    hints: model.Hints,
    known: facts.Facts,
) -> plan.Plan:
    value_order = order
    if valued is not None:
        value_order = ordering.settle(found.columns[valued].values, found.header.names, code, order.order)
    taken = {*booked, valued, *money.columns, money.flag, money.balance, money.fee}
    first = {
        role: next((index for index in found.of(role) if index not in taken), None)
        for role in ("type", "id", "account", "status")
    }
    return plan.Plan(
        header=found.header,
        width=len(found.columns),
        dates=booked,
        money=money,
        marks=marks.by_column,
        order=order.order,
        thai_years=order.thai,
        year=hints.year or known.year or (PLACEHOLDER_YEAR if order.yearless else None),
        period=facts.period(known, order.order) if order.yearless and not hints.year else None,
        value_date=valued,
        value_order=value_order.order,
        currencies=_currencies(found, money, marks),
        texts=_texts(found, taken),
        spare=_spare(found, taken),
        counterparty=tuple(found.of("counterparty")[:3]),
        code=first["type"],
        id=first["id"],
        account=first["account"] if _is_account(found, first["account"]) else None,
        status=first["status"],
        currency=code,
        minor_units=hints.decimal == "minor" and not any(found.columns[index].decimals for index in money.columns),
    )


_ACCOUNT = re.compile(r"[\w*•.\-/ ]{1,42}")


def _is_account(found: roles.Roles, index: int | None) -> bool:
    """An account column repeats itself and holds numbers; a product name alone would not tell accounts apart."""
    if index is None:
        return False
    column = found.columns[index]
    numbered = sum(
        any(char.isdigit() for char in value) and bool(_ACCOUNT.fullmatch(value.strip())) for value in column.values
    )
    return column.filled > 0 and column.distinct <= max(1, column.filled // 3 + 1) and numbered >= 0.8 * column.filled


def _currencies(found: roles.Roles, money: plan.Money, marks: figures.Marks) -> tuple[int, ...]:
    """Currency columns that the amounts do not contradict: yen have no decimals, so those are of another amount."""
    readers = [(found.columns[index], figures.reader(marks.by_column[index])) for index in money.columns]
    return tuple(
        index
        for index in roles.currency_columns(found, money.columns)
        if not any(_too_fine(found.columns[index], column, read) for column, read in readers)
    )


def _too_fine(codes: profile.Column, amounts: profile.Column, read: figures.Reader) -> bool:
    for code, cell in zip(codes.values, amounts.values, strict=True):
        named, figure = currency.code_of(code), read(cell)
        if named and figure and currency.exponent(named) == 0 and figure.value != int(figure.value):
            return True
    return False


def _spare(found: roles.Roles, taken: set[int | None]) -> tuple[int, ...]:
    """Columns of figures that nothing names and no role took."""
    return tuple(
        column.index
        for column in found.columns
        if column.is_money and column.decimals and not found.scores[column.index] and column.index not in taken
    )


def _texts(found: roles.Roles, taken: set[int | None]) -> tuple[int, ...]:
    named = [index for index in sorted(found.of("text")) if index not in taken]
    if named:
        return tuple(named[:6])
    spare = [*found.of("counterparty"), *found.of("type")]
    if spare:
        return tuple(spare[:2])
    return tuple(
        column.index for column in found.columns
        if column.words and column.index not in taken and not column.is_currency and not found.scores[column.index]
    )[:4]  # fmt: skip


def _confidence(
    evidence: judge.Evidence, ranked: Sequence[plan.Money], order: ordering.Order, marks: figures.Marks
) -> float:
    held, checked = judge.chain(evidence, ranked[0])
    confidence = 0.95 if held and held == checked else 0.85
    best = judge.verdict(evidence, ranked[0])
    rival = next(
        (judge.verdict(evidence, money) for money in ranked[1:] if money.columns != ranked[0].columns), best - 1.0
    )
    confidence -= 0.3 * max(0.0, 0.5 - (best - rival))
    confidence -= 0.3 * (not order.settled) + 0.3 * marks.doubtful
    return round(max(0.05, confidence), 2)
