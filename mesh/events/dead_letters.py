"""Records that could not be handled: how they lie on the dead-letter topic, and how many are too many."""

from __future__ import annotations

import collections
import dataclasses

from mesh import errors
from mesh.events import port, topics


def letter(record: port.Record, error: BaseException, *, attempts: int, group: str) -> port.Publication:
    """The record as it goes to its dead-letter topic. The headers name the error's class and reason, never its text."""
    headers = {
        "error-class": type(error).__name__,
        "reason": error.reason if isinstance(error, errors.ServiceError) else "INTERNAL",
        "attempts": str(attempts),
        "origin-topic": record.topic,
        "origin-partition": str(record.partition),
        "origin-offset": str(record.offset),
        "group": group,
    }
    return port.Publication(topics.dead_letter(record.topic), record.key, record.value, headers)


@dataclasses.dataclass(frozen=True, slots=True)
class Limits:
    """How much may go to the dead letters: `streak` in a row, `ratio` of the last `window` records."""

    streak: int = 10
    ratio: float = 0.5
    window: int = 100


class Tally:
    """Counts how the last records went."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._streak = 0
        self._recent: collections.deque[bool] = collections.deque(maxlen=limits.window)

    def add(self, *, dead: bool, count: int = 1) -> None:
        """`count` records went well, or were dead."""
        self._streak = self._streak + count if dead else 0
        self._recent.extend([dead] * min(count, self._limits.window))

    @property
    def is_too_much(self) -> bool:
        full = len(self._recent) == self._limits.window
        return self._streak >= self._limits.streak or (
            full and sum(self._recent) >= self._limits.ratio * self._limits.window
        )
