"""One class per reason of `credpass/auth/v1/error_reason.proto`."""

from __future__ import annotations

from mesh import errors
from mesh.errors import Kind

DOMAIN = "credpass.auth.v1"


class WrongCredentials(errors.ServiceError):
    """E-mail and password do not belong together, or there is no such account: nobody is told which."""

    kind = Kind.UNAUTHENTICATED
    domain = DOMAIN
    reason = "WRONG_CREDENTIALS"
    message = "E-mail or password is wrong."


class EmailNotVerified(errors.ServiceError):
    """Said only after the right password."""

    kind = Kind.FAILED_PRECONDITION
    domain = DOMAIN
    reason = "EMAIL_NOT_VERIFIED"
    message = "The e-mail is not verified yet. Use the link in the mail we sent."


class LoginThrottled(errors.ServiceError):
    """Too many failures for this e-mail (whether or not it has an account) or from this address; `retry_after_s` is
    set.
    """

    kind = Kind.RESOURCE_EXHAUSTED
    domain = DOMAIN
    reason = "LOGIN_THROTTLED"
    message = "Too many failed log-ins. Wait before the next."


class InvalidRefreshToken(errors.ServiceError):
    """The token is unknown or expired, or its session has ended."""

    kind = Kind.UNAUTHENTICATED
    domain = DOMAIN
    reason = "INVALID_REFRESH_TOKEN"
    message = "The refresh token is not valid. Log in again."


class RefreshTokenReused(errors.ServiceError):
    """The token had been used before; its session has been ended."""

    kind = Kind.UNAUTHENTICATED
    domain = DOMAIN
    reason = "REFRESH_TOKEN_REUSED"
    message = "The refresh token was used before, so its session has been ended. Log in again."


class InvalidMailToken(errors.ServiceError):
    """The token from a mail is unknown, used or expired."""

    kind = Kind.INVALID_ARGUMENT
    domain = DOMAIN
    reason = "INVALID_MAIL_TOKEN"
    message = "The link is not valid any more. Ask for a new one."


class AccountNotActive(errors.ServiceError):
    """The account does not exist, or was erased."""

    kind = Kind.UNAUTHENTICATED
    domain = DOMAIN
    reason = "ACCOUNT_NOT_ACTIVE"
    message = "The account does not exist any more."


class ConsentMissing(errors.ServiceError):
    """Consent to data processing is missing or withdrawn."""

    kind = Kind.PERMISSION_DENIED
    domain = DOMAIN
    reason = "CONSENT_MISSING"
    message = "Consent to data processing is missing."


class TooManyApiKeys(errors.ServiceError):
    """The institution has as many active keys as it may. Metadata: `limit`."""

    kind = Kind.FAILED_PRECONDITION
    domain = DOMAIN
    reason = "TOO_MANY_API_KEYS"
    message = "The institution has as many active API keys as it may. Revoke one first."

    def __init__(self, limit: int) -> None:
        super().__init__(metadata={"limit": str(limit)})


class ApiKeyNotFound(errors.ServiceError):
    """The key does not exist, or is another institution's."""

    kind = Kind.NOT_FOUND
    domain = DOMAIN
    reason = "API_KEY_NOT_FOUND"
    message = "There is no such API key."


class InstitutionNotConfirmed(errors.ServiceError):
    """The institution's e-mail is not confirmed yet."""

    kind = Kind.FAILED_PRECONDITION
    domain = DOMAIN
    reason = "INSTITUTION_NOT_CONFIRMED"
    message = "The institution's e-mail is not confirmed yet. Use the link in the mail we sent."


class ErasureIncomplete(errors.ServiceError):
    """The erasure has begun and will be completed; the call may be made again. `retry_after_s` is set."""

    kind = Kind.UNAVAILABLE
    domain = DOMAIN
    reason = "ERASURE_INCOMPLETE"
    message = "The erasure has begun but is not complete. Call again; we complete it in any case."

    def __init__(self) -> None:
        super().__init__(retry_after_s=30)
