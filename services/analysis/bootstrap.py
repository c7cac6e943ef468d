"""The analysis service, put together."""

from __future__ import annotations

import contextlib
import math
from collections.abc import AsyncIterator

from credpass.analysis.v1 import analysis_service_pb2_grpc
from credpass.auth.v1 import consent_service_pb2_grpc
from credpass.ingestion.v1 import ingestion_service_pb2_grpc

from mesh import backends, processes, runner
from mesh import settings as mesh_settings
from mesh.rpc import channels
from services.analysis import consumers, rpc, usecases
from services.analysis.adapters import clients, documents, scoring
from services.analysis.settings import Settings


@contextlib.asynccontextmanager
async def build(
    own: Settings, _: mesh_settings.Settings, stands_on: backends.Backends, reach: channels.Channels
) -> AsyncIterator[runner.Service]:
    """The service over backends and channels; its worker processes live as long as the block."""
    store, time = stands_on.documents, stands_on.clock
    await store.ensure(documents.ANALYSES, documents.WITHDRAWALS)
    analyses = documents.DocumentAnalyses(store, stands_on.vault, time)
    withdrawals = documents.DocumentWithdrawals(store)
    consents = clients.ConsentClient(reach.stub(consent_service_pb2_grpc.ConsentServiceStub, "auth"))
    kept = clients.StatementClient(
        reach.stub(ingestion_service_pb2_grpc.IngestionServiceStub, "ingestion"), own.time_limit_s
    )
    async with processes.Pool(_limits(own), preload=(scoring.WORK_MODULE,)) as pool:
        engine = scoring.PooledEngine(pool)
        analyse = usecases.AnalyseUser(consents, kept, engine, analyses, withdrawals, time)
        request = usecases.RequestAnalysis(kept, documents.OutboxRequests(store, time))
        erase = usecases.EraseUser(analyses, withdrawals)
        servicer = rpc.AnalysisServicer(usecases.ShowAnalysis(analyses), request)
        add = analysis_service_pb2_grpc.add_AnalysisServiceServicer_to_server
        yield runner.Service(
            name="analysis",
            registrations=(runner.Registration("credpass.analysis.v1.AnalysisService", add, servicer),),
            subscriptions=(consumers.analysis_workers(consumers.AnalysisWorker(analyse, erase, withdrawals)),),
            workers=pool,
        )


def _limits(own: Settings) -> processes.Limits:
    return processes.Limits(
        workers=own.workers,
        time_s=own.time_limit_s,
        cpu_s=math.ceil(own.time_limit_s),
        address_space_bytes=own.worker_memory_bytes,
    )
