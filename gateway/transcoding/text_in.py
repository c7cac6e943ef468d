"""Plain text (a path variable, a query value) -> one field value: the proto JSON form without its quotes.

Beyond that form: booleans may be 1 and 0, enums their numbers, integers carry leading zeros, field masks proto names;
Struct, Value and ListValue, which have no plain text, are JSON.
"""

from __future__ import annotations

import re

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from . import json_scalars, json_text, json_wkt_in
from .errors import Refusal, RuleError
from .fields import Convert, Kwargs
from .json_in import JsonReaders
from .options import Options

_PACKAGE = "google.protobuf."
_JSON_TYPES = frozenset(_PACKAGE + name for name in ("Struct", "Value", "ListValue"))
_INTEGER = re.compile(r"-?[0-9]{1,20}")
_PATHS = re.compile(r"[A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*(?:,[A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*)*")
_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}
_TYPE = FieldDescriptor


class TextReaders:
    """Makes the converter of a field; raises RuleError for fields that no text can stand for."""

    def __init__(self, readers: JsonReaders, options: Options) -> None:
        self._readers = readers
        self._options = options

    def element(self, field: FieldDescriptor) -> Convert:
        """The converter of one value of the field."""
        if field.message_type is not None:
            return self._message(field.message_type)
        if field.enum_type is not None:
            return self._enum(field.enum_type)
        return _scalar(field.type)

    def separated(self, field: FieldDescriptor, separator: str) -> Convert:
        """The converter of a repeated field whose values stand in one text."""
        element = self.element(field)
        return lambda text: [element(part) for part in text.split(separator)]

    def _message(self, descriptor: Descriptor) -> Convert:
        name = descriptor.full_name
        if name in json_wkt_in.WRAPPERS:
            convert = _scalar(json_wkt_in.WRAPPERS[name])
            return lambda text: {"value": convert(text)}
        if name == _PACKAGE + "Timestamp":
            return json_wkt_in.timestamp
        if name == _PACKAGE + "Duration":
            return json_wkt_in.duration
        if name == _PACKAGE + "FieldMask":
            return _field_mask
        if name in _JSON_TYPES:
            read = self._readers.reader(descriptor)
            return lambda text: read(json_text.loads(text.encode()))
        raise RuleError(f"{name} has no plain text form")

    def _enum(self, enum: EnumDescriptor) -> Convert:
        numbers = frozenset(value.number for value in enum.values)
        by_name = json_scalars.enum_reader(enum, ignore_case=self._options.case_insensitive_enums)

        def read(text: str) -> int:
            if not _INTEGER.fullmatch(text):
                named: int = by_name(text)
                return named
            if int(text) not in numbers:
                raise Refusal("unknown enum number")
            return int(text)

        return read


def _scalar(scalar: int) -> Convert:
    if scalar in json_scalars.INTEGER_RANGES:
        return _integer(*json_scalars.INTEGER_RANGES[scalar])
    return _boolean if scalar == _TYPE.TYPE_BOOL else json_scalars.PLAIN[scalar]


def _integer(low: int, high: int) -> Convert:
    def read(text: str) -> int:
        if not _INTEGER.fullmatch(text):
            raise Refusal("expected an integer")
        number = int(text)
        if low <= number <= high:
            return number
        raise Refusal("number out of range")

    return read


def _boolean(text: str) -> bool:
    value = _BOOLEANS.get(text)
    if value is None:
        raise Refusal("expected true or false")
    return value


def _field_mask(text: str) -> Kwargs:
    if "_" not in text:
        return json_wkt_in.field_mask(text)
    if not _PATHS.fullmatch(text):
        raise Refusal("expected field paths joined by commas")
    return {"paths": text.split(",")}
