"""Other services, through their stubs."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Sequence
from typing import Any, cast

from credpass.auth.v1 import consent_service_pb2, consent_service_pb2_grpc
from credpass.ingestion.v1 import ingestion_service_pb2, ingestion_service_pb2_grpc

from services.analysis import domain, ports


class ConsentClient:
    """`ports.Consents`, at the auth service."""

    def __init__(self, stub: consent_service_pb2_grpc.ConsentServiceAsyncStub) -> None:
        self._stub = stub

    async def check(self, user_id: str) -> domain.Consent:
        answer = await self._stub.CheckConsent(consent_service_pb2.CheckConsentRequest(user_id=user_id))
        return domain.Consent(answer.allowed, answer.country)


class StatementClient:
    """`ports.Statements`, at the ingestion service."""

    def __init__(self, stub: ingestion_service_pb2_grpc.IngestionServiceAsyncStub, rows_timeout_s: float) -> None:
        self._stub = stub
        self._rows_timeout_s = rows_timeout_s

    async def accepted(self, user_id: str) -> domain.Accepted:
        request = ingestion_service_pb2.ListAcceptedUploadsRequest(user_id=user_id)
        answer = await self._stub.ListAcceptedUploads(request)
        return domain.Accepted(tuple(answer.upload_ids), answer.source_country)

    async def rows(self, user_id: str, upload_ids: Sequence[str]) -> ports.Rows:
        request = ingestion_service_pb2.StreamRowsRequest(user_id=user_id, upload_ids=upload_ids)
        stream = cast(AsyncGenerator[Any, None], self._stub.StreamRows(request, timeout=self._rows_timeout_s))
        async with contextlib.aclosing(stream) as pieces:
            async for piece in pieces:
                doubts = tuple(domain.Doubt(signal.code, signal.weight) for signal in piece.signals)
                yield domain.Piece(piece.upload_id, piece.rows, doubts)
