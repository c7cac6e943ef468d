"""Calls made again after a process died in them: the ids derive from an idempotency key, so there is one effect."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from credpass.auth.v1 import auth_service_pb2
from credpass.auth.v1 import institution_service_pb2 as pb

from mesh import errors, ids
from mesh.documents import port, sqlite
from mesh.rpc import idempotency
from services.auth.domain import institutions
from tests.fakes.auth_documents import WatchedDocuments
from tests.support.auth_world import AuthWorld, over
from tests.support.clocks import HandClock


@contextlib.contextmanager
def with_key() -> Iterator[None]:
    idempotency.set_effects(ids.Effects("a seed that nobody can guess"))
    try:
        yield
    finally:
        idempotency.set_effects(ids.NEW)


@pytest.fixture
async def dying(tmp_path: Path) -> AsyncIterator[tuple[AuthWorld, WatchedDocuments]]:
    time = HandClock()
    documents = WatchedDocuments(await sqlite.open_file(tmp_path / "credpass.db", time))
    async with over(documents, tmp_path, time) as world:
        yield world, documents
    await documents.close()


async def count(world: AuthWorld, collection: str) -> int:
    return await world.backends.documents.count(collection, port.Query())


@pytest.mark.parametrize("dies_at", ["nowhere", "users", "mail_outbox"])
async def test_registering_again_is_one_account_that_works(
    dying: tuple[AuthWorld, WatchedDocuments], dies_at: str
) -> None:
    world, documents = dying
    with with_key():
        documents.failing = {dies_at}
        if dies_at == "nowhere":
            await world.register()
        else:
            with pytest.raises(errors.Unavailable):
                await world.register()
        documents.failing = set()
        user_id = await world.register()
        assert await world.register() == user_id
    assert (await count(world, "users"), await count(world, "abandoned_users")) == (1, 0)
    await world.verify()
    assert len(world.mails()) == 1
    assert (await world.log_in()).user_id == user_id


async def test_registering_a_known_email_again_still_leads_nowhere(world: AuthWorld) -> None:
    user = await world.user()
    with with_key():
        first, second = [await world.register() for _ in range(2)]
    assert first == second != user.user_id
    assert await count(world, "users") == 1
    assert await count(world, "abandoned_users") == 1
    assert (await world.log_in()).user_id == user.user_id


async def test_a_forgotten_password_is_mailed_once(world: AuthWorld) -> None:
    await world.user()
    before = len(world.mails())
    request = auth_service_pb2.ForgotPasswordRequest(email="user@example.com")
    with with_key():
        for _ in range(3):
            await world.call("AuthService/ForgotPassword", request)
    assert len(await world.delivered()) == before + 1


@pytest.mark.parametrize("dies_at", ["institutions", "api_keys", "mail_outbox"])
async def test_registering_an_institution_again_shows_the_same_key(
    dying: tuple[AuthWorld, WatchedDocuments], dies_at: str
) -> None:
    world, documents = dying
    with with_key():
        documents.failing = {dies_at}
        with pytest.raises(errors.Unavailable):
            await world.register_institution()
        documents.failing = set()
        first, second = [await world.register_institution() for _ in range(2)]
    assert (first.institution_id, first.api_key) == (second.institution_id, second.api_key)
    assert (await count(world, "institutions"), await count(world, "api_keys")) == (1, 1)
    await world.verify()
    assert len(world.mails()) == 1


async def test_a_further_key_is_made_once(world: AuthWorld) -> None:
    _, principal = await world.institution()
    request = pb.CreateApiKeyRequest(name="key", scopes=["verify"])
    with with_key():
        made: list[Any] = [await world.call("InstitutionService/CreateApiKey", request, principal) for _ in range(2)]
    assert made[0].api_key == made[1].api_key
    assert await count(world, "api_keys") == 2
    assert (await world.authenticate(made[0].api_key))[0].outcome


async def test_the_last_key_that_may_be_made_is_made_again_the_same(world: AuthWorld) -> None:
    _, principal = await world.institution()
    request = pb.CreateApiKeyRequest(name="key", scopes=["verify"])
    for _ in range(institutions.MAX_API_KEYS - 2):
        await world.call("InstitutionService/CreateApiKey", request, principal)
    with with_key():
        made: list[Any] = [await world.call("InstitutionService/CreateApiKey", request, principal) for _ in range(2)]
    assert made[0].api_key == made[1].api_key
    assert await count(world, "api_keys") == institutions.MAX_API_KEYS


async def test_calls_without_a_key_make_new_things(world: AuthWorld) -> None:
    first, second = [await world.register_institution() for _ in range(2)]
    assert first.institution_id != second.institution_id
