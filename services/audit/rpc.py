"""`credpass.audit.v1.AuditService`: translate in, one use case, translate out."""

# ruff: noqa: N802 - the contract names the methods

from __future__ import annotations

from typing import Any

from credpass.audit.v1 import audit_service_pb2 as pb
from credpass.audit.v1 import audit_service_pb2_grpc
from google.protobuf import timestamp_pb2

from services.audit import ports, usecases
from services.audit.domain import chain

DEFAULT_PAGE_SIZE = 100


class AuditServicer(audit_service_pb2_grpc.AuditServiceServicer):
    def __init__(self, verify: usecases.VerifyTrail, list_records: usecases.ListRecords) -> None:
        self._verify, self._list = verify, list_records

    async def VerifyTrail(self, _request: pb.VerifyTrailRequest, _: Any) -> pb.VerifyTrailResponse:
        report = await self._verify()
        return pb.VerifyTrailResponse(
            intact=report.intact,
            record_count=report.record_count,
            last_hash=report.last_hash,
            defects=[
                pb.VerifyTrailResponse.Defect(sequence=defect.sequence, kind=defect.kind) for defect in report.defects
            ],
        )

    async def ListRecords(self, request: pb.ListRecordsRequest, _: Any) -> pb.ListRecordsResponse:
        search = ports.Search(
            actor_id=request.actor_id,
            resource_id=request.resource_id,
            correlation_id=request.correlation_id,
            limit=request.page_size or DEFAULT_PAGE_SIZE,
        )
        return pb.ListRecordsResponse(records=[_record(record) for record in await self._list(search)])


def _record(record: chain.Record) -> pb.Record:
    facts = record.facts
    timestamp = timestamp_pb2.Timestamp()
    timestamp.FromDatetime(facts.timestamp)
    return pb.Record(
        sequence=record.sequence,
        timestamp=timestamp,
        event_type=facts.event_type,
        actor_type=facts.actor_type,
        actor_id=facts.actor_id,
        resource_type=facts.resource_type,
        resource_id=facts.resource_id,
        action=facts.action,
        outcome=facts.outcome,
        correlation_id=facts.correlation_id,
        hash=record.hash,
    )
