"""What the verification service refuses, one class a reason of `credpass/verification/v1/error_reason.proto`."""

from __future__ import annotations

from mesh import errors

DOMAIN = "credpass.verification.v1"


class TokenNotFound(errors.ServiceError):
    kind = errors.Kind.NOT_FOUND
    domain = DOMAIN
    reason = "TOKEN_NOT_FOUND"
    message = "No credential or link has this token."


def institution_not_confirmed() -> errors.ServiceError:
    """Auth's own refusal, for an item of a batch whose key auth has looked at."""
    return errors.Unexplained(
        errors.Kind.FAILED_PRECONDITION,
        "credpass.auth.v1",
        "INSTITUTION_NOT_CONFIRMED",
        "The institution's e-mail is not confirmed yet. Use the link in the mail we sent.",
    )
