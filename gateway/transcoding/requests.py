"""A whole request -> one message: path variables, query and body, by one binding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from google.protobuf import message
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from . import fieldmask, fields, json_text
from .errors import Refusal, RuleError, TranscodingError
from .fields import Kwargs, Setter
from .json_in import JsonReaders, refuse_too_deep
from .options import Options
from .query import QueryBinder
from .registry import message_class
from .text_in import TextReaders

_MASK_TYPE = "google.protobuf.FieldMask"
_MASK_FIELD = "update_mask"


class RequestDecoder:
    """Decoder of one binding; compiled once, then only read."""

    def __init__(
        self,
        descriptor: Descriptor,
        variables: Sequence[str],
        body: str,
        readers: JsonReaders,
        options: Options,
        *,
        infers_mask: bool = False,
    ) -> None:
        """`variables` are field paths in the order of their texts; `infers_mask` is for PATCH. Raises RuleError."""
        self._class = message_class(descriptor)
        texts = TextReaders(readers, options)
        self._setters = tuple(_path_setter(descriptor, path, texts, options) for path in variables)
        self._body = _BodyReader(descriptor, body, readers)
        bound = [setter.path for setter in self._setters] + ([self._body.path] if body else [])
        self._query = QueryBinder(descriptor, bound, texts, options)
        self._infers_mask = infers_mask and _has_mask(descriptor, self._body)

    def decode(self, variables: Sequence[str], query: str, body: bytes) -> message.Message:
        """The request message.

        Args:
            variables: decoded texts of the path variables, in order.
            query: the raw query string without `?`.
            body: the whole body as it came.

        Raises:
            TranscodingError: naming the field that does not fit.
        """
        try:
            kwargs, value = self._body.read(body)
            if self._setters or query or self._infers_mask:
                self._add(kwargs, variables, query, value)
            made = self._built(kwargs)
            refuse_too_deep(made, body, value)
        except Refusal as refusal:
            raise refusal.to_error() from None
        return made

    def _built(self, kwargs: Any) -> message.Message:
        if type(kwargs) is not dict:
            ready: message.Message = kwargs
            return ready
        try:
            return self._class(**kwargs)
        except (ValueError, TypeError):
            # the runtime's last word, such as a text with a lone surrogate
            raise TranscodingError("the request does not fit its message") from None

    def _add(self, kwargs: Any, variables: Sequence[str], query: str, value: Any) -> None:
        if type(kwargs) is not dict:
            if self._setters or query:
                raise Refusal("the body is the whole message, so nothing can be added to it")
            return
        for setter, text in zip(self._setters, variables, strict=True):
            setter.put(kwargs, text)
        if query:
            self._query.bind(kwargs, query)
        if self._infers_mask and self._body.message_type and _MASK_FIELD not in kwargs and type(value) is dict:
            kwargs[_MASK_FIELD] = {"paths": fieldmask.infer(self._body.message_type, value)}


class _BodyReader:
    """Body bytes -> keyword dictionary of the request (or a ready message), and the parsed JSON."""

    def __init__(self, descriptor: Descriptor, body: str, readers: JsonReaders) -> None:
        self._present = bool(body)
        steps = () if body in ("", "*") else _resolve(descriptor, body)
        self.path = tuple(field.name for field in steps)
        self._shown = ".".join(field.json_name for field in steps)
        self._read = readers.field_reader(steps[-1]) if steps else readers.reader(descriptor)
        self.message_type: Descriptor | None = None
        """The type of the body, where it is one message field."""
        if steps and not steps[-1].is_repeated:
            self.message_type = steps[-1].message_type

    def read(self, raw: bytes) -> tuple[Any, Any]:
        """Raises Refusal."""
        if not raw:
            return {}, None
        value = json_text.loads(raw)
        if not self._present:
            if value == {}:
                return {}, None
            raise Refusal("this request takes no body")
        if not self.path:
            return self._read(value), value
        if value is None:
            return {}, None
        try:
            return self._nested(self._read(value)), value
        except Refusal as refusal:
            raise refusal.under(self._shown) from None

    def _nested(self, value: Any) -> Kwargs:
        for name in reversed(self.path):
            value = {name: value}
        kwargs: Kwargs = value
        return kwargs


def _resolve(descriptor: Descriptor, path: str) -> tuple[FieldDescriptor, ...]:
    try:
        return fields.resolve(descriptor, path)
    except Refusal as refusal:
        raise RuleError(f"{descriptor.full_name} has no field {path!r}: {refusal.message}") from None


def _path_setter(descriptor: Descriptor, path: str, texts: TextReaders, options: Options) -> Setter:
    steps = _resolve(descriptor, path)
    field = steps[-1]
    if not field.is_repeated:
        return Setter(steps, texts.element(field), options.collision)
    if options.path_list_separator is None or fields.map_entry(field) is not None:
        raise RuleError(f"{descriptor.full_name}: path variable {path!r} is a repeated field")
    return Setter(steps, texts.separated(field, options.path_list_separator), options.collision)


def _has_mask(descriptor: Descriptor, body: _BodyReader) -> bool:
    mask = descriptor.fields_by_name.get(_MASK_FIELD)
    is_mask = mask is not None and mask.message_type is not None and mask.message_type.full_name == _MASK_TYPE
    return is_mask and body.message_type is not None
