"""Idempotency keys on their way: from the gateway as metadata to the service, which claims them.

The key travels in a metadata entry of its own, and only with calls of methods whose contract says that they take one.
"""

from __future__ import annotations

import contextlib
import contextvars
import dataclasses
from collections.abc import Awaitable, Iterable, Iterator
from typing import Any, TypeVar

from mesh import errors, ids

# Binary, so that no transport trims it.
KEY = "x-credpass-idempotency-key-bin"
REPLAYED = "x-credpass-idempotency-replayed"
LONGEST_KEY = 255

Metadata = Iterable[tuple[str, str | bytes]]
Answer = TypeVar("Answer")

_effects: contextvars.ContextVar[ids.Effects] = contextvars.ContextVar("credpass_effects", default=ids.NEW)


@dataclasses.dataclass(slots=True)
class Sending:
    """A key that goes with the calls of a block. `replayed`: whether the answer is one that was given before."""

    key: str
    replayed: bool = False

    @property
    def entry(self) -> tuple[str, bytes]:
        """The key as it travels."""
        return KEY, self.key.encode("ascii")


_sending: contextvars.ContextVar[Sending | None] = contextvars.ContextVar("credpass_idempotency_key", default=None)


def effects() -> ids.Effects:
    """Ids of what the call under way makes: the same whenever it is made again with its key, else new ones."""
    return _effects.get()


def set_effects(found: ids.Effects) -> None:
    """The call under way in this task makes these."""
    _effects.set(found)


@contextlib.contextmanager
def sending(key: str) -> Iterator[Sending]:
    """Calls in the block, of methods that take one, carry the key: the gateway around the call of a route."""
    sent = Sending(key)
    token = _sending.set(sent)
    try:
        yield sent
    finally:
        _sending.reset(token)


def under_way() -> Sending | None:
    """The key that the calls made now carry."""
    return _sending.get()


def told(metadata: Metadata) -> str:
    """The key that came with a call, empty without one.

    Raises:
        errors.InvalidArgument: it is none.
    """
    for name, value in metadata:
        if name == KEY and isinstance(value, bytes):
            if not 0 < len(value) <= LONGEST_KEY or not value.isascii() or b"\n" in value:
                raise errors.InvalidArgument("The call's idempotency key cannot be read.")
            return value.decode("ascii")
    return ""


async def noted(call: Any, answer: Awaitable[Answer], sent: Sending | None) -> Answer:
    """The answer of a call of grpc.aio; `sent` learns whether it was given before, be it a refusal."""
    try:
        return await answer
    finally:
        if sent is not None and call.done():
            sent.replayed = any(name == REPLAYED for name, _ in await call.initial_metadata() or ())
