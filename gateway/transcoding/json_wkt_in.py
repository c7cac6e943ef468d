"""Readers of the well-known types, whose JSON form is not an object of their fields."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import EncodeError

from . import json_scalars, json_text, times
from .errors import Refusal, clip
from .fields import Convert, Kwargs
from .registry import TypeRegistry, message_class

_PACKAGE = "google.protobuf."
_TYPE = FieldDescriptor
WRAPPERS: dict[str, int] = {
    _PACKAGE + "BoolValue": _TYPE.TYPE_BOOL,
    _PACKAGE + "BytesValue": _TYPE.TYPE_BYTES,
    _PACKAGE + "DoubleValue": _TYPE.TYPE_DOUBLE,
    _PACKAGE + "FloatValue": _TYPE.TYPE_FLOAT,
    _PACKAGE + "Int32Value": _TYPE.TYPE_INT32,
    _PACKAGE + "Int64Value": _TYPE.TYPE_INT64,
    _PACKAGE + "StringValue": _TYPE.TYPE_STRING,
    _PACKAGE + "UInt32Value": _TYPE.TYPE_UINT32,
    _PACKAGE + "UInt64Value": _TYPE.TYPE_UINT64,
}
SPECIAL = frozenset(WRAPPERS) | {
    _PACKAGE + name for name in ("Any", "Duration", "FieldMask", "ListValue", "Struct", "Timestamp", "Value")
}
"""Types whose JSON form is not an object of their fields; inside an Any they stand under `value`."""

_EMPTY = _PACKAGE + "Empty"
_MASK_PATH = re.compile(r"[A-Za-z0-9]+(?:\.[A-Za-z0-9]+)*")
_UPPER = re.compile(r"[A-Z]")


Factory = Callable[[Descriptor], Convert]


def special_readers(types: TypeRegistry, reader_of: Factory) -> Mapping[str, Factory]:
    """Full type name -> maker of its reader. `reader_of` gives the readers of the types that an Any holds."""
    wrappers = {name: _fixed(_wrapper(scalar)) for name, scalar in WRAPPERS.items()}
    return {
        **wrappers,
        _PACKAGE + "Any": _fixed(_any(types, reader_of)),
        _PACKAGE + "Duration": _fixed(duration),
        _PACKAGE + "FieldMask": _fixed(field_mask),
        _PACKAGE + "ListValue": lambda descriptor: _Dynamic(descriptor).list_value,
        _PACKAGE + "Struct": lambda descriptor: _Dynamic(descriptor).struct,
        _PACKAGE + "Timestamp": _fixed(timestamp),
        _PACKAGE + "Value": lambda descriptor: _Dynamic(descriptor).value,
    }


def _fixed(convert: Convert) -> Factory:
    return lambda _: convert


def timestamp(value: Any) -> Kwargs:
    """RFC 3339 text."""
    seconds, nanos = times.parse_timestamp(json_scalars.string(value))
    return {"seconds": seconds, "nanos": nanos}


def duration(value: Any) -> Kwargs:
    """Seconds as text with an s."""
    seconds, nanos = times.parse_duration(json_scalars.string(value))
    return {"seconds": seconds, "nanos": nanos}


def field_mask(value: Any) -> Kwargs:
    """Paths in lowerCamelCase, joined by commas; they become proto names."""
    text = json_scalars.string(value)
    paths = text.split(",") if text else []
    for path in paths:
        if _MASK_PATH.fullmatch(path) is None:
            raise Refusal("expected field paths in lowerCamelCase, joined by commas")
    return {"paths": [_UPPER.sub(lambda letter: "_" + letter.group().lower(), path) for path in paths]}


def _wrapper(scalar: int) -> Convert:
    ranges = json_scalars.INTEGER_RANGES.get(scalar)
    convert = json_scalars.integer_reader(*ranges) if ranges else json_scalars.PLAIN[scalar]
    return lambda value: {"value": convert(value)}


class _Dynamic:
    """Struct, Value and ListValue; their constructors read a bare dictionary as content, so messages are handed on."""

    def __init__(self, descriptor: Descriptor) -> None:
        beside = descriptor.file.message_types_by_name
        self._struct_class = message_class(beside["Struct"])
        self._list_class = message_class(beside["ListValue"])

    def struct(self, value: Any) -> Any:
        """Any JSON object."""
        if type(value) is not dict:
            raise Refusal("expected an object")
        _refuse_deep(value)
        return self._struct(value)

    def list_value(self, value: Any) -> Any:
        """Any JSON list."""
        if type(value) is not list:
            raise Refusal("expected a list")
        _refuse_deep(value)
        return self._list(value)

    def value(self, value: Any) -> Kwargs:
        """Any JSON value, null included."""
        _refuse_deep(value)
        return self._value(value)

    def _struct(self, value: dict[str, Any]) -> Any:
        return self._struct_class(fields={key: self._value(item) for key, item in value.items()})

    def _list(self, value: list[Any]) -> Any:
        return self._list_class(values=[self._value(item) for item in value])

    def _value(self, value: Any) -> Kwargs:
        match value:
            case None:
                return {"null_value": 0}
            case bool():
                return {"bool_value": value}
            case str():
                return {"string_value": value}
            case int() | float():
                return {"number_value": float(value)}
            case dict():
                return {"struct_value": self._struct(value)}
            case _:
                return {"list_value": self._list(value)}


def _refuse_deep(value: Any) -> None:
    if type(value) in (dict, list) and json_text.depth(value) > json_text.DYNAMIC_DEPTH_LIMIT:
        raise Refusal(f"nested deeper than {json_text.DYNAMIC_DEPTH_LIMIT} levels")


def _any(types: TypeRegistry, reader_of: Factory) -> Convert:
    def read(value: Any) -> Kwargs:
        if type(value) is not dict:
            raise Refusal("expected an object")
        if not value:
            return {}
        url = value.get("@type")
        descriptor = types.find_url(url) if type(url) is str else None
        if descriptor is None:
            raise Refusal("unknown type").under("@type")
        content = {key: item for key, item in value.items() if key != "@type"}
        # Empty is written both ways by well-known libraries
        bare = descriptor.full_name in SPECIAL or (descriptor.full_name == _EMPTY and bool(content))
        converted = reader_of(descriptor)(_any_value(content) if bare else content)
        made = message_class(descriptor)(**converted) if type(converted) is dict else converted
        try:
            return {"type_url": url, "value": made.SerializeToString(deterministic=True)}
        except EncodeError:
            raise Refusal("nested too deeply") from None

    return read


def _any_value(content: dict[str, Any]) -> Any:
    for key in content:
        if key != "value":
            raise Refusal("unknown field").under(clip(key))
    if "value" not in content:
        raise Refusal("missing").under("value")
    return content["value"]
