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


def base62(data: bytes, length: int) -> str:
    """The low `length` base62 digits of `data`, read as a big-endian number, the lowest first."""
    number = int.from_bytes(data, "big")
    pairs = []
    for _ in range((length + 1) // 2):
        number, pair = divmod(number, len(_PAIRS))
        pairs.append(_PAIRS[pair])
    return "".join(pairs)[:length]
