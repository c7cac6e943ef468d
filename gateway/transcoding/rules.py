"""google.api.HttpRule -> bindings: what one HTTP method and template mean for one gRPC method."""

from __future__ import annotations

import dataclasses

from google.api import annotations_pb2, http_pb2
from google.protobuf.descriptor import MethodDescriptor

from . import templates
from .errors import RuleError, TemplateError


@dataclasses.dataclass(frozen=True, slots=True)
class Binding:
    """One way in: `body` is "" (none), `*` (every field the path leaves) or a field; `response_body` "" or a field."""

    method: str
    template: templates.Template
    body: str
    response_body: str


def bindings(rule: http_pb2.HttpRule) -> tuple[Binding, ...]:
    """The rule's own binding, then its additional ones; none for an empty rule. Raises RuleError, TemplateError."""
    found = [_binding(rule)] if rule.WhichOneof("pattern") else []
    for extra in rule.additional_bindings:
        if extra.additional_bindings:
            raise RuleError("additional bindings cannot have additional bindings")
        if not extra.WhichOneof("pattern"):
            raise RuleError("an additional binding needs a pattern")
        found.append(_binding(extra))
    return tuple(found)


def method_bindings(method: MethodDescriptor) -> tuple[Binding, ...]:
    """The bindings of a method's `google.api.http` option; errors name the method."""
    try:
        return bindings(method.GetOptions().Extensions[annotations_pb2.http])
    except (RuleError, TemplateError) as error:
        raise type(error)(f"{method.full_name}: {error}") from error


def _binding(rule: http_pb2.HttpRule) -> Binding:
    kind = rule.WhichOneof("pattern")
    if kind == "custom":
        method, path = rule.custom.kind, rule.custom.path
        if not method:
            raise RuleError("a custom pattern needs a kind")
    else:
        method, path = str(kind).upper(), str(getattr(rule, str(kind)))
    return Binding(method, templates.parse(path), rule.body, rule.response_body)
