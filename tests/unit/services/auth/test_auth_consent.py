"""Consent and the profile."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from credpass.auth.v1 import consent_service_pb2, user_service_pb2

from mesh import errors as mesh_errors
from mesh.rpc import context
from services.auth import errors
from tests.support.auth_world import EMAIL, AuthWorld, User

NOBODY = context.UserPrincipal("user_nobody", "user", "sess_none")


async def consent(world: AuthWorld, user: User) -> Any:
    return await world.call("ConsentService/GetConsent", consent_service_pb2.GetConsentRequest(), user.principal)


async def withdraw(world: AuthWorld, user: User) -> Any:
    request = consent_service_pb2.WithdrawConsentRequest()
    return await world.call("ConsentService/WithdrawConsent", request, user.principal)


async def check(world: AuthWorld, user_id: str) -> tuple[bool, str]:
    answer = await world.call("ConsentService/CheckConsent", consent_service_pb2.CheckConsentRequest(user_id=user_id))
    return answer.allowed, answer.country


async def update(world: AuthWorld, user: User, **parts: str) -> Any:
    fields = {"first_name": "Sam", "last_name": "Roe", "country": "DE", **parts}
    return await world.call(
        "UserService/UpdateProfile", user_service_pb2.UpdateProfileRequest(**fields), user.principal
    )


async def test_nothing_is_processed_before_consent(world: AuthWorld) -> None:
    user = await world.user()
    standing = await consent(world, user)
    assert (standing.data_processing, standing.marketing, standing.consent_version) == (False, False, "")
    assert not standing.HasField("consented_at")
    assert await check(world, user.user_id) == (False, "")


async def test_consent_is_recorded_with_version_and_time_and_told(world: AuthWorld) -> None:
    user = await world.user()
    given = await world.give_consent(user, "1.1")
    assert (given.data_processing, given.consent_version) == (True, "1.1")
    assert given.consented_at.ToDatetime(world.clock.now().tzinfo) == world.clock.now()
    assert await consent(world, user) == consent_service_pb2.GetConsentResponse(
        data_processing=True, consented_at=given.consented_at, consent_version="1.1"
    )
    assert await check(world, user.user_id) == (True, "US")
    assert await world.events() == ["consent.given"]


async def test_giving_the_same_consent_again_changes_and_tells_nothing(world: AuthWorld) -> None:
    user = await world.user()
    first = await world.give_consent(user)
    world.clock.move(days=1)
    assert (await world.give_consent(user)).consented_at == first.consented_at
    assert await world.events() == ["consent.given"]


async def test_consenting_to_a_newer_text_is_recorded(world: AuthWorld) -> None:
    user = await world.user()
    await world.give_consent(user, "1.0")
    assert (await world.give_consent(user, "2.0")).consent_version == "2.0"
    assert await world.events() == ["consent.given", "consent.given"]


async def test_withdrawal_revokes_credentials_before_it_answers(world: AuthWorld) -> None:
    user = await world.user()
    await world.give_consent(user, "1.0")
    withdrawn = await withdraw(world, user)
    assert (withdrawn.data_processing, withdrawn.marketing, withdrawn.consent_version) == (False, False, "1.0")
    assert world.credentials.revoked == [(user.user_id, "consent_withdrawn")]
    assert await check(world, user.user_id) == (False, "")
    assert await world.events() == ["consent.given", "consent.withdrawn"]


async def test_a_withdrawal_that_credential_cannot_confirm_stands_and_can_be_repeated(world: AuthWorld) -> None:
    user = await world.user()
    await world.give_consent(user)
    world.credentials.down = True
    with pytest.raises(mesh_errors.Unavailable):
        await withdraw(world, user)
    assert await check(world, user.user_id) == (False, "")
    world.credentials.down = False
    await withdraw(world, user)
    assert world.credentials.revoked == [(user.user_id, "consent_withdrawn")]
    assert await world.events() == ["consent.given", "consent.withdrawn"]


async def test_consent_can_be_given_again(world: AuthWorld) -> None:
    user = await world.user()
    await world.give_consent(user)
    await withdraw(world, user)
    assert (await world.give_consent(user)).data_processing
    assert (await check(world, user.user_id))[0]


async def test_consent_given_in_parallel_is_told_once(world: AuthWorld) -> None:
    user = await world.user()
    await asyncio.gather(*(world.give_consent(user) for _ in range(4)))
    assert await world.events() == ["consent.given"]


async def test_no_consent_of_an_unknown_user(world: AuthWorld) -> None:
    assert await check(world, "user_nobody") == (False, "")


async def test_the_profile_is_what_was_registered(world: AuthWorld) -> None:
    user = await world.user()
    found = await world.profile(user)
    assert (found.user_id, found.email, found.first_name, found.last_name, found.country) == (
        user.user_id,
        EMAIL,
        "Jamie",
        "Doe",
        "US",
    )
    assert not found.HasField("date_of_birth")


async def test_an_update_replaces_all_but_the_email(world: AuthWorld) -> None:
    user = await world.user()
    await update(world, user, date_of_birth="1990-02-28")
    found = await world.profile(user)
    assert (found.email, found.first_name, found.country, found.date_of_birth) == (EMAIL, "Sam", "DE", "1990-02-28")
    await update(world, user)
    assert not (await world.profile(user)).HasField("date_of_birth")


async def test_updates_in_parallel_leave_a_profile_that_opens(world: AuthWorld) -> None:
    user = await world.user()
    await asyncio.gather(*(update(world, user, first_name=f"Name{count}") for count in range(4)))
    assert (await world.profile(user)).first_name.startswith("Name")


async def test_an_older_sealed_profile_cannot_be_put_back(world: AuthWorld) -> None:
    user = await world.user()
    before = await world.backends.documents.get("users", user.user_id)
    await update(world, user)
    after = await world.backends.documents.get("users", user.user_id)
    assert before is not None
    assert after is not None
    old, new = before.data["profile"], after.data["profile"]
    assert isinstance(old, dict)
    assert isinstance(new, dict)
    swapped = {**after.data, "profile": {"version": new["version"], "sealed": old["sealed"]}}
    await world.backends.documents.update("users", after, swapped)
    with pytest.raises(mesh_errors.Internal):
        await world.profile(user)


@pytest.mark.parametrize("born", ["2001-02-31", "2099-01-01", "2026-02-15"])
async def test_a_birthday_exists_and_lies_in_the_past(world: AuthWorld, born: str) -> None:
    user = await world.user()
    with pytest.raises(mesh_errors.InvalidArgument) as caught:
        await update(world, user, date_of_birth=born)
    assert [violation.field for violation in caught.value.violations] == ["date_of_birth"]


async def test_an_account_that_is_not_there_is_not_active(world: AuthWorld) -> None:
    with pytest.raises(errors.AccountNotActive):
        await world.call("UserService/GetProfile", user_service_pb2.GetProfileRequest(), NOBODY)
    with pytest.raises(errors.AccountNotActive):
        await world.call("ConsentService/GetConsent", consent_service_pb2.GetConsentRequest(), NOBODY)


async def test_an_institution_has_no_profile(world: AuthWorld) -> None:
    with pytest.raises(mesh_errors.PermissionDenied):
        await world.call(
            "UserService/GetProfile", user_service_pb2.GetProfileRequest(), context.InstitutionPrincipal("inst_1")
        )
