"""Dates as banks write them. A cell is first read into parts; an order of the parts is decided for the whole column."""

# ruff: noqa: RUF001 (words and signs of other alphabets are the data here)
from __future__ import annotations

import datetime
import functools
import re
from typing import NamedTuple

from analysis.statement import model, text_marks, words

ORDERS: tuple[model.DateOrder, ...] = ("dmy", "mdy", "ymd")
_TAIWAN = (80, 150)  # years of the Republic, written with three digits
_BUDDHIST_SHORT = range(43, 100)  # 2000 to 2056; smaller numbers are years of the common era
_YEARS = range(1900, 2101)
_ZONE = r"(?:Z|[A-Z]{2,5}|[+-]\d{2}:?\d{2})?"
_TIME = r"(?:[T\s\-_,]*\(?\d{1,2}[:.hH]\d{2}(?:[:.]\d{2}(?:[.,]\d+)?)?\)?\s*(?:[AaPp]\.?[Mm]\.?)?\s*" + _ZONE + ")?"
_NUMERIC = re.compile(r"(?:[^\W\d_]{2,10}\.?,?\s+)?(\d{1,4})\s?([./\-\s])\s?(\d{1,2})\s?\2\s?(\d{1,4})\.?" + _TIME)
_NAMED = re.compile(
    r"(?:[^\W\d_]{2,10}\.?,?\s+)?(\d{1,4})(?:st|nd|rd|th)?[.\s\-/]*(?:de\s+)?([^\W\d_]{2,12})\.?[.\s\-/,']*(?:de\s+)?(\d{1,4})?\.?"
    + _TIME
)
_NAME_FIRST = re.compile(
    r"(?:[^\W\d_]{3,10}\.?,\s+)?([^\W\d_]{2,12})\.?[\s\-/]+(\d{1,2})(?:st|nd|rd|th)?(?:[,\s\-/]+(\d{2,4}))?" + _TIME
)
_COMPACT = re.compile(r"(\d{8})(?:\d{6}|\d{4}|[T\s]\d{2}:?\d{2}:?\d{2})?(?:\.\d+)?(?:\[[^\]]*\])?")
_CJK = re.compile(r"(\d{2,4})\s?[年년]\s?(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日일]?" + _TIME)
_CJK_SHORT = re.compile(r"(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日일]" + _TIME)
_REIGN = re.compile(r"(R|H|S|令和|平成|昭和)\s?(\d{1,2}|元)\s?[./\-年]\s?(\d{1,2})\s?[./\-月]\s?(\d{1,2})日?" + _TIME)
_REIGNS = {"R": 2018, "令和": 2018, "H": 1988, "平成": 1988, "S": 1925, "昭和": 1925}  # the year before the first
_PLAIN = text_marks.REMOVED | str.maketrans({"\u00a0": " ", "\u202f": " ", "．": ".", "／": "/"})
_SHORT = re.compile(r"(\d{1,2})([/\-])(\d{1,2})|(\d{1,2})\.\s?(\d{1,2})\.")  # "5.25" is an amount, "5.12." a day


class Parts(NamedTuple):
    """Three numbers as written. `named` means the middle one is a month by name; `year_first` fixes ymd."""

    first: int
    second: int
    third: int | None
    named: bool = False
    fixed: model.DateOrder | None = None
    separator: str = ""
    wide_third: bool = False


@functools.lru_cache(maxsize=65536)
def read(cell: str) -> Parts | None:
    """The date parts that a cell is (a time of day behind them is left out), or None."""
    text = cell.strip().strip("'\"")
    if not 4 <= len(text) <= 60 or not any(char.isdigit() for char in text):
        return None
    if text.isascii() is False:
        text = text.translate(_PLAIN).strip()
    if len(text) > 45:
        return None
    return _numeric(text) or _compact(text) or _cjk(text) or _named(text) or _of_reign(text)


def _numeric(text: str) -> Parts | None:
    match = _NUMERIC.fullmatch(text)
    if not match:
        short = _SHORT.fullmatch(text)
        return _yearless(short) if short else None
    first, second, third = match[1], match[3], match[4]
    if len(first) == 3 and _TAIWAN[0] <= int(first) <= _TAIWAN[1] and len(third) <= 2:
        return Parts(int(first) + 1911, int(second), int(third), False, "ymd", match[2])
    if len(first) == 3 or len(third) == 3 or (len(first) == 4 and len(third) > 2):
        return None
    fixed: model.DateOrder | None = "ymd" if len(first) == 4 else None
    return Parts(int(first), int(second), int(third), False, fixed, match[2], len(third) == 4)


def _yearless(short: re.Match[str]) -> Parts | None:
    first, second = int(short[1] or short[4]), int(short[3] or short[5])
    if not (1 <= first <= 31 and 1 <= second <= 31):
        return None
    return Parts(first, second, None, separator=short[2] or ".")


def _compact(text: str) -> Parts | None:
    match = _COMPACT.fullmatch(text)
    if not match:
        return None
    digits = match[1]
    if int(digits[:4]) in range(1950, 2101) and 1 <= int(digits[4:6]) <= 12 and 1 <= int(digits[6:]) <= 31:
        return Parts(int(digits[:4]), int(digits[4:6]), int(digits[6:]), False, "ymd", "")
    if int(digits[4:]) in range(1950, 2101) and 1 <= int(digits[:2]) <= 31 and 1 <= int(digits[2:4]) <= 31:
        return Parts(int(digits[:2]), int(digits[2:4]), int(digits[4:]), False, None, "", True)
    return None


def _cjk(text: str) -> Parts | None:
    match = _CJK.fullmatch(text)
    if match:
        return Parts(int(match[1]), int(match[2]), int(match[3]), False, "ymd", "年")
    match = _CJK_SHORT.fullmatch(text)
    return Parts(int(match[2]), int(match[1]), None, True, None, " ") if match else None


def _of_reign(text: str) -> Parts | None:
    """Years of a Japanese reign that the date itself names: R6.1.15 is 2024-01-15."""
    match = _REIGN.fullmatch(text)
    if not match:
        return None
    year = _REIGNS[match[1]] + (1 if match[2] == "元" else int(match[2]))
    return Parts(year, int(match[3]), int(match[4]), False, "ymd", ".")


def _named(text: str) -> Parts | None:
    match = _NAMED.fullmatch(text)
    if match and (month := words.MONTHS.get(words.normalise(match[2]))):
        first, third = match[1], match[3]
        wide = third is not None and len(third) == 4
        fixed: model.DateOrder | None = "ymd" if len(first) == 4 else "dmy" if wide else None
        return Parts(int(first), month, int(third) if third else None, True, fixed, " ", wide)
    match = _NAME_FIRST.fullmatch(text)
    if match and (month := words.MONTHS.get(words.normalise(match[1]))):
        return Parts(int(match[2]), month, int(match[3]) if match[3] else None, True, "dmy", " ", True)
    return None


@functools.lru_cache(maxsize=262144)
def resolve(parts: Parts, order: model.DateOrder, year: int | None = None) -> datetime.date | None:
    """The date that the parts are under an order; `year` completes parts without one."""
    order = parts.fixed or order
    if parts.third is None:
        if year is None:
            return None
        month, day = (parts.second, parts.first) if parts.named or order != "mdy" else (parts.first, parts.second)
        return _date(year, month, day)
    if order == "ymd":
        return None if parts.wide_third else _date(parts.first, parts.second, parts.third)
    if order == "dmy" or parts.named:
        return _date(parts.third, parts.second, parts.first)
    return _date(parts.third, parts.first, parts.second)


def _date(year: int, month: int, day: int) -> datetime.date | None:
    year = _full_year(year)
    if year not in _YEARS:
        return None
    try:
        return datetime.date(year, month, day)
    except ValueError:
        return None


def _full_year(year: int) -> int:
    """Two digits as POSIX reads them (69..99 are 19xx); Buddhist years (2400..2700) as the Thai calendar counts."""
    if year < 100:
        return year + (1900 if year >= 69 else 2000)
    return year - 543 if 2400 < year < 2700 else year


def of_thai_reign(parts: Parts, order: model.DateOrder) -> Parts:
    """Two digits of a Thai statement count Buddhist years: 67 is 2567, which is 2024."""
    written = parts.first if order == "ymd" else parts.third
    if parts.fixed or written is None or written not in _BUDDHIST_SHORT:
        return parts
    return parts._replace(first=written + 2500) if order == "ymd" else parts._replace(third=written + 2500)


def possible_orders(parts: Parts) -> frozenset[model.DateOrder]:
    """The orders under which the parts are a real date (a missing year is taken as a leap year)."""
    if parts.fixed:
        return frozenset((parts.fixed,)) if resolve(parts, parts.fixed, 2000) else frozenset()
    if parts.named:
        return frozenset(order for order in ("dmy", "ymd") if resolve_named(parts, order))
    return frozenset(order for order in ORDERS if resolve(parts, order, 2000))


def resolve_named(parts: Parts, order: str) -> datetime.date | None:
    if order == "ymd" and parts.third is not None:
        return _date(parts.first, parts.second, parts.third)
    return resolve(parts, "dmy", 2000)


_SPELLED = {"dmy": "%d{0}%m{0}%Y", "mdy": "%m{0}%d{0}%Y", "ymd": "%Y{0}%m{0}%d"}


def format_of(parts: Parts, order: model.DateOrder) -> str:
    """A strftime-like description of the layout, for people."""
    order = parts.fixed or order
    if parts.named:
        return "%d %b %Y" if order == "dmy" else "%Y %b %d"
    text = _SPELLED[order].format(parts.separator)
    if parts.third is not None and order != "ymd" and not parts.wide_third:
        text = text.replace("%Y", "%y")
    if order == "ymd" and parts.first < 100:
        text = text.replace("%Y", "%y")
    return text.replace("%Y", "").strip("./- ") if parts.third is None else text
