"""What a booking was for, from its words and bank codes, with a confidence.

The dictionary is data (`data/categories.json`). Among all phrases found in a text the most confident one wins, then
the longer one, then the category that the dictionary lists first; so "card withdrawal, penalty interest" is a penalty.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib.resources
import json
import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from analysis.preprocessors import text as texts
from analysis.preprocessors.columns import Bools, Floats, Ints

UNKNOWN = "unknown"
_SHORTEST_PREFIX = 3
_CODE_CONFIDENCE = 0.98
_CODE_PARTS = re.compile(r"[^0-9A-Z]+")


@dataclasses.dataclass(frozen=True, slots=True)
class Phrase:
    """Words of the dictionary that point to one category. `open_end`: the last word may go on."""

    words: tuple[str, ...]
    open_end: bool
    category: int
    confidence: float
    incoming: bool
    outgoing: bool

    @property
    def strength(self) -> tuple[float, int, int]:
        return self.confidence, len(self.words), -self.category


@dataclasses.dataclass(frozen=True, slots=True)
class Dictionary:
    """Phrases by their first word. `names[0]` is the unknown category."""

    names: tuple[str, ...]
    whole: Mapping[str, tuple[Phrase, ...]]
    prefixes: Mapping[str, tuple[Phrase, ...]]
    anywhere: tuple[Phrase, ...]
    codes: Mapping[str, Phrase]


@dataclasses.dataclass(frozen=True, slots=True)
class Categories:
    """One category and confidence a row; confidence 0 where nothing is known."""

    category: Ints
    confidence: Floats
    names: tuple[str, ...]

    def among(self, *names: str) -> Bools:
        """Which rows belong to one of the named categories."""
        return np.isin(self.category, [self.names.index(name) for name in names])

    @property
    def understood(self) -> Bools:
        return self.category > 0


def of_rows(text: Ints, incoming: Bools, known: Sequence[tuple[str, str, str]]) -> Categories:
    """Categories of rows whose (text, counterparty, bank code) are `known[text]`, by the direction of their money."""
    search = _Search(dictionary())
    found = [search.both(*parts) for parts in known]
    table = np.array(found, np.float64).reshape(len(known), 2, 2)
    chosen = table[text, np.where(incoming, 0, 1)]
    return Categories(chosen[:, 0].astype(np.int64), chosen[:, 1], search.dictionary.names)


class _Search:
    """Looks texts up; remembers words and texts for the length of one history only (they are private)."""

    def __init__(self, dictionary: Dictionary) -> None:
        self.dictionary = dictionary
        self._by_word: dict[str, tuple[tuple[Phrase, ...], tuple[Phrase, ...]]] = {}
        self._by_words: dict[str, tuple[tuple[int, float], tuple[int, float]]] = {}

    def both(self, text: str, counterparty: str, bank_code: str) -> tuple[tuple[int, float], tuple[int, float]]:
        """(category, confidence) for money in, and for money out."""
        words = texts.words(f"{text} {counterparty} {bank_code}")
        key = f"{words}\n{bank_code}"
        if key not in self._by_words:
            found = [*self._phrases(words.split(" ")), *self._scripts(words), *self._codes(bank_code)]
            incoming = _strongest(phrase for phrase in found if phrase.incoming)
            outgoing = _strongest(phrase for phrase in found if phrase.outgoing)
            self._by_words[key] = incoming, outgoing
        return self._by_words[key]

    def _phrases(self, words: list[str]) -> Iterator[Phrase]:
        for place, word in enumerate(words):
            whole, open_end = self._starting_with(word)
            yield from open_end
            for phrase in whole:
                if len(phrase.words) == 1 or _continues(words, place, phrase):
                    yield phrase

    def _starting_with(self, word: str) -> tuple[tuple[Phrase, ...], tuple[Phrase, ...]]:
        if word not in self._by_word:
            lengths = range(_SHORTEST_PREFIX, len(word) + 1)
            open_end = (phrase for size in lengths for phrase in self.dictionary.prefixes.get(word[:size], ()))
            self._by_word[word] = self.dictionary.whole.get(word, ()), tuple(open_end)
        return self._by_word[word]

    def _scripts(self, words: str) -> Iterator[Phrase]:
        if texts.without_spaces_between_words(words):
            yield from (phrase for phrase in self.dictionary.anywhere if phrase.words[0] in words)

    def _codes(self, bank_code: str) -> Iterator[Phrase]:
        if bank_code:
            parts = (part for part in _CODE_PARTS.split(bank_code.upper()) if part in self.dictionary.codes)
            yield from (self.dictionary.codes[part] for part in parts)


def _continues(words: list[str], place: int, phrase: Phrase) -> bool:
    rest = words[place : place + len(phrase.words)]
    if phrase.open_end and len(rest) == len(phrase.words):
        return tuple(rest[:-1]) == phrase.words[:-1] and rest[-1].startswith(phrase.words[-1])
    return tuple(rest) == phrase.words


def _strongest(phrases: Iterator[Phrase]) -> tuple[int, float]:
    best = max(phrases, key=lambda phrase: phrase.strength, default=None)
    return (best.category, best.confidence) if best else (0, 0.0)


@functools.cache
def dictionary() -> Dictionary:
    """The packaged dictionary."""
    source = importlib.resources.files("analysis.preprocessors") / "data" / "categories.json"
    content = json.loads(source.read_text(encoding="utf-8"))
    names = (UNKNOWN, *content["categories"])
    phrases = [
        _phrase(written, place, entry)
        for place, entry in enumerate(content["categories"].values(), start=1)
        for group in entry["phrases"].values()
        for written in group
    ]
    spoken = [(phrase, anywhere) for phrase, anywhere in phrases if not anywhere]
    return Dictionary(
        names=names,
        whole=_grouped([p for p, _ in spoken if len(p.words) > 1 or not p.open_end]),
        prefixes=_grouped([p for p, _ in spoken if len(p.words) == 1 and p.open_end]),
        anywhere=tuple(phrase for phrase, anywhere in phrases if anywhere),
        codes={code: _coded(names.index(name), content["categories"][name]) for code, name in content["codes"].items()},
    )


def _phrase(written: str, category: int, entry: Mapping[str, str | float]) -> tuple[Phrase, bool]:
    words = tuple(texts.words(written).split(" "))
    direction, confidence = entry["direction"], float(entry["confidence"])
    open_end = written.endswith("*")
    phrase = Phrase(words, open_end, category, confidence, direction != "out", direction != "in")
    return phrase, written.startswith("*")


def _coded(category: int, entry: Mapping[str, str | float]) -> Phrase:
    direction = entry["direction"]
    return Phrase((), False, category, _CODE_CONFIDENCE, incoming=direction != "out", outgoing=direction != "in")


def _grouped(phrases: list[Phrase]) -> dict[str, tuple[Phrase, ...]]:
    grouped: dict[str, tuple[Phrase, ...]] = {}
    for phrase in phrases:
        grouped[phrase.words[0]] = (*grouped.get(phrase.words[0], ()), phrase)
    return grouped
