"""Field paths: the names a client may use, and how a value is put at a path of a request under construction.

A request is built as nested keyword dictionaries (`{"book": {"name": "x"}}`), which the protobuf runtime turns into a
message in one call; a message is never touched field by field.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any
from urllib import parse

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from .errors import Refusal, clip
from .options import Collision

Kwargs = dict[str, Any]
Convert = Callable[[Any], Any]

PATH_LIMIT = 16
"""Most names of a field path; recursive messages would allow any number."""


@functools.lru_cache(maxsize=4096)
def names(descriptor: Descriptor) -> Mapping[str, FieldDescriptor]:
    """Every name of every field: the JSON names, and the proto names that no JSON name takes."""
    table = {field.json_name: field for field in descriptor.fields}
    for field in descriptor.fields:
        table.setdefault(field.name, field)
    return table


@functools.lru_cache(maxsize=4096)
def siblings(field: FieldDescriptor) -> frozenset[str]:
    """The other members of the field's oneof."""
    oneof = field.containing_oneof
    return frozenset() if oneof is None else frozenset(f.name for f in oneof.fields if f.name != field.name)


def map_entry(field: FieldDescriptor) -> Descriptor | None:
    """The entry type (fields `key` and `value`) of a map field; None for every other field."""
    entry = field.message_type
    return entry if field.is_repeated and entry is not None and entry.GetOptions().map_entry else None


def lookup(descriptor: Descriptor, name: str) -> FieldDescriptor | None:
    """A field by JSON or proto name, percent-encoded or not."""
    table = names(descriptor)
    field = table.get(name)
    return table.get(parse.unquote(name)) if field is None and "%" in name else field


def resolve(descriptor: Descriptor, path: str) -> tuple[FieldDescriptor, ...]:
    """The fields along a dotted path ("" has none); raises Refusal naming the step that does not exist."""
    if not path:
        return ()
    whole = lookup(descriptor, path)
    parts = [path] if whole is not None else path.split(".")
    if len(parts) > PATH_LIMIT:
        raise Refusal(f"more than {PATH_LIMIT} names").under(clip(path))
    found: list[FieldDescriptor] = []
    current: Descriptor | None = descriptor
    for part in parts:
        if current is None or (found and found[-1].is_repeated):
            raise Refusal("not a message, so it has no fields").under(clip(found[-1].json_name))
        field = lookup(current, part)
        if field is None:
            raise Refusal("unknown field").under(clip(path))
        found.append(field)
        current = field.message_type
    return tuple(found)


class Setter:
    """Puts converted values at one field path."""

    __slots__ = ("_collision", "_convert", "_leaf", "_parents", "_siblings", "path", "shown")

    def __init__(self, path: tuple[FieldDescriptor, ...], convert: Convert, collision: Collision) -> None:
        self._parents = tuple((field.name, siblings(field)) for field in path[:-1])
        self._leaf = path[-1].name
        self._siblings = siblings(path[-1])
        self._convert = convert
        self._collision = collision
        self.path = tuple(field.name for field in path)
        self.shown = ".".join(field.json_name for field in path)

    def put(self, kwargs: Kwargs, text: str) -> None:
        """Convert `text` and set it; raises Refusal (value, oneof, or a field that is already set otherwise)."""
        try:
            value = self._convert(text)
            node = self._parent(kwargs) if self._parents else kwargs
            if self._leaf in node:
                self._collide(node, value)
            else:
                _check_oneof(self._siblings, node)
                node[self._leaf] = value
        except Refusal as refusal:
            raise refusal.under(self.shown) from None

    def append(self, kwargs: Kwargs, text: str) -> None:
        """Convert `text` as one more element of a repeated field."""
        try:
            self._parent(kwargs).setdefault(self._leaf, []).append(self._convert(text))
        except Refusal as refusal:
            raise refusal.under(self.shown) from None

    def put_entry(self, kwargs: Kwargs, key: Any, text: str) -> None:
        """Convert `text` as the value of one map key; a key given twice is refused."""
        try:
            entries = self._parent(kwargs).setdefault(self._leaf, {})
            if key in entries:
                raise Refusal("given more than once")
            entries[key] = self._convert(text)
        except Refusal as refusal:
            raise refusal.under(self.shown) from None

    def _parent(self, kwargs: Kwargs) -> Kwargs:
        node = kwargs
        for name, others in self._parents:
            child = node.get(name)
            if child is None:
                _check_oneof(others, node)
                child = node[name] = {}
            elif type(child) is not dict:
                raise Refusal("set as a whole already")
            node = child
        return node

    def _collide(self, node: Kwargs, value: Any) -> None:
        if self._collision is Collision.REFUSE:
            raise Refusal("set more than once")
        if self._collision is Collision.REFUSE_DIFFERENT and node[self._leaf] != value:
            raise Refusal("set to two different values")


def _check_oneof(others: frozenset[str], node: Kwargs) -> None:
    if others and not others.isdisjoint(node):
        raise Refusal("another member of the same oneof is set")
