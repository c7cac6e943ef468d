"""JSON schemas of messages: the proto JSON mapping plus the protovalidate rules."""

from __future__ import annotations

from typing import Any

from buf.validate import validate_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from gateway.openapi.comments import Comments

Schema = dict[str, Any]

INT32 = {"type": "integer", "minimum": -(1 << 31), "maximum": (1 << 31) - 1}
UINT32 = {"type": "integer", "minimum": 0, "maximum": (1 << 32) - 1}
INT64 = {"type": "string", "pattern": "^-?[0-9]+$"}
UINT64 = {"type": "string", "pattern": "^[0-9]+$"}
NUMBER = {"type": "number"}

SCALARS: dict[int, Schema] = {
    FieldDescriptor.TYPE_STRING: {"type": "string"},
    FieldDescriptor.TYPE_BOOL: {"type": "boolean"},
    FieldDescriptor.TYPE_BYTES: {"type": "string", "contentEncoding": "base64"},
    FieldDescriptor.TYPE_DOUBLE: NUMBER,
    FieldDescriptor.TYPE_FLOAT: NUMBER,
    FieldDescriptor.TYPE_INT32: INT32,
    FieldDescriptor.TYPE_SINT32: INT32,
    FieldDescriptor.TYPE_SFIXED32: INT32,
    FieldDescriptor.TYPE_UINT32: UINT32,
    FieldDescriptor.TYPE_FIXED32: UINT32,
    FieldDescriptor.TYPE_INT64: INT64,
    FieldDescriptor.TYPE_SINT64: INT64,
    FieldDescriptor.TYPE_SFIXED64: INT64,
    FieldDescriptor.TYPE_UINT64: UINT64,
    FieldDescriptor.TYPE_FIXED64: UINT64,
}

WELL_KNOWN: dict[str, Schema] = {
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    "google.protobuf.Duration": {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]{1,9})?s$"},
    "google.protobuf.Struct": {"type": "object"},
    "google.protobuf.Value": {},
}


class Schemas:
    """Schemas of messages, collected as components while they are asked for."""

    def __init__(self, comments: Comments) -> None:
        self._comments = comments
        self.components: dict[str, Schema] = {}

    def of(self, message: Descriptor, *, request: bool) -> Schema:
        """A reference to the schema of a message."""
        if message.full_name in WELL_KNOWN:
            return WELL_KNOWN[message.full_name]
        name = _component_name(message)
        if name not in self.components:
            self.components[name] = {}
            self.components[name] = self.object(message, request=request)
        return {"$ref": f"#/components/schemas/{name}"}

    def object(self, message: Descriptor, *, request: bool, without: frozenset[str] = frozenset()) -> Schema:
        """The schema of a message, less the fields named (they are bound from the path)."""
        fields = [field for field in message.fields if field.name not in without]
        schema: Schema = {"type": "object"}
        if text := self._comments.of(message.full_name):
            schema["description"] = text
        schema["properties"] = {field.json_name: self.field(field, request=request) for field in fields}
        needed = [field.json_name for field in fields if (needs_value(field) if request else is_always_printed(field))]
        if needed:
            schema["required"] = needed
        if request:
            schema["additionalProperties"] = False
        return schema

    def field(self, field: FieldDescriptor, *, request: bool) -> Schema:
        """The schema of a field with its rules and its comment."""
        rules = _rules(field)
        schema = self._shape(field, rules, request=request)
        if text := self._comments.of(field.full_name):
            schema = {**schema, "description": text}
        return schema

    def _shape(self, field: FieldDescriptor, rules: validate_pb2.FieldRules, *, request: bool) -> Schema:
        if is_map(field):
            value = message_of(field.containing_type, field.name).fields_by_name["value"]
            return {"type": "object", "additionalProperties": self._single(value, rules, request=request)}
        if not field.is_repeated:
            return self._single(field, rules, request=request)
        schema: Schema = {"type": "array", "items": self._single(field, rules.repeated.items, request=request)}
        if rules.repeated.HasField("min_items"):
            schema["minItems"] = rules.repeated.min_items
        if rules.repeated.HasField("max_items"):
            schema["maxItems"] = rules.repeated.max_items
        if rules.repeated.unique:
            schema["uniqueItems"] = True
        return schema

    def _single(self, field: FieldDescriptor, rules: validate_pb2.FieldRules, *, request: bool) -> Schema:
        if field.message_type:
            return self.of(field.message_type, request=request)
        if field.enum_type:
            return {"type": "string", "enum": [value.name for value in field.enum_type.values]}
        return {**SCALARS[field.type], **_string_rules(rules.string), **_number_rules(rules), **_bool_rules(rules)}


def message_of(message: Descriptor | None, field: str) -> Descriptor:
    """The type of a message field that a contract's option names.

    Raises:
        ValueError: the field holds no message.
    """
    kind = message.fields_by_name[field].message_type if message else None
    if kind is None:
        raise ValueError(f"{message}.{field} holds no message")
    return kind


def is_map(field: FieldDescriptor) -> bool:
    return bool(field.message_type and field.message_type.GetOptions().map_entry)


def is_always_printed(field: FieldDescriptor) -> bool:
    """Whether an answer prints the field even when it holds the default (no presence)."""
    return not field.has_presence


def needs_value(field: FieldDescriptor) -> bool:
    """Whether a request without the field breaks a rule: the default value does not pass."""
    rules = _rules(field)
    if rules.required:
        return True
    if field.has_presence or "" in getattr(rules.string, "in"):
        return False
    text = rules.string
    choice = bool(getattr(text, "in"))
    return bool(text.min_len or text.pattern or text.email or choice or rules.repeated.min_items or rules.bool.const)


def _rules(field: FieldDescriptor) -> validate_pb2.FieldRules:
    return field.GetOptions().Extensions[validate_pb2.field]


def _string_rules(rules: validate_pb2.StringRules) -> Schema:
    schema: Schema = {}
    if rules.HasField("min_len"):
        schema["minLength"] = rules.min_len
    if rules.HasField("max_len"):
        schema["maxLength"] = rules.max_len
    if rules.pattern:
        schema["pattern"] = rules.pattern
    if rules.email:
        schema["format"] = "email"
    if choices := list(getattr(rules, "in")):
        schema["enum"] = choices
    return schema


def _number_rules(rules: validate_pb2.FieldRules) -> Schema:
    schema: Schema = {}
    if rules.uint32.HasField("gte"):
        schema["minimum"] = rules.uint32.gte
    if rules.uint32.HasField("lte"):
        schema["maximum"] = rules.uint32.lte
    return schema


def _bool_rules(rules: validate_pb2.FieldRules) -> Schema:
    return {"const": rules.bool.const} if rules.bool.HasField("const") else {}


def _component_name(message: Descriptor) -> str:
    name: str = message.full_name
    area, _, rest = name.removeprefix("credpass.").partition(".v1.")
    return f"{area}.{rest}"
