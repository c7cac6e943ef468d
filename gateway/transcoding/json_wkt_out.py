"""Writers of the well-known types: message -> what the JSON encoder takes."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf.descriptor import Descriptor

from . import json_wkt_in, times
from .errors import EncodingError
from .fields import Convert
from .registry import TypeRegistry, message_class

_PACKAGE = "google.protobuf."
# a path has a JSON form only if lowerCamelCase can be undone
_MASK_PATH = re.compile(r"[a-z0-9.]*(?:_[a-z][a-z0-9.]*)*")
_SNAKE = re.compile(r"_([a-z])")


def special_writers(
    types: TypeRegistry, writer_of: Callable[[Descriptor], Convert], scalar_of: Callable[[int], Convert | None]
) -> Mapping[str, Convert]:
    """Full type name -> writer. `scalar_of` gives the writer of a scalar type (None: the value is JSON already)."""
    return {
        **{name: _wrapper(scalar_of(scalar)) for name, scalar in json_wkt_in.WRAPPERS.items()},
        _PACKAGE + "Any": _any(types, writer_of),
        _PACKAGE + "Duration": lambda m: times.format_duration(m.seconds, m.nanos),
        _PACKAGE + "FieldMask": _field_mask,
        _PACKAGE + "ListValue": _list_value,
        _PACKAGE + "Struct": _struct,
        _PACKAGE + "Timestamp": lambda m: times.format_timestamp(m.seconds, m.nanos),
        _PACKAGE + "Value": _value,
    }


def _wrapper(convert: Convert | None) -> Convert:
    if convert is None:
        return lambda wrapper: wrapper.value
    known = convert
    return lambda wrapper: known(wrapper.value)


def _field_mask(mask: Any) -> str:
    for path in mask.paths:
        if _MASK_PATH.fullmatch(path) is None:
            raise EncodingError("a field mask path has no JSON form")
    return ",".join(_SNAKE.sub(lambda found: found.group(1).upper(), path) for path in mask.paths)


def _struct(struct: Any) -> dict[str, Any]:
    content = struct.fields
    return {key: _value(content[key]) for key in sorted(content)}


def _list_value(values: Any) -> list[Any]:
    return [_value(item) for item in values.values]


def _value(value: Any) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "number_value":
        return _number(value.number_value)
    if kind == "struct_value":
        return _struct(value.struct_value)
    if kind == "list_value":
        return _list_value(value.list_value)
    if kind is None:
        raise EncodingError("a Value without content has no JSON form")
    return None if kind == "null_value" else getattr(value, kind)


def _number(number: float) -> float | int:
    if number - number != 0.0:
        raise EncodingError("a Value cannot hold NaN or an infinity")
    # 2**53: up to there an integer is written as it was read
    return int(number) if number.is_integer() and abs(number) <= 9_007_199_254_740_992 else number


def _any(types: TypeRegistry, writer_of: Callable[[Descriptor], Convert]) -> Convert:
    def write(packed: Any) -> dict[str, Any]:
        if not packed.type_url and not packed.value:
            return {}
        descriptor = types.find_url(packed.type_url)
        if descriptor is None:
            raise EncodingError("an Any holds a type that is not known here")
        content = message_class(descriptor)()
        content.ParseFromString(packed.value)
        written = writer_of(descriptor)(content)
        if descriptor.full_name in json_wkt_in.SPECIAL:
            return {"@type": packed.type_url, "value": written}
        return {"@type": packed.type_url, **written}

    return write


def special_float(number: float) -> str:
    """The JSON text of NaN and the infinities."""
    if math.isnan(number):
        return "NaN"
    return "Infinity" if number > 0 else "-Infinity"
