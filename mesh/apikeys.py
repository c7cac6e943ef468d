"""The form of an API key: environment, 32 random base62 characters (190 bits) and a checksum.

The checksum catches typing errors and scanners' false hits before any store is asked; it proves nothing else.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import re
import zlib
from typing import Literal

from mesh import ids

Environment = Literal["live", "test"]

PREFIX_LENGTH = 16
CHECKSUM_LENGTH = 6
KEY_LENGTH = len("cp_live_") + ids.TOKEN_LENGTH + CHECKSUM_LENGTH
_FORM = re.compile(r"cp_(live|test)_[0-9A-Za-z]{38}")


@dataclasses.dataclass(frozen=True, slots=True)
class ApiKeyText:
    """A well-formed key as it was shown. `prefix` (16 characters) tells keys apart and may be stored in the clear."""

    environment: Environment
    prefix: str
    text: str = dataclasses.field(repr=False)


def generate(environment: Environment, effects: ids.Effects = ids.NEW, part: str = "") -> str:
    """A new key such as `cp_live_...`, 46 characters; the same again for the same effects and part."""
    body = effects.token(f"cp_{environment}", part)
    return body + _checksum(body)


@functools.lru_cache(maxsize=4096)  # a key comes with each request of its institution
def parse(text: str) -> ApiKeyText:
    """The parts of a key. Raises ValueError, without the key in it, on a bad form or checksum."""
    match = _FORM.fullmatch(text)
    if match is None:
        raise ValueError("not an API key")
    if _checksum(text[:-CHECKSUM_LENGTH]) != text[-CHECKSUM_LENGTH:]:
        raise ValueError("the API key's checksum does not match")
    environment: Environment = "live" if match[1] == "live" else "test"
    return ApiKeyText(environment, text[:PREFIX_LENGTH], text)


def hash_key(text: str) -> str:
    """SHA-256 of the whole key, hex. Keys are 190 random bits, so a slow hash would add nothing."""
    return hashlib.sha256(text.encode()).hexdigest()


def _checksum(body: str) -> str:
    # CRC-32 fits in six base62 digits (62^6 > 2^32).
    return ids.base62(zlib.crc32(body.encode()).to_bytes(4, "big"), CHECKSUM_LENGTH)
