"""The analysis service as the credential service sees it."""

from __future__ import annotations

from credpass.analysis.v1 import analysis_service_pb2 as pb

from mesh import errors

PUBLIC_INSIGHTS = ("Strong payment history", "Stable income pattern")
WEIGHTS = {
    "paymentConsistency": 0.25,
    "incomeStability": 0.20,
    "spendingBehavior": 0.20,
    "savingsPattern": 0.15,
    "accountLongevity": 0.10,
    "financialDiversity": 0.10,
}


class NoSuchAnalysis(errors.ServiceError):
    kind = errors.Kind.NOT_FOUND
    domain = "test.analysis"
    reason = "ANALYSIS_NOT_FOUND"


class FakeAnalysisServicer:
    """AnalysisService: answers the analyses that were put in."""

    def __init__(self) -> None:
        self.analyses: dict[tuple[str, str], pb.Analysis] = {}

    def put(
        self, user_id: str, analysis_id: str, score: int | None, *, public: tuple[str, ...] = PUBLIC_INSIGHTS
    ) -> None:
        found = pb.Analysis(
            analysis_id=analysis_id,
            status="insufficient_data" if score is None else "scored",
            trust_score=score,
            tier="",
            confidence=0.89,
            public_insights=public,
            recommendations=["Keep three months of spending in savings."],
            data_points=1247,
            data_through="2026-02-14",
            staleness_days=1,
            analysis_version="1.0",
            region="CZ",
        )
        for name, weight in WEIGHTS.items():
            found.dimensions[name].CopyFrom(pb.Dimension(score=800, weight=weight, contribution=round(800 * weight)))
        found.credibility.CopyFrom(pb.Credibility(factor=0.98, contribution=-16, reasons=["Few months."]))
        found.insights.add(
            factor="Payment Consistency",
            code="payments.on_time",
            impact="positive",
            score_contribution=200,
            explanation="98% of recurring payments were on time over 24 months.",
        )
        self.analyses[user_id, analysis_id] = found

    async def GetAnalysis(self, request: pb.GetAnalysisRequest, context: object) -> pb.GetAnalysisResponse:  # noqa: N802
        found = self.analyses.get((request.user_id, request.analysis_id))
        if found is None:
            raise NoSuchAnalysis
        return pb.GetAnalysisResponse(analysis=found)
