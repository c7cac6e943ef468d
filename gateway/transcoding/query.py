"""Query strings: `a=1&b=2` -> pairs, and pairs -> fields of one request type."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from . import fields, json_scalars, percent
from .errors import Refusal, RuleError, clip
from .fields import Convert, Kwargs, Setter
from .options import Collision, Options
from .text_in import TextReaders

PARAMETER_LIMIT = 1000
"""Most parameters of one query."""
_CACHE_LIMIT = 1024


class Parameter(NamedTuple):
    """One `name=value`: decoded, and the name as it came."""

    name: str
    value: str
    raw_name: str


def parse(query: str, *, plus_is_space: bool) -> Iterator[Parameter]:
    """Split and decode a query string (without its `?`); raises Refusal naming what cannot be decoded."""
    if query.count("&") >= PARAMETER_LIMIT:
        raise Refusal(f"more than {PARAMETER_LIMIT} query parameters")
    decode = percent.decode_plus if plus_is_space else percent.decode
    for pair in query.split("&"):
        if not pair:
            continue
        raw_name, _, value = pair.partition("=")
        try:
            yield Parameter(decode(raw_name), decode(value), raw_name)
        except percent.EscapeError:
            raise Refusal("broken percent escape in the query").under(clip(raw_name)) from None


class QueryBinder:
    """Puts query parameters into a request; strict: every one must name a field that nothing else sets."""

    def __init__(
        self,
        descriptor: Descriptor,
        bound: Sequence[tuple[str, ...]],
        texts: TextReaders,
        options: Options,
    ) -> None:
        """`bound` are the field paths (proto names) that path and body already set; `()` stands for the whole body."""
        self._descriptor = descriptor
        self._bound = tuple(bound)
        self._texts = texts
        self._options = options
        # names come from clients, so the cache has a limit; only names of fields get in
        self._known: dict[str, Callable[[Kwargs, str], None]] = {}

    def bind(self, kwargs: Kwargs, query: str) -> None:
        """Set every parameter of the query; raises Refusal naming the parameter."""
        for parameter in parse(query, plus_is_space=self._options.plus_is_space):
            if parameter.name in self._options.system_parameters:
                continue
            put = self._known.get(parameter.name) or self._learn(parameter)
            if put is not None:
                put(kwargs, parameter.value)

    def _learn(self, parameter: Parameter) -> Callable[[Kwargs, str], None] | None:
        try:
            path, key = self._resolve(parameter)
        except Refusal:
            if self._options.ignore_unknown_parameters:
                return None
            raise
        self._refuse_bound(parameter.name, tuple(field.name for field in path))
        put = self._putter(parameter.name, path, key)
        if key is None and len(self._known) < _CACHE_LIMIT:
            self._known[parameter.name] = put
        return put

    def _resolve(self, parameter: Parameter) -> tuple[tuple[FieldDescriptor, ...], str | None]:
        """The fields of a name, and the key where it is `map[key]`."""
        for name in (parameter.name, parameter.raw_name):
            try:
                path = fields.resolve(self._descriptor, name)
                if path:
                    return path, None
            except Refusal as refusal:
                reason = refusal
        name, bracket, key = parameter.name.partition("[")
        if bracket and key.endswith("]"):
            path = fields.resolve(self._descriptor, name)
            if path and fields.map_entry(path[-1]) is not None:
                return path, key[:-1]
        if not parameter.name:
            raise Refusal("a query parameter without a name")
        raise reason

    def _refuse_bound(self, name: str, path: tuple[str, ...]) -> None:
        for bound in self._bound:
            if path[: len(bound)] == bound:
                raise Refusal("set by the path or the body, so it is no query parameter").under(clip(name))

    def _putter(self, name: str, path: tuple[FieldDescriptor, ...], key: str | None) -> Callable[[Kwargs, str], None]:
        try:
            return self._made(path, key)
        except RuleError:
            raise Refusal("a message, so name one of its fields").under(clip(name)) from None

    def _made(self, path: tuple[FieldDescriptor, ...], key: str | None) -> Callable[[Kwargs, str], None]:
        field = path[-1]
        entry = fields.map_entry(field)
        if entry is not None and key is not None:
            setter = Setter(path, self._texts.element(entry.fields_by_name["value"]), Collision.REFUSE)
            return _entry_putter(setter, json_scalars.key_reader(entry.fields_by_name["key"]), key)
        if entry is not None:
            raise Refusal("a map, so name a key as in name[key]").under(clip(path[-1].json_name))
        setter = Setter(path, self._texts.element(field), Collision.REFUSE)
        return setter.append if field.is_repeated else setter.put


def _entry_putter(setter: Setter, read_key: Convert, key: str) -> Callable[[Kwargs, str], None]:
    def put(kwargs: Kwargs, text: str) -> None:
        try:
            converted = read_key(key)
        except Refusal as refusal:
            raise refusal.under(setter.shown) from None
        setter.put_entry(kwargs, converted, text)

    return put
