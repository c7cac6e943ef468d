"""The form of access tokens: JWTs (RFC 7519) signed with ES256, which auth issues and the gateway checks."""

from __future__ import annotations

ALGORITHM = "ES256"
ISSUER = "https://credpass.internal"
AUDIENCE = "credpass-api"
LIFETIME_S = 15 * 60
# Every claim is needed: a token without one was not issued by us.
CLAIMS = ("sub", "type", "role", "sid", "iat", "exp", "iss", "aud", "jti")
