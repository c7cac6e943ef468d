"""JSON statements: CredPass's own schema, the account-information dialects, and any list of recognisable objects.

orjson keeps the last of duplicate keys and goes 1,024 levels deep, so both are refused here before it is asked.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from analysis.statement import (
    currency,
    dates,
    draft,
    errors,
    json_dialects,
    json_lists,
    limits,
    minor_units,
    model,
    table,
    tabular,
)

_MARKS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]')
_HEAD_CHARS = 100_000
_MOMENT_NAME = re.compile(r"(?:time|timestamp|TS|[dD]ate|created|_at|At|booked|posted)$")
_BOOKED_NAME = re.compile(r"^(?:posted|booked|booking|posting)", re.IGNORECASE)
_EPOCHS = ((Decimal(946_684_800), Decimal(4_102_444_800), 1), (Decimal("946684800e3"), Decimal("4102444800e3"), 1000))


def looks_like(text: str) -> bool:
    return text.lstrip("\ufeff \t\r\n")[:1] in ("{", "[")


def read(text: str, hints: model.Hints, bounds: limits.Limits, problems: draft.Problems) -> draft.Draft:
    """Raises `MalformedStatement` for broken JSON, duplicate keys, NaN; `LimitExceeded` for deep nesting."""
    text = text.lstrip("\ufeff")
    document = _lines(text, bounds) if _is_lines(text) else _loads(text, bounds)
    dialect, rows = json_dialects.recognise(document)
    if dialect is None:
        return _as_table(document, hints, bounds, problems)
    walked = _Walk(dialect, rows, hints, problems, bounds)
    layout = model.Layout(
        format="json",
        encoding="utf-8",
        date_format="%Y-%m-%d",
        decimal="point",
        sign_convention=dialect.convention,
        roles={"dialect": dialect.name},
    )
    result = draft.Draft(layout, walked.rows(), problems)
    result.currency = hints.currency
    dialect.complete(document, result)
    return result


def _is_lines(text: str) -> bool:
    """One object a line (JSON Lines, NDJSON): the first two lines that are not empty are whole objects."""
    first = [line.strip() for line in text[:_HEAD_CHARS].split("\n") if line.strip()][:2]
    return len(first) == 2 and all(line.startswith("{") and line.endswith(("}", "},")) for line in first)


def _lines(text: str, bounds: limits.Limits) -> Any:
    """The objects as one array, which is read at once; only where that fails, line by line, to name the broken one."""
    lines = [line.strip().removesuffix(",") for line in text.split("\n")]
    try:
        return _loads(f"[{','.join(filter(None, lines))}]", bounds)
    except errors.MalformedStatement:
        for number, line in enumerate(lines[: bounds.rows], 1):
            _check_line(line, number, bounds)
        raise


def _check_line(line: str, number: int, bounds: limits.Limits) -> None:
    try:
        _loads(line or "{}", bounds)
    except errors.MalformedStatement as error:
        raise errors.MalformedStatement("the line is no JSON object", row=number) from error


def _loads(text: str, bounds: limits.Limits) -> Any:
    _check_depth(text, bounds.nesting)
    try:
        return json.loads(
            text, parse_float=Decimal, parse_int=_integer, parse_constant=_constant, object_pairs_hook=_unique
        )
    except (ValueError, RecursionError, InvalidOperation) as error:
        row = getattr(error, "lineno", None)
        raise errors.MalformedStatement("the JSON is not valid", row=row) from error


def _check_depth(text: str, limit: int) -> None:
    depth = 0
    for match in _MARKS.finditer(text):
        mark = match[0]
        if mark in "[{":
            depth += 1
            if depth > limit:
                raise errors.LimitExceeded(f"the JSON is nested more than {limit} levels deep")
        elif mark in "]}":
            depth -= 1


def _integer(text: str) -> Decimal:
    if len(text) > 30:
        raise ValueError("a number of more than 30 digits")
    return Decimal(text)


def _constant(text: str) -> Any:
    raise ValueError(f"{text} is no amount")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


class _Walk:
    """Rows of a known dialect; what is missing or unreadable in one becomes a problem."""

    def __init__(
        self,
        dialect: json_dialects.Dialect,
        rows: Sequence[json_dialects.Entry],
        hints: model.Hints,
        problems: draft.Problems,
        bounds: limits.Limits,
    ) -> None:
        if len(rows) > bounds.rows:
            raise errors.LimitExceeded(f"more than {bounds.rows} transactions")
        self._dialect, self._rows, self._hints, self._problems = dialect, rows, hints, problems

    def rows(self) -> Iterator[draft.DraftRow]:
        for number, entry in enumerate(self._rows, 1):
            found = self._row(number, entry)
            if found is not None:
                yield found

    def _row(self, number: int, entry: json_dialects.Entry) -> draft.DraftRow | None:
        fields = self._dialect.fields(entry)
        booked = day(fields.get("date"))
        if booked is None:
            self._problem(number, "date", fields.get("date"), "not a date")
            return None
        amount = decimal(fields.get("amount"))
        if amount is None:
            self._problem(number, "amount", fields.get("amount"), "not an amount")
            return None
        if self._hints.sign == "inverted":
            amount = -amount
        return draft.DraftRow(
            row=number,
            booked=booked,
            amount=amount,
            currency=_code(fields.get("currency")),
            account=_text(fields.get("account")) or "",
            text=_text(fields.get("text")) or "",
            value_date=day(fields.get("value_date")),
            counterparty=_text(fields.get("counterparty")),
            balance=decimal(fields.get("balance")),
            bank_code=_text(fields.get("code")),
            pending=fields.get("pending") is True,
            void=fields.get("void") is True,
            id=_text(fields.get("id")),
        )

    def _problem(self, number: int, column: str, value: Any, reason: str) -> None:
        code = "missing_field" if value in (None, "") else f"bad_{column}"
        reason = f"the {column} is missing" if value in (None, "") else reason
        self._problems.add(number, column, "" if value is None else str(value), reason, code)


def day(value: Any) -> datetime.date | None:
    """An ISO 8601 date or date-time; nothing else is taken here."""
    if not isinstance(value, str) or len(value) < 8:
        return None
    parts = dates.read(value)
    return dates.resolve(parts, "ymd") if parts and parts.fixed == "ymd" else None


def decimal(value: Any) -> Decimal | None:
    """A JSON number, or a string in its syntax."""
    if isinstance(value, Decimal):
        return value
    if isinstance(value, str) and re.fullmatch(r"\s*[+-]?\d{1,18}(?:\.\d{1,12})?\s*", value):
        return Decimal(value.strip())
    return None


def _code(value: Any) -> str | None:
    return value.strip().upper() if isinstance(value, str) and re.fullmatch(r"\s*[A-Za-z]{3}\s*", value) else None


def _text(value: Any) -> str | None:
    if isinstance(value, Decimal):
        return str(value)
    return " ".join(value.split()) or None if isinstance(value, str) else None


def _as_table(document: Any, hints: model.Hints, bounds: limits.Limits, problems: draft.Problems) -> draft.Draft:
    """A list of objects nobody has a name for: its keys are the header of a table."""
    objects = json_lists.longest_list(document)
    if not objects:
        raise errors.NoTransactionsFound("the JSON holds no list of transactions")
    if hints.decimal is None and minor_units.is_documented(objects):
        hints = dataclasses.replace(hints, decimal="minor")
    flat = [_flat(item) for item in _unwrapped(objects)]
    names = list(dict.fromkeys(name for item in flat for name in item))[: bounds.columns]
    result = _table(names, flat, hints, bounds, problems)
    amounts = _whole_amounts(result, names, flat) if hints.decimal is None else []
    if not amounts:
        return result
    unit = _unit(result, names, amounts, flat)
    if unit == "minor":
        _scale(amounts, flat, result.currency)
        return _table(names, flat, hints, bounds, problems)
    if unit == "open":
        why = "all amounts are whole numbers: they may count minor units (cents); point means that they do not"
        result.questions.append(model.Question("decimal", "decimal", ("minor", "point"), why))
    return result


def _table(
    names: Sequence[str],
    flat: list[dict[str, str]],
    hints: model.Hints,
    bounds: limits.Limits,
    problems: draft.Problems,
) -> draft.Draft:
    rows = [
        table.Row(0, [_spoken(name) for name in names]),
        *(table.Row(i, [item.get(name, "") for name in names]) for i, item in enumerate(flat, 1)),
    ]
    source = table.Table("json", lambda: table.bounded(iter(rows), bounds), encoding="utf-8")
    return tabular.read(source, hints, problems)


def _names_of(result: draft.Draft, names: Sequence[str], *wanted: str) -> list[str]:
    """The fields that were found to play one of the roles."""
    return [name for name in names if result.layout.roles.get(" ".join(_spoken(name).split())) in wanted]


def _whole_amounts(result: draft.Draft, names: Sequence[str], flat: list[dict[str, str]]) -> list[str]:
    """The fields of amounts where all of them are whole, in a currency that has minor units."""
    if result.currency and currency.exponent(result.currency) == 0:
        return []
    named = _names_of(result, names, "amount", "debit", "credit")
    return named if minor_units.all_whole(item.get(name, "") for item in flat for name in named) else []


def _unit(
    result: draft.Draft, names: Sequence[str], amounts: Sequence[str], flat: list[dict[str, str]]
) -> minor_units.Verdict:
    balances = _names_of(result, names, "balance")
    if len(amounts) != 1 or len(balances) != 1:
        return "open"
    left = [item.get(balances[0], "") for item in flat]
    return minor_units.by_balance([item.get(amounts[0], "") for item in flat], left, _exponent(result.currency))


def _exponent(code: str | None) -> int:
    return currency.exponent(code or model.NO_CURRENCY)


def _scale(amounts: Sequence[str], flat: list[dict[str, str]], code: str | None) -> None:
    """From minor units to major ones, in place."""
    for item in flat:
        for name in amounts:
            if item.get(name):
                item[name] = f"{Decimal(item[name]).scaleb(-_exponent(code)):f}"


def _unwrapped(objects: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Fields that are lists of one object in every transaction ("legs": [{...}]) as that object."""
    several = {name for item in objects for name, value in item.items() if not _is_single(value)}
    wrapped = {name for item in objects for name, value in item.items() if isinstance(value, list)} - several
    if not wrapped:
        return objects
    return [{name: value[0] if name in wrapped else value for name, value in item.items()} for item in objects]


def _is_single(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 1 and isinstance(value[0], Mapping)


def _flat(item: Mapping[str, Any], prefix: str = "", depth: int = 0) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in item.items():
        if isinstance(value, Mapping) and (unscaled := _unscaled(value)) is not None:
            found[prefix + name] = _scalar(unscaled)
        elif isinstance(value, Mapping) and depth < 3:
            found.update(_flat(value, f"{prefix}{name}.", depth + 1))
        elif isinstance(value, Decimal) and minor_units.is_named(name):
            found[prefix + minor_units.bare_name(name)] = _scalar(minor_units.major(item, value))
        elif code := minor_units.code_of(name, value):
            found[prefix + name] = code
        elif isinstance(value, Decimal) and _MOMENT_NAME.search(name) and (on := _epoch_day(value)):
            if prefix + "date" not in found or _BOOKED_NAME.search(name):
                found[prefix + "date"] = on
        elif not isinstance(value, list | Mapping):
            found[prefix + name] = "" if value is None else _scalar(value)
    return found


def _unscaled(value: Mapping[str, Any]) -> Decimal | None:
    """A number written as its digits and how many of them are decimals: {"unscaledValue": "-1300", "scale": "2"}."""
    digits, scale = decimal(value.get("unscaledValue")), decimal(value.get("scale"))
    if digits is None or scale is None or scale != int(scale) or not 0 <= scale <= _MOST_DECIMALS:
        return None
    return digits.scaleb(-int(scale))


_MOST_DECIMALS = 12


def _epoch_day(moment: Decimal) -> str | None:
    """The day (UTC) of seconds or milliseconds since 1970, for the years 2000 to 2099."""
    for first, last, per_second in _EPOCHS:
        if first <= moment < last:
            return datetime.datetime.fromtimestamp(int(moment) // per_second, datetime.UTC).date().isoformat()
    return None


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _spoken(name: str) -> str:
    """From "transactionAmount.value" to "transaction Amount value", so that the header dictionary knows the words."""
    last = name.split(".")
    spoken = last[-1] if last[-1] not in ("value", "amount", "content") or len(last) == 1 else last[-2]
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[_\-]+", " ", spoken)
