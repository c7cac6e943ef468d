"""A backend that goes away at run time turns the readiness of those that need it false, and true again after."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from mesh import backends, readiness, runner
from mesh.settings import Settings
from tests.fakes.servicers import FakeAuth, FakeIngestion
from tests.support import moto_server, redis_server
from tests.support.conditions import until
from tests.support.rpc_servers import IDENTITIES

FREE = "127.0.0.1:0"


@pytest.fixture(scope="module")
def moto() -> Iterator[moto_server.MotoServer]:
    with moto_server.credentials(), moto_server.own_server() as server:
        yield server


@contextlib.asynccontextmanager
async def hosting(service: runner.Service, settings: Settings) -> AsyncIterator[runner.Running]:
    async with (
        backends.open_backends(settings) as opened,
        runner.host(service, settings, opened, IDENTITIES) as running,
    ):
        yield running


async def ready(running: runner.Running) -> tuple[int, set[str]]:
    """The status of /readyz, and the names of what is wrong."""
    async with httpx.AsyncClient(timeout=10) as client:
        answer = await client.get(f"http://{running.ops_address}/readyz")
    return answer.status_code, {line.partition(":")[0] for line in answer.text.splitlines() if ":" in line}


@pytest.mark.parametrize("name", ["documents", "events"])
async def test_a_log_or_store_that_every_service_needs_is_named_when_it_is_away(name: str, tmp_path: Path) -> None:
    async with backends.open_backends(Settings(data=tmp_path)) as opened:
        standing = readiness.Readiness(opened, ())
        await until(lambda: _named(standing))
        await getattr(opened, name).close()
        await until(lambda: _named(standing, name))


async def _named(standing: readiness.Readiness, *names: str) -> bool:
    return set(await standing.troubles()) == set(names)


@pytest.mark.redis
async def test_a_cache_that_every_service_needs_is_named_while_it_is_away(tmp_path: Path) -> None:
    with redis_server.own_server(tmp_path) as server:
        async with backends.open_backends(Settings(data=tmp_path, cache_url=server.url)) as opened:
            standing = readiness.Readiness(opened, ())
            await until(lambda: _named(standing))
            server.stop()
            await until(lambda: _named(standing, "cache"))
            server.start()
            await until(lambda: _named(standing))


async def test_blobs_and_keys_that_fall_silent_concern_the_service_that_needs_them_and_no_other(
    moto: moto_server.MotoServer, tmp_path: Path
) -> None:
    free = {"auth": FREE, "ingestion": FREE}
    settings = Settings(
        data=tmp_path,
        listens=free,
        ops_listens=free,
        health_listens=free,
        blobs_url=moto.s3_url("prefix"),
        keys_url=moto.kms_url(moto.make_key()),
    )
    needing = runner.Service("ingestion", (FakeIngestion().registration(),), needs=("blobs", "keys"))
    other = runner.Service("auth", (FakeAuth().registration(),))
    async with hosting(needing, settings) as running, hosting(other, settings) as unconcerned:

        async def says(status: int, *names: str, of: runner.Running = running) -> bool:
            return await ready(of) == (status, set(names))

        await until(lambda: says(200))
        with moto.hanging():
            await until(lambda: says(503, "blobs", "keys"))
            await until(lambda: says(200, of=unconcerned))
        await until(lambda: says(200))
