"""Erasing an account: complete whatever fails in the middle, and final."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from credpass.auth.v1 import auth_service_pb2, consent_service_pb2, user_service_pb2

from mesh import errors as mesh_errors
from mesh import sessions as mesh_sessions
from mesh import vault
from mesh.documents import port, sqlite
from mesh.rpc import context
from services.auth import errors
from tests.fakes.auth_documents import WatchedDocuments
from tests.support.auth_world import AuthWorld, User, over
from tests.support.clocks import HandClock


async def is_ended(world: AuthWorld, user: User) -> bool:
    return await mesh_sessions.Sessions(world.backends.cache, world.clock).is_ended(user.user_id, user.session_id)


async def tombstone(world: AuthWorld, user: User) -> dict[str, port.Value]:
    document = await world.backends.documents.get("users", user.user_id)
    assert document is not None
    return dict(document.data)


async def test_an_erased_account_leaves_a_tombstone_without_anything_personal(world: AuthWorld) -> None:
    user = await world.user()
    await world.give_consent(user)
    answer = await world.erase(user)
    assert answer.erased_at.ToDatetime(world.clock.now().tzinfo) == world.clock.now()
    left = await tombstone(world, user)
    assert left["status"] == "erased"
    assert not {"emailKey", "passwordHash", "profile"} & left.keys()
    assert left["consent"] == {"dataProcessing": False, "marketing": False, "consentVersion": ""}


async def test_an_erased_key_seals_and_opens_nothing(world: AuthWorld) -> None:
    user = await world.user()
    await world.erase(user)
    with pytest.raises(vault.SubjectDestroyed):
        await world.backends.vault.seal(user.user_id, purpose="x", object_id="x", version=1, plaintext=b"x")


async def test_erasure_revokes_credentials_ends_sessions_and_is_told(world: AuthWorld) -> None:
    user, other = await world.user(), await world.log_in()
    await world.erase(user)
    assert world.credentials.revoked == [(user.user_id, "account_erased")]
    assert await is_ended(world, user)
    assert await is_ended(world, other)
    assert await world.events() == ["account.erased"]
    with pytest.raises(errors.InvalidRefreshToken):
        await world.refresh(user.refresh_token)


async def test_every_later_call_of_the_erased_user_is_refused(world: AuthWorld) -> None:
    user = await world.user()
    await world.erase(user)
    with pytest.raises(errors.AccountNotActive):
        await world.profile(user)
    with pytest.raises(errors.AccountNotActive):
        await world.give_consent(user)
    with pytest.raises(errors.AccountNotActive):
        await world.call("ConsentService/GetConsent", consent_service_pb2.GetConsentRequest(), user.principal)
    with pytest.raises(errors.WrongCredentials):
        await world.log_in()


async def test_the_same_email_registers_as_a_fresh_account(world: AuthWorld) -> None:
    user = await world.user()
    await world.give_consent(user)
    await world.erase(user)
    fresh = await world.user()
    assert fresh.user_id != user.user_id
    assert not (
        await world.call("ConsentService/GetConsent", consent_service_pb2.GetConsentRequest(), fresh.principal)
    ).data_processing


async def test_when_credential_is_away_the_caller_is_told_and_can_finish_by_calling_again(world: AuthWorld) -> None:
    user = await world.user()
    world.credentials.down = True
    with pytest.raises(errors.ErasureIncomplete) as caught:
        await world.erase(user)
    assert caught.value.retry_after_s
    # The access token still reaches us, so that the call can be made again; but nothing else is answered.
    assert not await is_ended(world, user)
    with pytest.raises(errors.AccountNotActive):
        await world.profile(user)
    world.credentials.down = False
    await world.erase(user)
    assert world.credentials.revoked == [(user.user_id, "account_erased")]
    assert await is_ended(world, user)


async def test_a_job_finishes_what_the_caller_does_not(world: AuthWorld) -> None:
    user = await world.user()
    world.credentials.down = True
    with pytest.raises(errors.ErasureIncomplete):
        await world.erase(user)
    await world.run_job("complete-erasures")
    assert not await is_ended(world, user)
    world.credentials.down = False
    await world.run_job("complete-erasures")
    assert world.credentials.revoked == [(user.user_id, "account_erased")]
    assert await is_ended(world, user)
    await world.run_job("complete-erasures")
    assert len(world.credentials.revoked) == 1
    assert await world.events() == ["account.erased"]


@pytest.mark.parametrize("failing", ["vault_keys", "sessions"])
async def test_an_erasure_that_fails_at_a_store_is_completed_later(tmp_path: Path, failing: str) -> None:
    time = HandClock()
    documents = WatchedDocuments(await sqlite.open_file(tmp_path / "credpass.db", time))
    async with over(documents, tmp_path, time) as world:
        user = await world.user()
        documents.failing = {failing}
        with pytest.raises(errors.ErasureIncomplete):
            await world.erase(user)
        documents.failing = set()
        await world.run_job("complete-erasures")
        assert (await tombstone(world, user)).get("erasureOpen") is None
        assert await is_ended(world, user)
        assert await world.events() == ["account.erased"]
        with pytest.raises(vault.SubjectDestroyed):
            await world.backends.vault.seal(user.user_id, purpose="x", object_id="x", version=1, plaintext=b"x")
    await documents.close()


async def test_an_erasure_without_a_cache_is_incomplete_until_the_edge_knows(world: AuthWorld) -> None:
    user = await world.user()
    world.redis.connected = False
    with pytest.raises(errors.ErasureIncomplete):
        await world.erase(user)
    world.redis.connected = True
    await world.erase(user)
    assert await is_ended(world, user)


async def test_erasing_again_gives_the_same_answer(world: AuthWorld) -> None:
    user = await world.user()
    first = await world.erase(user)
    world.clock.move(hours=1)
    assert (await world.erase(user)).erased_at == first.erased_at


async def test_erasures_in_parallel_destroy_one_account_once(world: AuthWorld) -> None:
    user = await world.user()
    outcomes = await asyncio.gather(*(world.erase(user) for _ in range(4)), return_exceptions=True)
    assert any(not isinstance(outcome, BaseException) for outcome in outcomes)
    assert all(isinstance(o, errors.ErasureIncomplete) for o in outcomes if isinstance(o, BaseException))
    await world.run_job("complete-erasures")
    assert await world.events() == ["account.erased"]


async def test_owed_mails_and_mailed_links_of_the_erased_lead_nowhere(world: AuthWorld) -> None:
    user = await world.user()
    request = auth_service_pb2.ForgotPasswordRequest(email="user@example.com")
    await world.call("AuthService/ForgotPassword", request)
    before = len(await world.delivered())
    await world.call("AuthService/ForgotPassword", request)
    await world.erase(user)
    assert await world.backends.documents.find("mail_outbox", port.Query(order="dueAt")) == []
    assert len(await world.delivered()) == before
    assert await world.backends.documents.find("mail_tokens", port.Query(equals={"subjectId": user.user_id})) == []


async def test_an_account_that_never_was_is_not_erased(world: AuthWorld) -> None:
    with pytest.raises(errors.AccountNotActive):
        await world.call(
            "UserService/DeleteAccount",
            user_service_pb2.DeleteAccountRequest(),
            context.UserPrincipal("user_nobody", "user", "sess_none"),
        )


async def test_nothing_of_the_erased_can_be_read_from_the_files(world: AuthWorld) -> None:
    user = await world.user()
    left = await tombstone(world, user)
    key = str(left["emailKey"]).encode()
    await world.backends.documents.ping()
    content = world.files()
    assert key in content  # the scan sees what is there
    await world.erase(user)
    await world.backends.documents.close()
    content = world.files()
    assert key not in content


async def test_a_log_in_that_crosses_an_erasure_leaves_no_session(world: AuthWorld) -> None:
    user = await world.user()
    outcomes = await asyncio.gather(world.erase(user), world.log_in(), return_exceptions=True)
    await world.run_job("complete-erasures")
    if isinstance(outcomes[1], User):
        with pytest.raises(errors.InvalidRefreshToken):
            await world.refresh(outcomes[1].refresh_token)
    else:
        assert isinstance(outcomes[1], mesh_errors.ServiceError)
