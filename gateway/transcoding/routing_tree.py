"""The tree behind the router. A node is reached by one way only: a search visits each but once, whatever the path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Generic, TypeVar

from . import percent
from .options import DecodeMode
from .templates import Template

T = TypeVar("T")

ANY_METHOD = "*"
"""The custom kind that leaves the HTTP method open."""


class Entry(Generic[T]):
    """A route with the places of its variables worked out."""

    __slots__ = ("only", "route", "segment_count", "spans")

    def __init__(self, template: Template, route: T) -> None:
        self.route = route
        self.segment_count = len(template.segments)
        wild = template.segments.index("**") if "**" in template.segments else self.segment_count
        self.spans = tuple(
            (v.start, v.end, template.covers_one_segment(v), wild < v.start, wild < v.end) for v in template.variables
        )
        simple = len(self.spans) == 1 and self.spans[0][2] and wild == self.segment_count
        self.only = self.spans[0][0] if simple else -1

    def variables(self, segments: Sequence[str], mode: DecodeMode) -> Sequence[str]:
        """The decoded texts; ** shifts what lies behind it. Raises percent.EscapeError."""
        if self.only >= 0:
            return (percent.decode(segments[self.only]),)
        shift = len(segments) - self.segment_count
        found: list[str] = []
        for start, end, single, shifts_start, shifts_end in self.spans:
            text = "/".join(segments[start + shift * shifts_start : end + shift * shifts_end])
            found.append(percent.decode(text) if single else percent.decode_segments(text, mode))
        return found


class Ends(Generic[T]):
    """What stands where a template ends: verb -> method -> entry."""

    __slots__ = ("by_verb",)

    def __init__(self) -> None:
        self.by_verb: dict[str, dict[str, Entry[T]]] = {}

    def add(self, method: str, verb: str, entry: Entry[T]) -> bool:
        methods = self.by_verb.setdefault(verb, {})
        return methods.setdefault(method, entry) is entry

    def find(self, verb: str, method: str) -> Entry[T] | None:
        methods = self.by_verb.get(verb)
        if methods is None:
            return None
        found = methods.get(method)
        if found is None and method == "HEAD":
            found = methods.get("GET")
        return found if found is not None else methods.get(ANY_METHOD)


class Node(Generic[T]):
    """A place in the tree: what follows it, and what ends there."""

    __slots__ = ("ends", "literals", "star", "tails")

    def __init__(self) -> None:
        self.literals: dict[str, Node[T]] = {}
        self.star: Node[T] | None = None
        self.tails: list[tuple[tuple[str, ...], Ends[T]]] = []
        """What may follow ** here: literals, longest first."""
        self.ends: Ends[T] = Ends()

    def child(self, segment: str) -> Node[T]:
        if segment != "*":
            return self.literals.setdefault(percent.literal_key(segment), Node())
        self.star = self.star or Node()
        return self.star

    def tail(self, literals: tuple[str, ...]) -> Ends[T]:
        for known, ends in self.tails:
            if known == literals:
                return ends
        added: tuple[tuple[str, ...], Ends[T]] = (literals, Ends())
        self.tails.append(added)
        self.tails.sort(key=lambda tail: -len(tail[0]))
        return added[1]


def find(node: Node[T], keys: Sequence[str], index: int, verb: str, method: str) -> Entry[T] | None:
    """The entry that fits best from `index` on: literal, then `*`, then `**`, going back where a way ends."""
    if index == len(keys):
        found = node.ends.find(verb, method)
        if found is not None:
            return found
    else:
        key = keys[index]
        child = node.literals.get(key)
        if child is not None:
            found = find(child, keys, index + 1, verb, method)
            if found is not None:
                return found
        if node.star is not None and key:
            found = find(node.star, keys, index + 1, verb, method)
            if found is not None:
                return found
    if node.tails:
        for ends in _tails(node, keys, index):
            found = ends.find(verb, method)
            if found is not None:
                return found
    return None


def _tails(node: Node[T], keys: Sequence[str], index: int) -> Iterator[Ends[T]]:
    for literals, ends in node.tails:
        size = len(literals)
        if len(keys) - index >= size and (not size or tuple(keys[-size:]) == literals):
            yield ends


def every(node: Node[T], keys: Sequence[str], index: int, verb: str) -> Iterator[Mapping[str, Entry[T]]]:
    """Every end that fits the path, whatever its method."""
    if index == len(keys):
        yield node.ends.by_verb.get(verb, {})
    else:
        child = node.literals.get(keys[index])
        if child is not None:
            yield from every(child, keys, index + 1, verb)
        if node.star is not None and keys[index]:
            yield from every(node.star, keys, index + 1, verb)
    for ends in _tails(node, keys, index):
        yield ends.by_verb.get(verb, {})
