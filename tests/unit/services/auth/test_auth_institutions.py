"""Institutions and their API keys: made, shown once, listed, revoked at once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from credpass.auth.v1 import institution_service_pb2 as pb

from mesh import apikeys
from mesh import errors as mesh_errors
from mesh.documents import port
from mesh.rpc import context
from services.auth import errors
from services.auth.adapters import institutions as adapters
from services.auth.domain import institutions
from services.auth.usecases import institutions as usecases
from tests.support.auth_world import AuthWorld

Principal = context.InstitutionPrincipal


async def create(world: AuthWorld, principal: Principal, **parts: Any) -> Any:
    request = pb.CreateApiKeyRequest(**{"name": "key", "scopes": ["verify"], **parts})
    response = await world.call("InstitutionService/CreateApiKey", request, principal)
    world.clock.move(milliseconds=1)
    return response


async def revoke(world: AuthWorld, principal: Principal, key_id: str) -> Any:
    return await world.call("InstitutionService/RevokeApiKey", pb.RevokeApiKeyRequest(key_id=key_id), principal)


async def listed(world: AuthWorld, principal: Principal) -> list[Any]:
    return list((await world.call("InstitutionService/ListApiKeys", pb.ListApiKeysRequest(), principal)).api_keys)


async def outcome(world: AuthWorld, text: str) -> str:
    (result,) = await world.authenticate(text)
    return str(result.outcome)


async def test_registering_shows_a_first_key_that_works_once_the_email_is_confirmed(world: AuthWorld) -> None:
    response = await world.register_institution()
    assert (response.name, response.type, response.status) == ("A Bank", "bank", "pending")
    assert response.api_key.startswith("cp_live_")
    assert (response.key.prefix, list(response.key.scopes)) == (response.api_key[:16], ["manage", "verify"])
    assert await outcome(world, response.api_key) == "unconfirmed"
    await world.verify()
    (result,) = await world.authenticate(response.api_key)
    assert (result.outcome, result.institution_id, result.key_id, list(result.scopes), result.test) == (
        "valid",
        response.institution_id,
        response.key.key_id,
        ["manage", "verify"],
        False,
    )


async def test_an_unconfirmed_institution_manages_nothing(world: AuthWorld) -> None:
    response = await world.register_institution()
    principal = Principal(response.institution_id, response.key.key_id, ("manage",))
    with pytest.raises(errors.InstitutionNotConfirmed):
        await create(world, principal)
    with pytest.raises(errors.InstitutionNotConfirmed):
        await listed(world, principal)


async def test_one_email_registers_several_institutions_that_know_nothing_of_each_other(world: AuthWorld) -> None:
    first, second = await world.register_institution(), await world.register_institution()
    assert first.institution_id != second.institution_id
    assert (first.status, second.status) == ("pending", "pending")
    await world.verify()
    outcomes = {await outcome(world, each.api_key) for each in (first, second)}
    assert outcomes == {"valid", "unconfirmed"}


async def test_a_user_and_an_institution_may_share_an_email(world: AuthWorld) -> None:
    await world.user("both@example.com")
    await world.register_institution("both@example.com")
    await world.verify()
    assert (await world.log_in("both@example.com")).user_id


async def test_a_key_is_listed_without_its_secret(world: AuthWorld) -> None:
    _, principal = await world.institution()
    made = await create(world, principal, name="landlord app", scopes=["verify"], expires_in_days=30)
    newest, first = await listed(world, principal)
    assert newest == made.key
    assert (newest.name, newest.status, list(newest.scopes)) == ("landlord app", "active", ["verify"])
    assert newest.expires_at.seconds - newest.created_at.seconds == 30 * 24 * 3600
    assert not first.HasField("expires_at")
    document = await world.backends.documents.get("api_keys", newest.prefix)
    assert document is not None
    assert made.api_key not in repr(document.data)


async def test_a_test_key_says_so(world: AuthWorld) -> None:
    _, principal = await world.institution()
    made = await create(world, principal, environment="test")
    assert made.api_key.startswith("cp_test_")
    (result,) = await world.authenticate(made.api_key)
    assert (result.outcome, result.test) == ("valid", True)


async def test_a_revoked_key_stops_at_once(world: AuthWorld) -> None:
    _, principal = await world.institution()
    made = await create(world, principal)
    assert await outcome(world, made.api_key) == "valid"
    await revoke(world, principal, made.key.key_id)
    assert await outcome(world, made.api_key) == "unknown"
    assert [key.status for key in await listed(world, principal)] == ["revoked", "active"]


async def test_a_revocation_that_the_cache_does_not_take_is_503_and_can_be_repeated(world: AuthWorld) -> None:
    _, principal = await world.institution()
    made = await create(world, principal)
    assert await outcome(world, made.api_key) == "valid"
    world.redis.connected = False
    with pytest.raises(mesh_errors.Unavailable):
        await revoke(world, principal, made.key.key_id)
    world.redis.connected = True
    first = await revoke(world, principal, made.key.key_id)
    assert await outcome(world, made.api_key) == "unknown"
    world.clock.move(hours=1)
    assert await revoke(world, principal, made.key.key_id) == first


async def test_a_key_can_revoke_itself(world: AuthWorld) -> None:
    response, principal = await world.institution()
    await revoke(world, principal, principal.key_id)
    assert await outcome(world, response.api_key) == "unknown"


async def test_another_institutions_key_is_not_found(world: AuthWorld) -> None:
    first, _ = await world.institution()
    _, stranger = await world.institution()
    for key_id in (first.key.key_id, "key_nobody"):
        with pytest.raises(errors.ApiKeyNotFound) as caught:
            await revoke(world, stranger, key_id)
        assert caught.value.text == errors.ApiKeyNotFound.message
    assert await outcome(world, first.api_key) == "valid"


async def test_a_key_expires_by_itself_also_from_the_cache(world: AuthWorld) -> None:
    _, principal = await world.institution()
    made = await create(world, principal, expires_in_days=1)
    assert await outcome(world, made.api_key) == "valid"
    world.clock.move(days=1)
    assert await outcome(world, made.api_key) == "unknown"
    assert [key.status for key in await listed(world, principal)] == ["expired", "active"]


async def test_an_institution_has_at_most_fifty_keys(world: AuthWorld) -> None:
    _, principal = await world.institution()
    for _ in range(institutions.MAX_API_KEYS - 1):
        made = await create(world, principal)
    with pytest.raises(errors.TooManyApiKeys) as caught:
        await create(world, principal)
    assert caught.value.metadata == {"limit": "50"}
    assert len(await listed(world, principal)) == institutions.MAX_API_KEYS
    await revoke(world, principal, made.key.key_id)
    await create(world, principal)
    keys = await listed(world, principal)
    assert len(keys) == institutions.MAX_API_KEYS
    assert {key.status for key in keys} == {"active"}


async def test_keys_made_in_parallel_do_not_pass_the_limit(world: AuthWorld) -> None:
    _, principal = await world.institution()
    for _ in range(institutions.MAX_API_KEYS - 3):
        await create(world, principal)
    answers = await asyncio.gather(*(create(world, principal) for _ in range(12)), return_exceptions=True)
    made = [answer for answer in answers if not isinstance(answer, BaseException)]
    assert len(made) == 2
    assert sum(isinstance(answer, errors.TooManyApiKeys) for answer in answers) == 10
    assert [key.status for key in await listed(world, principal)] == ["active"] * institutions.MAX_API_KEYS


async def test_many_keys_made_at_once_fill_every_place_and_no_more(world: AuthWorld) -> None:
    _, principal = await world.institution()
    answers = await asyncio.gather(*(create(world, principal) for _ in range(60)), return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, BaseException)]
    assert len(answers) - len(refused) == institutions.MAX_API_KEYS - 1
    assert {type(answer) for answer in refused} == {errors.TooManyApiKeys}


async def test_keys_that_expired_make_room(world: AuthWorld) -> None:
    _, principal = await world.institution()
    for number in range(institutions.MAX_API_KEYS - 1):
        await create(world, principal, **({"expires_in_days": 1} if number < 2 else {}))
    with pytest.raises(errors.TooManyApiKeys):
        await create(world, principal)
    world.clock.move(days=1)
    answers = await asyncio.gather(*(create(world, principal) for _ in range(4)), return_exceptions=True)
    assert sum(isinstance(answer, errors.TooManyApiKeys) for answer in answers) == 2
    assert {key.status for key in await listed(world, principal)} == {"active"}


async def test_a_prefix_that_is_taken_is_drawn_again(world: AuthWorld) -> None:
    taken, free = apikeys.generate("live"), apikeys.generate("live")
    texts = iter([taken, taken, free])
    keys = adapters.DocumentApiKeys(world.backends.documents)
    make = usecases.MakeKey(keys, world.clock, lambda *_: next(texts))
    wish = usecases.KeyWish("key", ("verify",))
    assert (await make("inst_1", wish)).text == taken
    assert (await make("inst_2", wish)).text == free


async def test_a_prefix_is_not_drawn_for_ever(world: AuthWorld) -> None:
    text = apikeys.generate("live")
    make = usecases.MakeKey(adapters.DocumentApiKeys(world.backends.documents), world.clock, lambda *_: text)
    wish = usecases.KeyWish("key", ("verify",))
    await make("inst_1", wish)
    with pytest.raises(mesh_errors.Conflict):
        await make("inst_2", wish)


async def test_verification_asks_for_name_and_standing(world: AuthWorld) -> None:
    response, principal = await world.institution()
    made = await create(world, principal)
    await revoke(world, principal, made.key.key_id)
    request = pb.GetInstitutionRequest(institution_id=response.institution_id)
    standing = await world.call("InstitutionService/GetInstitution", request)
    assert (standing.name, standing.type, standing.status, standing.active_api_keys) == ("A Bank", "bank", "active", 1)
    with pytest.raises(mesh_errors.NotFound):
        await world.call("InstitutionService/GetInstitution", pb.GetInstitutionRequest(institution_id="inst_nobody"))


async def test_the_contacts_email_is_sealed(world: AuthWorld) -> None:
    await world.register_institution("canary.contact@bank.example")
    await world.backends.documents.close()
    content = world.files()
    assert b"A Bank" in content  # the scan sees what is there
    assert b"canary.contact" not in content


async def test_an_institution_that_is_never_confirmed_goes_with_its_key(world: AuthWorld) -> None:
    forgotten = await world.register_institution()
    await world.delivered()
    _, kept = await world.institution()
    world.clock.move(days=7, minutes=1)
    await world.run_job("remove-unconfirmed")
    assert await outcome(world, forgotten.api_key) == "unknown"
    assert await world.backends.documents.get("institutions", forgotten.institution_id) is None
    assert len(await listed(world, kept)) == 1
    assert (await world.backends.documents.find("institutions", port.Query(equals={"status": "pending"}))) == []
