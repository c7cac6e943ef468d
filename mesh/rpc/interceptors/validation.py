"""Requests that keep the rules of their contract (protovalidate)."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator
from typing import Any

import protovalidate
from google.protobuf import message as protobuf

from mesh import errors
from mesh.rpc.call import Call, Handler, Interceptor, Surroundings
from mesh.rpc.policy import MethodPolicy

VIOLATIONS_LIMIT = 100


class Validation(Interceptor):
    """Parses the request and checks it; of a client stream, each message as it comes."""

    def __init__(self, surroundings: Surroundings, policy: MethodPolicy, handler: Handler) -> None:
        super().__init__(surroundings, policy, handler)
        self._parse, self._streaming = handler.parse, policy.client_streaming and not policy.server_streaming
        # Rules are compiled at first use, which takes milliseconds: better now than in somebody's call.
        protovalidate.collect_violations(self._parse(b""))

    def before(self, call: Call) -> None:
        call.request = self._each(call.raw) if self._streaming else self._checked(call.raw)

    async def _each(self, raw: AsyncIterable[bytes]) -> AsyncIterator[protobuf.Message]:
        async for data in raw:
            yield self._checked(data)

    def _checked(self, data: bytes) -> protobuf.Message:
        try:
            request = self._parse(data)
        except (protobuf.DecodeError, ValueError):
            raise errors.InvalidArgument("The request is not a message of its contract.") from None
        check(request)
        return request


def check(request: protobuf.Message) -> None:
    """Let a message pass that keeps its rules.

    Raises:
        errors.InvalidArgument: it breaks some; each violation names a field's path in proto names.
    """
    found = protovalidate.collect_violations(request)
    if found:
        raise errors.InvalidArgument(violations=tuple(_violation(item.proto) for item in found[:VIOLATIONS_LIMIT]))


def _violation(found: Any) -> errors.FieldViolation:
    elements = found.field.elements if found.field is not None else ()
    return errors.FieldViolation(path_of(elements), found.message)


def path_of(elements: Any) -> str:
    """A field path in proto names: `profile.first_name`, `rows[17].amount`, `labels["x"]`."""
    return ".".join(element.field_name + _subscript(element) for element in elements)


def _subscript(element: Any) -> str:
    chosen = element.subscript
    if chosen is None:
        return ""
    if chosen.field == "index":
        return f"[{chosen.value}]"
    if chosen.field == "string_key":
        return f'["{chosen.value}"]'
    return f"[{str(chosen.value).lower()}]"
