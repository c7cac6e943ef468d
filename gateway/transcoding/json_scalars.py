"""One JSON value -> one scalar field value, by the proto JSON mapping. What does not fit raises Refusal."""

from __future__ import annotations

import binascii
import math
import re
from typing import Any

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor

from .errors import Refusal, clip
from .fields import Convert

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,19})")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,319})(?:\.[0-9]{1,1100})?(?:[eE][+-]?[0-9]{1,4})?")
_URL_SAFE = str.maketrans("-_", "+/")
# half a unit above the largest float32 rounds to infinity
FLOAT32_LIMIT = float.fromhex("0x1.ffffffp+127")
SPECIAL_FLOATS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
# integers just below the range of int64 arrive as this float; the bound itself arrives as an integer
_ROUNDED_UP = float(-(1 << 63))

_TYPE = FieldDescriptor
_I32 = (-(1 << 31), (1 << 31) - 1)
_I64 = (-(1 << 63), (1 << 63) - 1)
_U32 = (0, (1 << 32) - 1)
_U64 = (0, (1 << 64) - 1)
INTEGER_RANGES: dict[int, tuple[int, int]] = {
    _TYPE.TYPE_INT32: _I32,
    _TYPE.TYPE_SINT32: _I32,
    _TYPE.TYPE_SFIXED32: _I32,
    _TYPE.TYPE_INT64: _I64,
    _TYPE.TYPE_SINT64: _I64,
    _TYPE.TYPE_SFIXED64: _I64,
    _TYPE.TYPE_UINT32: _U32,
    _TYPE.TYPE_FIXED32: _U32,
    _TYPE.TYPE_UINT64: _U64,
    _TYPE.TYPE_FIXED64: _U64,
}


def string(value: Any) -> str:
    """A JSON string."""
    if type(value) is str:
        return value
    raise Refusal("expected a string")


def boolean(value: Any) -> bool:
    """JSON true or false."""
    if value is True or value is False:
        return value
    raise Refusal("expected true or false")


def base64_bytes(value: Any) -> bytes:
    """Base64 text in the standard or the URL-safe alphabet, padded or not."""
    if type(value) is not str:
        raise Refusal("expected base64 text")
    text = value.rstrip("=")
    try:
        padded = text.translate(_URL_SAFE) + "=" * (-len(text) % 4)
        if len(value) != len(text) and len(value) != len(padded):
            raise Refusal("expected base64 text")
        return binascii.a2b_base64(padded.encode("ascii"), strict_mode=True) if padded else b""
    except (binascii.Error, UnicodeEncodeError):
        raise Refusal("expected base64 text") from None


def integer_reader(low: int, high: int) -> Convert:
    """Integers of one range: a number without a fraction, or its text."""

    def read(value: Any) -> int:
        number = value if type(value) is int else _integer(value)
        if low <= number <= high:
            return number
        raise Refusal("number out of range")

    return read


def _integer(value: Any) -> int:
    if type(value) is str:
        if _INTEGER.fullmatch(value):
            return int(value)
        value = _number(value)
    if type(value) is float and value.is_integer() and value != _ROUNDED_UP:
        return int(value)
    raise Refusal("expected an integer")


def _number(text: str) -> float:
    if _NUMBER.fullmatch(text) is None:
        raise Refusal("expected a number")
    return float(text)


def double(value: Any) -> float:
    """A number, its text, or one of NaN, Infinity and -Infinity as text."""
    if type(value) is float:
        return value
    if type(value) is int:
        return float(value)
    if type(value) is not str:
        raise Refusal("expected a number")
    special = SPECIAL_FLOATS.get(value)
    number = _number(value) if special is None else special
    if special is None and math.isinf(number):
        raise Refusal("number out of range")
    return number


def single(value: Any) -> float:
    """As double, within the range of a 32-bit float."""
    number = double(value)
    if FLOAT32_LIMIT <= abs(number) < math.inf:
        raise Refusal("number out of range")
    return number


def enum_reader(enum: EnumDescriptor, *, ignore_case: bool) -> Convert:
    """Enum values by name or number; a number without a name stays where the enum is open (proto3)."""
    by_name = {value.name: value.number for value in enum.values}
    if ignore_case:
        by_name |= {name.upper(): number for name, number in by_name.items()}
    numbers = frozenset(by_name.values())
    whole = integer_reader(*_I32)

    def read(value: Any) -> int:
        if type(value) is str:
            number = by_name.get(value)
            if number is None and ignore_case:
                number = by_name.get(value.upper())
            if number is None:
                raise Refusal(f"unknown enum value {clip(value)}")
            return number
        found: int = whole(value)
        if found not in numbers and enum.is_closed:
            raise Refusal("unknown enum number")
        return found

    return read


def scalar_reader(field: FieldDescriptor, *, ignore_case: bool) -> Convert:
    """The reader of a scalar or enum field (of one element, where the field is repeated)."""
    if field.enum_type is not None:
        return enum_reader(field.enum_type, ignore_case=ignore_case)
    if field.type in INTEGER_RANGES:
        return integer_reader(*INTEGER_RANGES[field.type])
    return PLAIN[field.type]


def key_reader(field: FieldDescriptor) -> Convert:
    """The reader of map keys: always text in JSON."""
    if field.type == _TYPE.TYPE_BOOL:
        return _boolean_key
    if field.type == _TYPE.TYPE_STRING:
        return string
    return integer_reader(*INTEGER_RANGES[field.type])


def _boolean_key(value: str) -> bool:
    if value in ("true", "false"):
        return value == "true"
    raise Refusal("expected true or false as key")


PLAIN: dict[int, Convert] = {
    _TYPE.TYPE_STRING: string,
    _TYPE.TYPE_BOOL: boolean,
    _TYPE.TYPE_BYTES: base64_bytes,
    _TYPE.TYPE_DOUBLE: double,
    _TYPE.TYPE_FLOAT: single,
}
