"""The record of share links over `mesh.documents`.

A document's id is the hash of its token. A link that may still be used holds one of its credential's numbered places; a
unique index on the place keeps their number exact however many are created at once.
"""

from __future__ import annotations

import contextlib
import dataclasses
import zlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from mesh import clock, errors, vault
from mesh.documents import port
from mesh.events.port import Event
from services.credential import domain, ports
from services.credential.adapters.telling import Telling

SHARE_LINKS = port.Collection(
    "share_links",
    (
        port.Index(("linkId",), unique=True),
        port.Index(("place",), unique=True),
        port.Index(("credentialId", "createdAt")),
        port.Index(("credentialId", "isOpen")),
    ),
)
_PURPOSE = "share_link.token"
_TOKEN_VERSION = 1
_ATTEMPTS = 2 * domain.LINK_LIMIT


class DocumentShareLinks:
    """`ports.ShareLinks`. Tokens are sealed under their owner's key."""

    def __init__(self, documents: port.Documents, secrets: vault.Vault, time: clock.Clock) -> None:
        self._documents = documents
        self._vault = secrets
        self._tell = Telling(time)

    async def create(self, link: domain.ShareLink, token: str, now: datetime) -> domain.ShareLink:
        sealed = dataclasses.replace(link, sealed=await self._sealed(link, token))
        event = self._tell.link_created(link, 1)
        for _ in range(_ATTEMPTS):
            place = await self._free_place(link, now)
            with contextlib.suppress(port.DuplicateKey):
                data = _data(dataclasses.replace(sealed, place=place))
                return _link(await self._documents.insert(SHARE_LINKS.name, link.token_hash, data, event))
        raise errors.Conflict

    async def save_uses(self, link: domain.ShareLink) -> domain.ShareLink:
        return await self._write(link)

    async def revoke(self, link: domain.ShareLink) -> domain.ShareLink:
        return await self._write(link, self._tell.link_revoked(link, link.version + 1))

    async def find(self, credential_id: str, link_id: str) -> domain.ShareLink | None:
        found = await self._find(port.Query({"linkId": link_id}, limit=1))
        return found[0] if found and found[0].credential_id == credential_id else None

    async def by_tokens(self, token_hashes: Sequence[str]) -> dict[str, domain.ShareLink]:
        if not token_hashes:
            return {}
        documents = await self._documents.get_many(SHARE_LINKS.name, token_hashes)
        return {name: _link(document) for name, document in documents.items()}

    async def open_ones(self, credential_id: str) -> list[domain.ShareLink]:
        query = port.Query({"credentialId": credential_id, "isOpen": True}, limit=domain.LINK_LIMIT)
        return await self._find(query)

    async def newest(self, credential_id: str, limit: int) -> list[domain.ShareLink]:
        equals: port.Data = {"credentialId": credential_id}
        return await self._find(port.Query(equals, order="createdAt", descending=True, limit=limit))

    async def tokens(self, links: Sequence[domain.ShareLink]) -> list[str | None]:
        items = [vault.Sealed(link.user_id, _PURPOSE, link.id, _TOKEN_VERSION, link.sealed) for link in links]
        return [_token(opened) for opened in await self._vault.open_many(items)]

    async def _sealed(self, link: domain.ShareLink, token: str) -> bytes:
        try:
            return await self._vault.seal(
                link.user_id, purpose=_PURPOSE, object_id=link.id, version=_TOKEN_VERSION, plaintext=token.encode()
            )
        except vault.SubjectDestroyed as destroyed:
            raise ports.OwnerGone from destroyed

    async def _free_place(self, new: domain.ShareLink, now: datetime) -> str:
        """A place that nobody holds; those that expired give theirs up first. Raises PlacesTaken."""
        taken = set()
        for link in await self.open_ones(new.credential_id):
            if link.status_at(now) == "active":
                taken.add(link.place)
            else:
                with contextlib.suppress(ports.Changed):
                    await self._write(dataclasses.replace(link, place=None))
        places = (f"{new.credential_id}:{number}" for number in range(domain.LINK_LIMIT))
        free = [place for place in places if place not in taken]
        if not free:
            raise ports.PlacesTaken
        return free[zlib.crc32(new.token_hash.encode()) % len(free)]  # made at once, links seldom want the same one

    async def _find(self, query: port.Query) -> list[domain.ShareLink]:
        return [_link(document) for document in await self._documents.find(SHARE_LINKS.name, query)]

    async def _write(self, link: domain.ShareLink, *events: Event) -> domain.ShareLink:
        document = port.Document(link.token_hash, link.version, {})
        try:
            written = await self._documents.update(SHARE_LINKS.name, document, _data(link), *events)
        except port.VersionConflict as conflict:
            raise ports.Changed from conflict
        return dataclasses.replace(link, version=written.version)


def _token(opened: bytes | errors.ServiceError) -> str | None:
    if isinstance(opened, vault.SubjectDestroyed):
        return None
    if isinstance(opened, errors.ServiceError):
        raise opened
    return opened.decode()


def _data(link: domain.ShareLink) -> port.Data:
    return {
        "linkId": link.id,
        "credentialId": link.credential_id,
        "credentialKey": link.credential_token_hash,
        "userId": link.user_id,
        "createdAt": link.created_at,
        "expiresAt": link.expires_at,
        "usageCount": link.usage_count,
        "maxUsage": link.max_usage,
        "revokedAt": link.revoked_at,
        "token": link.sealed,
        "place": link.place,
        "isOpen": link.place is not None,
    }


def _link(document: port.Document) -> domain.ShareLink:
    data: Any = document.data
    return domain.ShareLink(
        id=data["linkId"],
        credential_id=data["credentialId"],
        user_id=data["userId"],
        token_hash=document.id,
        credential_token_hash=data["credentialKey"],
        created_at=data["createdAt"],
        expires_at=data["expiresAt"],
        usage_count=data["usageCount"],
        max_usage=data["maxUsage"],
        place=data["place"],
        sealed=data["token"],
        version=document.version,
        revoked_at=data["revokedAt"],
    )
