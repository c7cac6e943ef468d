"""Institutions and the making, listing and revoking of their API keys."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import datetime, timedelta

from mesh import apikeys, clock, ids
from mesh import errors as mesh_errors
from services.auth import errors, ports
from services.auth.domain import institutions, mails
from services.auth.usecases import retrying

# A prefix has 47 random bits: a clash is rare, four in a row do not happen.
_PREFIX_ATTEMPTS = 5


@dataclasses.dataclass(frozen=True, slots=True)
class KeyWish:
    """A key to make."""

    name: str
    scopes: tuple[str, ...]
    test: bool = False
    lifetime: timedelta | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class NewKey:
    """A key that was made, and its text, which is shown this once."""

    key: institutions.ApiKey
    text: str = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True, slots=True)
class KeyUse:
    """A key and the hour of its last use."""

    key: institutions.ApiKey
    last_used_at: datetime | None


@dataclasses.dataclass(frozen=True, slots=True)
class MakeKey:
    """Makes a key text whose prefix nobody has and stores its hash. Raises TooManyApiKeys."""

    keys: ports.ApiKeys
    clock: clock.Clock
    generate: Callable[[apikeys.Environment, ids.Effects, str], str] = apikeys.generate

    async def __call__(self, institution_id: str, wish: KeyWish, effects: ids.Effects = ids.NEW) -> NewKey:
        for attempt in range(_PREFIX_ATTEMPTS):
            new = self._draw(institution_id, wish, effects, str(attempt))
            stored = await self._added(new.key) or await self._made_before(new.key, effects)
            if stored is not None:
                return NewKey(stored, new.text)
        raise mesh_errors.Conflict

    async def _added(self, key: institutions.ApiKey) -> institutions.ApiKey | None:
        try:
            return await self.keys.add(key)
        except ports.PlacesTaken:
            raise errors.TooManyApiKeys(institutions.MAX_API_KEYS) from None

    async def _made_before(self, key: institutions.ApiKey, effects: ids.Effects) -> institutions.ApiKey | None:
        """The key that has its prefix, if that is the same key: this very call was begun before."""
        found = await self.keys.find(key.key_id) if effects.is_repeatable else None
        return found if found and found.key_hash == key.key_hash else None

    def _draw(self, institution_id: str, wish: KeyWish, effects: ids.Effects, part: str) -> NewKey:
        text = self.generate("test" if wish.test else "live", effects, part)
        now = self.clock.now()
        key = institutions.ApiKey(
            effects.id("key", part),
            institution_id,
            wish.name,
            apikeys.parse(text).prefix,
            apikeys.hash_key(text),
            tuple(sorted(wish.scopes)),
            wish.test,
            created_at=now,
            expires_at=now + wish.lifetime if wish.lifetime else None,
        )
        return NewKey(key, text)


@dataclasses.dataclass(frozen=True, slots=True)
class RegisterInstitution:
    """Registers an institution with a first key, which works once the e-mail is confirmed.

    Any number of institutions may name the same e-mail: each has its own id and key and nobody learns of the others.
    """

    directory: ports.Institutions
    people: ports.PersonalData
    make_key: MakeKey
    orders: ports.Orders
    clock: clock.Clock

    async def __call__(
        self, name: str, kind: str, email: str, effects: ids.Effects = ids.NEW
    ) -> tuple[institutions.Institution, NewKey]:
        await self.orders.ensure_room()
        institution_id = effects.id("inst")
        await self.people.create(institution_id)
        sealed = await self.people.seal_contact(institution_id, email)
        now = self.clock.now()
        institution = institutions.Institution(institution_id, name, kind, sealed, created_at=now, updated_at=now)
        await self.directory.add(institution)
        wish = KeyWish(institutions.FIRST_KEY_NAME, institutions.FIRST_KEY_SCOPES)
        new = await self.make_key(institution_id, wish, effects)
        order_id = effects.id("mail")
        await self.orders.add(mails.Order(order_id, mails.Occasion.INSTITUTION, None, institution_id, now, now))
        return institution, new


async def confirmed(store: ports.Institutions, institution_id: str) -> institutions.Institution:
    """The institution; raises InstitutionNotConfirmed unless there is one that is confirmed."""
    institution = await store.find(institution_id)
    if institution is None or not institution.is_confirmed:
        raise errors.InstitutionNotConfirmed
    return institution


@dataclasses.dataclass(frozen=True, slots=True)
class ListApiKeys:
    """All keys of an institution, newest first."""

    directory: ports.Institutions
    keys: ports.ApiKeys

    async def __call__(self, institution_id: str) -> list[KeyUse]:
        await confirmed(self.directory, institution_id)
        keys = await self.keys.of(institution_id)
        uses = await self.keys.last_uses([key.key_id for key in keys])
        return [KeyUse(key, uses.get(key.key_id)) for key in keys[: institutions.MAX_API_KEYS]]


@dataclasses.dataclass(frozen=True, slots=True)
class CreateApiKey:
    """Makes a further key. Raises TooManyApiKeys; keys that work no more make room."""

    directory: ports.Institutions
    keys: ports.ApiKeys
    make_key: MakeKey
    clock: clock.Clock

    async def __call__(self, institution_id: str, wish: KeyWish, effects: ids.Effects = ids.NEW) -> NewKey:
        await confirmed(self.directory, institution_id)
        new = await self.make_key(institution_id, wish, effects)
        for old in institutions.surplus(await self.keys.of(institution_id), self.clock.now()):
            await self._remove(old)
        return new

    async def _remove(self, key: institutions.ApiKey) -> None:
        try:
            await self.keys.remove(key)
        except mesh_errors.Conflict:
            return  # somebody else removed it


@dataclasses.dataclass(frozen=True, slots=True)
class RevokeApiKey:
    """Revokes a key: the document, then the cache's tombstone, then the answer. When the cache cannot be reached
    Unavailable is raised though the document stands; calling again makes sure.
    """

    keys: ports.ApiKeys
    cache: ports.KeyCache
    clock: clock.Clock

    async def __call__(self, institution_id: str, key_id: str) -> datetime:
        key = await retrying.on_conflict(lambda: self._revoke(institution_id, key_id))
        await self.cache.bury(key.prefix)
        return key.revoked_at or self.clock.now()

    async def _revoke(self, institution_id: str, key_id: str) -> institutions.ApiKey:
        key = await self.keys.find(key_id)
        if key is None or key.institution_id != institution_id:
            raise errors.ApiKeyNotFound
        if key.revoked_at is not None:
            return key
        return await self.keys.save(key.revoked(self.clock.now()))


@dataclasses.dataclass(frozen=True, slots=True)
class Standing:
    """An institution and how many of its keys are active."""

    institution: institutions.Institution
    active_keys: int


@dataclasses.dataclass(frozen=True, slots=True)
class GetInstitution:
    """Name and standing of an institution. Raises NotFound."""

    directory: ports.Institutions
    keys: ports.ApiKeys
    clock: clock.Clock

    async def __call__(self, institution_id: str) -> Standing:
        institution = await self.directory.find(institution_id)
        if institution is None:
            raise mesh_errors.NotFound
        active = institutions.active(await self.keys.of(institution_id), self.clock.now())
        return Standing(institution, len(active))


@dataclasses.dataclass(frozen=True, slots=True)
class RemoveUnconfirmed:
    """Removes institutions that were never confirmed, with their keys. Run periodically."""

    directory: ports.Institutions
    keys: ports.ApiKeys
    people: ports.PersonalData
    clock: clock.Clock

    async def __call__(self) -> None:
        before = self.clock.now() - institutions.PENDING_LIFETIME
        for institution in await self.directory.pending_since_before(before, limit=100):
            for key in await self.keys.of(institution.institution_id):
                await self.keys.remove(key)
            await self.people.destroy(institution.institution_id)
            try:
                await self.directory.remove(institution)
            except mesh_errors.Conflict:
                continue  # somebody else is at it
