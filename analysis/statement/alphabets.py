"""Which letters beyond ASCII stand beside each other in one language: a misread code page mixes alphabets."""

# ruff: noqa: RUF001, SIM905 (words and signs of other alphabets are the data here)
from __future__ import annotations

import collections
import unicodedata
from collections.abc import Iterable

_LATIN = tuple(
    frozenset(letters)
    for letters in (
        "äöüßéàè "  # German
        "àâçéèêëîïôùûüœæ "  # French
        "áéíóúüñç "  # Spanish
        "áâãàçéêíóôõúü "  # Portuguese
        "àèéìíòóùú "  # Italian
        "àçèéíïòóúü "  # Catalan
        "áéèëïíóöúü "  # Dutch
        "åäöéü "  # Swedish, Finnish
        "æøåéö "  # Danish, Norwegian
        "áðéíóúýþæö "  # Icelandic
        "ąćęłńóśźż "  # Polish
        "áčďéěíňóřšťúůýžľĺŕôä "  # Czech, Slovak
        "áéíóöőúüű "  # Hungarian
        "čćđšž "  # Croatian, Slovene, Serbian
        "ăâîșțşţ "  # Romanian
        "ąčęėįšųūž "  # Lithuanian
        "āčēģīķļņšūž "  # Latvian
        "äõöüšž "  # Estonian
        "çğıöşüâîi̇ "  # Turkish
        "əçğıöşü"  # Azerbaijani
    ).split(" ")
)


def share_of_one(chars: Iterable[str]) -> float:
    """The share of letters that the best fitting single alphabet has, in 0..1; 1 for a text without such letters."""
    letters = collections.Counter(char.lower() for char in chars if char.isalpha())
    total = sum(letters.values())
    if not total:
        return 1.0
    scripts: collections.Counter[str] = collections.Counter()
    for letter, count in letters.items():
        scripts[unicodedata.name(letter[0], "?").partition(" ")[0]] += count
    scripts.pop("LATIN", None)
    latin = max(sum(count for letter, count in letters.items() if letter in alphabet) for alphabet in _LATIN)
    return max(latin, *scripts.values(), 0) / total
