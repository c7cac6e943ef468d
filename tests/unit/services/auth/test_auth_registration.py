"""Registering and confirming an e-mail, without telling who has an account."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from credpass.auth.v1 import auth_service_pb2

from mesh import errors as mesh_errors
from mesh.documents import port, sqlite
from services.auth import errors
from tests.fakes.auth_documents import WatchedDocuments
from tests.support.auth_world import EMAIL, PASSWORD, AuthWorld, over, token_in
from tests.support.clocks import HandClock


async def verify(world: AuthWorld, token: str) -> None:
    await world.call("AuthService/VerifyEmail", auth_service_pb2.VerifyEmailRequest(token=token))


async def reset(world: AuthWorld, token: str, password: str) -> None:
    request = auth_service_pb2.ResetPasswordRequest(token=token, password=password)
    await world.call("AuthService/ResetPassword", request)


async def test_a_verified_user_logs_in(world: AuthWorld) -> None:
    user_id = await world.register()
    await world.verify()
    assert (await world.log_in()).user_id == user_id


async def test_the_mail_goes_to_the_address_given_and_carries_a_link(world: AuthWorld) -> None:
    await world.register()
    (letter,) = await world.delivered()
    assert letter.to == EMAIL
    assert "https://credpass.example/verify-email?token=" in letter.text


async def test_the_email_is_compared_without_regard_to_case(world: AuthWorld) -> None:
    await world.user()
    assert (await world.log_in(EMAIL.upper())).user_id


async def test_a_known_email_gets_the_same_answer_and_an_id_that_leads_nowhere(world: AuthWorld) -> None:
    user = await world.user()
    second = await world.register(password="AnotherP@ss1")
    assert second.startswith("user_")
    assert second != user.user_id
    with pytest.raises(errors.WrongCredentials):
        await world.log_in(password="AnotherP@ss1")
    assert (await world.log_in()).user_id == user.user_id


async def test_the_owner_of_a_known_email_gets_a_mail_about_it(world: AuthWorld) -> None:
    await world.user()
    await world.register()
    letters = await world.delivered()
    assert letters[-1].to == EMAIL
    assert letters[-1].subject == "You already have a CredPass account"


async def test_a_stranger_who_registered_first_does_not_keep_the_account(world: AuthWorld) -> None:
    await world.register(password="Str4nger's choice")
    await world.delivered()
    await world.register(password="my own password")
    letter = (await world.delivered())[-1]
    await reset(world, token_in(letter), "my own password")
    assert (await world.log_in(password="my own password")).user_id
    with pytest.raises(errors.WrongCredentials):
        await world.log_in(password="Str4nger's choice")


async def test_known_and_unknown_emails_cost_the_same_writes_at_registration(tmp_path: Path) -> None:
    time = HandClock()
    documents = WatchedDocuments(await sqlite.open_file(tmp_path / "credpass.db", time))
    async with over(documents, tmp_path, time) as world:
        await world.register("first@example.com")
        documents.work.clear()
        await world.register(EMAIL)
        unknown, unknown_writes = len(documents.work), documents.writes()
        documents.work.clear()
        await world.register(EMAIL)
        assert (len(documents.work), documents.writes()) == (unknown, unknown_writes)
        assert unknown_writes == 3  # key, account or note of it, owed mail
    await documents.close()


async def test_the_key_made_for_an_id_that_leads_nowhere_is_destroyed(world: AuthWorld) -> None:
    await world.user()
    second = await world.register()
    await world.run_job("clear-abandoned")
    with pytest.raises(mesh_errors.ServiceError):
        await world.backends.vault.seal(second, purpose="x", object_id="x", version=1, plaintext=b"x")
    assert await world.backends.documents.find("abandoned_users", port.Query(order="createdAt")) == []


async def test_two_registrations_of_one_email_at_once_make_one_account(world: AuthWorld) -> None:
    ids = await asyncio.gather(*(world.register() for _ in range(5)))
    found = await world.backends.documents.get_many("users", ids)
    assert len(found) == 1


async def test_a_mail_token_confirms_once(world: AuthWorld) -> None:
    await world.register()
    token = token_in((await world.delivered())[-1])
    await verify(world, token)
    with pytest.raises(errors.InvalidMailToken):
        await verify(world, token)


async def test_of_parallel_uses_of_a_mail_token_one_succeeds_at_most(world: AuthWorld) -> None:
    await world.register()
    token = token_in((await world.delivered())[-1])
    outcomes = await asyncio.gather(*(verify(world, token) for _ in range(5)), return_exceptions=True)
    assert [outcome for outcome in outcomes if outcome is None] == [None]


async def test_a_verify_token_is_good_for_48_hours(world: AuthWorld) -> None:
    await world.register()
    token = token_in((await world.delivered())[-1])
    world.clock.move(hours=48)
    with pytest.raises(errors.InvalidMailToken):
        await verify(world, token)


@pytest.mark.parametrize("token", ["", "mt_short", "mt_" + "0" * 32, "x" * 200])
async def test_an_invented_mail_token_is_refused(world: AuthWorld, token: str) -> None:
    with pytest.raises(errors.InvalidMailToken):
        await verify(world, token)


async def test_a_reset_token_does_not_pass_as_a_verify_token(world: AuthWorld) -> None:
    await world.user()
    await world.register()
    token = token_in((await world.delivered())[-1])
    with pytest.raises(errors.InvalidMailToken):
        await verify(world, token)


@pytest.mark.parametrize("password", ["seven77", "x" * 129])
async def test_a_password_has_8_to_128_characters(world: AuthWorld, password: str) -> None:
    with pytest.raises(mesh_errors.InvalidArgument) as caught:
        await world.register(password=password)
    assert [violation.field for violation in caught.value.violations] == ["password"]


async def test_nothing_personal_lies_in_any_file(world: AuthWorld) -> None:
    await world.register("canary.owner@example.com")
    await world.backends.documents.close()
    content = world.files()
    assert b"mail_outbox" in content  # the scan sees what is there
    for private in (b"canary.owner", b"Jamie", PASSWORD.encode()):
        assert private not in content
