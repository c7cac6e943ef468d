"""What each service's own bootstrap gives the runner."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from mesh import backends, errors, readiness, runner, settings
from mesh.events import topics
from tests.support.rpc_servers import IDENTITIES

# More than any kernel can be told: a worker ends when it sets this limit.
TOO_MUCH_BYTES = 1 << 80
FREE = dict.fromkeys(settings.SERVICES, "127.0.0.1:0")


@contextlib.asynccontextmanager
async def built(name: str, folder: Path, **own: Any) -> AsyncIterator[tuple[runner.Service, backends.Backends]]:
    """A service on embedded backends, with some settings of its own, and the backends."""
    chosen = importlib.import_module(f"services.{name}.settings").Settings(**own)
    build = importlib.import_module(f"services.{name}.bootstrap").build
    mesh = settings.Settings(data=folder, listens=FREE, ops_listens=FREE, health_listens=FREE)
    async with (
        backends.open_backends(mesh) as opened,
        runner.build_service(name, chosen, mesh, opened, IDENTITIES, build) as service,
    ):
        yield service, opened


@pytest.mark.parametrize("name", ["ingestion", "analysis"])
async def test_a_service_that_can_start_no_worker_process_is_not_ready(tmp_path: Path, name: str) -> None:
    mesh = settings.Settings(data=tmp_path, listens=FREE, ops_listens=FREE, health_listens=FREE)
    async with built(name, tmp_path, worker_memory_bytes=TOO_MUCH_BYTES) as (service, opened):
        assert service.workers is not None
        with pytest.raises(errors.Unavailable):
            await service.workers.ready()
        async with runner.host(service, mesh, opened, IDENTITIES) as running:
            troubles = await running.troubles()
    assert troubles[f"{name} worker processes"] == readiness.NO_WORKER


async def test_every_group_is_watched_with_the_topics_that_it_reads(tmp_path: Path) -> None:
    read: dict[str, tuple[str, ...]] = {}
    for name in settings.SERVICES:
        async with built(name, tmp_path) as (service, _):
            read |= {each.group: each.topics for each in service.subscriptions}
    assert read == dict(topics.READERS)
