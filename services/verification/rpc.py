"""The verification service's contracts over its use cases."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from datetime import datetime

from credpass.verification.v1 import institution_history_service_pb2 as history_pb
from credpass.verification.v1 import institution_history_service_pb2_grpc, verification_service_pb2_grpc
from credpass.verification.v1 import verification_service_pb2 as pb
from google.protobuf import timestamp_pb2

from mesh import errors
from mesh.rpc import context, status
from services.verification import domain
from services.verification.usecases import history, verifying

# Messages without their moment, for the standings that are asked for again and again.
_PREBUILT = 4096


class VerificationServicer(verification_service_pb2_grpc.VerificationServiceServicer):
    def __init__(self, verify: verifying.VerifyTokens) -> None:
        self._verify = verify

    async def VerifyToken(self, request: pb.VerifyTokenRequest, _: object) -> pb.VerifyTokenResponse:  # noqa: N802
        shown = context.institution()
        caller = domain.Caller(shown.institution_id, shown.key_id, tuple(shown.scopes), shown.test)
        (outcome,) = await self._verify([domain.Call(request.token, context.correlation_id(), caller)])
        if isinstance(outcome, errors.ServiceError):
            raise outcome
        response = pb.VerifyTokenResponse()
        response.MergeFrom(_message(outcome.standing))
        response.verified_at.FromDatetime(outcome.verified_at)
        return response

    # The mesh reads and writes the stream; here each request is a call.
    async def BatchVerifyTokens(  # type: ignore[override]  # noqa: N802
        self, request: pb.BatchVerifyTokensRequest, _: object
    ) -> pb.BatchVerifyTokensResponse:
        calls = [
            domain.Call(item.request.token, item.correlation_id or context.correlation_id(), api_key=item.api_key)
            for item in request.items
        ]
        return _batch(await self._verify(calls))


class InstitutionHistoryServicer(institution_history_service_pb2_grpc.InstitutionHistoryServiceServicer):
    def __init__(self, dashboard: history.ShowDashboard, list_verifications: history.ListVerifications) -> None:
        self._dashboard = dashboard
        self._list = list_verifications

    async def GetDashboard(  # noqa: N802
        self, _: history_pb.GetDashboardRequest, __: object
    ) -> history_pb.GetDashboardResponse:
        shown = context.institution()
        found = await self._dashboard(shown.institution_id, test=shown.test)
        return history_pb.GetDashboardResponse(
            institution_id=found.institution.institution_id,
            name=found.institution.name,
            type=found.institution.type,
            status=found.institution.status,
            active_api_keys=found.institution.active_api_keys,
            last_30_days=_counts(found.last_30_days),
            all_time=_counts(found.all_time),
            recent=[_verification(each) for each in found.recent],
        )

    async def ListVerifications(  # noqa: N802
        self, request: history_pb.ListVerificationsRequest, _: object
    ) -> history_pb.ListVerificationsResponse:
        shown = context.institution()
        page = await self._list(shown.institution_id, request.page_size, request.page_token, test=shown.test)
        return history_pb.ListVerificationsResponse(
            verifications=[_verification(each) for each in page.verifications], next_page_token=page.rest
        )


def _batch(outcomes: Sequence[verifying.Outcome]) -> pb.BatchVerifyTokensResponse:
    response = pb.BatchVerifyTokensResponse()
    for outcome in outcomes:
        result = response.results.add()
        if isinstance(outcome, errors.ServiceError):
            result.error.CopyFrom(status.to_status(outcome))
        else:
            answer = result.response
            answer.CopyFrom(_message(outcome.standing))  # half the price of MergeFrom
            answer.verified_at.CopyFrom(_timestamp(outcome.verified_at))
    return response


@functools.lru_cache(_PREBUILT)
def _message(standing: domain.Standing) -> pb.VerifyTokenResponse:
    """The answer but for its moment. Never change what comes out of here: it is shared."""
    message = pb.VerifyTokenResponse(valid=standing.outcome == domain.VALID)
    if standing.issued_at is not None:
        message.issued_at.FromDatetime(standing.issued_at)
    if not message.valid:
        message.reason = standing.outcome
        return message
    if standing.trust_score is not None:
        message.trust_score = standing.trust_score
    message.tier = standing.tier
    message.insights.extend(standing.insights)
    message.data_through = standing.data_through
    if standing.expires_at is not None:
        message.expires_at.FromDatetime(standing.expires_at)
    return message


@functools.lru_cache(1)  # all answers of a batch have the same moment
def _timestamp(moment: datetime) -> timestamp_pb2.Timestamp:
    message = timestamp_pb2.Timestamp()
    message.FromDatetime(moment)
    return message


def _counts(counts: domain.Counts) -> history_pb.VerificationCounts:
    return history_pb.VerificationCounts(total=counts.total, valid=counts.valid, invalid=counts.total - counts.valid)


def _verification(verification: domain.Verification) -> history_pb.Verification:
    message = history_pb.Verification(
        verification_id=verification.id,
        credential_id=verification.credential_id,
        valid=verification.result == domain.VALID,
        result=verification.result,
    )
    message.verified_at.FromDatetime(verification.verified_at)
    return message
