"""What the ingestion service refuses, one class a reason of `credpass/ingestion/v1/error_reason.proto`."""

from __future__ import annotations

from mesh import errors

DOMAIN = "credpass.ingestion.v1"


class UnreadableStatement(errors.ServiceError):
    kind = errors.Kind.INVALID_ARGUMENT
    domain = DOMAIN
    reason = "UNREADABLE_STATEMENT"
    message = "The file cannot be read as a statement."


class InvalidRows(errors.ServiceError):
    kind = errors.Kind.INVALID_ARGUMENT
    domain = DOMAIN
    reason = "INVALID_ROWS"
    message = "Some rows of the statement cannot be taken."


class OpenQuestion(errors.ServiceError):
    kind = errors.Kind.INVALID_ARGUMENT
    domain = DOMAIN
    reason = "OPEN_QUESTION"
    message = "The file leaves something open. Send it again with the field named here."


class StatementTooLarge(errors.ServiceError):
    kind = errors.Kind.INVALID_ARGUMENT
    domain = DOMAIN
    reason = "STATEMENT_TOO_LARGE"
    message = "The file is larger than the limit."

    @classmethod
    def over(cls, limit_bytes: int) -> StatementTooLarge:
        return cls(metadata={"limit_bytes": str(limit_bytes)})


class InvalidForm(errors.ServiceError):
    kind = errors.Kind.INVALID_ARGUMENT
    domain = DOMAIN
    reason = "INVALID_FORM"
    message = "The form is not valid."

    @classmethod
    def in_field(cls, field: str, what: str) -> InvalidForm:
        return cls(what, violations=(errors.FieldViolation(field, what),))


class ConsentMissing(errors.ServiceError):
    kind = errors.Kind.FAILED_PRECONDITION
    domain = DOMAIN
    reason = "CONSENT_MISSING"
    message = "Consent to data processing is missing or was withdrawn."


class UploadNotFound(errors.ServiceError):
    kind = errors.Kind.NOT_FOUND
    domain = DOMAIN
    reason = "UPLOAD_NOT_FOUND"
    message = "There is no such upload."
