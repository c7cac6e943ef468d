"""Typed errors that cross every hop and are the same type again on the far side.

Raise what happened: a subclass that states the fact, with its area's reason. `mesh.rpc.status` turns one into a gRPC
status with google.rpc.ErrorInfo (and BadRequest, RetryInfo) and back; nothing else knows status codes. Standard library
only, so that a domain may import it.
"""

from __future__ import annotations

import dataclasses
import enum
from typing import ClassVar

MESH_DOMAIN = "credpass.mesh.v1"


class Kind(enum.Enum):
    """What kind of fact an error states. One table maps it to a gRPC code (mesh.rpc.status)."""

    INVALID_ARGUMENT = "invalid argument"
    UNAUTHENTICATED = "unauthenticated"
    PERMISSION_DENIED = "permission denied"
    NOT_FOUND = "not found"
    ALREADY_EXISTS = "already exists"
    CONFLICT = "conflict"
    FAILED_PRECONDITION = "failed precondition"
    RESOURCE_EXHAUSTED = "resource exhausted"
    UNAVAILABLE = "unavailable"
    DEADLINE_EXCEEDED = "deadline exceeded"
    INTERNAL = "internal"


@dataclasses.dataclass(frozen=True, slots=True)
class FieldViolation:
    """A field that breaks a rule: its path in proto names (`profile.first_name`, `rows[17].amount`), what is wrong."""

    field: str
    message: str


class ServiceError(Exception):
    """Something that was raised on purpose and that the caller may be told.

    A concrete subclass sets `kind`, `domain` and `reason` (the name in its area's ErrorReason without the prefix) and a
    default `message`. Nothing private belongs in any of its parts.
    """

    kind: ClassVar[Kind] = Kind.INTERNAL
    domain: ClassVar[str] = MESH_DOMAIN
    reason: ClassVar[str] = "INTERNAL"
    message: ClassVar[str] = "Something went wrong on our side."

    replayed = False
    """Set by whoever asked: the same call was refused like this before."""

    registry: ClassVar[dict[tuple[str, str], type[ServiceError]]] = {}

    def __init__(
        self,
        message: str = "",
        *,
        metadata: dict[str, str] | None = None,
        violations: tuple[FieldViolation, ...] = (),
        retry_after_s: float | None = None,
    ) -> None:
        self.text = message or self.message
        self.metadata = metadata or {}
        self.violations = violations
        self.retry_after_s = retry_after_s
        super().__init__(self.text)

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        # The first class that claims a reason keeps it: one that only narrows the message shares its parent's reason.
        ServiceError.registry.setdefault((cls.domain, cls.reason), cls)


class Internal(ServiceError):
    """Something failed that nobody raised on purpose."""


class InvalidArgument(ServiceError):
    kind = Kind.INVALID_ARGUMENT
    reason = "VALIDATION_ERROR"
    message = "Invalid request parameters"


class Unauthenticated(ServiceError):
    kind = Kind.UNAUTHENTICATED
    reason = "UNAUTHENTICATED"
    message = "Credentials are needed."


class InvalidCredentials(Unauthenticated):
    reason = "INVALID_CREDENTIALS"
    message = "The credentials shown are not valid."


class PermissionDenied(ServiceError):
    kind = Kind.PERMISSION_DENIED
    reason = "PERMISSION_DENIED"
    message = "The caller may not do this."


class NotFound(ServiceError):
    kind = Kind.NOT_FOUND
    reason = "NOT_FOUND"
    message = "There is no such thing."


class Conflict(ServiceError):
    kind = Kind.CONFLICT
    reason = "CONFLICT"
    message = "Another change came first. Try again."


class IdempotencyKeyInUse(Conflict):
    reason = "IDEMPOTENCY_KEY_IN_USE"
    message = "A call with this Idempotency-Key is under way. Ask again shortly."


class IdempotencyKeyReused(ServiceError):
    kind = Kind.FAILED_PRECONDITION
    reason = "IDEMPOTENCY_KEY_REUSED"
    message = "This Idempotency-Key was sent with another body before. Nothing was done."


class RateLimited(ServiceError):
    kind = Kind.RESOURCE_EXHAUSTED
    reason = "RATE_LIMITED"
    message = "Too many requests."


class Overloaded(ServiceError):
    kind = Kind.RESOURCE_EXHAUSTED
    reason = "OVERLOADED"
    message = "Too much is under way. Try again shortly."


class Unavailable(ServiceError):
    kind = Kind.UNAVAILABLE
    reason = "UNAVAILABLE"
    message = "Something that is needed cannot be reached. Try again shortly."


class DeadlineExceeded(ServiceError):
    kind = Kind.DEADLINE_EXCEEDED
    reason = "DEADLINE_EXCEEDED"
    message = "The answer took too long."


class Unexplained(ServiceError):
    """Far side only: an error whose reason this process has no class for. It keeps kind, domain and reason."""

    def __init__(self, kind: Kind, domain: str, reason: str, message: str, **parts: object) -> None:
        super().__init__(message, **parts)  # type: ignore[arg-type]
        self.kind = kind  # type: ignore[misc]
        self.domain = domain  # type: ignore[misc]
        self.reason = reason  # type: ignore[misc]
