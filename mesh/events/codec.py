"""Messages to events, events to the bytes on a topic, and back: `credpass.mesh.v1.EventEnvelope` as JSON."""

from __future__ import annotations

import functools
from datetime import UTC, datetime
from typing import Any, TypeVar

import orjson
from credpass.mesh.v1 import options_pb2
from google.protobuf import descriptor, json_format
from google.protobuf import message as messages

from mesh import errors, ids
from mesh.events import port

M = TypeVar("M", bound=messages.Message)
Field = descriptor.FieldDescriptor
# Kinds of field whose proto JSON is the Python value as it is.
PLAIN = frozenset({Field.TYPE_STRING, Field.TYPE_BOOL, Field.TYPE_INT32, Field.TYPE_UINT32})


class MalformedEvent(errors.InvalidArgument):
    """A record or payload that does not have the shape its topic promises. Trying again cannot help."""

    message = "The event does not have the shape that its type promises."


def event(
    message: messages.Message, *, aggregate_id: str, version: int, clock_now: datetime, correlation_id: str
) -> port.Event:
    """The event that `message` is, by its `event` option; the id derives from aggregate, version and type.

    So an aggregate's version that is written again, by a retry or a replay, gives the same id. Raises ValueError for a
    message without the option.
    """
    topic, kind, key = _published(message.DESCRIPTOR)
    return port.Event(
        topic=topic,
        key=getattr(message, key),
        id=ids.derived_id("evt", aggregate_id, str(version), kind),
        type=kind,
        timestamp=clock_now,
        payload=_payload(message),
        correlation_id=correlation_id,
    )


def payload(event: port.Event, message_type: type[M]) -> M:
    """The message of an event; fields that a newer publisher added are left out. Raises MalformedEvent."""
    try:
        return json_format.ParseDict(dict(event.payload), message_type(), ignore_unknown_fields=True)
    except json_format.ParseError:
        raise MalformedEvent from None


def encode(event: port.Event) -> bytes:
    """The envelope's JSON."""
    return orjson.dumps(
        {
            "eventId": event.id,
            "eventType": event.type,
            "timestamp": _text_of(event.timestamp),
            "payload": event.payload,
            "metadata": {"correlationId": event.correlation_id, "version": event.version},
        }
    )


@functools.lru_cache(maxsize=256)  # the events of a batch have one moment
def _text_of(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def decode(record: port.Record) -> port.Event:
    """The event in a record. Raises MalformedEvent."""
    try:
        envelope = orjson.loads(record.value)
        metadata = envelope["metadata"]
        return port.Event(
            topic=record.topic,
            key=record.key,
            id=_text(envelope["eventId"]),
            type=_text(envelope["eventType"]),
            timestamp=_instant(envelope["timestamp"]),
            payload=_map(envelope["payload"]),
            correlation_id=_text(metadata["correlationId"]),
            version=_text(metadata["version"]),
        )
    except (ValueError, KeyError, TypeError):
        raise MalformedEvent from None


@functools.cache
def _published(kind: descriptor.Descriptor) -> tuple[str, str, str]:
    """Topic, type and key field of a message."""
    options = kind.GetOptions()
    if not options.HasExtension(options_pb2.event):
        raise ValueError(f"{kind.full_name} has no `event` option, so it is no event.")
    published = options.Extensions[options_pb2.event]
    return published.topic, published.type, published.key


def _payload(message: messages.Message) -> dict[str, Any]:
    fields = _plain_fields(message.DESCRIPTOR)
    if fields is None:
        return json_format.MessageToDict(message, always_print_fields_with_no_presence=True)
    return {json_name: getattr(message, name) for name, json_name in fields}


@functools.cache
def _plain_fields(kind: descriptor.Descriptor) -> tuple[tuple[str, str], ...] | None:
    """(name, JSON name) of each field where all are plain; most events are, and json_format takes ten times as long."""
    if any(field.type not in PLAIN or field.is_repeated or field.has_presence for field in kind.fields):
        return None
    return tuple((field.name, field.json_name) for field in kind.fields)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _map(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError
    return value


def _instant(value: Any) -> datetime:
    instant = datetime.fromisoformat(_text(value))
    if instant.tzinfo is None:
        raise ValueError
    return instant
