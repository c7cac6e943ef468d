from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.analysis import domain, errors, usecases
from tests.fakes import analysis as fakes
from tests.support import clocks

USER = "user_one"
INGESTED = domain.Trigger(USER)


class World:
    def __init__(self) -> None:
        self.consents, self.statements = fakes.FakeConsents(), fakes.FakeStatements()
        self.engine, self.analyses = fakes.FakeEngine(), fakes.FakeAnalyses()
        self.withdrawals, self.clock = fakes.FakeWithdrawals(), clocks.HandClock()
        self.statements.uploads[USER] = ["upload_1"]
        self.analyse = usecases.AnalyseUser(
            self.consents, self.statements, self.engine, self.analyses, self.withdrawals, self.clock
        )
        self.erase = usecases.EraseUser(self.analyses, self.withdrawals)

    async def withdraw(self, event_id: str) -> None:
        self.clock.move(seconds=1)
        await self.withdrawals.note(USER, domain.Withdrawal(event_id, self.clock.now()))
        self.clock.move(seconds=1)


@pytest.fixture
def world() -> World:
    return World()


async def test_all_accepted_uploads_are_analysed_and_told(world: World) -> None:
    world.statements.uploads[USER] = ["upload_2", "upload_1"]
    await world.analyse(INGESTED)
    (analysis,) = world.analyses.kept.values()
    assert (analysis.upload_ids, analysis.findings) == (("upload_2", "upload_1"), fakes.FINDINGS)
    assert world.engine.analysed == [["upload_2", "upload_1"]]
    assert world.analyses.told == [analysis.id]


async def test_a_replay_or_a_burst_gives_one_analysis_a_set(world: World) -> None:
    world.statements.uploads[USER] = ["upload_1", "upload_2"]
    for _ in range(3):
        await world.analyse(INGESTED)
    assert len(world.analyses.kept) == len(world.analyses.told) == len(world.engine.analysed) == 1


async def test_another_upload_is_another_analysis(world: World) -> None:
    await world.analyse(INGESTED)
    world.statements.uploads[USER].append("upload_2")
    await world.analyse(INGESTED)
    assert len(world.analyses.told) == 2


async def test_without_consent_nothing_is_analysed(world: World) -> None:
    world.consents.withdrawn.add(USER)
    await world.analyse(INGESTED)
    assert (world.engine.analysed, world.analyses.kept) == ([], {})


async def test_without_an_accepted_upload_nothing_is_analysed(world: World) -> None:
    world.statements.uploads.clear()
    await world.analyse(domain.Trigger(USER))
    assert world.engine.analysed == []


async def test_consent_withdrawn_while_the_engine_runs_keeps_nothing(world: World) -> None:
    async def withdraw() -> None:
        world.consents.withdrawn.add(USER)

    world.engine.meanwhile = withdraw
    await world.analyse(INGESTED)
    assert (world.analyses.kept, world.analyses.told) == ({}, [])


async def test_an_account_erased_while_the_engine_runs_keeps_nothing(world: World) -> None:
    async def erase() -> None:
        world.analyses.erased.add(USER)

    world.engine.meanwhile = erase
    await world.analyse(INGESTED)
    assert (world.analyses.kept, world.analyses.told) == ({}, [])


async def test_two_workers_at_once_tell_once(world: World) -> None:
    async def other_worker() -> None:
        world.engine.meanwhile = None
        await world.analyse(INGESTED)

    world.engine.meanwhile = other_worker
    await world.analyse(INGESTED)
    assert len(world.analyses.told) == 1


async def test_consent_given_again_is_another_analysis_of_the_same_uploads(world: World) -> None:
    await world.analyse(INGESTED)
    await world.withdraw("evt_1")
    await world.analyse(domain.Trigger(USER))
    await world.analyse(domain.Trigger(USER))
    await world.analyse(INGESTED)
    assert len(world.analyses.told) == len(set(world.analyses.told)) == 2


async def test_consent_given_again_without_a_withdrawal_changes_nothing(world: World) -> None:
    await world.analyse(INGESTED)
    await world.analyse(domain.Trigger(USER))
    assert len(world.analyses.told) == 1


async def test_an_analysis_made_after_a_withdrawal_that_is_heard_of_later_stands(world: World) -> None:
    withdrawn_at = world.clock.now() - timedelta(minutes=1)
    await world.analyse(INGESTED)
    await world.withdrawals.note(USER, domain.Withdrawal("evt_1", withdrawn_at))
    await world.analyse(domain.Trigger(USER))
    assert len(world.analyses.told) == 1


async def test_a_replayed_withdrawal_does_not_undo_a_later_one(world: World) -> None:
    await world.withdraw("evt_1")
    early = await world.withdrawals.latest(USER)
    assert early is not None
    await world.withdraw("evt_2")
    await world.analyse(INGESTED)
    await world.withdrawals.note(USER, early)
    await world.analyse(domain.Trigger(USER))
    assert len(world.analyses.told) == 1


async def test_who_asks_for_an_analysis_that_exists_is_told_again(world: World) -> None:
    await world.analyse(INGESTED)
    await world.analyse(domain.Trigger(USER, asked_at=world.clock.now()))
    assert len(world.engine.analysed) == 1
    assert world.analyses.told == [*world.analyses.kept] * 2


async def test_an_erased_user_leaves_nothing(world: World) -> None:
    await world.analyse(INGESTED)
    await world.withdraw("evt_1")
    await world.erase(USER)
    await world.erase(USER)
    assert world.analyses.kept == {}
    assert await world.withdrawals.latest(USER) is None


async def test_the_region_is_of_the_latest_uploads_bank_whatever_asked_for_the_analysis(world: World) -> None:
    world.statements.country = "AT"
    await world.analyse(INGESTED)
    world.statements.country = "DE"
    world.statements.uploads[USER].append("upload_2")
    await world.analyse(domain.Trigger(USER, asked_at=world.clock.now()))
    assert [analysis.region for analysis in world.analyses.kept.values()] == ["AT", "DE"]


async def test_an_analysis_is_queued_only_where_there_is_something_to_analyse(world: World) -> None:
    requests = fakes.FakeRequests()
    request = usecases.RequestAnalysis(world.statements, requests)
    await request(USER, "stuck upload")
    with pytest.raises(errors.NothingToAnalyse):
        await request("user_two", "stuck upload")
    assert requests.queued == [(USER, "stuck upload")]


async def test_anothers_analysis_does_not_exist(world: World) -> None:
    await world.analyse(INGESTED)
    (analysis_id,) = world.analyses.kept
    show = usecases.ShowAnalysis(world.analyses)
    assert (await show(USER, analysis_id)).id == analysis_id
    with pytest.raises(errors.AnalysisNotFound):
        await show("user_two", analysis_id)


UPLOAD_IDS = st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=6, unique=True)


SHUFFLED = UPLOAD_IDS.flatmap(lambda upload_ids: st.tuples(st.just(upload_ids), st.permutations(upload_ids)))


@given(SHUFFLED)
def test_the_id_depends_on_the_set_of_uploads_and_not_on_their_order(pair: tuple[list[str], list[str]]) -> None:
    one, other = pair
    assert domain.analysis_id(USER, one, None) == domain.analysis_id(USER, other, None)


@given(UPLOAD_IDS, UPLOAD_IDS)
def test_other_uploads_give_another_id(one: list[str], other: list[str]) -> None:
    same = domain.analysis_id(USER, one, None) == domain.analysis_id(USER, other, None)
    assert same == (set(one) == set(other))
