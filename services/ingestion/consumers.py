"""What the ingestion service listens to."""

from __future__ import annotations

from credpass.analysis.v1 import analysis_events_pb2
from credpass.auth.v1 import account_events_pb2

from mesh.events import codec, port, worker
from services.ingestion import domain
from services.ingestion.usecases import following

_SENTENCES = {
    "days_covered": "The statements cover too few days for a score.",
    "transactions": "There are too few transactions for a score.",
    "inflow": "The statements show no money coming in.",
    "outflow": "The statements show no money going out.",
}


def upload_status(record: following.RecordAnalysis) -> worker.Subscription:
    """An analysis is done: its uploads are processed."""

    async def handle(event: port.Event) -> None:
        done = codec.payload(event, analysis_events_pb2.AnalysisCompleted)
        result = domain.Result(done.status, _messages(done), done.analysis_id, event.timestamp)
        await record(done.user_id, list(done.upload_ids), result)

    return worker.Subscription("upload-status", ("analysis.completed",), handle)


def accounts(erase: following.EraseUser) -> worker.Subscription:
    """An account is erased: nothing of it is kept."""

    async def handle(event: port.Event) -> None:
        if event.type == "account.erased":
            await erase(codec.payload(event, account_events_pb2.AccountErased).user_id)

    return worker.Subscription("ingestion-accounts", ("account.events",), handle)


def _messages(done: analysis_events_pb2.AnalysisCompleted) -> tuple[str, ...]:
    return tuple(_SENTENCES.get(code, "More data is needed for a score.") for code in done.missing)
