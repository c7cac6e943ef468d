"""What `ports.Analyses` and `ports.Withdrawals` promise, on the fakes and on documents."""

from __future__ import annotations

import asyncio
import dataclasses
import pathlib
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from mesh import backends, settings
from services.analysis import domain, ports
from services.analysis.adapters import documents as adapter
from tests.fakes import analysis as fakes
from tests.support import clocks

USER, OTHER = "user_one", "user_two"
ANALYSIS = domain.Analysis("analysis_1", USER, ("upload_1", "upload_2"), "CZ", clocks.START, fakes.FINDINGS)


@pytest.fixture
async def stands_on(tmp_path: pathlib.Path) -> AsyncIterator[backends.Backends]:
    async with backends.open_backends(settings.Settings(data=tmp_path), clocks.HandClock()) as opened:
        for user_id in (USER, OTHER):
            await opened.vault.create_subject(user_id)
        await opened.documents.ensure(adapter.ANALYSES, adapter.WITHDRAWALS)
        yield opened


@pytest.fixture(params=["fake", "documents"])
def analyses(request: pytest.FixtureRequest, stands_on: backends.Backends) -> ports.Analyses:
    if request.param == "fake":
        return fakes.FakeAnalyses()
    return adapter.DocumentAnalyses(stands_on.documents, stands_on.vault, stands_on.clock)


@pytest.fixture(params=["fake", "documents"])
def withdrawals(request: pytest.FixtureRequest, stands_on: backends.Backends) -> ports.Withdrawals:
    if request.param == "fake":
        return fakes.FakeWithdrawals()
    return adapter.DocumentWithdrawals(stands_on.documents)


async def test_an_analysis_is_found_as_it_was(analyses: ports.Analyses) -> None:
    await analyses.add(ANALYSIS)
    assert await analyses.find(USER, "analysis_1") == ANALYSIS
    assert await analyses.find(OTHER, "analysis_1") is None
    assert await analyses.find(USER, "analysis_2") is None


async def test_an_analysis_is_added_once(analyses: ports.Analyses) -> None:
    async def attempt() -> bool:
        try:
            await analyses.add(ANALYSIS)
        except ports.AlreadyAnalysed:
            return False
        return True

    assert sum(await asyncio.gather(*(attempt() for _ in range(5)))) == 1


async def test_the_latest_is_the_newest_of_the_user(analyses: ports.Analyses) -> None:
    assert await analyses.latest(USER) is None
    for number in (1, 3, 2):
        at = clocks.START + timedelta(seconds=number)
        await analyses.add(dataclasses.replace(ANALYSIS, id=f"analysis_{number}", created_at=at))
    await analyses.add(dataclasses.replace(ANALYSIS, id="analysis_9", user_id=OTHER))
    latest = await analyses.latest(USER)
    assert latest is not None
    assert latest.id == "analysis_3"


async def test_what_is_forgotten_is_gone(analyses: ports.Analyses) -> None:
    await analyses.add(ANALYSIS)
    await analyses.tell_again(ANALYSIS, ANALYSIS.created_at)
    kept = dataclasses.replace(ANALYSIS, id="analysis_9", user_id=OTHER)
    await analyses.add(kept)
    assert await analyses.forget(USER, 10) == 1
    assert await analyses.forget(USER, 10) == 0
    assert await analyses.find(USER, "analysis_1") is None
    assert await analyses.find(OTHER, "analysis_9") == kept
    await analyses.tell_again(ANALYSIS, ANALYSIS.created_at)


async def test_the_latest_withdrawal_is_kept_in_any_order(withdrawals: ports.Withdrawals) -> None:
    assert await withdrawals.latest(USER) is None
    one, two = (domain.Withdrawal(f"evt_{number}", clocks.START + timedelta(seconds=number)) for number in (1, 2))
    for withdrawal in (one, two, one, two):
        await withdrawals.note(USER, withdrawal)
    assert await withdrawals.latest(USER) == two
    assert await withdrawals.latest(OTHER) is None
    await withdrawals.forget(USER)
    await withdrawals.forget(USER)
    assert await withdrawals.latest(USER) is None


@pytest.fixture
def record(stands_on: backends.Backends) -> adapter.DocumentAnalyses:
    return adapter.DocumentAnalyses(stands_on.documents, stands_on.vault, stands_on.clock)


async def test_an_analysis_and_its_event_are_one_write_and_each_telling_is_its_own_event(
    record: adapter.DocumentAnalyses, stands_on: backends.Backends
) -> None:
    await record.add(ANALYSIS)
    await record.tell_again(ANALYSIS, ANALYSIS.created_at)
    pending = await stands_on.documents.pending_events(10)
    assert [told.publication.topic for told in pending] == ["analysis.completed"] * 2
    assert pending[0].publication.value != pending[1].publication.value


async def test_who_asked_before_it_was_told_is_not_told_again(
    record: adapter.DocumentAnalyses, stands_on: backends.Backends
) -> None:
    await record.add(ANALYSIS)
    later = ANALYSIS.created_at + timedelta(days=1)
    for asked_at in (ANALYSIS.created_at - timedelta(seconds=1), later, ANALYSIS.created_at - timedelta(seconds=1)):
        await record.tell_again(ANALYSIS, asked_at)
    assert len(await stands_on.documents.pending_events(10)) == 2


async def test_nothing_is_kept_for_a_destroyed_key(
    record: adapter.DocumentAnalyses, stands_on: backends.Backends
) -> None:
    await record.add(ANALYSIS)
    await stands_on.vault.destroy_subject(USER)
    assert await record.find(USER, "analysis_1") is None
    assert await record.latest(USER) is None
    with pytest.raises(ports.OwnerErased):
        await record.add(dataclasses.replace(ANALYSIS, id="analysis_2"))
    assert await record.forget(USER, 10) == 1


async def test_what_was_found_is_in_no_document_in_clear(
    record: adapter.DocumentAnalyses, stands_on: backends.Backends
) -> None:
    await record.add(ANALYSIS)
    document = await stands_on.documents.get("analyses", "analysis_1")
    assert document is not None
    assert set(document.data) == {"userId", "createdAt", "sealed"}
    assert "payment" not in repr(document.data).lower()
