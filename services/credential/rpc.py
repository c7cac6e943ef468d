"""The credential service's contract over its use cases."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from credpass.analysis.v1 import analysis_service_pb2 as analysis_pb
from credpass.credential.v1 import credential_service_pb2 as pb
from credpass.credential.v1 import credential_service_pb2_grpc

from mesh.rpc import context, idempotency
from services.credential import domain
from services.credential.usecases import owning, resolving, stopping

_VERIFY_PATH = "/api/v1/verify/"


@dataclasses.dataclass(frozen=True, slots=True)
class UseCases:
    """What the service does for its callers."""

    list_credentials: owning.ListCredentials
    show: owning.ShowCredential
    share: owning.CreateShareLink
    revoke: stopping.RevokeCredential
    revoke_link: stopping.RevokeShareLink
    resolve: resolving.ResolveTokens
    revoke_all: stopping.RevokeUserCredentials


class CredentialServicer(credential_service_pb2_grpc.CredentialServiceServicer):
    def __init__(self, use: UseCases) -> None:
        self._use = use

    async def ListCredentials(  # noqa: N802
        self, request: pb.ListCredentialsRequest, _: object
    ) -> pb.ListCredentialsResponse:
        page = await self._use.list_credentials(context.user().user_id, request.page_size, request.page_token)
        return pb.ListCredentialsResponse(
            credentials=[_summary(shown) for shown in page.shown], next_page_token=page.rest
        )

    async def GetCredential(self, request: pb.GetCredentialRequest, _: object) -> pb.GetCredentialResponse:  # noqa: N802
        shown, links = await self._use.show(context.user().user_id, request.credential_id)
        return pb.GetCredentialResponse(credential=_credential(shown, links))

    async def RevokeCredential(  # noqa: N802
        self, request: pb.RevokeCredentialRequest, _: object
    ) -> pb.RevokeCredentialResponse:
        context.annotate(resource_type="credential", resource_id=request.credential_id)
        revoked = await self._use.revoke(context.user().user_id, request.credential_id)
        response = pb.RevokeCredentialResponse(credential_id=revoked.id, status=revoked.status.value)
        if revoked.ended_at is not None:
            response.revoked_at.FromDatetime(revoked.ended_at)
        return response

    async def CreateShareLink(  # noqa: N802
        self, request: pb.CreateShareLinkRequest, _: object
    ) -> pb.CreateShareLinkResponse:
        context.annotate(resource_type="credential", resource_id=request.credential_id)
        user_id = context.user().user_id
        shown = await self._use.share(
            user_id, request.credential_id, request.expires_in_days, request.max_usage, idempotency.effects()
        )
        return pb.CreateShareLinkResponse(link=_link(shown))

    async def RevokeShareLink(  # noqa: N802
        self, request: pb.RevokeShareLinkRequest, _: object
    ) -> pb.RevokeShareLinkResponse:
        context.annotate(resource_type="share_link", resource_id=request.link_id)
        link = await self._use.revoke_link(context.user().user_id, request.credential_id, request.link_id)
        response = pb.RevokeShareLinkResponse(link_id=link.id, status="revoked")
        if link.revoked_at is not None:
            response.revoked_at.FromDatetime(link.revoked_at)
        return response

    async def ResolveTokens(self, request: pb.ResolveTokensRequest, _: object) -> pb.ResolveTokensResponse:  # noqa: N802
        resolved = await self._use.resolve(request.tokens)
        return pb.ResolveTokensResponse(results=[_result(each) for each in resolved])

    async def RevokeUserCredentials(  # noqa: N802
        self, request: pb.RevokeUserCredentialsRequest, _: object
    ) -> pb.RevokeUserCredentialsResponse:
        context.annotate(resource_type="user", resource_id=request.user_id)
        count = await self._use.revoke_all(request.user_id, domain.Cause(request.cause))
        return pb.RevokeUserCredentialsResponse(revoked_count=count)


def _summary(shown: owning.Shown) -> pb.CredentialSummary:
    message = pb.CredentialSummary(
        credential_id=shown.credential.id,
        trust_score=shown.content.analysis.trust_score,
        tier=shown.content.tier,
        status=shown.status,
        data_through=shown.content.analysis.data_through,
    )
    message.issued_at.FromDatetime(shown.credential.issued_at)
    message.expires_at.FromDatetime(shown.credential.expires_at)
    return message


def _credential(shown: owning.Shown, links: Sequence[owning.ShownLink]) -> pb.Credential:
    credential, content, analysis = shown.credential, shown.content, shown.content.analysis
    message = pb.Credential(
        credential_id=credential.id,
        user_id=credential.user_id,
        trust_score=analysis.trust_score,
        tier=content.tier,
        status=shown.status,
        verification_token=content.token,
        confidence=analysis.confidence,
        dimensions={name: _dimension(dimension) for name, dimension in analysis.dimensions.items()},
        credibility=_credibility(analysis.credibility),
        insights=[_insight(insight) for insight in analysis.insights],
        recommendations=analysis.recommendations,
        public_insights=content.public_insights,
        sharing_links=[_link(link) for link in links],
        metadata=_metadata(credential, analysis),
    )
    message.issued_at.FromDatetime(credential.issued_at)
    message.expires_at.FromDatetime(credential.expires_at)
    return message


def _dimension(dimension: domain.Dimension) -> analysis_pb.Dimension:
    return analysis_pb.Dimension(score=dimension.score, weight=dimension.weight, contribution=dimension.contribution)


def _credibility(credibility: domain.Credibility) -> analysis_pb.Credibility:
    return analysis_pb.Credibility(
        factor=credibility.factor, contribution=credibility.contribution, reasons=credibility.reasons
    )


def _insight(insight: domain.Insight) -> analysis_pb.Insight:
    return analysis_pb.Insight(
        factor=insight.factor,
        code=insight.code,
        impact=insight.impact,
        score_contribution=insight.score_contribution,
        explanation=insight.explanation,
    )


def _metadata(credential: domain.Credential, analysis: domain.Analysis) -> pb.CredentialMetadata:
    return pb.CredentialMetadata(
        data_points=analysis.data_points,
        analysis_version=analysis.analysis_version,
        region=analysis.region,
        data_through=analysis.data_through,
        staleness_days=analysis.staleness_days,
        analysis_id=credential.analysis_id,
    )


def _link(shown: owning.ShownLink) -> pb.ShareLink:
    message = pb.ShareLink(
        link_id=shown.link.id,
        token=shown.token,
        url=_VERIFY_PATH + shown.token,
        usage_count=shown.link.usage_count,
        max_usage=shown.link.max_usage,
        status=shown.status,
    )
    message.expires_at.FromDatetime(shown.link.expires_at)
    message.created_at.FromDatetime(shown.link.created_at)
    return message


def _result(resolution: resolving.Resolution) -> pb.ResolveTokensResponse.Result:
    result = pb.ResolveTokensResponse.Result(outcome=resolution.outcome, share_link=resolution.share_link)
    credential, content = resolution.credential, resolution.content
    if credential is not None:
        result.credential_id = credential.id
        result.user_id = credential.user_id
        result.version = credential.version
        result.issued_at.FromDatetime(credential.issued_at)
        result.expires_at.FromDatetime(credential.expires_at)
    if resolution.outcome == resolving.VALID and content is not None:
        result.trust_score = content.analysis.trust_score
        result.tier = content.tier
        result.insights.extend(content.public_insights)
        result.data_through = content.analysis.data_through
    return result
