"""Compiled message -> proto JSON. One writer a message type, made once: ListFields, a table look-up a field, orjson."""

from __future__ import annotations

import binascii
import json
import struct
from collections.abc import Callable
from typing import Any

import orjson
from google.protobuf import message
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import DecodeError

from . import compiling, fields, json_wkt_out
from .errors import EncodingError
from .fields import Convert
from .options import Options
from .registry import TypeRegistry

_TYPE = FieldDescriptor
_WIDE = frozenset({_TYPE.TYPE_INT64, _TYPE.TYPE_UINT64, _TYPE.TYPE_SINT64, _TYPE.TYPE_FIXED64, _TYPE.TYPE_SFIXED64})
_NULL_VALUE = "google.protobuf.NullValue"


class MessageWriter:
    """Message -> JSON object of one message type."""

    __slots__ = ("_defaults", "_plans")

    def __init__(self) -> None:
        self._plans: dict[FieldDescriptor, tuple[str, Convert | None]] = {}
        self._defaults: dict[str, Any] = {}

    def compile(self, descriptor: Descriptor, writers: JsonWriters) -> None:
        """Fill in the fields; apart from the constructor, so that recursive types can refer to this writer."""
        options = writers.options
        for field in descriptor.fields:
            key = field.name if options.proto_names else field.json_name
            self._plans[field] = (key, writers.field_writer(field))
            if options.print_defaults and not field.has_presence:
                self._defaults[key] = writers.default(field)

    def write(self, value: message.Message) -> dict[str, Any]:
        """The object of one message. Defaults are shared between answers: they are replaced, never changed."""
        found = self._defaults.copy()
        plans = self._plans
        for field, item in value.ListFields():
            plan = plans.get(field)
            if plan is None:
                raise EncodingError("an extension field has no JSON name here")
            key, convert = plan
            found[key] = item if convert is None else convert(item)
        return found


class JsonWriters:
    """All writers of one set of options; writers are compiled at first use and kept."""

    def __init__(self, types: TypeRegistry, options: Options) -> None:
        self.options = options
        self._compiled = compiling.Compiled(self._start)
        self._special = json_wkt_out.special_writers(types, self.writer, self._scalar_writer)

    def encode(self, value: message.Message) -> bytes:
        """A whole message as JSON text; raises EncodingError."""
        descriptor: Descriptor = value.DESCRIPTOR  # type: ignore[assignment]  # the stubs name upb's class
        return self.dump(self.writer(descriptor), value)

    def dump(self, write: Convert, value: Any) -> bytes:
        """Write and encode one value; raises EncodingError."""
        try:
            return self.text(write(value))
        except (orjson.JSONEncodeError, DecodeError, RecursionError):
            raise EncodingError("the answer has no JSON form") from None

    def text(self, value: Any) -> bytes:
        """JSON text of plain values, indented where the options say so."""
        if self.options.indent is None:
            return orjson.dumps(value)
        return json.dumps(value, indent=self.options.indent, ensure_ascii=False).encode()

    def writer(self, descriptor: Descriptor) -> Convert:
        """The writer of a message type; its result is for text()."""
        return self._compiled.get(descriptor)

    def field_writer(self, field: FieldDescriptor) -> Convert | None:
        """The writer of a field's whole value; None where the runtime's value is JSON already."""
        entry = fields.map_entry(field)
        if entry is not None:
            return self._map_writer(entry)
        element = self._element_writer(field)
        if not field.is_repeated:
            return element
        if element is None:
            return list
        known = element
        return lambda values: [known(item) for item in values]

    def default(self, field: FieldDescriptor) -> Any:
        """What stands for a field without presence that holds its default."""
        if field.is_repeated:
            return [] if fields.map_entry(field) is None else {}
        convert = self._element_writer(field)
        return field.default_value if convert is None else convert(field.default_value)

    def _start(self, descriptor: Descriptor) -> tuple[Convert, Callable[[], None]]:
        special = self._special.get(descriptor.full_name)
        if special is not None:
            return special, compiling.nothing_more
        writer = MessageWriter()
        return writer.write, lambda: writer.compile(descriptor, self)

    def _element_writer(self, field: FieldDescriptor) -> Convert | None:
        if field.message_type is not None:
            return self.writer(field.message_type)
        if field.enum_type is not None:
            return self._enum_writer(field.enum_type)
        return self._scalar_writer(field.type)

    def _scalar_writer(self, scalar: int) -> Convert | None:
        if scalar in _WIDE:
            return None if self.options.int64_as_numbers else str
        return _SCALARS.get(scalar)

    def _enum_writer(self, enum: EnumDescriptor) -> Convert | None:
        if enum.full_name == _NULL_VALUE:
            return lambda _: None
        if self.options.enums_as_ints:
            return None
        by_number: dict[int, str] = {}
        for value in enum.values:
            # aliases: the first name counts
            by_number.setdefault(value.number, value.name)
        return lambda number: by_number.get(number, number)

    def _map_writer(self, entry: Descriptor) -> Convert:
        convert = self._element_writer(entry.fields_by_name["value"])
        key_text = _KEY_TEXT.get(entry.fields_by_name["key"].type, str)

        # sorted, so that equal answers have equal bytes (and one ETag)
        def write(entries: Any) -> dict[str, Any]:
            if convert is None:
                return {key_text(key): entries[key] for key in sorted(entries)}
            return {key_text(key): convert(entries[key]) for key in sorted(entries)}

        return write


def _double(number: float) -> float | str:
    return number if number - number == 0.0 else json_wkt_out.special_float(number)


def _single(number: float) -> float | str:
    """The shortest decimal that is the same 32-bit float: six to nine digits (IEEE 754)."""
    if number - number != 0.0:
        return json_wkt_out.special_float(number)
    if abs(number) == _LARGEST_FLOAT32:
        # its shortest decimal lies above it, where some parsers see an overflow
        return number
    for digits in (6, 7, 8):
        short = float(f"{number:.{digits}g}")
        if _as_float32(short) == number:
            return short
    return float(f"{number:.9g}")


def _as_float32(number: float) -> float:
    value: float = _FLOAT32.unpack(_FLOAT32.pack(number))[0]
    return value


def _base64(raw: bytes) -> str:
    return binascii.b2a_base64(raw, newline=False).decode("ascii")


def _same(key: str) -> str:
    return key


def _boolean_key(key: bool) -> str:
    return "true" if key else "false"


_FLOAT32 = struct.Struct("<f")
_LARGEST_FLOAT32 = float.fromhex("0x1.fffffep+127")
_SCALARS: dict[int, Convert] = {_TYPE.TYPE_BYTES: _base64, _TYPE.TYPE_DOUBLE: _double, _TYPE.TYPE_FLOAT: _single}
_KEY_TEXT: dict[int, Convert] = {_TYPE.TYPE_STRING: _same, _TYPE.TYPE_BOOL: _boolean_key}
