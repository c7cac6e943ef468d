"""Other services, through their stubs."""

from __future__ import annotations

from credpass.analysis.v1 import analysis_service_pb2, analysis_service_pb2_grpc
from credpass.auth.v1 import consent_service_pb2, consent_service_pb2_grpc

from services.ingestion import domain


class ConsentClient:
    """`ports.Consents`, at the auth service."""

    def __init__(self, stub: consent_service_pb2_grpc.ConsentServiceAsyncStub) -> None:
        self._stub = stub

    async def check(self, user_id: str) -> domain.Consent:
        answer = await self._stub.CheckConsent(consent_service_pb2.CheckConsentRequest(user_id=user_id))
        return domain.Consent(answer.allowed, answer.country)


class AnalysisClient:
    """`ports.Analyses`, at the analysis service."""

    def __init__(self, stub: analysis_service_pb2_grpc.AnalysisServiceAsyncStub) -> None:
        self._stub = stub

    async def request(self, user_id: str, cause: str) -> None:
        await self._stub.RequestAnalysis(analysis_service_pb2.RequestAnalysisRequest(user_id=user_id, cause=cause))
