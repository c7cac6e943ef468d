"""Amounts as banks write them: marks, groups, signs before, behind and around, currency signs, CR/DR."""

# ruff: noqa: RUF001 (words and signs of other alphabets are the data here)
from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from analysis.statement import currency, model, text_marks

_MINUS = str.maketrans(
    {"\u2212": "-", "\u2013": "-", "\u2014": "-", "\u2012": "-", "\u00ad": "-", "\ufe63": "-", "\uff0d": "-"}
)
_GROUPS = text_marks.REMOVED | str.maketrans({
    "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2007": " ", "\u2019": "'", "\u02bc": "'", "`": "'", "´": "'",
    "\u066b": ".", "\u066c": ",",
})  # fmt: skip
_PLAIN = re.compile(r"[+-]?\d+(?:[.,]\d{1,2})?")
_SHAPE = re.compile(
    r"(?P<open>\()?\s*(?P<word1>[^\W\d]{1,3}\$|[^\W\d]{1,4}\.?|[^\w\s.,'+\-()\"]{1,3})?\s*(?P<sign1>[+-])?\s*"
    r"(?P<word2>[^\W\d]{1,3}\$|[^\W\d]{1,4}\.?|[^\w\s.,'+\-()\"]{1,3})?\s*(?P<sign2>[+-])?\s*"
    r"(?P<body>\d[\d.,' ]*|[.,]\d+)\s*(?P<sign3>[+-])?\s*"
    r"(?P<word3>[^\W\d]{1,8}\.?|[^\W\d]{1,3}\$|[^\w\s.,'+\-()\"]{1,3})?\s*(?P<word4>[^\W\d]{1,3}\.?)?\s*(?P<close>\))?(?P<sign4>[+-])?"
)
_FLAGS = {"cr": 1, "dr": -1, "c": 1, "d": -1, "h": 1, "s": -1, "db": -1, "cr.": 1, "dr.": -1, "deb": -1, "cre": 1}
_DASHED = re.compile(r"[.,][-=]{1,2}(?=$|\s|[^\W\d])")  # "20.-", "20,--": no minor units
_BEFORE_BRACKET = re.compile(r"^([$€£¥]|[A-Z]{3})\s?\((?=.+\)$)")  # "$(20.00)" is ($20.00)
_LONGEST = 40


class Amount(NamedTuple):
    """One cell that looks like an amount. `body` keeps its marks; `sign` is 0 where nothing is written."""

    body: str
    sign: int
    flag: int  # +1 for CR/H, -1 for DR/S beside the figure, 0 without
    currency: str | None


def read(cell: str) -> Amount | None:
    """The amount that a cell is, or None. Decides nothing about the decimal mark."""
    text = cell.strip()
    if not text or len(text) > _LONGEST:
        return None
    if _PLAIN.fullmatch(text):
        return _plain(text)
    if not text.isascii():
        text = text.translate(_MINUS).translate(_GROUPS).strip()
        text = unicodedata.normalize("NFKC", text.replace("\u00a5", "¥")).replace("\u20ac", "€")
    text = _BEFORE_BRACKET.sub(r"(\1", text)
    text = _DASHED.sub("", text.removeprefix("=").strip('"').strip().removeprefix("'").strip())
    shape = _SHAPE.fullmatch(text)
    return _shaped(shape) if shape else None


def _plain(text: str) -> Amount:
    sign = {"-": -1, "+": 1}.get(text[0], 0)
    return Amount(text[1:] if sign else text, sign, 0, None)


def _shaped(shape: re.Match[str]) -> Amount | None:
    signs = [shape[name] for name in ("sign1", "sign2", "sign3", "sign4") if shape[name]]
    if len(signs) > 1 or bool(shape["open"]) != bool(shape["close"]):
        return None
    code, flag = None, 0
    for name in ("word1", "word2", "word3", "word4"):
        word = shape[name]
        if not word:
            continue
        lowered = word.lower()
        if lowered in _FLAGS and name in ("word1", "word3", "word4"):
            flag = _FLAGS[lowered]
        elif (found := currency.code_of(word)) or word in (
            "$",
            "¥",
            "\\",
            "kr",
            "kr.",
            "Kr",
            "Kr.",
            "₨",
            "R",
            "S/",
            "/-",
        ):
            code = code or found
        else:
            return None
    sign = {"-": -1, "+": 1}[signs[0]] if signs else 0
    return Amount(_body(shape["body"]), -1 if shape["open"] else sign, flag, code)


def _body(text: str) -> str:
    return text.strip().rstrip(",.").replace(" ", "'") if text.strip()[-1:] in ".," else text.strip().replace(" ", "'")


def mark_of(body: str) -> model.DecimalMark | None:
    """The decimal mark that a body proves; None when it has none or could be grouped ("1.234")."""
    point, comma = body.rfind("."), body.rfind(",")
    if point < 0 and comma < 0:
        return None
    if point >= 0 and comma >= 0:
        return "point" if point > comma else "comma"
    mark, at = (".", point) if point >= 0 else (",", comma)
    if body.count(mark) > 1:
        return "comma" if mark == "." else "point"
    after, before = len(body) - at - 1, body[:at]
    if after == 3 and 1 <= len(before.replace("'", "")) <= 3 and before[0] != "0" and "'" not in before:
        return None
    return "point" if mark == "." else "comma"


_GROUPED = {
    "point": re.compile(r"(?:\d+|\d{1,3}(?:,\d{2,3})*,\d{3}|\d{1,3}(?:'\d{3})+|\d{1,4}(?:,\d{4})+)?(?:\.\d*)?"),
    "comma": re.compile(r"(?:\d+|\d{1,3}(?:\.\d{2,3})*\.\d{3}|\d{1,3}(?:'\d{3})+)?(?:,\d*)?"),
}


def value_of(body: str, mark: model.DecimalMark) -> Decimal | None:
    """The unsigned value of a body under a decimal mark; None when its groups do not fit that mark."""
    if body.isdigit():
        return Decimal(body)
    if not _GROUPED[mark].fullmatch(body) or not any(char.isdigit() for char in body):
        return None
    if mark == "point":
        return Decimal(body.replace(",", "").replace("'", ""))
    return Decimal(body.replace(".", "").replace("'", "").replace(",", "."))


def infer_mark(bodies: Iterable[str]) -> tuple[model.DecimalMark | None, bool]:
    """(mark, doubtful): the mark that most bodies prove; doubtful when a grouped-or-decimal body is all there is."""
    votes = {"point": 0, "comma": 0}
    doubtful = False
    for body in bodies:
        mark = mark_of(body)
        if mark:
            votes[mark] += 1
        elif "." in body or "," in body:
            doubtful = True
    if votes["point"] == votes["comma"]:
        return None, doubtful
    return ("point" if votes["point"] > votes["comma"] else "comma"), False
