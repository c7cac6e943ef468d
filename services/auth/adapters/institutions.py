"""Institutions and API keys as documents.

A key that works holds one of its institution's numbered places; a unique index on the place keeps their number exact
however many are made at once.
"""

from __future__ import annotations

import contextlib
import dataclasses
import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime

from mesh import errors
from mesh.documents import port
from services.auth import ports
from services.auth.adapters import reading
from services.auth.domain import institutions

INSTITUTIONS = port.Collection("institutions", (port.Index(("status", "createdAt")),))
# The id of a key's document is its prefix: unique, and many are read at once.
API_KEYS = port.Collection(
    "api_keys",
    (
        port.Index(("keyId",), unique=True),
        port.Index(("place",), unique=True),
        port.Index(("institutionId", "createdAt")),
    ),
)
_PLACE = ("place",)
# Whoever loses a place has seen somebody take it: after so many no place is left, unless keys are revoked meanwhile.
_ATTEMPTS = 2 * institutions.MAX_API_KEYS
# Apart from the keys, so that a use does not look like a change of the key.
KEY_USES = port.Collection("api_key_uses")
_MOST_KEYS = 10 * institutions.MAX_API_KEYS


class DocumentInstitutions:
    """`ports.Institutions`."""

    def __init__(self, documents: port.Documents) -> None:
        self._documents = documents

    async def add(self, institution: institutions.Institution) -> None:
        with contextlib.suppress(port.DuplicateKey):
            await self._documents.insert(INSTITUTIONS.name, institution.institution_id, _institution_data(institution))

    async def find(self, institution_id: str) -> institutions.Institution | None:
        document = await self._documents.get(INSTITUTIONS.name, institution_id)
        return _institution(document) if document else None

    async def find_many(self, institution_ids: Sequence[str]) -> Mapping[str, institutions.Institution]:
        found = await self._documents.get_many(INSTITUTIONS.name, institution_ids)
        return {document.id: _institution(document) for document in found.values()}

    async def save(self, institution: institutions.Institution) -> institutions.Institution:
        with reading.conflicts():
            document = await self._documents.update(
                INSTITUTIONS.name,
                reading.at(institution.institution_id, institution.revision),
                _institution_data(institution),
            )
        return _institution(document)

    async def remove(self, institution: institutions.Institution) -> None:
        with reading.conflicts():
            await self._documents.delete(
                INSTITUTIONS.name, reading.at(institution.institution_id, institution.revision)
            )

    async def pending_since_before(self, moment: datetime, limit: int) -> list[institutions.Institution]:
        query = port.Query(
            equals={"status": "pending"}, range_field="createdAt", below=moment, order="createdAt", limit=limit
        )
        return [_institution(document) for document in await self._documents.find(INSTITUTIONS.name, query)]


class DocumentApiKeys:
    """`ports.ApiKeys`."""

    def __init__(self, documents: port.Documents) -> None:
        self._documents = documents

    async def add(self, key: institutions.ApiKey) -> institutions.ApiKey | None:
        for _ in range(_ATTEMPTS):
            kept = await self.of(key.institution_id)
            if any(each.prefix == key.prefix for each in kept):
                return None
            place = await self._free_place(kept, key)
            try:
                data = _key_data(dataclasses.replace(key, place=place))
                return _key(await self._documents.insert(API_KEYS.name, key.prefix, data))
            except port.DuplicateKey as taken:
                if taken.fields != _PLACE:
                    return None
        raise errors.Conflict

    async def _free_place(self, kept: Sequence[institutions.ApiKey], key: institutions.ApiKey) -> str:
        """A place that nobody holds; keys that expired give theirs up first."""
        working = institutions.active(kept, key.created_at)
        taken = {each.place for each in working}
        for each in kept:
            if each.place is not None and each.place not in taken:
                await self._give_up_place(each)
        places = (f"{key.institution_id}:{number}" for number in range(institutions.MAX_API_KEYS))
        free = [place for place in places if place not in taken]
        if not free:
            raise ports.PlacesTaken
        return free[zlib.crc32(key.prefix.encode()) % len(free)]  # made at once, keys seldom want the same one

    async def _give_up_place(self, key: institutions.ApiKey) -> None:
        with contextlib.suppress(errors.Conflict):
            await self.save(dataclasses.replace(key, place=None))

    async def find(self, key_id: str) -> institutions.ApiKey | None:
        found = await self._documents.find(API_KEYS.name, port.Query(equals={"keyId": key_id}, limit=1))
        return _key(found[0]) if found else None

    async def find_by_prefixes(self, prefixes: Sequence[str]) -> Mapping[str, institutions.ApiKey]:
        found = await self._documents.get_many(API_KEYS.name, prefixes)
        return {document.id: _key(document) for document in found.values()}

    async def of(self, institution_id: str) -> list[institutions.ApiKey]:
        query = port.Query(
            equals={"institutionId": institution_id}, order="createdAt", descending=True, limit=_MOST_KEYS
        )
        return [_key(document) for document in await self._documents.find(API_KEYS.name, query)]

    async def save(self, key: institutions.ApiKey) -> institutions.ApiKey:
        with reading.conflicts():
            document = await self._documents.update(API_KEYS.name, reading.at(key.prefix, key.revision), _key_data(key))
        return _key(document)

    async def remove(self, key: institutions.ApiKey) -> None:
        with reading.conflicts():
            await self._documents.delete(API_KEYS.name, reading.at(key.prefix, key.revision))
        use = await self._documents.get(KEY_USES.name, key.key_id)
        if use is not None:
            with reading.conflicts():
                await self._documents.delete(KEY_USES.name, use)

    async def last_uses(self, key_ids: Sequence[str]) -> Mapping[str, datetime]:
        found = await self._documents.get_many(KEY_USES.name, key_ids)
        return {document.id: reading.moment(document.data, "lastUsedAt") for document in found.values()}

    async def note_use(self, key_id: str, hour: datetime) -> None:
        use = await self._documents.get(KEY_USES.name, key_id)
        try:
            if use is None:
                await self._documents.insert(KEY_USES.name, key_id, {"lastUsedAt": hour})
            elif reading.moment(use.data, "lastUsedAt") < hour:
                await self._documents.update(KEY_USES.name, use, {"lastUsedAt": hour})
        except (port.DuplicateKey, port.VersionConflict):
            return  # another process has noted this hour


def _institution_data(institution: institutions.Institution) -> dict[str, port.Value]:
    return reading.without_none(
        {
            "name": institution.name,
            "type": institution.kind,
            "email": institution.email.box,
            "status": institution.status,
            "createdAt": institution.created_at,
            "updatedAt": institution.updated_at,
            "confirmedAt": institution.confirmed_at,
        }
    )


def _institution(document: port.Document) -> institutions.Institution:
    data = document.data
    return institutions.Institution(
        document.id,
        reading.required(data, "name", str),
        reading.required(data, "type", str),
        institutions.SealedEmail(reading.required(data, "email", bytes)),
        reading.moment(data, "createdAt"),
        reading.moment(data, "updatedAt"),
        reading.optional(data, "confirmedAt", datetime),
        document.version,
    )


def _key_data(key: institutions.ApiKey) -> dict[str, port.Value]:
    return reading.without_none(
        {
            "keyId": key.key_id,
            "institutionId": key.institution_id,
            "name": key.name,
            "keyHash": key.key_hash,
            "scopes": list(key.scopes),
            "test": key.test,
            "createdAt": key.created_at,
            "expiresAt": key.expires_at,
            "revokedAt": key.revoked_at,
            "place": key.place,
        }
    )


def _key(document: port.Document) -> institutions.ApiKey:
    data = document.data
    return institutions.ApiKey(
        reading.required(data, "keyId", str),
        reading.required(data, "institutionId", str),
        reading.required(data, "name", str),
        document.id,
        reading.required(data, "keyHash", str),
        tuple(str(scope) for scope in reading.required(data, "scopes", list)),
        reading.required(data, "test", bool),
        reading.moment(data, "createdAt"),
        reading.optional(data, "expiresAt", datetime),
        reading.optional(data, "revokedAt", datetime),
        reading.optional(data, "place", str),
        document.version,
    )
