from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from credpass.credential.v1 import credential_service_pb2 as pb

from mesh import errors, ids
from mesh.documents import sqlite
from mesh.rpc import idempotency
from services.credential import domain
from services.credential import errors as refusals
from tests.support.credential_world import CredentialWorld, over


async def test_valid_token_resolves_to_what_institutions_may_know(world: CredentialWorld) -> None:
    credential = await world.issued()
    (result,) = await world.resolve(credential.verification_token)
    assert result == pb.ResolveTokensResponse.Result(
        outcome="valid",
        credential_id=credential.credential_id,
        user_id=credential.user_id,
        share_link=False,
        trust_score=782,
        tier="excellent",
        insights=credential.public_insights,
        issued_at=credential.issued_at,
        expires_at=credential.expires_at,
        data_through="2026-02-14",
        version=result.version,
    )
    assert result.version > 0


async def test_many_tokens_resolve_in_order_and_unknown_ones_say_nothing(world: CredentialWorld) -> None:
    first = await world.issued()
    second = await world.issued(analysis_id="analysis_b", user_id="user_b", score=450)
    await world.revoke(second.credential_id, "user_b")
    tokens = ["vt_unknown", second.verification_token, first.verification_token, "vt_share_unknown", "vt_unknown"]
    results = await world.resolve(*tokens)
    assert [each.outcome for each in results] == ["unknown", "revoked", "valid", "unknown", "unknown"]
    assert results[0] == pb.ResolveTokensResponse.Result(outcome="unknown")
    assert not results[1].HasField("trust_score")
    assert (results[1].tier, list(results[1].insights), results[1].data_through) == ("", [], "")


async def test_credential_expires_at_its_moment_for_token_link_and_owner(world: CredentialWorld) -> None:
    credential = await world.issued()
    world.clock.move(days=364)
    link = await world.share(credential.credential_id, days=90, uses=10)
    assert link.expires_at == credential.expires_at
    world.clock.move(hours=23, minutes=59, seconds=58)
    assert await world.outcomes(credential.verification_token, link.token) == ["valid", "valid"]
    world.clock.move(seconds=1)
    assert await world.outcomes(credential.verification_token, link.token) == ["expired", "expired"]
    assert await world.statuses() == ["expired"]
    assert (await world.shown(credential.credential_id)).sharing_links[0].status == "expired"
    with pytest.raises(refusals.CredentialNotActive) as caught:
        await world.share(credential.credential_id)
    assert caught.value.metadata == {"status": "expired"}


async def test_share_link_is_shown_with_its_token_and_path(world: CredentialWorld) -> None:
    credential = await world.issued()
    link = await world.share(credential.credential_id)
    assert link.token.startswith("vt_share_")
    assert link.url == f"/api/v1/verify/{link.token}"
    assert (link.status, link.usage_count, link.max_usage) == ("active", 0, 1)
    assert link.expires_at.ToJsonString() == "2026-02-22T10:00:01Z"
    assert list((await world.shown(credential.credential_id)).sharing_links) == [link]


async def test_links_are_shown_newest_first_with_their_standing(world: CredentialWorld) -> None:
    credential = await world.issued()
    for uses, days in ((1, 1), (3, 30), (1, 30)):
        await world.share(credential.credential_id, uses=uses, days=days)
        world.clock.move(seconds=1)
    links = (await world.shown(credential.credential_id)).sharing_links
    await world.resolve(links[0].token, links[1].token)
    world.clock.move(days=2)
    shown = (await world.shown(credential.credential_id)).sharing_links
    assert [(each.status, each.usage_count) for each in shown] == [("used_up", 1), ("active", 1), ("expired", 0)]


async def test_link_stops_after_its_uses_and_after_its_time(world: CredentialWorld) -> None:
    credential = await world.issued()
    twice = await world.share(credential.credential_id, uses=2)
    brief = await world.share(credential.credential_id, uses=9, days=1)
    outcomes = [(await world.outcomes(twice.token))[0] for _ in range(3)]
    assert outcomes == ["valid", "valid", "used_up"]
    world.clock.move(days=1)
    assert await world.outcomes(brief.token) == ["expired"]
    used_up = (await world.resolve(twice.token))[0]
    assert used_up.share_link
    assert not used_up.HasField("trust_score")


async def test_uses_within_one_call_are_counted_one_by_one(world: CredentialWorld) -> None:
    credential = await world.issued()
    link = await world.share(credential.credential_id, uses=3)
    outcomes = await world.outcomes(*[link.token] * 5, credential.verification_token)
    assert outcomes == ["valid"] * 3 + ["used_up"] * 2 + ["valid"]


async def test_fifty_parallel_uses_of_a_link_for_five_are_five(world: CredentialWorld) -> None:
    credential = await world.issued()
    link = await world.share(credential.credential_id, uses=5)
    outcomes = await asyncio.gather(*(world.outcomes(link.token) for _ in range(50)))
    assert sorted(each for (each,) in outcomes) == ["used_up"] * 45 + ["valid"] * 5
    assert (await world.shown(credential.credential_id)).sharing_links[0].usage_count == 5


async def test_parallel_uses_in_two_processes_are_exact_too(world: CredentialWorld, tmp_path: Path) -> None:
    credential = await world.issued()
    link = await world.share(credential.credential_id, uses=30)
    documents = await sqlite.open_file(tmp_path / "credpass.db", world.clock)
    async with over(documents, tmp_path, world.clock) as second:
        uses = [each.outcomes(*[link.token] * 2) for _ in range(25) for each in (world, second)]
        outcomes = [outcome for both in await asyncio.gather(*uses) for outcome in both]
    await documents.close()
    assert (outcomes.count("valid"), outcomes.count("used_up")) == (30, 70)


async def test_no_more_links_are_active_than_may_be_even_when_made_at_once(world: CredentialWorld) -> None:
    credential = await world.issued()
    made = await asyncio.gather(
        *(world.share(credential.credential_id) for _ in range(domain.LINK_LIMIT + 10)), return_exceptions=True
    )
    refused = [each for each in made if isinstance(each, BaseException)]
    assert len(refused) == 10
    assert {type(each) for each in refused} == {refusals.TooManyShareLinks}
    assert all(each.metadata == {"limit": "20"} for each in refused if isinstance(each, errors.ServiceError))


@pytest.mark.parametrize("ending", ["used up", "revoked", "expired"])
async def test_ended_link_makes_room_for_a_new_one(world: CredentialWorld, ending: str) -> None:
    credential = await world.issued()
    links = [await world.share(credential.credential_id, days=1 if n == 0 else 30) for n in range(domain.LINK_LIMIT)]
    if ending == "used up":
        await world.resolve(links[0].token)
    elif ending == "revoked":
        request = pb.RevokeShareLinkRequest(credential_id=credential.credential_id, link_id=links[0].link_id)
        await world.call("RevokeShareLink", request)
    else:
        world.clock.move(days=2)
    await world.share(credential.credential_id)
    with pytest.raises(refusals.TooManyShareLinks):
        await world.share(credential.credential_id)


async def test_revoked_and_superseded_credentials_cannot_be_shared(world: CredentialWorld) -> None:
    old = await world.issued("analysis_1")
    new = await world.issued("analysis_2")
    await world.revoke(new.credential_id)
    for credential, status in ((old, "superseded"), (new, "revoked")):
        with pytest.raises(refusals.CredentialNotActive) as caught:
            await world.share(credential.credential_id)
        assert caught.value.metadata == {"status": status}


async def test_version_tells_that_a_credential_moved(world: CredentialWorld) -> None:
    credential = await world.issued()
    await world.share(credential.credential_id)
    before, again = [(await world.resolve(credential.verification_token))[0].version for _ in range(2)]
    await world.revoke(credential.credential_id)
    after = (await world.resolve(credential.verification_token))[0].version
    assert before == again < after


async def test_list_is_paged_newest_first_without_gaps_or_repeats(world: CredentialWorld) -> None:
    for number in range(7):
        await world.issued(f"analysis_{number}", 500 + number)
    scores, token, pages = [], "", 0
    while True:
        request = pb.ListCredentialsRequest(page_size=3, page_token=token)
        page = await world.call("ListCredentials", request)
        scores += [each.trust_score for each in page.credentials]
        token, pages = page.next_page_token, pages + 1
        if not token:
            break
    assert (scores, pages) == ([506, 505, 504, 503, 502, 501, 500], 3)


async def test_page_token_that_no_page_gave_is_refused(world: CredentialWorld) -> None:
    other = await world.issued(analysis_id="analysis_b", user_id="user_b")
    for token in ("nonsense", other.credential_id):
        with pytest.raises(errors.InvalidArgument) as caught:
            await world.call("ListCredentials", pb.ListCredentialsRequest(page_token=token))
        assert caught.value.violations[0].field == "page_token"


async def test_owner_whose_key_is_destroyed_sees_nothing(world: CredentialWorld) -> None:
    credential = await world.issued()
    await world.backends.vault.destroy_subject(credential.user_id)
    assert await world.statuses() == []
    with pytest.raises(refusals.CredentialNotFound):
        await world.shown(credential.credential_id)
    with pytest.raises(refusals.CredentialNotFound):
        await world.share(credential.credential_id)


async def test_a_link_asked_for_again_with_its_key_is_one_even_in_the_last_place(world: CredentialWorld) -> None:
    credential = await world.issued()
    for _ in range(domain.LINK_LIMIT - 1):
        await world.share(credential.credential_id)
    idempotency.set_effects(ids.Effects("a seed that nobody can guess"))
    try:
        first, second = [await world.share(credential.credential_id) for _ in range(2)]
    finally:
        idempotency.set_effects(ids.NEW)
    assert first == second
    assert len((await world.shown(credential.credential_id)).sharing_links) == domain.LINK_LIMIT
