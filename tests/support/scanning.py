"""Looks for words in every byte that a system has left, as text or encoded, compressed or not."""

from __future__ import annotations

import base64
import dataclasses
import gzip
import pathlib
import zlib
from collections.abc import Iterable, Iterator, Sequence


@dataclasses.dataclass(frozen=True)
class Find:
    """A word found: where, in what form."""

    place: str
    word: str
    form: str


def forms(word: str) -> Iterator[tuple[str, bytes]]:
    """The ways in which a word could lie somewhere. Base64 depends on where in its group of three the word begins."""
    yield "text", word.encode()
    yield "UTF-16", word.encode("utf-16-le")
    yield "hex", word.encode().hex().encode()
    for shift in range(3):
        whole = base64.b64encode(b"\0" * shift + word.encode())
        yield "base64", whole[4 if shift else 0 : -4]


def in_bytes(place: str, data: bytes, words: Iterable[str]) -> list[Find]:
    """Every word that stands in some bytes, upper or lower case."""
    low = data.lower()
    return [
        Find(place, word, form)
        for word in words
        for form, needle in forms(word)
        if (needle in data if form == "base64" else needle.lower() in low)
    ]


def files(folder: pathlib.Path, *, without: Sequence[str] = ()) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of all files below a folder, less the sub-folders named."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = str(path.relative_to(folder))
        if name.partition("/")[0] not in without:
            yield name, path.read_bytes()


def in_places(places: Iterable[tuple[str, bytes]], words: Sequence[str]) -> list[Find]:
    """Finds in all that lies somewhere, compressed as a whole or not, and in the names of the places."""
    finds: list[Find] = []
    for name, data in places:
        for layer in (data, *_unpacked(data)):
            finds += in_bytes(name, layer, words)
        finds += in_bytes(f"{name} (its name)", name.encode(), words)
    return finds


def _unpacked(data: bytes) -> Iterator[bytes]:
    """What the bytes are when they are compressed as a whole."""
    for unpack in (gzip.decompress, zlib.decompress):
        try:
            yield unpack(data)
        except (OSError, EOFError, zlib.error):
            continue
