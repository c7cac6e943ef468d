"""Hashing in a bounded pool, old hashes, forgotten passwords."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path

import bcrypt
import pytest
from credpass.auth.v1 import auth_service_pb2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mesh import errors as mesh_errors
from mesh import sessions as mesh_sessions
from mesh.documents import port, sqlite
from services.auth import errors
from services.auth.adapters import passwords
from tests.fakes.auth_documents import WatchedDocuments
from tests.support.auth_world import EMAIL, PASSWORD, AuthWorld, over, token_in
from tests.support.clocks import HandClock

CHEAP = passwords.Cost(time=1, memory_kib=8, lanes=1)


@pytest.fixture
async def pool() -> AsyncIterator[passwords.PasswordPool]:
    async with passwords.open_pool(CHEAP, workers=2, waiting=8) as opened:
        yield opened


def bcrypt_hash(password: bytes) -> str:
    return bcrypt.hashpw(password, bcrypt.gensalt(4)).decode()


def _shape(encoded: str) -> list[object]:
    *parameters, salt, digest = encoded.split("$")
    return [*parameters, len(salt), len(digest)]


async def forget(world: AuthWorld, email: str = EMAIL) -> None:
    await world.call("AuthService/ForgotPassword", auth_service_pb2.ForgotPasswordRequest(email=email))


async def reset(world: AuthWorld, token: str, password: str = "a new password") -> None:
    await world.call("AuthService/ResetPassword", auth_service_pb2.ResetPasswordRequest(token=token, password=password))


async def reset_token(world: AuthWorld) -> str:
    await forget(world)
    return token_in((await world.delivered())[-1])


async def test_a_hash_is_argon2id_and_salted(pool: passwords.PasswordPool) -> None:
    first, second = await pool.hash(PASSWORD), await pool.hash(PASSWORD)
    assert first.startswith("$argon2id$")
    assert first != second
    assert (await pool.verify(PASSWORD, first)).right
    assert not (await pool.verify(PASSWORD + "x", first)).right


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(st.characters(codec="utf-8"), min_size=8, max_size=128))
async def test_every_password_verifies_against_its_own_hash(password: str) -> None:
    async with passwords.open_pool(CHEAP, workers=1, waiting=1) as pool:
        assert (await pool.verify(password, await pool.hash(password))).right


async def test_composed_and_decomposed_letters_are_one_password(pool: passwords.PasswordPool) -> None:
    assert (await pool.verify("re\u0301sume\u0301123", await pool.hash("r\u00e9sum\u00e9123"))).right


async def test_nobody_has_no_right_password(pool: passwords.PasswordPool) -> None:
    assert await pool.verify(PASSWORD, None) == passwords.Verdict(right=False)


async def test_checking_against_nobody_is_the_same_work_as_against_somebody() -> None:
    dear = passwords.Cost(time=20, memory_kib=1024, lanes=1)
    async with passwords.open_pool(dear, workers=1, waiting=1) as pool:
        somebody = await pool.hash(PASSWORD)
        # All that the work depends on: kind, version, memory, passes, lanes, and the sizes of salt and digest.
        assert _shape(pool._nobody) == _shape(somebody)


async def test_a_bcrypt_hash_verifies_and_gets_a_better_one(pool: passwords.PasswordPool) -> None:
    verdict = await pool.verify(PASSWORD, bcrypt_hash(PASSWORD.encode()))
    assert verdict.right
    assert verdict.better_hash is not None
    assert verdict.better_hash.startswith("$argon2id$")
    assert not (await pool.verify("wrong password", bcrypt_hash(PASSWORD.encode()))).right


async def test_a_long_password_of_a_bcrypt_hash_verifies_as_it_was_cut(pool: passwords.PasswordPool) -> None:
    long = "correct horse battery staple " * 4
    verdict = await pool.verify(long, bcrypt_hash(long.encode()[:72]))
    assert verdict.right
    assert verdict.better_hash is not None
    assert not (await pool.verify("x" + long, verdict.better_hash)).right
    assert not (await pool.verify(long[:-1], verdict.better_hash)).right


async def test_a_hash_of_lesser_cost_gets_a_better_one(pool: passwords.PasswordPool) -> None:
    async with passwords.open_pool(dataclasses.replace(CHEAP, time=2), workers=1, waiting=1) as dearer:
        verdict = await dearer.verify(PASSWORD, await pool.hash(PASSWORD))
    assert verdict.better_hash is not None


async def test_too_many_at_once_are_refused_with_a_time_to_come_back() -> None:
    async with passwords.open_pool(dataclasses.replace(CHEAP, time=200, memory_kib=1024), workers=1, waiting=2) as pool:
        outcomes = await asyncio.gather(*(pool.hash(PASSWORD) for _ in range(10)), return_exceptions=True)
        refused = [outcome for outcome in outcomes if isinstance(outcome, mesh_errors.Overloaded)]
        assert len(refused) == 7
        assert refused[0].retry_after_s == 1
        assert await pool.hash(PASSWORD)  # there is room again


async def test_a_caller_who_gives_up_does_not_free_a_place_that_is_still_taken() -> None:
    async with passwords.open_pool(
        dataclasses.replace(CHEAP, time=2000, memory_kib=1024), workers=1, waiting=0
    ) as pool:
        task = asyncio.create_task(pool.hash(PASSWORD))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with pytest.raises(mesh_errors.Overloaded):
            await pool.hash(PASSWORD)


async def test_a_bcrypt_account_logs_in_and_is_upgraded(world: AuthWorld) -> None:
    user = await world.user()
    document = await world.backends.documents.get("users", user.user_id)
    assert document is not None
    old = {**document.data, "passwordHash": bcrypt_hash(PASSWORD.encode())}
    await world.backends.documents.update("users", document, old)
    assert (await world.log_in()).user_id == user.user_id
    upgraded = await world.backends.documents.get("users", user.user_id)
    assert upgraded is not None
    assert str(upgraded.data["passwordHash"]).startswith("$argon2id$")
    assert (await world.log_in()).user_id == user.user_id


async def test_a_reset_sets_the_password_and_ends_every_session(world: AuthWorld) -> None:
    first, second = await world.user(), await world.log_in()
    await reset(world, await reset_token(world))
    for session in (first, second):
        with pytest.raises(errors.InvalidRefreshToken):
            await world.refresh(session.refresh_token)
        assert await mesh_sessions.Sessions(world.backends.cache, world.clock).is_ended(
            session.user_id, session.session_id
        )
    with pytest.raises(errors.WrongCredentials):
        await world.log_in()
    assert (await world.log_in(password="a new password")).user_id == first.user_id


async def test_a_reset_token_is_good_for_one_use(world: AuthWorld) -> None:
    await world.user()
    token = await reset_token(world)
    await reset(world, token)
    with pytest.raises(errors.InvalidMailToken):
        await reset(world, token, "yet another one")
    assert (await world.log_in(password="a new password")).user_id


async def test_of_parallel_resets_with_one_token_one_succeeds(world: AuthWorld) -> None:
    await world.user()
    token = await reset_token(world)
    outcomes = await asyncio.gather(
        *(reset(world, token, f"new password {count}") for count in range(5)), return_exceptions=True
    )
    assert outcomes.count(None) == 1


async def test_a_reset_uses_up_every_other_link(world: AuthWorld) -> None:
    await world.user()
    first, second = await reset_token(world), await reset_token(world)
    await reset(world, second)
    with pytest.raises(errors.InvalidMailToken):
        await reset(world, first)


async def test_a_reset_token_is_good_for_an_hour(world: AuthWorld) -> None:
    await world.user()
    token = await reset_token(world)
    world.clock.move(hours=1)
    with pytest.raises(errors.InvalidMailToken):
        await reset(world, token)


async def test_a_reset_whose_password_is_too_short_leaves_the_link_good(world: AuthWorld) -> None:
    await world.user()
    token = await reset_token(world)
    with pytest.raises(mesh_errors.InvalidArgument):
        await reset(world, token, "short")
    await reset(world, token)


async def test_a_log_in_that_crosses_a_reset_opens_nothing(tmp_path: Path) -> None:
    time = HandClock()
    documents = WatchedDocuments(await sqlite.open_file(tmp_path / "credpass.db", time))
    async with over(documents, tmp_path, time) as world:
        user = await world.user()
        token = await reset_token(world)
        # The old password has been checked and the session is about to be stored when the reset comes.
        documents.crossing = {"sessions": lambda: reset(world, token)}
        with pytest.raises(errors.WrongCredentials):
            await world.log_in()
        query = port.Query(equals={"userId": user.user_id, "state": "open"})
        assert await documents.find("sessions", query) == []
    await documents.close()


async def test_no_session_of_the_old_password_refreshes_though_ending_it_failed(tmp_path: Path) -> None:
    time = HandClock()
    documents = WatchedDocuments(await sqlite.open_file(tmp_path / "credpass.db", time))
    async with over(documents, tmp_path, time) as world:
        user = await world.user()
        token = await reset_token(world)
        documents.failing = {"sessions"}
        await reset(world, token)
        documents.failing = set()
        with pytest.raises(errors.InvalidRefreshToken):
            await world.refresh(user.refresh_token)
    await documents.close()


async def test_a_reset_stands_though_the_edge_cannot_be_told(world: AuthWorld) -> None:
    user = await world.user()
    token = await reset_token(world)
    world.redis.connected = False
    await reset(world, token)
    with pytest.raises(errors.InvalidRefreshToken):
        await world.refresh(user.refresh_token)
    world.redis.connected = True
    world.clock.move(seconds=10)
    await world.run_job("announce-ended-sessions")
    edge = mesh_sessions.Sessions(world.backends.cache, world.clock)
    assert await edge.is_ended(user.user_id, user.session_id)


async def test_an_unknown_email_gets_no_mail_and_the_same_answer(world: AuthWorld) -> None:
    await world.user()
    before = len(world.mails())
    await forget(world, "nobody@example.com")
    assert len(await world.delivered()) == before
    assert await world.backends.documents.find("mail_outbox", port.Query(order="dueAt")) == []
