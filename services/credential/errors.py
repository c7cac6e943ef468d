"""What the credential service refuses, one class a reason of `credpass/credential/v1/error_reason.proto`."""

from __future__ import annotations

from mesh import errors

DOMAIN = "credpass.credential.v1"


class CredentialNotFound(errors.ServiceError):
    kind = errors.Kind.NOT_FOUND
    domain = DOMAIN
    reason = "CREDENTIAL_NOT_FOUND"
    message = "There is no such credential."


class ShareLinkNotFound(errors.ServiceError):
    kind = errors.Kind.NOT_FOUND
    domain = DOMAIN
    reason = "SHARE_LINK_NOT_FOUND"
    message = "There is no such share link."


class CredentialNotActive(errors.ServiceError):
    kind = errors.Kind.FAILED_PRECONDITION
    domain = DOMAIN
    reason = "CREDENTIAL_NOT_ACTIVE"
    message = "The credential does not hold any more, so it cannot be shared."

    @classmethod
    def with_status(cls, status: str) -> CredentialNotActive:
        return cls(metadata={"status": status})


class TooManyShareLinks(errors.ServiceError):
    kind = errors.Kind.FAILED_PRECONDITION
    domain = DOMAIN
    reason = "TOO_MANY_SHARE_LINKS"
    message = "The credential has as many active links as it may. Revoke one first."

    @classmethod
    def over(cls, limit: int) -> TooManyShareLinks:
        return cls(metadata={"limit": str(limit)})


class RevocationIncomplete(errors.ServiceError):
    kind = errors.Kind.UNAVAILABLE
    domain = DOMAIN
    reason = "REVOCATION_INCOMPLETE"
    message = "The revocation is written but not everywhere yet. Try again shortly."
