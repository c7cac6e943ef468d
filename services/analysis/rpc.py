"""The analysis service's contract over its use cases."""

from __future__ import annotations

from credpass.analysis.v1 import analysis_service_pb2 as pb
from credpass.analysis.v1 import analysis_service_pb2_grpc

from mesh.rpc import context
from services.analysis import domain, usecases


class AnalysisServicer(analysis_service_pb2_grpc.AnalysisServiceServicer):
    def __init__(self, show: usecases.ShowAnalysis, request: usecases.RequestAnalysis) -> None:
        self._show = show
        self._request = request

    async def GetAnalysis(self, request: pb.GetAnalysisRequest, _: object) -> pb.GetAnalysisResponse:  # noqa: N802
        analysis = await self._show(request.user_id, request.analysis_id)
        return pb.GetAnalysisResponse(analysis=_analysis(analysis))

    async def RequestAnalysis(  # noqa: N802
        self, request: pb.RequestAnalysisRequest, _: object
    ) -> pb.RequestAnalysisResponse:
        context.annotate(resource_type="user", resource_id=request.user_id)
        await self._request(request.user_id, request.cause)
        return pb.RequestAnalysisResponse()


def _analysis(analysis: domain.Analysis) -> pb.Analysis:
    found = analysis.findings
    message = pb.Analysis(
        analysis_id=analysis.id,
        status=found.status,
        trust_score=found.trust_score,
        tier=found.tier,
        confidence=found.confidence,
        credibility=pb.Credibility(
            factor=found.credibility.factor,
            contribution=found.credibility.contribution,
            reasons=found.credibility.reasons,
        ),
        insights=[_insight(insight) for insight in found.insights],
        public_insights=found.public_insights,
        recommendations=found.recommendations,
        missing=[missing.explanation for missing in found.missing],
        data_points=found.data_points,
        data_through=found.data_through,
        staleness_days=found.staleness_days,
        analysis_version=found.analysis_version,
        upload_ids=analysis.upload_ids,
        region=analysis.region,
    )
    for name, dimension in found.dimensions.items():
        message.dimensions[name].CopyFrom(_dimension(dimension))
    return message


def _dimension(dimension: domain.Dimension) -> pb.Dimension:
    return pb.Dimension(score=dimension.score, weight=dimension.weight, contribution=dimension.contribution)


def _insight(insight: domain.Insight) -> pb.Insight:
    return pb.Insight(
        factor=insight.factor,
        code=insight.code,
        impact=insight.impact,
        score_contribution=insight.score_contribution,
        explanation=insight.explanation,
    )
