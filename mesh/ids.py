"""Prefixed ids: random ones that nobody can guess, and derived ones that a replay gives again."""

from __future__ import annotations

import hashlib
import os

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
ID_LENGTH = 22
# Two digits at a time: dividing a long number is what costs.
_PAIRS = [low + high for high in ALPHABET for low in ALPHABET]
TOKEN_LENGTH = 32
# Each digit stands for four bytes of 256; the eight left over would favour some.
_DIGIT_OF = ALPHABET.encode() * 4 + bytes(8)
_UNFAIR = bytes(range(248, 256))


def random_text(length: int) -> str:
    """`length` random base62 characters, 5.95 bits each, from the operating system's source, without bias."""
    text = b""
    while len(text) < length:  # one turn but for one time in millions: one byte of 32 is dropped, and we draw half more
        text += os.urandom(length + length // 2 + 4).translate(_DIGIT_OF, _UNFAIR)
    return text[:length].decode()


def new_id(prefix: str) -> str:
    """A new id such as `user_3kT...`: 131 random bits."""
    return f"{prefix}_{random_text(ID_LENGTH)}"


def new_token(prefix: str) -> str:
    """A new bearer token such as `vt_9fQ...`: 190 random bits."""
    return f"{prefix}_{random_text(TOKEN_LENGTH)}"


def derived_id(prefix: str, *parts: str) -> str:
    """The id that these parts always give: the first 22 digits in SHA-512 over the length-prefixed parts.

    Each event has one: dividing a long number for its digits took four times as long.
    """
    encoded = [part.encode() for part in parts]
    framed = b"".join(len(part).to_bytes(4, "big") + part for part in encoded)
    digits = hashlib.sha512(framed).digest().translate(_DIGIT_OF, _UNFAIR)
    return f"{prefix}_{digits[:ID_LENGTH].decode()}"


def derived_token(prefix: str, *parts: str) -> str:
    """The bearer token that these parts always give. It is as hard to guess as they are."""
    name = derived_id(prefix, *parts, "0")
    return name + derived_id("", *parts, "1").removeprefix("_")[: TOKEN_LENGTH - ID_LENGTH]


class Effects:
    """Ids and tokens of what one call makes, told apart by their prefix and `part`.

    With a seed they derive from it: whoever has it makes the same again, and nobody else can guess them. Without one
    each is new.
    """

    __slots__ = ("_seed",)

    def __init__(self, seed: str = "") -> None:
        self._seed = seed

    @property
    def is_repeatable(self) -> bool:
        """Whether the call may be one that was begun before, so that what it makes may be there already."""
        return bool(self._seed)

    def id(self, prefix: str, part: str = "") -> str:
        """An id, 131 bits."""
        return derived_id(prefix, self._seed, "id", prefix, part) if self._seed else new_id(prefix)

    def token(self, prefix: str, part: str = "") -> str:
        """A bearer token, 190 bits."""
        return derived_token(prefix, self._seed, "token", prefix, part) if self._seed else new_token(prefix)


NEW = Effects()
"""What each call makes is new."""


def base62(data: bytes, length: int) -> str:
    """The low `length` base62 digits of `data`, read as a big-endian number, the lowest first."""
    number = int.from_bytes(data, "big")
    pairs = []
    for _ in range((length + 1) // 2):
        number, pair = divmod(number, len(_PAIRS))
        pairs.append(_PAIRS[pair])
    return "".join(pairs)[:length]
