"""What the analysis service listens to."""

from __future__ import annotations

from credpass.analysis.v1 import analysis_events_pb2
from credpass.auth.v1 import account_events_pb2
from credpass.ingestion.v1 import ingestion_events_pb2

from mesh.events import codec, port, worker
from services.analysis import domain, ports, usecases

TOPICS = ("data.ingested", "analysis.requested", "account.events")


class AnalysisWorker:
    """Events to use cases, by type; what it does not know is another's business."""

    def __init__(
        self, analyse: usecases.AnalyseUser, erase: usecases.EraseUser, withdrawals: ports.Withdrawals
    ) -> None:
        self._analyse = analyse
        self._erase = erase
        self._withdrawals = withdrawals

    async def __call__(self, event: port.Event) -> None:
        match event.type:
            case "data.ingested":
                ingested = codec.payload(event, ingestion_events_pb2.DataIngested)
                await self._analyse(domain.Trigger(ingested.user_id))
            case "analysis.requested":
                requested = codec.payload(event, analysis_events_pb2.AnalysisRequested)
                await self._analyse(domain.Trigger(requested.user_id, asked_at=event.timestamp))
            case "consent.given":
                given = codec.payload(event, account_events_pb2.ConsentGiven)
                await self._analyse(domain.Trigger(given.user_id))
            case "consent.withdrawn":
                withdrawn = codec.payload(event, account_events_pb2.ConsentWithdrawn)
                await self._withdrawals.note(withdrawn.user_id, domain.Withdrawal(event.id, event.timestamp))
            case "account.erased":
                await self._erase(codec.payload(event, account_events_pb2.AccountErased).user_id)


def analysis_workers(handler: AnalysisWorker) -> worker.Subscription:
    return worker.Subscription("analysis-workers", TOPICS, handler)
