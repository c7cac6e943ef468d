"""Converters by message type, made at first use: recursive types refer to what is still being made."""

from __future__ import annotations

import threading
from collections.abc import Callable

from google.protobuf.descriptor import Descriptor

from .fields import Convert

Start = Callable[[Descriptor], tuple[Convert, Callable[[], None]]]
"""Gives a converter at once, and what fills it in; only then other types are asked for."""


def nothing_more() -> None:
    """Fills in nothing: for converters that are ready at once."""


class Compiled:
    """One converter a message type. Any number of threads may ask; none sees a converter that is not filled in.

    Keyed by descriptor, not by name: two pools may hold one name each.
    """

    def __init__(self, start: Start) -> None:
        self._start = start
        self._ready: dict[Descriptor, Convert] = {}
        self._started: dict[Descriptor, Convert] = {}
        self._lock = threading.RLock()

    def get(self, descriptor: Descriptor) -> Convert:
        """The converter of a type. What the start raises is passed on, and nothing is kept."""
        known = self._ready.get(descriptor)
        return self._compile(descriptor) if known is None else known

    def _compile(self, descriptor: Descriptor) -> Convert:
        with self._lock:
            known = self._ready.get(descriptor) or self._started.get(descriptor)
            if known is not None:
                return known
            if self._started:
                return self._begin(descriptor)
            try:
                made = self._begin(descriptor)
                self._ready.update(self._started)
            finally:
                self._started.clear()
            return made

    def _begin(self, descriptor: Descriptor) -> Convert:
        convert, fill = self._start(descriptor)
        self._started[descriptor] = convert
        fill()
        return convert
