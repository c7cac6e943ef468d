"""Compiled proto JSON -> message. One reader a message type, made once; parsing is dictionary look-ups and one call.

A reader turns JSON values into what the protobuf runtime's constructors take: nested keyword dictionaries, and ready
messages only where a dictionary would mean something else (Struct, ListValue).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from google.protobuf import message
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from . import compiling, fields, json_scalars, json_text, json_wkt_in
from .errors import Refusal, clip
from .fields import Convert, Kwargs
from .options import Options
from .registry import TypeRegistry, message_class

_NULL_VALUE = "google.protobuf.NullValue"
_TAKES_NULL = frozenset({"google.protobuf.Value"})


class _Plan(NamedTuple):
    name: str
    convert: Convert
    siblings: frozenset[str]
    takes_null: bool


class MessageReader:
    """JSON object -> keyword dictionary of one message type."""

    __slots__ = ("_ignore_unknown", "_plans")

    def __init__(self, *, ignore_unknown: bool) -> None:
        self._ignore_unknown = ignore_unknown
        self._plans: dict[str, _Plan] = {}

    def compile(self, descriptor: Descriptor, convert_of: Callable[[FieldDescriptor], Convert]) -> None:
        """Fill in the fields; apart from the constructor, so that recursive types can refer to this reader."""
        for name, field in fields.names(descriptor).items():
            self._plans[name] = _Plan(field.name, convert_of(field), fields.siblings(field), _takes_null(field))

    def read(self, value: Any) -> Kwargs:
        """Convert one object; raises Refusal with the path of the first field that does not fit."""
        if type(value) is not dict:
            raise Refusal("expected an object")
        kwargs: Kwargs = {}
        plans = self._plans
        key = ""
        try:
            for key, item in value.items():
                if key not in plans:
                    self._refuse_unknown()
                    continue
                name, convert, siblings, takes_null = plans[key]
                if item is None and not takes_null:
                    continue
                if name in kwargs:
                    raise Refusal("given under both of its names")
                if siblings and not siblings.isdisjoint(kwargs):
                    raise Refusal("another member of the same oneof is set")
                kwargs[name] = convert(item)
        except Refusal as refusal:
            raise refusal.under(clip(key)) from None
        return kwargs

    def _refuse_unknown(self) -> None:
        if not self._ignore_unknown:
            raise Refusal("unknown field")


class JsonReaders:
    """All readers of one set of options; readers are compiled at first use and kept."""

    def __init__(self, types: TypeRegistry, options: Options) -> None:
        self._options = options
        self._compiled = compiling.Compiled(self._start)
        self._special = json_wkt_in.special_readers(types, self.reader)

    def parse(self, descriptor: Descriptor, raw: bytes) -> message.Message:
        """JSON text of a whole message -> message; raises TranscodingError."""
        try:
            value = json_text.loads(raw)
            made = build(descriptor, self.reader(descriptor)(value))
            refuse_too_deep(made, raw, value)
        except Refusal as refusal:
            raise refusal.to_error() from None
        return made

    def reader(self, descriptor: Descriptor) -> Convert:
        """The reader of a message type: what it returns is an argument for build() or for an enclosing message."""
        return self._compiled.get(descriptor)

    def field_reader(self, field: FieldDescriptor) -> Convert:
        """The reader of a field's whole value: a list where it is repeated, an object where it is a map."""
        entry = fields.map_entry(field)
        if entry is not None:
            return self._map_reader(entry)
        element = self.element_reader(field)
        return _list_reader(element) if field.is_repeated else element

    def element_reader(self, field: FieldDescriptor) -> Convert:
        """The reader of one value of the field."""
        if field.message_type is not None:
            return self.reader(field.message_type)
        if field.enum_type is not None and field.enum_type.full_name == _NULL_VALUE:
            return _null_value
        return json_scalars.scalar_reader(field, ignore_case=self._options.case_insensitive_enums)

    def _start(self, descriptor: Descriptor) -> tuple[Convert, Callable[[], None]]:
        special = self._special.get(descriptor.full_name)
        if special is not None:
            return special(descriptor), compiling.nothing_more
        reader = MessageReader(ignore_unknown=self._options.ignore_unknown_fields)
        return reader.read, lambda: reader.compile(descriptor, self.field_reader)

    def _map_reader(self, entry: Descriptor) -> Convert:
        read_key = json_scalars.key_reader(entry.fields_by_name["key"])
        read_value = self.element_reader(entry.fields_by_name["value"])

        def read(value: Any) -> dict[Any, Any]:
            if type(value) is not dict:
                raise Refusal("expected an object")
            found: dict[Any, Any] = {}
            key = ""
            try:
                for key, item in value.items():
                    converted = read_key(key)
                    if converted in found:
                        raise Refusal("two keys of the same value")
                    found[converted] = read_value(item)
            except Refusal as refusal:
                raise refusal.under(f'["{clip(key)}"]') from None
            return found

        return read


def build(descriptor: Descriptor, value: Any) -> message.Message:
    """The message of what a reader returned."""
    if type(value) is not dict:
        ready: message.Message = value
        return ready
    return message_class(descriptor)(**value)


def refuse_too_deep(made: message.Message, raw: bytes, value: Any) -> None:
    """Refuse a message that its receiver could not read: on the wire it may nest deeper than in its JSON."""
    if json_text.nests_deeper(raw, value, json_text.DYNAMIC_DEPTH_LIMIT):
        try:
            type(made).FromString(made.SerializeToString())
        except (message.DecodeError, message.EncodeError):
            raise Refusal("nested too deeply") from None


def _takes_null(field: FieldDescriptor) -> bool:
    if field.is_repeated:
        return False
    if field.message_type is not None:
        return field.message_type.full_name in _TAKES_NULL
    return field.enum_type is not None and field.enum_type.full_name == _NULL_VALUE


def _list_reader(element: Convert) -> Convert:
    def read(value: Any) -> list[Any]:
        if type(value) is not list:
            raise Refusal("expected a list")
        found: list[Any] = []
        try:
            for item in value:
                found.append(element(item))  # noqa: PERF401 - the length tells where it failed
        except Refusal as refusal:
            raise refusal.under(f"[{len(found)}]") from None
        return found

    return read


def _null_value(value: Any) -> int:
    if value is None or value == "NULL_VALUE" or (type(value) is int and value == 0):
        return 0
    raise Refusal("expected null")
