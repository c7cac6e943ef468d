"""Processor time of a verification behind the gateway: `python -m tests.bench.verification_micro`, a line a piece.

The verification service's own work (cache on a real Redis, record on SQLite; auth and credential are not asked, as in a
warm system), the relay's and the audit trail's, each alone, in us of CPU an item with threads and system calls.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Self

import uvloop
from credpass.verification.v1 import verification_service_pb2 as pb

from mesh import backends, ids, logs, runner
from mesh import settings as mesh_settings
from mesh.events import topics, worker
from mesh.events.relay import Relay
from mesh.rpc import context
from services.audit import bootstrap as audit_bootstrap
from services.audit import settings as audit_settings
from services.verification import bootstrap
from services.verification.settings import Settings
from tests.fakes.channels import LocalChannels
from tests.fakes.verification_sources import FakeCredentialServicer, FakeInstitutionServicer
from tests.support import redis_server
from tests.support.verification_world import VerificationWorld

TOKENS = 16
IN_FLIGHT = 2
BATCHES = {4: 600, 16: 500, 64: 150}


class Cpu:
    """Processor time of this process while a block runs."""

    def __init__(self) -> None:
        self.used_s = 0.0

    def __enter__(self) -> Self:
        self._before_s = time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.used_s = time.process_time() - self._before_s


def say(label: str, cpu: Cpu, count: int) -> None:
    """A line of the table."""
    sys.stdout.write(f"{label:<52}{cpu.used_s / count * 1e6:>9.1f} us of CPU each ({count})\n")


@contextlib.asynccontextmanager
async def opened(folder: Path, redis_url: str) -> AsyncIterator[tuple[VerificationWorld, runner.Service]]:
    """The verification service, and audit's, over one store."""
    settings = mesh_settings.Settings.load({"CREDPASS_DATA": str(folder), "CREDPASS_CACHE_URL": redis_url})
    institutions, credentials = FakeInstitutionServicer(), FakeCredentialServicer()
    reach: Any = LocalChannels(InstitutionService=institutions, CredentialService=credentials)
    async with (
        backends.open_backends(settings) as found,
        bootstrap.build(Settings(), settings, found, reach) as service,
        audit_bootstrap.build(audit_settings.Settings(), settings, found, reach) as audit,
    ):
        await found.events.create_topics(topics.TOPICS)
        time_: Any = found.clock
        yield VerificationWorld(service, time_, found, institutions, credentials, Any), audit  # type: ignore[arg-type]


async def verifications(world: VerificationWorld, size: int, count: int) -> Cpu:
    """`count` batches of `size`, as many at once as the gateway has under way."""
    key, tokens = world.key(), [world.token() for _ in range(TOKENS)]
    await world.keep_key(key)
    requests = [_request(key, tokens, size) for _ in range(TOKENS)]
    info = context.CallInfo("verification", "BatchVerifyTokens", correlation_id="corr_bench")
    servicer: Any = world.service.registrations[0].servicer

    async def lane(first: int) -> None:
        with context.bind(info):
            for number in range(first, count, IN_FLIGHT):
                answer = await servicer.BatchVerifyTokens(requests[number % TOKENS], None)
                assert [result.response.valid for result in answer.results] == [True] * size

    await lane(count - 4)  # fills the cache
    with Cpu() as cpu:
        await asyncio.gather(*(lane(first) for first in range(IN_FLIGHT)))
    return cpu


def _request(key: str, tokens: list[str], size: int) -> pb.BatchVerifyTokensRequest:
    return pb.BatchVerifyTokensRequest(
        items=[
            pb.BatchVerifyTokensRequest.Item(
                request=pb.VerifyTokenRequest(token=tokens[number % TOKENS]),
                api_key=key,
                correlation_id=ids.new_id("corr"),
            )
            for number in range(size)
        ]
    )


async def relayed(world: VerificationWorld) -> None:
    """The outbox published and cleared, a few hundred at a time as under load."""
    relay, count = Relay(world.backends.documents, world.backends.events), 0
    with Cpu() as cpu:
        while found := await relay.relay_once():
            count += found
    say("relay, an event", cpu, count)


async def audited(world: VerificationWorld, audit: runner.Service) -> None:
    """Everything on the topics made into records."""
    working = worker.Worker(world.backends.events, audit.subscriptions[0])
    lag = world.backends.events.consumer("audit-logger", audit.subscriptions[0].topics)
    count = await lag.lag()
    task = asyncio.create_task(working.run())
    with Cpu() as cpu:
        await _until(lambda: _is(working, count))
    say("audit, an event", cpu, count)
    working.stop()
    await task


async def _is(working: worker.Worker, count: int) -> bool:
    return working.handled >= count


async def _until(done: Callable[[], Awaitable[bool]]) -> None:
    while not await done():  # noqa: ASYNC110 - a worker sets no event
        await asyncio.sleep(0.02)


async def measure(redis_url: str) -> None:
    """Every piece, on a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="credpass-bench-") as folder:
        async with opened(Path(folder), redis_url) as (world, audit):
            for size, count in BATCHES.items():
                cpu = await verifications(world, size, count)
                say(f"verification, in batches of {size}", cpu, size * count)
                await relayed(world)
            await audited(world, audit)


def main() -> None:
    logs.configure("info", io.BytesIO())
    with tempfile.TemporaryDirectory() as folder, redis_server.running(Path(folder)) as url:
        uvloop.run(measure(url))


if __name__ == "__main__":
    main()
