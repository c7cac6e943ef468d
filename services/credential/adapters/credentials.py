"""The record of credentials over `mesh.documents`.

A document's id is the hash of its token: that is what the hot path knows, many at a time. `listedFor` repeats the owner
once the credential is issued, so that lists never show a pending one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from mesh import clock, errors, vault
from mesh.documents import port
from mesh.events.port import Event
from services.credential import domain, ports
from services.credential.adapters import content as contents
from services.credential.adapters.telling import Telling

CREDENTIALS = port.Collection(
    "credentials",
    (
        port.Index(("credentialId",), unique=True),
        port.Index(("analysisId",), unique=True),
        port.Index(("userId", "status")),
        port.Index(("userId", "endedAt")),
        port.Index(("listedFor", "issuedAt")),
    ),
)
_PURPOSE = "credential.content"
_CONTENT_VERSION = 1


class DocumentCredentials:
    """`ports.Credentials`. All that a credential says is sealed under its owner's key."""

    def __init__(self, documents: port.Documents, secrets: vault.Vault, time: clock.Clock) -> None:
        self._documents = documents
        self._vault = secrets
        self._tell = Telling(time)

    async def prepare(self, credential: domain.Credential, content: domain.Content) -> domain.Credential:
        sealed = await self._sealed(credential, content)
        pending = dataclasses.replace(credential, sealed=sealed)
        try:
            document = await self._documents.insert(CREDENTIALS.name, credential.token_hash, _data(pending))
        except port.DuplicateKey as taken:
            raise ports.AlreadyIssued from taken
        return _credential(document)

    async def activate(self, credential: domain.Credential) -> domain.Credential:
        (content,) = await self.contents([credential])
        if content is None:
            raise ports.OwnerGone
        active = dataclasses.replace(credential, status=domain.Status.ACTIVE)
        return await self._write(active, self._tell.generated(active, content, credential.version + 1))

    async def discard(self, credential: domain.Credential) -> None:
        try:
            await self._documents.delete(CREDENTIALS.name, _document(credential))
        except port.VersionConflict as conflict:
            raise ports.Changed from conflict

    async def end(self, credential: domain.Credential, cause: domain.Cause, now: datetime) -> domain.Credential:
        ended = credential.ended(cause, now)
        return await self._write(ended, self._tell.stopped(ended, cause, credential.version + 1))

    async def of_analysis(self, analysis_id: str) -> domain.Credential | None:
        return await self._one({"analysisId": analysis_id})

    async def find(self, user_id: str, credential_id: str) -> domain.Credential | None:
        found = await self._one({"credentialId": credential_id})
        if found is None or found.user_id != user_id or found.status is domain.Status.PENDING:
            return None
        return found

    async def by_id(self, credential_id: str) -> domain.Credential | None:
        return await self._one({"credentialId": credential_id})

    async def by_tokens(self, token_hashes: Sequence[str]) -> dict[str, domain.Credential]:
        if not token_hashes:
            return {}
        documents = await self._documents.get_many(CREDENTIALS.name, token_hashes)
        found = {name: _credential(document) for name, document in documents.items()}
        return {name: each for name, each in found.items() if each.status is not domain.Status.PENDING}

    async def holding(self, user_id: str, limit: int) -> list[domain.Credential]:
        found: list[domain.Credential] = []
        for status in (domain.Status.PENDING, domain.Status.ACTIVE):
            query = port.Query({"userId": user_id, "status": status.value}, limit=limit)
            found += await self._find(query)
        return found[:limit]

    async def page(self, user_id: str, size: int, after: domain.Credential | None) -> list[domain.Credential]:
        query = port.Query(
            {"listedFor": user_id},
            order="issuedAt",
            descending=True,
            after=None if after is None else (after.issued_at, after.token_hash),
            limit=size,
        )
        return await self._find(query)

    async def ended_since(self, user_id: str, moment: datetime, limit: int) -> list[domain.Credential]:
        query = port.Query(
            {"userId": user_id},
            range_field="endedAt",
            at_least=moment,
            order="endedAt",
            descending=True,
            limit=limit,
        )
        return await self._find(query)

    async def contents(self, credentials: Sequence[domain.Credential]) -> list[domain.Content | None]:
        items = [vault.Sealed(each.user_id, _PURPOSE, each.id, _CONTENT_VERSION, each.sealed) for each in credentials]
        return [_content(opened) for opened in await self._vault.open_many(items)]

    async def _sealed(self, credential: domain.Credential, content: domain.Content) -> bytes:
        try:
            return await self._vault.seal(
                credential.user_id,
                purpose=_PURPOSE,
                object_id=credential.id,
                version=_CONTENT_VERSION,
                plaintext=contents.encode(content),
            )
        except vault.SubjectDestroyed as destroyed:
            raise ports.OwnerGone from destroyed

    async def _one(self, equals: port.Data) -> domain.Credential | None:
        found = await self._find(port.Query(equals, limit=1))
        return found[0] if found else None

    async def _find(self, query: port.Query) -> list[domain.Credential]:
        return [_credential(document) for document in await self._documents.find(CREDENTIALS.name, query)]

    async def _write(self, credential: domain.Credential, event: Event) -> domain.Credential:
        try:
            written = await self._documents.update(CREDENTIALS.name, _document(credential), _data(credential), event)
        except port.VersionConflict as conflict:
            raise ports.Changed from conflict
        return dataclasses.replace(credential, version=written.version)


def _content(opened: bytes | errors.ServiceError) -> domain.Content | None:
    if isinstance(opened, vault.SubjectDestroyed):
        return None
    if isinstance(opened, errors.ServiceError):
        raise opened
    return contents.decode(opened)


def _document(credential: domain.Credential) -> port.Document:
    return port.Document(credential.token_hash, credential.version, {})


def _data(credential: domain.Credential) -> port.Data:
    return {
        "credentialId": credential.id,
        "userId": credential.user_id,
        "listedFor": None if credential.status is domain.Status.PENDING else credential.user_id,
        "analysisId": credential.analysis_id,
        "status": credential.status.value,
        "analysedAt": credential.analysed_at,
        "issuedAt": credential.issued_at,
        "expiresAt": credential.expires_at,
        "endedAt": credential.ended_at,
        "content": credential.sealed,
    }


def _credential(document: port.Document) -> domain.Credential:
    data: Any = document.data
    return domain.Credential(
        id=data["credentialId"],
        user_id=data["userId"],
        analysis_id=data["analysisId"],
        token_hash=document.id,
        status=domain.Status(data["status"]),
        analysed_at=data["analysedAt"],
        issued_at=data["issuedAt"],
        expires_at=data["expiresAt"],
        sealed=data["content"],
        version=document.version,
        ended_at=data["endedAt"],
    )
