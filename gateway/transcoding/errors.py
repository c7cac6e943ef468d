"""What the transcoder refuses: a request (400), a contract (the start fails), a response (500)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

NAME_LIMIT = 80
"""Longest piece of client text that a message repeats, in characters."""


class FieldViolation(NamedTuple):
    """One place: `field` as JSON path (`book.tags[2]`, empty: the whole body) and what is wrong there."""

    field: str
    message: str


class TranscodingError(Exception):
    """A request that cannot become a message: HTTP 400, google.rpc.INVALID_ARGUMENT. Never carries library text."""

    def __init__(self, message: str, violations: Sequence[FieldViolation] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.violations: tuple[FieldViolation, ...] = tuple(violations)


class BuildError(Exception):
    """A contract that cannot be served; raised while routes are built, never by a request."""


class TemplateError(BuildError):
    """A path template outside the grammar of google/api/http.proto."""


class RuleError(BuildError):
    """An HTTP rule that does not fit its method's messages."""


class DuplicateRouteError(BuildError):
    """Two bindings answer the same HTTP method and the same paths."""


class EncodingError(Exception):
    """A response without a JSON form (time out of range, unknown type in an Any): the service's fault, HTTP 500."""


class Refusal(Exception):
    """Internal: a value that does not fit. Readers prepend their step while it rises, so the good path pays nothing."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
        self.path: list[str] = []

    def under(self, step: str) -> Refusal:
        """Prepend one step (a name, or `[index]`)."""
        self.path.insert(0, step)
        return self

    def to_error(self) -> TranscodingError:
        """The public error, naming the field where there is one."""
        field = "".join(self.path[:1]) + "".join(p if p.startswith("[") else f".{p}" for p in self.path[1:])
        text = f"{field}: {self.message}" if field else self.message
        return TranscodingError(text, (FieldViolation(field, self.message),))


def clip(text: str) -> str:
    """Client text short enough to repeat in a message."""
    return text if len(text) <= NAME_LIMIT else text[:NAME_LIMIT] + "..."
