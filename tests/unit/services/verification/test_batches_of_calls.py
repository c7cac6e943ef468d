from __future__ import annotations

import pytest
from credpass.verification.v1 import error_reason_pb2
from credpass.verification.v1 import verification_service_pb2 as pb
from hypothesis import given
from hypothesis import strategies as st

from mesh import apikeys, cache, errors, ids
from services.verification import errors as refusals
from services.verification.usecases import identifying
from tests.fakes.verification_sources import KeyResult
from tests.support.verification_world import VerificationWorld


async def _kind(world: VerificationWorld, token: str, key: str) -> type:
    (outcome,) = await world.batch((token, key))
    return type(outcome)


async def test_each_item_has_its_own_outcome_in_order(world: VerificationWorld) -> None:
    good, token, stopped = world.key(), world.token(score=700), world.token()
    world.credentials.stop(stopped)
    stranger, no_scope = apikeys.generate("live"), world.key(scopes=("manage",))
    outcomes = await world.batch(
        (token, good), (token, stranger), (stopped, good), (ids.new_token("vt"), good), (token, ""),
        (token, "cp_live_short"), (token, no_scope), (token, good),
    )  # fmt: skip
    assert [type(outcome) for outcome in outcomes] == [
        pb.VerifyTokenResponse,
        errors.InvalidCredentials,
        pb.VerifyTokenResponse,
        refusals.TokenNotFound,
        errors.Unauthenticated,
        errors.InvalidCredentials,
        errors.PermissionDenied,
        pb.VerifyTokenResponse,
    ]
    answers = [outcome for outcome in outcomes if isinstance(outcome, pb.VerifyTokenResponse)]
    assert [answer.trust_score for answer in answers] == [700, 0, 700]


async def test_kept_key_is_admitted_without_asking_until_it_expires(world: VerificationWorld) -> None:
    key, token = world.key(), world.token()
    await world.keep_key(key, expires_in_s=60)
    world.institutions.down = True
    assert await _kind(world, token, key) is pb.VerifyTokenResponse
    world.clock.move(seconds=60)
    assert await _kind(world, token, key) is errors.InvalidCredentials


async def test_other_key_with_the_prefix_of_a_kept_one_is_refused(world: VerificationWorld) -> None:
    key, token = world.key(), world.token()
    await world.keep_key(key, keyHash=apikeys.hash_key(apikeys.generate("live")))
    assert await _kind(world, token, key) is errors.InvalidCredentials


async def test_revoked_key_is_asked_about_and_refused(world: VerificationWorld) -> None:
    key, token = world.key(), world.token()
    await world.keep_key(key)
    del world.institutions.keys[key]
    await world.backends.cache.bury(cache.apikey_key(key[:16]))
    assert await _kind(world, token, key) is errors.InvalidCredentials


async def test_kept_key_without_the_scope_is_refused(world: VerificationWorld) -> None:
    key, token = world.key(scopes=("manage",)), world.token()
    await world.keep_key(key)
    assert await _kind(world, token, key) is errors.PermissionDenied


async def test_key_of_an_unconfirmed_institution_is_refused_as_auth_does(world: VerificationWorld) -> None:
    key, token = world.key(), world.token()
    world.institutions.keys[key] = KeyResult(outcome="unconfirmed")
    (refused,) = await world.batch((token, key))
    assert isinstance(refused, errors.ServiceError)
    assert (refused.domain, refused.reason) == ("credpass.auth.v1", "INSTITUTION_NOT_CONFIRMED")


async def test_unreachable_auth_fails_only_those_who_need_it(world: VerificationWorld) -> None:
    kept, other, token = world.key(), world.key(), world.token()
    await world.keep_key(kept)
    world.institutions.down = True
    outcomes = await world.batch((token, kept), (token, other))
    assert [type(outcome) for outcome in outcomes] == [pb.VerifyTokenResponse, errors.Unavailable]


async def test_unreachable_credential_fails_only_those_who_need_it(world: VerificationWorld) -> None:
    key, kept, other, link = world.key(), world.token(), world.token(), world.token(uses=1)
    await world.batch((kept, key))
    world.credentials.down = True
    outcomes = await world.batch((other, key), (kept, key), (link, key))
    assert [type(outcome) for outcome in outcomes] == [
        errors.Unavailable,
        pb.VerifyTokenResponse,
        errors.Unavailable,
    ]


async def test_items_are_recorded_with_their_own_correlation_id_and_institution(world: VerificationWorld) -> None:
    token, keys = world.token(), [world.key(institution_id=f"inst_{number}") for number in range(3)]
    await world.batch(*[(token, key) for key in keys])
    told = [(event.correlation_id, event.payload["institutionId"]) for event in await world.events()]
    assert told == [("corr_0", "inst_0"), ("corr_1", "inst_1"), ("corr_2", "inst_2")]


async def test_largest_batch_is_answered(world: VerificationWorld) -> None:
    key = world.key()
    tokens = [world.token(score=number) for number in range(512)]
    for _ in range(2):
        outcomes = await world.batch(*[(token, key) for token in tokens])
        scores = [outcome.trust_score for outcome in outcomes if isinstance(outcome, pb.VerifyTokenResponse)]
        assert scores == list(range(512))
    assert len({event.id for event in await world.events()}) == 1000  # the page limit; all of them differ


@given(st.lists(st.one_of(st.text(max_size=50), st.builds(apikeys.generate, st.sampled_from(["live", "test"])))))
def test_forms_tell_keys_from_other_text(texts: list[str]) -> None:
    forms = identifying.forms(texts)
    assert set(forms) == set(texts)
    assert {text for text, form in forms.items() if form} == {text for text in texts if len(text) == 46 and "_" in text}


def test_every_reason_of_the_contract_has_its_class() -> None:
    reasons = {name.removeprefix("ERROR_REASON_") for name, _ in error_reason_pb2.ErrorReason.items()}
    known = {reason for area, reason in errors.ServiceError.registry if area == refusals.DOMAIN}
    assert known == reasons - {"UNSPECIFIED"}


async def test_no_key_shows_in_an_error(world: VerificationWorld) -> None:
    key = apikeys.generate("live")
    (refused,) = await world.batch((world.token(), key))
    assert isinstance(refused, errors.ServiceError)
    assert key not in str(refused)
    assert key[:16] not in str(refused.metadata)


@pytest.mark.parametrize("size", [1, 40])
async def test_all_answers_of_a_batch_have_one_moment(world: VerificationWorld, size: int) -> None:
    key, token = world.key(), world.token()
    outcomes = await world.batch(*[(token, key)] * size)
    moments = {
        outcome.verified_at.ToJsonString() for outcome in outcomes if isinstance(outcome, pb.VerifyTokenResponse)
    }
    assert moments == {"2026-02-15T10:00:00Z"}
