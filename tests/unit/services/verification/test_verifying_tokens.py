from __future__ import annotations

import pytest
from credpass.verification.v1 import verification_service_pb2 as pb

from mesh import apikeys, cache, errors, ids
from services.verification import errors as refusals
from tests.support.verification_world import PRINCIPAL, TEST_PRINCIPAL, VerificationWorld


async def test_valid_token_is_answered_with_what_institutions_may_know(world: VerificationWorld) -> None:
    token = world.token()
    for _ in range(2):  # asked, then kept
        answer = await world.verify(token)
        assert (answer.valid, answer.trust_score, answer.tier) == (True, 782, "excellent")
        assert list(answer.insights) == ["Strong payment history"]
        assert answer.data_through == "2026-02-14"
        assert answer.issued_at.ToJsonString() == "2026-02-15T10:00:00Z"
        assert answer.expires_at.ToJsonString() == "2027-02-15T10:00:00Z"
        assert not answer.HasField("reason")
        assert answer.verified_at.ToDatetime() == world.clock.now().replace(tzinfo=None)
        world.clock.move(seconds=1)


@pytest.mark.parametrize(
    "token",
    ["vt_nothing", "", "nonsense", ids.new_token("vt"), ids.new_token("vt_share")],
    ids=["short", "empty", "nonsense", "credential", "share link"],
)
async def test_token_that_nothing_has_is_not_found_and_leaves_no_record(world: VerificationWorld, token: str) -> None:
    with pytest.raises(refusals.TokenNotFound):
        await world.verify(token)
    assert await world.history() == []
    assert await world.events() == []


@pytest.mark.parametrize("outcome", ["revoked", "superseded", "expired"])
async def test_what_stopped_is_answered_with_the_reason_and_nothing_else(
    world: VerificationWorld, outcome: str
) -> None:
    token = world.token()
    world.credentials.stop(token, outcome)
    answer = await world.verify(token)
    expected = pb.VerifyTokenResponse(valid=False, reason=outcome)
    expected.issued_at.FromJsonString("2026-02-15T10:00:00Z")
    expected.verified_at.FromJsonString("2026-02-15T10:00:00Z")
    assert answer == expected


async def test_answer_is_kept_for_five_minutes_and_asked_for_again(world: VerificationWorld) -> None:
    token = world.token(score=700)
    await world.verify(token)
    world.credentials.down = True
    assert (await world.verify(token)).trust_score == 700
    ttl_ms = await world.backends.cache.redis.pttl(cache.verify_key(token))
    assert 0 < ttl_ms <= 5 * 60 * 1000
    await world.backends.cache.delete(cache.verify_key(token))
    with pytest.raises(errors.Unavailable):
        await world.verify(token)


async def test_kept_answer_expires_with_its_credential(world: VerificationWorld) -> None:
    token = world.token()
    world.clock.move(days=365, seconds=-1)
    assert (await world.verify(token)).valid
    world.credentials.down = True
    world.clock.move(seconds=1)
    answer = await world.verify(token)
    assert (answer.valid, answer.reason, answer.HasField("trust_score"), list(answer.insights)) == (
        False,
        "expired",
        False,
        [],
    )


async def test_tombstone_means_ask_and_is_never_filled_over(world: VerificationWorld) -> None:
    token = world.token()
    await world.verify(token)
    world.credentials.stop(token)
    await world.backends.cache.bury(cache.verify_key(token))
    for _ in range(2):
        assert (await world.verify(token)).reason == "revoked"
    assert await world.backends.cache.get(cache.verify_key(token)) == cache.TOMBSTONE


async def test_nothing_but_what_is_valid_is_kept(world: VerificationWorld) -> None:
    unknown, stopped, link = ids.new_token("vt"), world.token(), world.token(uses=3)
    world.credentials.stop(stopped)
    key = world.key()
    await world.batch((unknown, key), (stopped, key), (link, key))
    names = [cache.verify_key(token) for token in (unknown, stopped, link)]
    assert await world.backends.cache.get_many(names) == [None, None, None]
    now = world.clock.now()
    world.credentials.put(unknown, now, now.replace(year=2027))
    assert (await world.verify(unknown)).valid


async def test_whatever_is_a_share_link_is_never_kept_whatever_its_token_looks_like(world: VerificationWorld) -> None:
    token = world.token()
    world.credentials.results[token].share_link = True
    assert (await world.verify(token)).valid
    assert await world.backends.cache.get(cache.verify_key(token)) is None


async def test_revocation_between_the_two_looks_is_told_and_nothing_is_kept(world: VerificationWorld) -> None:
    token, looks = world.token(), 0

    async def revoked_after_the_first_look() -> None:
        nonlocal looks
        looks += 1
        if looks == 1:
            world.credentials.stop(token)

    world.credentials.between = revoked_after_the_first_look
    assert (await world.verify(token)).reason == "revoked"
    assert await world.backends.cache.get(cache.verify_key(token)) == cache.TOMBSTONE


async def test_slow_reader_does_not_bring_a_revoked_credential_back(world: VerificationWorld) -> None:
    token = world.token()

    async def revoked_and_acknowledged() -> None:
        if world.credentials.results[token].outcome == "valid":
            world.credentials.stop(token)
            await world.backends.cache.bury(cache.verify_key(token))

    world.credentials.between = revoked_and_acknowledged
    await world.verify(token)  # began before the acknowledgement: either answer is right
    assert (await world.verify(token)).reason == "revoked"


async def test_what_cannot_be_checked_again_is_not_kept(world: VerificationWorld) -> None:
    token = world.token()

    async def gone_after_the_first_look() -> None:
        world.credentials.down = True

    world.credentials.between = gone_after_the_first_look
    assert (await world.verify(token)).valid
    assert await world.backends.cache.get(cache.verify_key(token)) == cache.TOMBSTONE


async def test_share_link_is_used_at_each_answer(world: VerificationWorld) -> None:
    link, key = world.token(uses=3), world.key()
    assert (await world.verify(link)).valid
    answers = await world.batch(*[(link, key)] * 4)
    reasons = [answer.reason for answer in answers if isinstance(answer, pb.VerifyTokenResponse)]
    assert reasons == ["", "", "used_up", "used_up"]


async def test_refused_key_uses_up_nothing(world: VerificationWorld) -> None:
    link = world.token(uses=1)
    stranger = apikeys.generate("live")
    (refused,) = await world.batch((link, stranger))
    assert isinstance(refused, errors.InvalidCredentials)
    assert (await world.verify(link)).valid


async def test_without_the_cache_everything_is_asked_for(world: VerificationWorld) -> None:
    token, key = world.token(), world.key()
    world.redis.connected = False
    assert (await world.verify(token)).valid
    world.credentials.stop(token)
    (answer,) = await world.batch((token, key))
    assert isinstance(answer, pb.VerifyTokenResponse)
    assert answer.reason == "revoked"


async def test_entry_of_another_shape_is_as_if_it_were_absent(world: VerificationWorld) -> None:
    token, key = world.token(), world.key()
    for name in (cache.verify_key(token), cache.apikey_key(key[:16])):
        for value in (b"{}", b"nonsense", b"[]", b"null"):
            await world.backends.cache.set(name, value, 60)
            (answer,) = await world.batch((token, key))
            assert isinstance(answer, pb.VerifyTokenResponse)
            assert answer.valid


async def test_test_keys_get_the_documented_answers_for_ever(world: VerificationWorld) -> None:
    world.clock.move(days=365 * 20)
    valid = await world.verify("vt_test_valid", TEST_PRINCIPAL)
    assert (valid.valid, valid.trust_score, valid.tier, len(valid.insights)) == (True, 782, "excellent", 3)
    for outcome in ("expired", "revoked", "superseded", "used_up"):
        for _ in range(2):
            answer = await world.verify(f"vt_test_{outcome}", TEST_PRINCIPAL)
            assert (answer.valid, answer.reason, answer.HasField("trust_score")) == (False, outcome, False)


async def test_test_keys_verify_no_live_token_and_live_keys_no_test_token(world: VerificationWorld) -> None:
    live, link = world.token(), world.token(uses=1)
    await world.verify(live)
    for token in (live, link):
        with pytest.raises(refusals.TokenNotFound):
            await world.verify(token, TEST_PRINCIPAL)
    with pytest.raises(refusals.TokenNotFound):
        await world.verify("vt_test_valid", PRINCIPAL)
    test_key, live_key = world.key("test"), world.key()
    answers = await world.batch((live, test_key), ("vt_test_valid", live_key), ("vt_test_valid", test_key))
    assert [type(answer) for answer in answers] == [
        refusals.TokenNotFound,
        refusals.TokenNotFound,
        pb.VerifyTokenResponse,
    ]
    assert (await world.verify(link)).valid
