"""Calls that have one effect however often they are made: claims of idempotency keys, as documents.

A claim stands before its call has any effect. It keeps a sealed salt, from which the ids of all effects derive, then
the digest of the body, and in the end the sealed answer. Whoever makes the call again gets the answer, or, where the
first caller's process died, does the same with the same ids: what is there already is found by them.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import hashlib
import hmac
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

from mesh import clock, errors, ids, vault
from mesh.documents import port

KEPT_FOR = timedelta(hours=24)
# How long a process that died holds up a retry; one that lives renews its lease in time.
LEASE = timedelta(seconds=10)
RENEW_S = 3.0
RETRY_AFTER_S = 1.0
_ATTEMPTS = 5
_SALT_BYTES = 32
_VERSION = 1  # of what is sealed: each part of a claim is sealed once
_SALT = "idempotency.salt"
_ANSWER = "idempotency.answer"


@dataclasses.dataclass(frozen=True, slots=True)
class Key:
    """A key and whose it is. `scope`: what tells it apart from the same key of others, no part with a line break.

    `subject`: of the vault, under whose key the claim is sealed; empty for a caller who is not known.
    """

    scope: tuple[str, ...]
    subject: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Body:
    """What was asked: SHA-256 (hex) of the content of a body, and its size."""

    digest: str
    size_bytes: int


@dataclasses.dataclass(frozen=True, slots=True)
class Kept:
    """The answer that a call got before, for the same body only."""

    answer: bytes
    body: Body


class Claims:
    """The claims of one service, in a collection of its own. `renew_s`: how often a held one's lease is renewed."""

    def __init__(
        self,
        service: str,
        documents: port.Documents,
        secrets_: vault.Vault,
        time: clock.Clock,
        *,
        renew_s: float = RENEW_S,
    ) -> None:
        self.collection = port.Collection(f"idempotency_keys_{service}", (port.Index(("expiresAt",), ttl_s=0),))
        self._nobody = f"{service}_idempotency_keys"
        self._documents, self._vault, self._clock = documents, secrets_, time
        self.renew_s = renew_s

    async def ensure(self) -> None:
        """Make the collection exist, and the key under which answers to unknown callers are sealed."""
        await self._documents.ensure(self.collection)
        await self._vault.create_subject(self._nobody)

    async def take(self, key: Key, body: Body | None) -> Claim | Kept:
        """The answer that is kept, or the claim of a call that is to be made now. `body`: None while it is not read.

        Raises:
            errors.IdempotencyKeyInUse: the call is under way.
            errors.IdempotencyKeyReused: the key came with another body before.
        """
        name = await self._vault.mac("idempotency.key", "\n".join(key.scope))
        subject = key.subject or self._nobody
        digested = None if body is None else await self.digested(body)
        for _ in range(_ATTEMPTS):
            with contextlib.suppress(port.DuplicateKey, port.VersionConflict):
                found = await self._documents.get(self.collection.name, name)
                if found is not None and found.data["expiresAt"] > self._clock.now():
                    return await self._met(found, subject, digested)
                return await self._new(name, subject, digested, found)
        raise errors.IdempotencyKeyInUse(retry_after_s=RETRY_AFTER_S)

    async def digested(self, body: Body) -> Body:
        """A body as it is written down: a digest that nobody can try passwords against."""
        return Body(await self._vault.mac("idempotency.body", body.digest), body.size_bytes)

    async def write(self, document: port.Document, data: port.Data) -> port.Document:
        """Change a claim. Raises VersionConflict when somebody else has taken it over."""
        return await self._documents.update(self.collection.name, document, data)

    async def sealed(self, subject: str, name: str, answer: bytes) -> bytes:
        """An answer as it is kept."""
        return await self._vault.seal(subject, purpose=_ANSWER, object_id=name, version=_VERSION, plaintext=answer)

    def lease(self) -> port.Data:
        """Until when a claim is held."""
        return {"leaseUntil": self._clock.now() + LEASE}

    def ended_lease(self) -> port.Data:
        """A claim that anybody may take over."""
        return {"leaseUntil": self._clock.now()}

    def lifetime(self) -> port.Data:
        """Until when a claim is kept."""
        return {"expiresAt": self._clock.now() + KEPT_FOR}

    async def _new(self, name: str, subject: str, body: Body | None, old: port.Document | None) -> Claim:
        """A claim in the place of one whose time is over: its version goes on, so that of several one replaces it."""
        salt = secrets.token_bytes(_SALT_BYTES)
        sealed = await self._vault.seal(subject, purpose=_SALT, object_id=name, version=_VERSION, plaintext=salt)
        data = {"salt": sealed, **_body_data(body), **self.lease(), **self.lifetime()}
        if old is None:
            document = await self._documents.insert(self.collection.name, name, data)
        else:
            document = await self.write(old, data)
        return Claim(self, document, subject, _seed(salt, name))

    async def _met(self, found: port.Document, subject: str, body: Body | None) -> Claim | Kept:
        known = body_of(found)
        if known is not None and body is not None:
            check(body, known)
        if known is not None and "answer" in found.data:
            return Kept(await self._opened(subject, _ANSWER, found, "answer"), known)
        if found.data["leaseUntil"] > self._clock.now():
            raise errors.IdempotencyKeyInUse(retry_after_s=RETRY_AFTER_S)
        salt = await self._opened(subject, _SALT, found, "salt")
        data = {**found.data, **_body_data(known or body), **self.lease()}
        return Claim(self, await self.write(found, data), subject, _seed(salt, found.id))

    async def _opened(self, subject: str, purpose: str, found: port.Document, field: str) -> bytes:
        sealed: bytes = found.data[field]
        return await self._vault.open(subject, purpose=purpose, object_id=found.id, version=_VERSION, sealed=sealed)


class Claim:
    """A claim in the hands of whoever makes its call now."""

    def __init__(self, claims: Claims, document: port.Document, subject: str, seed: str) -> None:
        self._claims, self._document, self._subject = claims, document, subject
        self._turn = asyncio.Lock()
        self.effects = ids.Effects(seed)

    @property
    def body(self) -> Body | None:
        """The body that the claim stands for, as `Claims.digested` gives it; None while none was read."""
        return body_of(self._document)

    async def settle(self, body: Body) -> None:
        """The body is read: from here on there may be effects.

        Raises:
            errors.IdempotencyKeyReused: somebody who came before had another one.
            errors.IdempotencyKeyInUse: somebody else has taken the claim over.
        """
        digested = await self._claims.digested(body)
        if self.body is not None:
            check(digested, self.body)
            return
        try:
            await self._change(_body_data(digested))
        except port.VersionConflict:
            raise errors.IdempotencyKeyInUse(retry_after_s=RETRY_AFTER_S) from None

    async def keep(self, answer: bytes) -> None:
        """Keep the answer. Where somebody else has taken the claim over, theirs is kept."""
        sealed = await self._claims.sealed(self._subject, self._document.id, answer)
        with contextlib.suppress(port.VersionConflict):
            await self._change({"answer": sealed, **self._claims.lifetime()})

    async def let_go(self) -> None:
        """No answer that is worth keeping: the next may try at once. Whatever was done will be found by its ids."""
        with contextlib.suppress(port.VersionConflict, errors.ServiceError):
            await self._change(self._claims.ended_lease())

    @contextlib.asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """The lease is renewed as long as the block runs."""
        renewing = asyncio.create_task(_every(self._claims.renew_s, lambda: self._change(self._claims.lease())))
        try:
            yield
        finally:
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)

    async def _change(self, parts: port.Data) -> None:
        async with self._turn:
            self._document = await self._claims.write(self._document, {**self._document.data, **parts})


def check(body: Body, known: Body) -> None:
    """Both as `Claims.digested` gives them. Raises IdempotencyKeyReused unless they are the same."""
    if not hmac.compare_digest(body.digest, known.digest) or body.size_bytes != known.size_bytes:
        raise errors.IdempotencyKeyReused


def body_of(document: port.Document) -> Body | None:
    """The body that a claim was made for, once it is known."""
    digest = document.data.get("bodyDigest")
    return None if digest is None else Body(digest, document.data["bodyBytes"])


def _body_data(body: Body | None) -> port.Data:
    return {} if body is None else {"bodyDigest": body.digest, "bodyBytes": body.size_bytes}


def _seed(salt: bytes, name: str) -> str:
    """Principal, method and key are in the name; without the salt nobody could make anything of it."""
    return hmac.new(salt, name.encode(), hashlib.sha256).hexdigest()


async def _every(pause_s: float, step: Callable[[], Awaitable[None]]) -> None:
    """Take a step again and again, until it finds that the claim is somebody else's."""
    while True:
        await asyncio.sleep(pause_s)
        try:
            await step()
        except port.VersionConflict:
            return
        except errors.ServiceError:
            continue  # out of reach for the moment
