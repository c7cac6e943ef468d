"""How a backend is looked at whose every request counts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from mesh import errors, settings
from mesh.readiness import NO_WORKER, UNREACHABLE, Glance


class Backend:
    """Answers, refuses, or says nothing until it is let go; `requests` are those that reached it."""

    def __init__(self) -> None:
        self.requests = 0
        self.refusal: Exception | None = None
        self.answering = asyncio.Event()
        self.answering.set()

    async def ping(self) -> None:
        self.requests += 1
        await self.answering.wait()
        if self.refusal is not None:
            raise self.refusal


@pytest.fixture
async def backend() -> Backend:
    return Backend()


@pytest.fixture
async def glance(backend: Backend) -> AsyncIterator[Glance]:
    opened = Glance(backend.ping, interval_s=0.0, timeout_s=0.05)
    yield opened
    await opened.close()


async def test_a_storm_of_probes_is_one_request(backend: Backend) -> None:
    rare = Glance(backend.ping, interval_s=3600.0)
    assert set(await asyncio.gather(*(rare.trouble() for _ in range(50)))) == {""}
    assert await rare.trouble() == ""
    assert backend.requests == 1


async def test_a_storm_of_probes_at_a_silent_backend_is_one_request_and_ends_in_time(
    backend: Backend, glance: Glance
) -> None:
    backend.answering.clear()
    async with asyncio.timeout(10):
        for _ in range(2):
            assert set(await asyncio.gather(*(glance.trouble() for _ in range(50)))) == {UNREACHABLE}
    assert backend.requests == 1


@pytest.mark.parametrize("refusal", [errors.Unavailable(), settings.SettingsError("the key file is damaged")])
async def test_a_backend_that_comes_back_is_seen_at_the_next_look(
    backend: Backend, glance: Glance, refusal: Exception
) -> None:
    backend.refusal = refusal
    assert await glance.trouble() == UNREACHABLE
    backend.refusal = None
    assert await glance.trouble() == ""


async def test_a_late_answer_counts_when_it_comes(backend: Backend, glance: Glance) -> None:
    backend.answering.clear()
    assert await glance.trouble() == UNREACHABLE
    backend.answering.set()
    assert await glance.trouble() == ""


async def test_closing_waits_for_no_silent_backend(backend: Backend, glance: Glance) -> None:
    backend.answering.clear()
    await glance.trouble()
    async with asyncio.timeout(10):
        await glance.close()
    assert await glance.trouble() == UNREACHABLE


async def test_trouble_is_told_in_the_words_of_what_is_looked_at(backend: Backend) -> None:
    pool = Glance(backend.ping, word=NO_WORKER, interval_s=0.0, timeout_s=0.05)
    backend.refusal = errors.Unavailable()
    assert await pool.trouble() == NO_WORKER
    backend.answering.clear()
    assert await pool.trouble() == NO_WORKER
    await pool.close()
