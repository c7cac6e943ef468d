from __future__ import annotations

from pathlib import Path

import pytest
from credpass.verification.v1 import institution_history_service_pb2 as history_pb

from mesh import errors
from mesh.documents import port
from mesh.rpc import context
from tests.support.verification_world import PRINCIPAL, TEST_PRINCIPAL, VerificationWorld, verification_world

OTHER = context.InstitutionPrincipal("inst_2", "key_2", ("verify", "manage"))


async def test_every_answer_is_recorded_with_its_event_and_no_score(world: VerificationWorld) -> None:
    token, link = world.token(), world.token(uses=1)
    await world.verify(token)
    await world.verify(token)
    await world.verify(link)
    await world.verify(link)
    recorded = await world.history()
    assert [each.result for each in recorded].count("used_up") == 1
    assert len({each.verification_id for each in recorded}) == 4
    assert all(each.verification_id.startswith("ver_") for each in recorded)
    told = await world.events()
    assert [(event.topic, event.type, event.key) for event in told] == [
        ("verification.requested", "verification.requested", "user_a")
    ] * 4
    assert told[-1].payload == {
        "verificationId": told[-1].payload["verificationId"],
        "institutionId": "inst_1",
        "keyId": "key_1",
        "credentialId": f"cred_of_{link[-4:]}",
        "userId": "user_a",
        "result": "used_up",
        "shareLink": True,
    }
    assert {event.payload["verificationId"] for event in told} == {each.verification_id for each in recorded}
    assert not any("782" in str(event.payload) for event in told)


class FullDisk:
    """Documents that take no verification."""

    def __init__(self, documents: port.Documents) -> None:
        self._documents = documents

    def __getattr__(self, name: str) -> object:
        return getattr(self._documents, name)

    async def insert_many(self, *_: object) -> None:
        raise errors.Unavailable


async def test_no_answer_without_its_record(world: VerificationWorld, tmp_path: Path) -> None:
    full = FullDisk(world.backends.documents)
    async with verification_world(tmp_path, documents=full) as refusing:  # type: ignore[arg-type]
        token, key = refusing.token(), refusing.key()
        with pytest.raises(errors.Unavailable):
            await refusing.verify(token)
        with pytest.raises(errors.Unavailable):
            await refusing.batch((token, key))


async def test_history_is_the_institutions_own_and_paged_newest_first(world: VerificationWorld) -> None:
    tokens = [world.token() for _ in range(7)]
    for token in tokens:
        await world.verify(token)
        await world.verify(token, OTHER)
        world.clock.move(seconds=1)
    found, page_token, pages = [], "", 0
    while True:
        request = history_pb.ListVerificationsRequest(page_size=3, page_token=page_token)
        page = await world.call("ListVerifications", request)
        found += [each.credential_id for each in page.verifications]
        page_token, pages = page.next_page_token, pages + 1
        if not page_token:
            break
    assert found == [f"cred_of_{token[-4:]}" for token in reversed(tokens)]
    assert pages == 3


async def test_page_of_answers_with_one_moment_has_no_gaps_or_repeats(world: VerificationWorld) -> None:
    key, token = world.key(), world.token()
    await world.batch(*[(token, key)] * 25)
    seen, page_token = [], ""
    for _ in range(3):
        request = history_pb.ListVerificationsRequest(page_size=10, page_token=page_token)
        page = await world.call("ListVerifications", request)
        seen += [each.verification_id for each in page.verifications]
        page_token = page.next_page_token
    assert page_token == ""
    assert len(seen) == len(set(seen)) == 25


async def test_page_token_that_no_page_gave_is_refused(world: VerificationWorld) -> None:
    token = world.token()
    await world.verify(token, OTHER)
    (others,) = await world.history(OTHER)
    for page_token in ("nonsense", others.verification_id):
        with pytest.raises(errors.InvalidArgument) as caught:
            await world.call("ListVerifications", history_pb.ListVerificationsRequest(page_token=page_token))
        assert caught.value.violations[0].field == "page_token"


async def test_dashboard_counts_lately_and_ever(world: VerificationWorld) -> None:
    early, token = world.token(), world.token()
    await world.verify(early)
    world.credentials.stop(early)
    world.clock.move(days=31)
    await world.backends.cache.redis.flushall()
    for _ in range(11):
        await world.verify(token)
    await world.verify(early)
    await world.verify(token, OTHER)
    shown = await world.call("GetDashboard", history_pb.GetDashboardRequest())
    assert (shown.institution_id, shown.name, shown.type, shown.status) == ("inst_1", "A Bank", "bank", "active")
    assert shown.active_api_keys == 2
    assert shown.last_30_days == history_pb.VerificationCounts(total=12, valid=11, invalid=1)
    assert shown.all_time == history_pb.VerificationCounts(total=13, valid=12, invalid=1)
    assert len(shown.recent) == 10


async def test_test_verifications_are_kept_apart(world: VerificationWorld) -> None:
    await world.verify("vt_test_valid", TEST_PRINCIPAL)
    await world.verify(world.token())
    assert [each.credential_id for each in await world.history(TEST_PRINCIPAL)] == ["cred_test_valid"]
    assert len(await world.history(PRINCIPAL)) == 1
    shown = await world.call("GetDashboard", history_pb.GetDashboardRequest(), TEST_PRINCIPAL)
    assert shown.all_time.total == 1
    assert len(await world.events()) == 2
