"""The ingestion service, put together."""

from __future__ import annotations

import contextlib
import math
from collections.abc import AsyncIterator
from datetime import timedelta

from credpass.analysis.v1 import analysis_service_pb2_grpc
from credpass.auth.v1 import consent_service_pb2_grpc
from credpass.ingestion.v1 import ingestion_service_pb2_grpc

from mesh import backends, processes, runner
from mesh import settings as mesh_settings
from mesh.rpc import channels
from services.ingestion import consumers, domain, ports, rpc
from services.ingestion.adapters import clients, documents, reading, statements
from services.ingestion.settings import Settings
from services.ingestion.usecases import following, previewing, receiving, showing, sweeping, taking


@contextlib.asynccontextmanager
async def build(
    own: Settings, _: mesh_settings.Settings, stands_on: backends.Backends, reach: channels.Channels
) -> AsyncIterator[runner.Service]:
    """The service over backends and channels; its worker processes live as long as the block."""
    await stands_on.documents.ensure(documents.UPLOADS)
    uploads = documents.DocumentUploads(stands_on.documents, stands_on.vault, stands_on.clock)
    kept = statements.SealedStatements(stands_on.blobs, stands_on.vault)
    consents = clients.ConsentClient(reach.stub(consent_service_pb2_grpc.ConsentServiceStub, "auth"))
    analyses = clients.AnalysisClient(reach.stub(analysis_service_pb2_grpc.AnalysisServiceStub, "analysis"))
    patience = domain.Patience(timedelta(seconds=own.stuck_after_s), own.stuck_tries)
    bounds = receiving.Bounds(own.upload_limit_bytes, own.upload_time_limit_s, patience)
    sweep = sweeping.SweepStuckUploads(uploads, consents, analyses, stands_on.clock, patience)
    remove = sweeping.RemoveAbandoned(uploads, kept, stands_on.clock, bounds)
    async with processes.Pool(_limits(own), preload=(reading.WORK_MODULE,)) as pool:
        reader = reading.PooledReader(pool, stands_on.clock, own.upload_limit_bytes)
        receive = receiving.Receive(consents, uploads, kept, reader, stands_on.clock, bounds)
        take = taking.TakeStatement(receive, uploads, kept, stands_on.clock, patience)
        yield runner.Service(
            name="ingestion",
            registrations=(_registration(take, previewing.PreviewStatement(receive), uploads, kept),),
            subscriptions=(
                consumers.upload_status(following.RecordAnalysis(uploads)),
                consumers.accounts(following.EraseUser(uploads, kept)),
            ),
            jobs=(
                runner.Job("sweep stuck uploads", own.sweep_interval_s, sweep),
                runner.Job("remove abandoned uploads", own.sweep_interval_s, remove),
            ),
            needs=("blobs", "keys"),
            workers=pool,
        )


def _registration(
    take: taking.TakeStatement,
    preview: previewing.PreviewStatement,
    uploads: ports.Uploads,
    kept: ports.Statements,
) -> runner.Registration:
    servicer = rpc.IngestionServicer(
        take,
        preview,
        showing.ListUploads(uploads),
        showing.ShowUpload(uploads),
        showing.ListAccepted(uploads),
        showing.StreamRows(uploads, kept),
    )
    add = ingestion_service_pb2_grpc.add_IngestionServiceServicer_to_server
    return runner.Registration("credpass.ingestion.v1.IngestionService", add, servicer)


def _limits(own: Settings) -> processes.Limits:
    return processes.Limits(
        workers=own.workers,
        time_s=own.read_time_limit_s,
        cpu_s=math.ceil(own.read_time_limit_s),
        address_space_bytes=own.worker_memory_bytes,
    )
