"""Look-ups over `vocabulary`: normalised once at import, matched by whole phrase, then by longest phrase inside."""

# ruff: noqa: RUF001, SIM905 (words and signs of other alphabets are the data here)
from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable, Mapping

from analysis.statement import currency, vocabulary

_FOLDED = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i", "ð": "d", "þ": "th", "ħ": "h"})
_NOT_WORD = re.compile(r"[^\w\ufffd+\-/#№]+")
_LONELY = re.compile(r"#(?=\w)|(?<!\w)[-/+](?!\w)|[_]|(?<=\w)-(?=\w)")
_CJK = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_SMALL = frozenset(
    "in en im der die das de des du la le les el los il lo the a an of von zu per d l y e i und and et".split()
)


@functools.lru_cache(maxsize=65536)
def normalise(text: str) -> str:
    """Case, accents, width and punctuation removed; words separated by one space."""
    folded = unicodedata.normalize("NFKC", text).casefold().translate(_FOLDED)
    bare = "".join(char for char in unicodedata.normalize("NFD", folded) if not unicodedata.combining(char))
    return " ".join(_LONELY.sub(" ", _NOT_WORD.sub(" ", bare)).split()) or bare.strip()


def phrases(block: str) -> frozenset[str]:
    """The `|`-separated phrases of one vocabulary entry, normalised."""
    found = (normalise(part) for line in block.splitlines() for part in line.split("|"))
    return frozenset(phrase for phrase in found if phrase)


def _by_phrase(table: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    roles: dict[str, tuple[str, ...]] = {}
    for role, block in table.items():
        for phrase in phrases(block):
            roles[phrase] = (*roles.get(phrase, ()), role)
    return roles


HEADER_PHRASES = _by_phrase(vocabulary.HEADERS)
FLAG_PHRASES = {phrase: kinds[0] for phrase, kinds in _by_phrase(vocabulary.FLAGS).items()}
STATUS_PHRASES = {phrase: kinds[0] for phrase, kinds in _by_phrase(vocabulary.STATUS).items()}
_PENDING = frozenset(phrase for phrase, state in STATUS_PHRASES.items() if state == "pending")
_AND = frozenset(("and", "und", "et", "e", "y", "en", "och", "og", "ja", "i", "a", "is", "und/oder"))
_LONGEST_TITLE = 60
TOTALS = phrases(vocabulary.TOTALS)
TITLES = phrases(vocabulary.TITLES)
TITLES_IN = phrases(vocabulary.TITLES_IN)
TITLES_OUT = phrases(vocabulary.TITLES_OUT)
OWN_CURRENCY = phrases(vocabulary.OWN_CURRENCY)
TURNOVER = phrases(vocabulary.TURNOVER)
OPENING = phrases(vocabulary.OPENING)
CLOSING = phrases(vocabulary.CLOSING)
WORDS_OUT = phrases(vocabulary.WORDS_OUT)
WORDS_IN = phrases(vocabulary.WORDS_IN)
CARD_PAYMENTS = phrases(vocabulary.CARD_PAYMENTS)
MERCHANT_MARKS = phrases(vocabulary.MERCHANT_MARKS)
PAYOUTS = phrases(vocabulary.PAYOUTS)
CREDIT_CARDS = phrases(vocabulary.CREDIT_CARDS)
CARD_NUMBERS = phrases(vocabulary.CARD_NUMBERS)
CARD_MARKS = phrases(vocabulary.CARD_MARKS)
MONTHS = {phrase.rstrip("."): number for number, block in vocabulary.MONTHS.items() for phrase in phrases(block)}
_LONGEST = max(len(phrase.split()) for phrase in HEADER_PHRASES)
_UNSPACED = sorted((phrase for phrase in HEADER_PHRASES if _CJK.search(phrase)), key=len, reverse=True)
# Compound words (Buchungsbetrag, Kontowährung) end in the noun that names the role.
_COMPOUND = {
    "betrag": "amount", "datum": "date", "tag": "date", "saldo": "balance", "wahrung": "currency",
    "waehrung": "currency",
    "belopp": "amount", "belob": "amount", "bedrag": "amount", "dato": "date", "text": "text", "tekst": "text",
    "paiva": "date", "osszeg": "amount", "datuma": "date", "valuta": "currency", "nummer": "id", "referenz": "id",
}  # fmt: skip


def has_phrase(text: str, wanted: frozenset[str]) -> bool:
    """True when one of `wanted` stands in the normalised `text` as whole words (anywhere, for scripts without "
    "spaces).
    """
    return longest_phrase(text, wanted) is not None


@functools.lru_cache(maxsize=65536)
def longest_phrase(text: str, wanted: frozenset[str]) -> str | None:
    tokens = text.split()[:64]
    for size in range(min(len(tokens), 6), 0, -1):
        for start in range(len(tokens) - size + 1):
            phrase = " ".join(tokens[start : start + size])
            if phrase in wanted:
                return phrase
    if _CJK.search(text):
        return max((phrase for phrase in _unspaced(wanted) if phrase in text), key=len, default=None)
    return None


@functools.lru_cache(maxsize=16)
def _unspaced(wanted: frozenset[str]) -> tuple[str, ...]:
    return tuple(phrase for phrase in wanted if _CJK.search(phrase))


class HeaderMatch:
    """What one header cell may mean: role -> score in 0..1, and a currency it names."""

    __slots__ = ("currency", "scores")

    def __init__(self, scores: Mapping[str, float], code: str | None) -> None:
        self.scores = dict(scores)
        self.currency = code

    @property
    def best(self) -> str | None:
        return max(self.scores, key=lambda role: self.scores[role], default=None)


@functools.lru_cache(maxsize=8192)
def match_header(cell: str) -> HeaderMatch:
    """Roles that a header cell may have; empty scores where no phrase is in it."""
    whole = normalise(cell)
    if not whole or len(whole) > 80:
        return HeaderMatch({}, None)
    bare, code = _without_currency(cell)
    for text, score in ((whole, 1.0), (bare, 0.97)):
        roles = HEADER_PHRASES.get(text)
        if roles:
            return HeaderMatch(dict.fromkeys(roles, score), code)
    if code is None and _CJK.search(whole):
        bare, code = _glued_currency(whole)
        if bare in HEADER_PHRASES:
            return HeaderMatch(dict.fromkeys(HEADER_PHRASES[bare], 0.95), code)
    if code and not bare:
        return HeaderMatch({"amount": 0.5}, code)  # "CAD$": a column that is named by its currency alone
    return HeaderMatch(_partial(bare) or _garbled(bare), code)


def _without_currency(cell: str) -> tuple[str, str | None]:
    code: str | None = None
    kept: list[str] = []
    for token in re.split(r"[\s()\[\]（）:：.,_*]+", cell):
        found = (
            currency.code_of(token)
            if token and (token.isupper() or not (token.isascii() and token.isalpha()) or len(token) > 3)
            else None
        )
        named = currency.is_code(token) or not token.isascii() or "$" in token or token.lower().startswith("euro")
        if found and named:
            code = code or found
        elif token:
            kept.append(token)
    text = normalise(" ".join(kept))
    while text.split() and text.split()[-1] in _SMALL:
        text = text.rpartition(" ")[0]
    return text, code


def _glued_currency(text: str) -> tuple[str, str | None]:
    """A currency's name before or behind a heading, without a space between: "人民币金额"."""
    for size in range(1, min(len(text), 5)):
        for name, rest in ((text[:size], text[size:]), (text[-size:], text[:-size])):
            code = currency.code_of(name) if _CJK.search(name) else None
            if code and rest in HEADER_PHRASES:
                return rest, code
    return text, None


def _partial(text: str) -> dict[str, float]:
    tokens = text.split()
    for size in range(min(len(tokens), _LONGEST), 0, -1):
        scores: dict[str, float] = {}
        for start in range(len(tokens) - size + 1):
            phrase = " ".join(tokens[start : start + size])
            for role in HEADER_PHRASES.get(phrase, ()) if len(phrase) > 1 else ():
                edge = 0.05 if start == 0 or start + size == len(tokens) else 0.0
                scores[role] = max(scores.get(role, 0.0), 0.4 + 0.4 * len(phrase) / len(text) + edge)
        if scores:
            return scores
    if _CJK.search(text):
        found = next((phrase for phrase in _UNSPACED if len(phrase) > 1 and phrase in text), None)
        if found:
            return dict.fromkeys(HEADER_PHRASES[found], 0.4 + 0.4 * len(found) / len(text))
    for ending, role in _COMPOUND.items():
        if any(token.endswith(ending) and len(token) > len(ending) + 2 for token in tokens):
            return {role: 0.55}
    return {}


def _garbled(text: str) -> dict[str, float]:
    """Headers whose accented letters were lost upstream ("W\ufffdhrung"): the replacement stands for 1-2 characters."""
    if "\ufffd" not in text:
        return {}
    pattern = re.compile("".join("\\w{1,2}" if char == "\ufffd" else re.escape(char) for char in text))
    hits = (roles for phrase, roles in HEADER_PHRASES.items() if pattern.fullmatch(phrase))
    return {role: 0.8 for roles in hits for role in roles}


@functools.lru_cache(maxsize=8192)
def flag_of(cell: str) -> str | None:
    """One of "credit", "debit" or "neutral" for a direction cell; None when it says neither."""
    stripped = cell.strip()
    if stripped in ("+", "-", "/", "--"):
        return {"+": "credit", "-": "debit"}.get(stripped, "neutral")
    text = normalise(stripped)
    if text in FLAG_PHRASES:
        return FLAG_PHRASES[text]
    tokens = text.split()
    if not 1 < len(tokens) <= 6:
        return None
    kinds = {FLAG_PHRASES[token] for token in (tokens[0], tokens[-1]) if token in FLAG_PHRASES and len(token) > 1}
    return kinds.pop() if len(kinds) == 1 else None


@functools.lru_cache(maxsize=8192)
def status_of(cell: str) -> str | None:
    """Either "pending" or "void" for a status cell, None for a booked one."""
    text = normalise(cell)
    return STATUS_PHRASES.get(text) or STATUS_PHRASES.get(text.split()[0] if text else "")


def heads_pending(cell: str) -> bool:
    """A short line alone that heads rows not booked yet ("Movimenti non contabilizzati"), and those only."""
    text = normalise(cell) if len(cell) < _LONGEST_TITLE else ""
    return bool(text) and not _AND.intersection(text.split()) and has_phrase(text, _PENDING)


def starts_with(cells: Iterable[str], wanted: frozenset[str]) -> bool:
    """True when one of the cells is one of the phrases, or begins with it."""
    for cell in cells:
        text = normalise(cell) if len(cell) < 120 else ""
        if text in wanted:
            return True
        tokens = text.split()
        if any(" ".join(tokens[:size]) in wanted for size in range(1, min(len(tokens), 5))):
            return True
        if _CJK.search(text) and any(text.startswith(phrase) for phrase in _unspaced(wanted)):
            return True
    return False
