"""How long to wait before trying again, and which failures are worth it."""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Callable

from mesh import errors

# What passes when something else comes back: the event is not to blame for it.
OUTAGE_KINDS = frozenset({errors.Kind.UNAVAILABLE, errors.Kind.DEADLINE_EXCEEDED, errors.Kind.RESOURCE_EXHAUSTED})
JITTER_STEPS = 1_000


def even() -> float:
    """A random number in [0, 1)."""
    return secrets.randbelow(JITTER_STEPS) / JITTER_STEPS


@dataclasses.dataclass(frozen=True, slots=True)
class Backoff:
    """Doubling waits, each between half and the whole of its length, so that many waiters do not come back together."""

    first_s: float = 0.2
    longest_s: float = 10.0
    chance: Callable[[], float] = even

    def delay_s(self, failures: int) -> float:
        """The wait after so many failures in a row, from 1."""
        doublings = min(max(failures - 1, 0), 30)
        return min(self.first_s * 2.0**doublings, self.longest_s) * (0.5 + self.chance() / 2)


def is_outage(error: BaseException) -> bool:
    """Whether something that the work needs is out of reach."""
    return isinstance(error, TimeoutError) or (isinstance(error, errors.ServiceError) and error.kind in OUTAGE_KINDS)


def is_hopeless(error: BaseException) -> bool:
    """Whether the event itself is wrong, so that trying again gives the same."""
    return isinstance(error, errors.ServiceError) and error.kind is errors.Kind.INVALID_ARGUMENT
