"""Ingestion and analysis as they are built for real, on embedded backends, with only the network left out."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import pathlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

from credpass.auth.v1 import account_events_pb2
from credpass.ingestion.v1 import ingestion_service_pb2 as pb

from mesh import backends, runner
from mesh import settings as mesh_settings
from mesh.events import codec, relay, topics, worker
from mesh.events.port import Event
from mesh.rpc import context
from services.analysis import bootstrap as analysis
from services.analysis import settings as analysis_settings
from services.ingestion import bootstrap as ingestion
from services.ingestion import domain
from services.ingestion import settings as ingestion_settings
from tests.fakes import channels
from tests.support import clocks

USER = "user_one"
PATIENCE = domain.Patience(timedelta(minutes=2), 5)
_CHUNK_BYTES = 64 * 1024


@dataclasses.dataclass
class Path:
    """The two services; `consents` and `reach` are the fakes beside them."""

    stands_on: backends.Backends
    reach: channels.LocalChannels
    consents: channels.FakeConsentServicer
    services: dict[str, runner.Service]
    workers: dict[str, worker.Worker] = dataclasses.field(default_factory=dict)

    @property
    def ingestion(self) -> Any:
        return self.reach.servicers["IngestionService"]

    @property
    def analysis(self) -> Any:
        return self.reach.servicers["AnalysisService"]

    async def upload(self, data: bytes, user_id: str = USER, **form: Any) -> pb.UploadStatementResponse:
        with calling(user_id):
            response = await self.ingestion.UploadStatement(messages(data, **form), None)
        assert isinstance(response, pb.UploadStatementResponse)
        return response

    async def status(self, upload_id: str, user_id: str = USER) -> pb.Upload:
        with calling(user_id):
            response = await self.ingestion.GetUploadStatus(pb.GetUploadStatusRequest(upload_id=upload_id), None)
        assert isinstance(response, pb.GetUploadStatusResponse)
        return response.upload

    async def settled(self, upload_id: str, user_id: str = USER) -> pb.Upload:
        """The upload once it is no longer pending."""

        async def is_settled() -> bool:
            return (await self.status(upload_id, user_id)).status != "pending"

        await until(is_settled)
        return await self.status(upload_id, user_id)

    async def run_job(self, service: str, name: str) -> None:
        (job,) = (job for job in self.services[service].jobs if job.name == name)
        await job.run()


def calling(user_id: str) -> contextlib.AbstractContextManager[object]:
    """The block is a call of this user's."""
    principal = context.UserPrincipal(user_id)
    return context.bind(context.CallInfo(service="test", method="test", correlation_id="corr_1", principal=principal))


async def messages(data: bytes, **form: Any) -> AsyncIterator[pb.UploadStatementRequest]:
    """An upload as the gateway sends it."""
    if form:
        yield pb.UploadStatementRequest(form=pb.UploadForm(**form))
    for start in range(0, len(data), _CHUNK_BYTES):
        yield pb.UploadStatementRequest(chunk=data[start : start + _CHUNK_BYTES])


@contextlib.asynccontextmanager
async def opened(data: pathlib.Path, time: Any, own: ingestion_settings.Settings | None = None) -> AsyncIterator[Path]:
    """Both services over backends in `data`; events do not flow yet."""
    settings = mesh_settings.Settings(data=data)
    consents = channels.FakeConsentServicer()
    reach = channels.LocalChannels(ConsentService=consents)
    async with contextlib.AsyncExitStack() as stack:
        stands_on = await stack.enter_async_context(backends.open_backends(settings, time))
        await stands_on.events.create_topics(topics.TOPICS)
        own = own or ingestion_settings.Settings(workers=1)
        built = {
            "ingestion": await stack.enter_async_context(
                ingestion.build(own, settings, stands_on, reach)  # type: ignore[arg-type]
            ),
            "analysis": await stack.enter_async_context(
                analysis.build(
                    analysis_settings.Settings(workers=1),
                    settings,
                    stands_on,
                    reach,  # type: ignore[arg-type]
                )
            ),
        }
        for service in built.values():
            for registration in service.registrations:
                reach.servicers[registration.name.rpartition(".")[2]] = registration.servicer
        yield Path(stands_on, reach, consents, built)


@contextlib.asynccontextmanager
async def flowing(path: Path) -> AsyncIterator[Path]:
    """Events flow: relay and workers of both services run."""
    relaying = relay.Relay(path.stands_on.documents, path.stands_on.events)
    path.workers = {
        subscription.group: worker.Worker(path.stands_on.events, subscription)
        for service in path.services.values()
        for subscription in service.subscriptions
    }
    workers = list(path.workers.values())
    tasks = [asyncio.create_task(relaying.run()), *(asyncio.create_task(runs.run()) for runs in workers)]
    try:
        yield path
    finally:
        for runs in workers:
            runs.stop()
        relaying.stop()
        await asyncio.gather(*tasks)


def account_event(kind: str, user_id: str, number: int) -> Event:
    """An event of the auth service: consent `given` or `withdrawn`, account `erased`; later ones are larger."""
    message = {
        "given": account_events_pb2.ConsentGiven(user_id=user_id, consent_version="1.0"),
        "withdrawn": account_events_pb2.ConsentWithdrawn(user_id=user_id),
        "erased": account_events_pb2.AccountErased(user_id=user_id),
    }[kind]
    at = clocks.START + timedelta(seconds=number)
    return codec.event(message, aggregate_id=user_id, version=number, clock_now=at, correlation_id="corr_1")


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait for a condition; fails after 30 s."""
    async with asyncio.timeout(30):
        while not await condition():  # noqa: ASYNC110 - documents have no event to wait on
            await asyncio.sleep(0.01)
