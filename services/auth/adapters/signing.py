"""Signing keys as documents (the private half sealed), and access tokens signed with them."""

from __future__ import annotations

import base64
import contextlib
import time
from collections.abc import Mapping
from datetime import datetime

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from mesh import clock, errors, ids, tokens, vault
from mesh.documents import port
from services.auth.adapters import reading
from services.auth.domain import signing

KEYS = port.Collection("signing_keys", (port.Index(("generation",)),))
SUBJECT = "auth_signing_keys"
_PURPOSE = "signing_key"
_MOST_KEYS = 20
_COORDINATE_BYTES = 32
# How soon a process notices a key that another one made; far below the overlap of keys.
_REREAD_AFTER_S = 60.0


class DocumentSigningKeys:
    """`ports.SigningKeys`: the id of a document is its generation, so that several processes make each key once."""

    def __init__(self, documents: port.Documents, store: vault.Vault, time: clock.Clock) -> None:
        self._documents, self._vault, self._clock = documents, store, time
        self._keys: list[signing.SigningKey] = []
        self._read_at_s = float("-inf")

    async def all(self) -> list[signing.SigningKey]:
        if not self._keys or time.monotonic() - self._read_at_s > _REREAD_AFTER_S:
            await self._read()
        return list(self._keys)

    async def add(self, generation: int, usable_from: datetime) -> None:
        await self._vault.create_subject(SUBJECT)
        private = ec.generate_private_key(ec.SECP256R1())
        document_id, kid = _id(generation), ids.new_id("kid")
        sealed = await self._vault.seal(
            SUBJECT, purpose=_PURPOSE, object_id=kid, version=generation, plaintext=_pem(private)
        )
        data: dict[str, port.Value] = {
            "kid": kid,
            "generation": generation,
            **_coordinates(private),
            "sealed": sealed,
            "createdAt": self._clock.now(),
            "usableFrom": usable_from,
        }
        with contextlib.suppress(port.DuplicateKey):  # another process has made it
            await self._documents.insert(KEYS.name, document_id, data)
        await self._read()

    async def remove(self, generation: int) -> None:
        document = await self._documents.get(KEYS.name, _id(generation))
        if document is not None:
            with reading.conflicts():
                await self._documents.delete(KEYS.name, document)
        await self._read()

    async def _read(self) -> None:
        found = await self._documents.find(KEYS.name, port.Query(order="generation", limit=_MOST_KEYS))
        known = {key.kid: key for key in self._keys}
        self._keys = [known.get(str(document.data["kid"])) or await self._open(document) for document in found]
        self._read_at_s = time.monotonic()

    async def _open(self, document: port.Document) -> signing.SigningKey:
        data = document.data
        kid, generation = reading.required(data, "kid", str), reading.required(data, "generation", int)
        pem = await self._vault.open(
            SUBJECT,
            purpose=_PURPOSE,
            object_id=kid,
            version=generation,
            sealed=reading.required(data, "sealed", bytes),
        )
        return signing.SigningKey(
            kid,
            generation,
            reading.required(data, "x", str),
            reading.required(data, "y", str),
            reading.moment(data, "createdAt"),
            reading.moment(data, "usableFrom"),
            pem,
        )


class JwtAccessTokens:
    """`ports.AccessTokens`: ES256 JWTs in the form of `mesh.tokens`."""

    def __init__(self, keys: DocumentSigningKeys, time: clock.Clock) -> None:
        self._keys, self._clock = keys, time
        self._loaded: tuple[str, ec.EllipticCurvePrivateKey] | None = None

    async def issue(self, claims: signing.Claims) -> str:
        key = signing.current(await self._keys.all(), self._clock.now())
        if key is None:
            raise errors.Unavailable("There is no key to sign with yet.", retry_after_s=1)
        return jwt.encode(_claims(claims), self._private(key), algorithm=tokens.ALGORITHM, headers={"kid": key.kid})

    def _private(self, key: signing.SigningKey) -> ec.EllipticCurvePrivateKey:
        if self._loaded is None or self._loaded[0] != key.kid:
            private = serialization.load_pem_private_key(key.private_pem, password=None)
            assert isinstance(private, ec.EllipticCurvePrivateKey)
            self._loaded = (key.kid, private)
        return self._loaded[1]


def _claims(claims: signing.Claims) -> dict[str, str | int]:
    return {
        "sub": claims.user_id,
        "type": "user",
        "role": claims.role,
        "sid": claims.session_id,
        "iat": int(claims.issued_at.timestamp()),
        "exp": int(claims.expires_at.timestamp()),
        "iss": tokens.ISSUER,
        "aud": tokens.AUDIENCE,
        "jti": claims.token_id,
    }


def _id(generation: int) -> str:
    return f"signing_key_{generation}"


def _pem(private: ec.EllipticCurvePrivateKey) -> bytes:
    return private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _coordinates(private: ec.EllipticCurvePrivateKey) -> Mapping[str, str]:
    numbers = private.public_key().public_numbers()
    return {"x": _base64url(numbers.x), "y": _base64url(numbers.y)}


def _base64url(coordinate: int) -> str:
    """RFC 7518, section 6.2.1.2: all 32 octets, without padding."""
    return base64.urlsafe_b64encode(coordinate.to_bytes(_COORDINATE_BYTES, "big")).rstrip(b"=").decode()
