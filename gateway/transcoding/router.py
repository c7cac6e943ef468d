"""Finds the route of a request: a tree by segment, literal before `*` before `**`, then the verb, then the method.

A tree node is reached by one way only, so a match visits each node at most once whatever the path holds: the work is
bounded by the table, plus one split of the path.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Generic, TypeVar

from . import percent
from .errors import DuplicateRouteError
from .options import DecodeMode
from .templates import Template

T = TypeVar("T")

ANY_METHOD = "*"
"""The custom kind that leaves the HTTP method open."""


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


class _Entry(Generic[T]):
    """A route with the places of its variables worked out."""

    __slots__ = ("only", "route", "segment_count", "spans")

    def __init__(self, template: Template, route: T) -> None:
        self.route = route
        self.segment_count = len(template.segments)
        wild = template.segments.index("**") if "**" in template.segments else None
        last = self.segment_count if wild is None else wild
        self.spans = tuple(
            (v.start, v.end, template.covers_one_segment(v), last < v.start, last < v.end) for v in template.variables
        )
        simple = len(self.spans) == 1 and self.spans[0][2] and wild is None
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


class _Ends(Generic[T]):
    """What stands where a template ends: verb -> method -> entry."""

    __slots__ = ("by_verb",)

    def __init__(self) -> None:
        self.by_verb: dict[str, dict[str, _Entry[T]]] = {}

    def add(self, method: str, verb: str, entry: _Entry[T]) -> bool:
        methods = self.by_verb.setdefault(verb, {})
        return methods.setdefault(method, entry) is entry

    def find(self, verb: str, method: str) -> _Entry[T] | None:
        methods = self.by_verb.get(verb)
        if methods is None:
            return None
        found = methods.get(method)
        if found is None and method == "HEAD":
            found = methods.get("GET")
        return found if found is not None else methods.get(ANY_METHOD)


class _Node(Generic[T]):
    __slots__ = ("ends", "literals", "star", "tails")

    def __init__(self) -> None:
        self.literals: dict[str, _Node[T]] = {}
        self.star: _Node[T] | None = None
        self.tails: list[tuple[tuple[str, ...], _Ends[T]]] = []
        """What may follow ** here: literals, longest first."""
        self.ends: _Ends[T] = _Ends()

    def child(self, segment: str) -> _Node[T]:
        if segment != "*":
            return self.literals.setdefault(percent.literal_key(segment), _Node())
        self.star = self.star or _Node()
        return self.star

    def tail(self, literals: tuple[str, ...]) -> _Ends[T]:
        for known, ends in self.tails:
            if known == literals:
                return ends
        added: tuple[tuple[str, ...], _Ends[T]] = (literals, _Ends())
        self.tails.append(added)
        self.tails.sort(key=lambda tail: -len(tail[0]))
        return added[1]


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
        self._root: _Node[T] = _Node()
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
            entry = _find(self._root, segments if "%" not in path else _keys(segments), 0, "", method)
            if entry is not None:
                return self._matched(entry, segments)
        else:
            for verb, parts, keys in self._readings(segments):
                entry = _find(self._root, keys, 0, verb, method)
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
        if not ends.add(method, template.verb, _Entry(template, route)):
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

    def _matched(self, entry: _Entry[T], segments: list[str]) -> Result[T]:
        if not entry.spans:
            return Match(entry.route, ())
        try:
            return Match(entry.route, entry.variables(segments, self._mode))
        except percent.EscapeError:
            return BadPath()

    def _allowed(self, segments: list[str]) -> tuple[str, ...]:
        methods: set[str] = set()
        for verb, _, keys in self._readings(segments):
            for found in _every(self._root, keys, 0, verb):
                methods.update(found)
        if "GET" in methods:
            methods.add("HEAD")
        return tuple(sorted(methods))

    def _verbs(self, node: _Node[T]) -> Iterator[str]:
        yield from filter(None, node.ends.by_verb)
        for _, ends in node.tails:
            yield from filter(None, ends.by_verb)
        for child in (*node.literals.values(), *filter(None, (node.star,))):
            yield from self._verbs(child)


def _keys(segments: list[str]) -> list[str]:
    return [percent.literal_key(segment) if "%" in segment else segment for segment in segments]


def _find(node: _Node[T], keys: Sequence[str], index: int, verb: str, method: str) -> _Entry[T] | None:
    if index == len(keys):
        found = node.ends.find(verb, method)
        if found is not None:
            return found
    else:
        key = keys[index]
        child = node.literals.get(key)
        if child is not None:
            found = _find(child, keys, index + 1, verb, method)
            if found is not None:
                return found
        if node.star is not None and key:
            found = _find(node.star, keys, index + 1, verb, method)
            if found is not None:
                return found
    if node.tails:
        for ends in _tails(node, keys, index):
            found = ends.find(verb, method)
            if found is not None:
                return found
    return None


def _tails(node: _Node[T], keys: Sequence[str], index: int) -> Iterator[_Ends[T]]:
    for literals, ends in node.tails:
        size = len(literals)
        if len(keys) - index >= size and (not size or tuple(keys[-size:]) == literals):
            yield ends


def _every(node: _Node[T], keys: Sequence[str], index: int, verb: str) -> Iterator[Mapping[str, _Entry[T]]]:
    """Every end that fits the path, whatever its method."""
    if index == len(keys):
        yield node.ends.by_verb.get(verb, {})
    else:
        child = node.literals.get(keys[index])
        if child is not None:
            yield from _every(child, keys, index + 1, verb)
        if node.star is not None and keys[index]:
            yield from _every(node.star, keys, index + 1, verb)
    for ends in _tails(node, keys, index):
        yield ends.by_verb.get(verb, {})
