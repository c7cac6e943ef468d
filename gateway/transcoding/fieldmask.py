"""The field mask that a PATCH body implies: the paths of the fields it names (AIP-134), as proto names.

Lists, maps and types with a JSON form of their own count as a whole; Struct and Value are entered by key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from . import fields, json_wkt_in
from .errors import Refusal, clip

_DYNAMIC = frozenset({"google.protobuf.Struct", "google.protobuf.Value"})
# a key of other form could not be told from a path of several names
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def infer(descriptor: Descriptor, body: Any) -> list[str]:
    """The paths that a parsed JSON body sets in a message of this type; raises Refusal for what cannot be a message."""
    if type(body) is not dict:
        raise Refusal("expected an object")
    return list(_message_paths(descriptor, body, ""))


def _message_paths(descriptor: Descriptor, body: dict[str, Any], prefix: str) -> Iterator[str]:
    for name, value in body.items():
        field = fields.lookup(descriptor, name)
        if field is None:
            raise Refusal("unknown field").under(clip(name))
        try:
            yield from _field_paths(field, value, prefix + field.name)
        except Refusal as refusal:
            raise refusal.under(clip(name)) from None


def _field_paths(field: FieldDescriptor, value: Any, path: str) -> Iterator[str]:
    if field.is_repeated or type(value) is not dict:
        yield path
    elif field.message_type is None:
        raise Refusal("not a message, so it has no fields")
    elif field.message_type.full_name in _DYNAMIC:
        yield from _key_paths(value, path)
    elif not value or field.message_type.full_name in json_wkt_in.SPECIAL:
        yield path
    else:
        yield from _message_paths(field.message_type, value, path + ".")


def _key_paths(value: Any, path: str) -> Iterator[str]:
    if type(value) is dict and value and all(_KEY.fullmatch(key) for key in value):
        for key, item in value.items():
            yield from _key_paths(item, f"{path}.{key}")
    else:
        yield path
