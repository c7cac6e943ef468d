"""Finds the route of a request: a tree by segment, literal before `*` before `**`, then the verb, then the method.

The work of a match is bounded by the table (see routing_tree) plus one split of the path.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from typing import Generic, TypeVar

from . import percent, routing_tree
from .errors import DuplicateRouteError
from .options import DecodeMode
from .routing_tree import Entry, Node
from .templates import Template

T = TypeVar("T")


@dataclasses.dataclass(slots=True)
class Match(Generic[T]):
    """The route and the decoded texts of its template's variables, in their order."""

    route: T
    variables: Sequence[str]


@dataclasses.dataclass(slots=True)
class NotFound:
    """No template fits the path: 404."""


@dataclasses.dataclass(slots=True)
class WrongMethod:
    """The path is known under other methods (405); `allow` is sorted and has HEAD wherever it has GET."""

    allow: tuple[str, ...]


@dataclasses.dataclass(slots=True)
class BadPath:
    """The path is empty, or a variable holds a broken or non-UTF-8 escape: 400."""


Result = Match[T] | NotFound | WrongMethod | BadPath


class Router(Generic[T]):
    """A finished table; built once, then only read (safe to share between threads)."""

    def __init__(
        self,
        routes: Iterable[tuple[str, Template, T]],
        *,
        mode: DecodeMode = DecodeMode.ALL_EXCEPT_SLASH,
        unregistered_verb_matches_wildcard: bool = True,
    ) -> None:
        """Routes are (HTTP method or `*`, template, anything). Raises DuplicateRouteError."""
        self._root: Node[T] = Node()
        self._mode = mode
        self._colon_in_wildcard = unregistered_verb_matches_wildcard
        for method, template, route in routes:
            self._add(method, template, route)
        verbs = set(self._verbs(self._root))
        # verbs with a colon in them cannot be found by their last part alone; longest first
        self._plain_verbs = frozenset(verb for verb in verbs if ":" not in verb)
        self._colon_verbs = tuple(sorted((verb for verb in verbs if ":" in verb), key=len, reverse=True))

    def match(self, method: str, path: str) -> Result[T]:
        """The route of `method` and the raw (still percent-encoded) `path`; a query behind `?` is not looked at."""
        if not path:
            return BadPath()
        segments = self._split(path)
        if segments is None:
            return NotFound()
        if not segments or ":" not in segments[-1]:
            # the common case: no verb, one reading
            entry = routing_tree.find(self._root, segments if "%" not in path else _keys(segments), 0, "", method)
            if entry is not None:
                return self._matched(entry, segments)
        else:
            for verb, parts, keys in self._readings(segments):
                entry = routing_tree.find(self._root, keys, 0, verb, method)
                if entry is not None:
                    return self._matched(entry, parts)
        allow = self._allowed(segments)
        return WrongMethod(allow) if allow else NotFound()

    def allowed(self, path: str) -> tuple[str, ...]:
        """The methods under which the path is known (for OPTIONS and Allow); empty when it is not."""
        segments = self._split(path) if path else None
        return () if segments is None else self._allowed(segments)

    def _add(self, method: str, template: Template, route: T) -> None:
        node = self._root
        segments = template.segments
        head = segments.index("**") if "**" in segments else len(segments)
        for segment in segments[:head]:
            node = node.child(segment)
        tail = tuple(percent.literal_key(segment) for segment in segments[head + 1 :])
        ends = node.ends if head == len(segments) else node.tail(tail)
        if not ends.add(method, template.verb, Entry(template, route)):
            raise DuplicateRouteError(f"{method} {template.render()} is bound twice")

    def _split(self, path: str) -> list[str] | None:
        if "?" in path:
            path = path[: path.index("?")]
        if not path.startswith("/"):
            return None
        if self._mode is DecodeMode.LEGACY:
            path = percent.literal_key(path)
        return path[1:].split("/") if path != "/" else []

    def _readings(self, segments: list[str]) -> Iterator[tuple[str, list[str], list[str]]]:
        """(verb, segments as they came, segments as literals are compared): with the verb first, then without."""
        verb = self._verb_of(segments[-1]) if segments and ":" in segments[-1] else None
        if verb:
            parts = [*segments[:-1], segments[-1][: -len(verb) - 1]]
            yield verb, parts, _keys(parts)
        if verb is None or self._colon_in_wildcard:
            yield "", segments, _keys(segments)

    def _verb_of(self, last: str) -> str:
        """The registered verb at the end of the last segment, or ""."""
        for verb in self._colon_verbs:
            if last.endswith(":" + verb):
                return verb
        verb = last.rpartition(":")[2]
        return verb if verb in self._plain_verbs else ""

    def _matched(self, entry: Entry[T], segments: list[str]) -> Result[T]:
        if not entry.spans:
            return Match(entry.route, ())
        try:
            return Match(entry.route, entry.variables(segments, self._mode))
        except percent.EscapeError:
            return BadPath()

    def _allowed(self, segments: list[str]) -> tuple[str, ...]:
        methods: set[str] = set()
        for verb, _, keys in self._readings(segments):
            for found in routing_tree.every(self._root, keys, 0, verb):
                methods.update(found)
        if "GET" in methods:
            methods.add("HEAD")
        return tuple(sorted(methods))

    def _verbs(self, node: Node[T]) -> Iterator[str]:
        yield from filter(None, node.ends.by_verb)
        for _, ends in node.tails:
            yield from filter(None, ends.by_verb)
        for child in (*node.literals.values(), *filter(None, (node.star,))):
            yield from self._verbs(child)


def _keys(segments: list[str]) -> list[str]:
    return [percent.literal_key(segment) if "%" in segment else segment for segment in segments]
