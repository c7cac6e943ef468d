"""Analyses, withdrawals and requests over `mesh.documents`."""

from __future__ import annotations

import contextlib
from datetime import datetime
from typing import Any

import orjson
from credpass.analysis.v1 import analysis_events_pb2

import mesh.errors
from mesh import clock, ids, vault
from mesh.documents import port
from mesh.events import codec
from mesh.events.port import Event
from mesh.rpc import context
from services.analysis import domain, ports
from services.analysis.adapters import findings

ANALYSES = port.Collection("analyses", (port.Index(("userId", "createdAt")),))
WITHDRAWALS = port.Collection("consent_withdrawals")
_PURPOSE = "analysis"
_SEAL_VERSION = 1
_ATTEMPTS = 5


class DocumentAnalyses:
    """`ports.Analyses`: what was found is sealed, only owner and time are in clear."""

    def __init__(self, documents: port.Documents, secrets: vault.Vault, time: clock.Clock) -> None:
        self._documents = documents
        self._vault = secrets
        self._clock = time

    async def add(self, analysis: domain.Analysis) -> None:
        try:
            sealed = await self._sealed(analysis)
            data: port.Data = {"userId": analysis.user_id, "createdAt": analysis.created_at, "sealed": sealed}
            event = self._completed(analysis, version=1)
            document = await self._documents.insert(ANALYSES.name, analysis.id, data, event)
        except vault.SubjectDestroyed as error:
            raise ports.OwnerErased from error
        except port.DuplicateKey as error:
            raise ports.AlreadyAnalysed from error
        # The account may have been erased, and its analyses deleted, since the seal: then this one must go too.
        if await self._opened(document) is None:
            await self._delete(document)
            raise ports.OwnerErased

    async def tell_again(self, analysis: domain.Analysis, asked_at: datetime) -> None:
        document = await self._documents.get(ANALYSES.name, analysis.id)
        if document is None or asked_at < _told_at(document):
            return
        event = self._completed(analysis, version=document.version + 1)
        data = {**document.data, "toldAt": event.timestamp}
        with contextlib.suppress(port.VersionConflict):  # somebody else tells of it just now
            await self._documents.update(ANALYSES.name, document, data, event)

    async def find(self, user_id: str, analysis_id: str) -> domain.Analysis | None:
        document = await self._documents.get(ANALYSES.name, analysis_id)
        if document is None or document.data["userId"] != user_id:
            return None
        return await self._opened(document)

    async def latest(self, user_id: str) -> domain.Analysis | None:
        query = port.Query({"userId": user_id}, order="createdAt", descending=True, limit=1)
        found = await self._documents.find(ANALYSES.name, query)
        return await self._opened(found[0]) if found else None

    async def forget(self, user_id: str, limit: int) -> int:
        found = await self._documents.find(ANALYSES.name, port.Query({"userId": user_id}, limit=limit))
        for document in found:
            await self._delete(document)
        return len(found)

    async def _delete(self, document: port.Document) -> None:
        with contextlib.suppress(port.VersionConflict):  # gone, or told of again and found at the next round
            await self._documents.delete(ANALYSES.name, document)

    async def _sealed(self, analysis: domain.Analysis) -> bytes:
        content = {
            "uploadIds": analysis.upload_ids,
            "region": analysis.region,
            "findings": findings.fields_of(analysis.findings),
        }
        return await self._vault.seal(
            analysis.user_id,
            purpose=_PURPOSE,
            object_id=analysis.id,
            version=_SEAL_VERSION,
            plaintext=orjson.dumps(content),
        )

    async def _opened(self, document: port.Document) -> domain.Analysis | None:
        """The analysis in a document; None when its owner's key is destroyed."""
        data: Any = document.data
        try:
            opened = await self._vault.open(
                data["userId"],
                purpose=_PURPOSE,
                object_id=document.id,
                version=_SEAL_VERSION,
                sealed=data["sealed"],
            )
        except (vault.SubjectDestroyed, vault.SubjectUnknown):
            return None
        content = orjson.loads(opened)
        return domain.Analysis(
            id=document.id,
            user_id=data["userId"],
            upload_ids=tuple(content["uploadIds"]),
            region=content["region"],
            created_at=data["createdAt"],
            findings=findings.of_fields(content["findings"]),
        )

    def _completed(self, analysis: domain.Analysis, version: int) -> Event:
        found = analysis.findings
        message = analysis_events_pb2.AnalysisCompleted(
            user_id=analysis.user_id,
            analysis_id=analysis.id,
            upload_ids=analysis.upload_ids,
            status=found.status,
            trust_score=found.trust_score,
            confidence=found.confidence,
            data_points=found.data_points,
            missing=[missing.code for missing in found.missing],
        )
        return _event(message, analysis.id, version, self._clock.now())


def _told_at(document: port.Document) -> datetime:
    """When an analysis was last told of: with its own write, or later."""
    data: Any = document.data
    told_at: datetime = data.get("toldAt") or data["createdAt"]
    return told_at


class DocumentWithdrawals:
    """`ports.Withdrawals`: a document a user."""

    def __init__(self, documents: port.Documents) -> None:
        self._documents = documents

    async def latest(self, user_id: str) -> domain.Withdrawal | None:
        document = await self._documents.get(WITHDRAWALS.name, user_id)
        return None if document is None else _withdrawal(document)

    async def note(self, user_id: str, withdrawal: domain.Withdrawal) -> None:
        data: port.Data = {"eventId": withdrawal.event_id, "at": withdrawal.at}
        for _ in range(_ATTEMPTS):
            document = await self._documents.get(WITHDRAWALS.name, user_id)
            if document is not None and _withdrawal(document).at >= withdrawal.at:
                return
            with contextlib.suppress(port.DuplicateKey, port.VersionConflict):
                if document is None:
                    await self._documents.insert(WITHDRAWALS.name, user_id, data)
                else:
                    await self._documents.update(WITHDRAWALS.name, document, data)
                return
        raise mesh.errors.Conflict

    async def forget(self, user_id: str) -> None:
        document = await self._documents.get(WITHDRAWALS.name, user_id)
        if document is not None:
            with contextlib.suppress(port.VersionConflict):
                await self._documents.delete(WITHDRAWALS.name, document)


class OutboxRequests:
    """`ports.Requests`: an event without a state."""

    def __init__(self, documents: port.Documents, time: clock.Clock) -> None:
        self._documents = documents
        self._clock = time

    async def queue(self, user_id: str, cause: str) -> None:
        message = analysis_events_pb2.AnalysisRequested(user_id=user_id, cause=cause)
        await self._documents.append(_event(message, ids.new_id("request"), 1, self._clock.now()))


def _event(
    message: analysis_events_pb2.AnalysisCompleted | analysis_events_pb2.AnalysisRequested,
    aggregate_id: str,
    version: int,
    now: datetime,
) -> Event:
    return codec.event(
        message,
        aggregate_id=aggregate_id,
        version=version,
        clock_now=now,
        correlation_id=context.correlation_id(),
    )


def _withdrawal(document: port.Document) -> domain.Withdrawal:
    data: Any = document.data
    return domain.Withdrawal(data["eventId"], data["at"])
