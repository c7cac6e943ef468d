"""The record of verifications over `mesh.documents`: one document an answer, all answers of a batch in one write."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from credpass.verification.v1 import verification_events_pb2

from mesh import ids
from mesh.documents import port
from mesh.events import codec
from services.verification import domain

VERIFICATIONS = port.Collection(
    "verifications",
    (
        port.Index(("institutionId", "isTest", "verifiedAt")),
        port.Index(("institutionId", "isTest", "isValid", "verifiedAt")),
    ),
)


class DocumentVerifications:
    """`ports.Verifications`."""

    def __init__(self, documents: port.Documents) -> None:
        self._documents = documents

    async def record(self, answers: Sequence[domain.Answer]) -> None:
        names = _names(len(answers))
        new = [_new(name, answer) for name, answer in zip(names, answers, strict=True)]
        await self._documents.insert_many(VERIFICATIONS.name, new)

    async def page(
        self, institution_id: str, *, test: bool, size: int, after: domain.Verification | None = None
    ) -> list[domain.Verification]:
        query = port.Query(
            {"institutionId": institution_id, "isTest": test},
            order="verifiedAt",
            descending=True,
            after=None if after is None else (after.verified_at, after.id),
            limit=size,
        )
        return [_verification(document) for document in await self._documents.find(VERIFICATIONS.name, query)]

    async def find(self, institution_id: str, verification_id: str) -> domain.Verification | None:
        document = await self._documents.get(VERIFICATIONS.name, verification_id)
        if document is None or document.data["institutionId"] != institution_id:
            return None
        return _verification(document)

    async def counts(self, institution_id: str, *, test: bool, since: datetime | None = None) -> domain.Counts:
        equals: dict[str, port.Value] = {"institutionId": institution_id, "isTest": test}
        return domain.Counts(
            await self._count(equals, since),
            await self._count({**equals, "isValid": True}, since),
        )

    async def _count(self, equals: port.Data, since: datetime | None) -> int:
        range_field = None if since is None else "verifiedAt"
        query = port.Query(equals, range_field=range_field, at_least=since)
        return await self._documents.count(VERIFICATIONS.name, query)


def _names(count: int) -> list[str]:
    """New ids for a batch: 119 random bits drawn once, then two digits that count. They grant nothing."""
    drawn = ids.random_text(ids.ID_LENGTH - 2)
    digits = ids.ALPHABET
    return [f"ver_{drawn}{digits[number // len(digits)]}{digits[number % len(digits)]}" for number in range(count)]


def _new(verification_id: str, answer: domain.Answer) -> port.NewDocument:
    caller, standing = answer.caller, answer.standing
    data: port.Data = {
        "institutionId": caller.institution_id,
        "keyId": caller.key_id,
        "credentialId": standing.credential_id,
        "result": standing.outcome,
        "isValid": answer.valid,
        "isTest": caller.test,
        "shareLink": standing.share_link,
        "verifiedAt": answer.verified_at,
    }
    message = verification_events_pb2.VerificationRequested(
        verification_id=verification_id,
        institution_id=caller.institution_id,
        key_id=caller.key_id,
        credential_id=standing.credential_id,
        user_id=standing.user_id,
        result=standing.outcome,
        share_link=standing.share_link,
    )
    event = codec.event(
        message,
        aggregate_id=verification_id,
        version=1,
        clock_now=answer.verified_at,
        correlation_id=answer.correlation_id,
    )
    return port.NewDocument(verification_id, data, (event,))


def _verification(document: port.Document) -> domain.Verification:
    data: Any = document.data
    return domain.Verification(
        id=document.id,
        institution_id=data["institutionId"],
        key_id=data["keyId"],
        credential_id=data["credentialId"],
        result=data["result"],
        verified_at=data["verifiedAt"],
    )
