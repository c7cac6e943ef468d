"""Token -> principal: who the outside caller is."""

from __future__ import annotations

import dataclasses
from typing import Any

import jwt
from credpass.auth.v1 import (
    auth_service_pb2,
    auth_service_pb2_grpc,
    institution_service_pb2,
    institution_service_pb2_grpc,
)

from mesh import apikeys, clock, errors, sessions, tokens
from mesh.rpc import channels, context

MAX_REMEMBERED = 10_000
KEYS_REFRESH_S = 5.0
API_KEY_START = "cp_"


def institution_not_confirmed() -> errors.ServiceError:
    """Auth's own refusal: a class of ours under auth's reason would stand for auth's in a process that has both."""
    return errors.Unexplained(
        errors.Kind.FAILED_PRECONDITION,
        "credpass.auth.v1",
        "INSTITUTION_NOT_CONFIRMED",
        "The institution's e-mail is not confirmed yet. Use the link in the mail we sent.",
    )


@dataclasses.dataclass(frozen=True, slots=True)
class Verified:
    """A token whose signature and claims held, until it expires."""

    principal: context.UserPrincipal
    expires_at_s: float


class SigningKeys:
    """The public keys that access tokens are signed with, as auth lists them."""

    def __init__(self, links: channels.Channels, now: clock.Clock) -> None:
        self._auth = links.stub(auth_service_pb2_grpc.AuthServiceStub, "auth")
        self._clock = now
        self._keys: dict[str, jwt.PyJWK] = {}
        self._published: list[dict[str, str]] = []
        self._read_at_s = 0.0

    async def find(self, kid: str) -> jwt.PyJWK:
        """The key with this id; auth is asked at most every few seconds for one that is not known.

        Raises:
            errors.InvalidCredentials: there is no such key.
        """
        if kid not in self._keys:
            await self._refresh()
        try:
            return self._keys[kid]
        except KeyError:
            raise errors.InvalidCredentials from None

    async def published(self) -> list[dict[str, str]]:
        """The keys as a JSON Web Key Set lists them (RFC 7517), at most a few seconds old."""
        await self._refresh()
        return self._published

    async def _refresh(self) -> None:
        """Ask auth, unless it was asked a moment ago: anybody may ask for the keys, as often as they like."""
        if self._clock.now().timestamp() - self._read_at_s > KEYS_REFRESH_S:
            await self._read()

    async def _read(self) -> None:
        answer = await self._auth.ListSigningKeys(auth_service_pb2.ListSigningKeysRequest())
        self._published = [
            {"kty": "EC", "crv": "P-256", "use": "sig", "alg": tokens.ALGORITHM, "kid": key.kid, "x": key.x, "y": key.y}
            for key in answer.keys
        ]
        self._keys = {key["kid"]: jwt.PyJWK(key) for key in self._published}
        self._read_at_s = self._clock.now().timestamp()


class Authenticator:
    """Establishes principals."""

    def __init__(self, links: channels.Channels, keys: SigningKeys, ended: sessions.Sessions, now: clock.Clock) -> None:
        self._institutions = links.stub(institution_service_pb2_grpc.InstitutionServiceStub, "auth")
        self._keys, self._ended, self._clock = keys, ended, now
        self._verified: dict[str, Verified] = {}

    async def user(self, token: str) -> context.UserPrincipal:
        """The user whose access token this is.

        Raises:
            errors.Unauthenticated: no token was shown.
            errors.InvalidCredentials: the token is not valid, or its session has ended.
            errors.PermissionDenied: it is an institution's key.
        """
        if not token:
            raise errors.Unauthenticated
        if token.startswith(API_KEY_START):
            await self.institution(token)
            raise errors.PermissionDenied
        verified = self._verified.get(token) or await self._verify(token)
        if verified.expires_at_s <= self._clock.now().timestamp():
            self._verified.pop(token, None)
            raise errors.InvalidCredentials
        if await self._ended.is_ended(verified.principal.user_id, verified.principal.session_id):
            raise errors.InvalidCredentials
        return verified.principal

    async def institution(self, token: str) -> context.InstitutionPrincipal:
        """The institution whose API key this is.

        Raises:
            errors.Unauthenticated: no key was shown.
            errors.InvalidCredentials: the key is not valid.
            errors.PermissionDenied: it is a user's access token.
            errors.Unexplained (INSTITUTION_NOT_CONFIRMED): the key is right, the institution's e-mail is not confirmed.
        """
        key = await self.api_key(token)
        request = institution_service_pb2.AuthenticateApiKeysRequest(api_keys=[key.text])
        (found,) = (await self._institutions.AuthenticateApiKeys(request)).results
        if found.outcome == "unconfirmed":
            raise institution_not_confirmed()
        if found.outcome != "valid":
            raise errors.InvalidCredentials
        return context.InstitutionPrincipal(found.institution_id, found.key_id, tuple(found.scopes), found.test)

    async def api_key(self, token: str) -> apikeys.ApiKeyText:
        """A well-formed API key; whether it is anybody's is not looked up.

        Raises:
            errors.Unauthenticated, errors.InvalidCredentials, errors.PermissionDenied: as for `institution`.
        """
        if not token:
            raise errors.Unauthenticated
        if not token.startswith(API_KEY_START):
            await self.user(token)
            raise errors.PermissionDenied
        try:
            return apikeys.parse(token)
        except ValueError:
            raise errors.InvalidCredentials from None

    async def _verify(self, token: str) -> Verified:
        try:
            kid = str(jwt.get_unverified_header(token).get("kid", ""))
            claims = self._claims(token, await self._keys.find(kid))
        except jwt.InvalidTokenError:
            raise errors.InvalidCredentials from None
        principal = context.UserPrincipal(claims["sub"], claims["role"], claims["sid"])
        if len(self._verified) >= MAX_REMEMBERED:
            self._verified.pop(next(iter(self._verified)))
        verified = self._verified[token] = Verified(principal, float(claims["exp"]))
        return verified

    def _claims(self, token: str, key: jwt.PyJWK) -> dict[str, Any]:
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[tokens.ALGORITHM],
            audience=tokens.AUDIENCE,
            issuer=tokens.ISSUER,
            # Expiry is checked against the injected clock, at every use.
            options={"require": list(tokens.CLAIMS), "verify_exp": False, "verify_iat": False},
        )
        if claims["type"] != "user":
            raise jwt.InvalidTokenError
        return claims
