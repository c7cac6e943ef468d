from __future__ import annotations

import asyncio

import pytest
from credpass.auth.v1 import account_events_pb2
from credpass.credential.v1 import credential_service_pb2 as pb

from mesh import cache, errors
from services.credential import errors as refusals
from tests.support.credential_world import USER, CredentialWorld


async def test_revoked_credential_and_its_links_stop_at_once(world: CredentialWorld) -> None:
    credential = await world.issued()
    link = await world.share(credential.credential_id, uses=5)
    answer = await world.revoke(credential.credential_id)
    assert (answer.credential_id, answer.status) == (credential.credential_id, "revoked")
    assert answer.revoked_at.ToJsonString() == "2026-02-15T10:00:01Z"
    assert await world.outcomes(credential.verification_token, link.token) == ["revoked", "revoked"]
    assert await world.is_buried(credential.verification_token)
    assert await world.is_buried(link.token)
    shown = await world.shown(credential.credential_id)
    assert (shown.status, shown.sharing_links[0].status) == ("revoked", "revoked")


async def test_revoking_again_is_harmless_and_keeps_the_moment(world: CredentialWorld) -> None:
    credential = await world.issued()
    first = await world.revoke(credential.credential_id)
    world.clock.move(hours=1)
    assert await world.revoke(credential.credential_id) == first
    assert (await world.event_types()).count("credential.revoked") == 1


async def test_event_names_the_cause(world: CredentialWorld) -> None:
    credential = await world.issued()
    await world.revoke(credential.credential_id)
    event = (await world.events())[-1]
    assert event.payload == {"userId": USER, "credentialId": credential.credential_id, "cause": "owner"}


async def test_revocation_without_the_cache_is_incomplete_though_it_stands(world: CredentialWorld) -> None:
    credential = await world.issued()
    world.redis.connected = False
    with pytest.raises(refusals.RevocationIncomplete) as caught:
        await world.revoke(credential.credential_id)
    assert caught.value.retry_after_s
    assert await world.outcomes(credential.verification_token) == ["revoked"]
    world.redis.connected = True
    assert not await world.is_buried(credential.verification_token)
    await world.deliver("credential-invalidation", (await world.events())[-1])
    assert await world.is_buried(credential.verification_token)


async def test_retry_after_an_incomplete_revocation_completes_it(world: CredentialWorld) -> None:
    credential = await world.issued()
    world.redis.connected = False
    with pytest.raises(refusals.RevocationIncomplete):
        await world.revoke(credential.credential_id)
    world.redis.connected = True
    await world.revoke(credential.credential_id)
    assert await world.is_buried(credential.verification_token)


async def test_superseded_credential_may_still_be_revoked(world: CredentialWorld) -> None:
    old = await world.issued("analysis_1")
    await world.issued("analysis_2")
    assert (await world.revoke(old.credential_id)).status == "revoked"
    assert await world.outcomes(old.verification_token) == ["revoked"]


async def test_revoked_link_stops_and_the_credential_goes_on(world: CredentialWorld) -> None:
    credential = await world.issued()
    link, other = [await world.share(credential.credential_id) for _ in range(2)]
    request = pb.RevokeShareLinkRequest(credential_id=credential.credential_id, link_id=link.link_id)
    first = await world.call("RevokeShareLink", request)
    world.clock.move(hours=1)
    assert await world.call("RevokeShareLink", request) == first
    assert (first.link_id, first.status) == (link.link_id, "revoked")
    tokens = (link.token, other.token, credential.verification_token)
    assert await world.outcomes(*tokens) == ["revoked", "valid", "valid"]
    assert await world.is_buried(link.token)
    assert (await world.event_types()).count("credential.share_link_revoked") == 1


async def test_revoking_a_link_without_the_cache_is_incomplete_and_repeated_by_the_event(
    world: CredentialWorld,
) -> None:
    credential = await world.issued()
    link = await world.share(credential.credential_id)
    world.redis.connected = False
    request = pb.RevokeShareLinkRequest(credential_id=credential.credential_id, link_id=link.link_id)
    with pytest.raises(refusals.RevocationIncomplete):
        await world.call("RevokeShareLink", request)
    world.redis.connected = True
    await world.deliver("credential-invalidation", (await world.events())[-1])
    assert await world.is_buried(link.token)


@pytest.mark.parametrize("cause", ["consent_withdrawn", "account_erased"])
async def test_all_of_a_user_stops_and_nobody_elses(world: CredentialWorld, cause: str) -> None:
    credential = await world.issued()
    link = await world.share(credential.credential_id)
    spared = await world.issued(analysis_id="analysis_b", user_id="user_b")
    request = pb.RevokeUserCredentialsRequest(user_id=USER, cause=cause)
    assert (await world.call("RevokeUserCredentials", request)).revoked_count == 1
    assert (await world.call("RevokeUserCredentials", request)).revoked_count == 0
    tokens = (credential.verification_token, link.token, spared.verification_token)
    assert await world.outcomes(*tokens) == ["revoked", "revoked", "valid"]
    assert [await world.is_buried(token) for token in tokens] == [True, True, False]
    assert (await world.events())[-1].payload["cause"] == cause


async def test_all_of_a_user_stops_after_the_key_is_destroyed_too(world: CredentialWorld) -> None:
    credential = await world.issued()
    await world.backends.vault.destroy_subject(USER)
    assert await world.outcomes(credential.verification_token) == ["revoked"]
    await world.call("RevokeUserCredentials", pb.RevokeUserCredentialsRequest(user_id=USER, cause="account_erased"))
    assert await world.is_buried(credential.verification_token)


async def test_stopping_all_is_acknowledged_only_with_the_cache_and_a_retry_completes_it(
    world: CredentialWorld,
) -> None:
    credential = await world.issued()
    request = pb.RevokeUserCredentialsRequest(user_id=USER, cause="account_erased")
    world.redis.connected = False
    with pytest.raises(refusals.RevocationIncomplete):
        await world.call("RevokeUserCredentials", request)
    world.redis.connected = True
    await world.call("RevokeUserCredentials", request)
    assert await world.is_buried(credential.verification_token)


async def test_withdrawn_consent_stops_all_by_the_event_too(world: CredentialWorld) -> None:
    credential = await world.issued()
    await world.deliver("credential-accounts", world.withdrawn())
    await world.deliver("credential-accounts", world.withdrawn())
    assert await world.outcomes(credential.verification_token) == ["revoked"]
    assert (await world.event_types()).count("credential.revoked") == 1


async def test_late_replay_of_a_withdrawal_spares_what_was_issued_after_consent_was_given_again(
    world: CredentialWorld,
) -> None:
    withdrawn = world.withdrawn()
    world.clock.move(minutes=1)
    credential = await world.issued()
    await world.deliver("credential-accounts", withdrawn)
    assert await world.outcomes(credential.verification_token) == ["valid"]


async def test_erasure_stops_all_whenever_it_comes(world: CredentialWorld) -> None:
    erased = world.event(account_events_pb2.AccountErased(user_id=USER))
    world.clock.move(minutes=1)
    credential = await world.issued()
    await world.deliver("credential-accounts", erased)
    assert await world.outcomes(credential.verification_token) == ["revoked"]


async def test_consent_that_is_given_stops_nothing(world: CredentialWorld) -> None:
    credential = await world.issued()
    await world.deliver("credential-accounts", world.event(account_events_pb2.ConsentGiven(user_id=USER)))
    assert await world.outcomes(credential.verification_token) == ["valid"]


async def test_new_score_makes_the_kept_one_stale(world: CredentialWorld) -> None:
    await world.backends.cache.set(cache.score_key(USER), b"500", 60)
    await world.issued()
    await world.deliver("credential-invalidation", (await world.events())[0])
    assert await world.backends.cache.get(cache.score_key(USER)) is None


async def test_another_users_credential_is_as_if_it_did_not_exist(world: CredentialWorld) -> None:
    credential = await world.issued()
    link = await world.share(credential.credential_id)
    for credential_id in (credential.credential_id, "cred_never"):
        calls = {
            "GetCredential": pb.GetCredentialRequest(credential_id=credential_id),
            "RevokeCredential": pb.RevokeCredentialRequest(credential_id=credential_id),
            "CreateShareLink": pb.CreateShareLinkRequest(credential_id=credential_id),
            "RevokeShareLink": pb.RevokeShareLinkRequest(credential_id=credential_id, link_id=link.link_id),
        }
        for method, request in calls.items():
            with pytest.raises(refusals.CredentialNotFound):
                await world.call(method, request, "user_b")
    assert await world.statuses("user_b") == []
    assert await world.outcomes(credential.verification_token, link.token) == ["valid", "valid"]


async def test_link_of_another_credential_is_as_if_it_did_not_exist(world: CredentialWorld) -> None:
    credential = await world.issued()
    other = await world.issued(analysis_id="analysis_b", user_id="user_b")
    link = await world.share(other.credential_id, user_id="user_b")
    for link_id in (link.link_id, "link_never"):
        request = pb.RevokeShareLinkRequest(credential_id=credential.credential_id, link_id=link_id)
        with pytest.raises(refusals.ShareLinkNotFound):
            await world.call("RevokeShareLink", request)


async def test_revocation_and_uses_of_a_link_side_by_side_both_go_through(world: CredentialWorld) -> None:
    credential = await world.issued()
    link = await world.share(credential.credential_id, uses=1000)
    request = pb.RevokeShareLinkRequest(credential_id=credential.credential_id, link_id=link.link_id)
    uses = [world.resolve(link.token) for _ in range(20)]
    results = await asyncio.gather(*uses[:10], world.call("RevokeShareLink", request), *uses[10:])
    assert results[10].status == "revoked"
    assert await world.outcomes(link.token) == ["revoked"]


async def test_errors_are_of_the_kinds_that_the_edge_expects() -> None:
    assert refusals.RevocationIncomplete.kind is errors.Kind.UNAVAILABLE
    assert refusals.CredentialNotFound.kind is errors.Kind.NOT_FOUND
