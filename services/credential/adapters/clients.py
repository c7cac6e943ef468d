"""Other services, through their stubs."""

from __future__ import annotations

from credpass.analysis.v1 import analysis_service_pb2 as analysis_pb
from credpass.analysis.v1 import analysis_service_pb2_grpc
from credpass.auth.v1 import consent_service_pb2, consent_service_pb2_grpc

from mesh import errors
from services.credential import domain

_SCORED = "scored"


class ConsentClient:
    """`ports.Consents`, at the auth service."""

    def __init__(self, stub: consent_service_pb2_grpc.ConsentServiceAsyncStub) -> None:
        self._stub = stub

    async def is_given(self, user_id: str) -> bool:
        answer = await self._stub.CheckConsent(consent_service_pb2.CheckConsentRequest(user_id=user_id))
        return answer.allowed


class AnalysisClient:
    """`ports.Analyses`, at the analysis service."""

    def __init__(self, stub: analysis_service_pb2_grpc.AnalysisServiceAsyncStub) -> None:
        self._stub = stub

    async def scored(self, user_id: str, analysis_id: str) -> domain.Analysis | None:
        request = analysis_pb.GetAnalysisRequest(user_id=user_id, analysis_id=analysis_id)
        try:
            found = (await self._stub.GetAnalysis(request)).analysis
        except errors.ServiceError as error:
            if error.kind is errors.Kind.NOT_FOUND:
                return None
            raise
        return _analysis(found) if found.status == _SCORED and found.HasField("trust_score") else None


def _analysis(found: analysis_pb.Analysis) -> domain.Analysis:
    return domain.Analysis(
        trust_score=found.trust_score,
        confidence=found.confidence,
        dimensions={name: _dimension(found.dimensions[name]) for name in sorted(found.dimensions)},
        credibility=domain.Credibility(
            found.credibility.factor, found.credibility.contribution, tuple(found.credibility.reasons)
        ),
        insights=[_insight(insight) for insight in found.insights],
        public_insights=list(found.public_insights),
        recommendations=list(found.recommendations),
        data_points=found.data_points,
        analysis_version=found.analysis_version,
        region=found.region,
        data_through=found.data_through,
        staleness_days=found.staleness_days,
    )


def _dimension(found: analysis_pb.Dimension) -> domain.Dimension:
    return domain.Dimension(found.score, found.weight, found.contribution)


def _insight(found: analysis_pb.Insight) -> domain.Insight:
    return domain.Insight(found.factor, found.code, found.impact, found.score_contribution, found.explanation)
