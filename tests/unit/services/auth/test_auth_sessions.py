"""Log-in, refresh with rotation and reuse detection, log-out."""

from __future__ import annotations

import asyncio
import hashlib

import jwt
import pytest
from credpass.auth.v1 import auth_service_pb2
from cryptography.hazmat.primitives.asymmetric import ec

from mesh import errors as mesh_errors
from mesh import sessions as mesh_sessions
from mesh import tokens
from services.auth import errors
from services.auth.domain import sessions
from tests.support.auth_world import EMAIL, AuthWorld, User


async def log_out(world: AuthWorld, user: User) -> None:
    await world.call("AuthService/Logout", auth_service_pb2.LogoutRequest(), user.principal)


async def public_keys(world: AuthWorld) -> dict[str, jwt.PyJWK]:
    listed = await world.call("AuthService/ListSigningKeys", auth_service_pb2.ListSigningKeysRequest())
    return {
        key.kid: jwt.PyJWK({"kty": "EC", "crv": "P-256", "x": key.x, "y": key.y, "kid": key.kid, "alg": "ES256"})
        for key in listed.keys
    }


def is_ended(world: AuthWorld, user: User) -> asyncio.Future[bool]:
    edge = mesh_sessions.Sessions(world.backends.cache, world.clock)
    return asyncio.ensure_future(edge.is_ended(user.user_id, user.session_id))


async def test_an_access_token_says_what_the_edge_needs_and_is_signed_by_a_listed_key(world: AuthWorld) -> None:
    user = await world.user()
    kid = jwt.get_unverified_header(user.access_token)["kid"]
    claims = jwt.decode(
        user.access_token,
        (await public_keys(world))[kid],
        algorithms=[tokens.ALGORITHM],
        audience=tokens.AUDIENCE,
        issuer=tokens.ISSUER,
        options={"require": list(tokens.CLAIMS), "verify_exp": False, "verify_iat": False},
    )
    assert (claims["sub"], claims["type"], claims["role"]) == (user.user_id, "user", "user")
    assert claims["exp"] - claims["iat"] == 15 * 60
    assert claims["iat"] == int(world.clock.now().timestamp())


async def test_a_token_of_another_key_does_not_verify(world: AuthWorld) -> None:
    user = await world.user()
    claims = jwt.decode(user.access_token, options={"verify_signature": False})
    forged = jwt.encode(claims, ec.generate_private_key(ec.SECP256R1()), algorithm="ES256")
    (key,) = (await public_keys(world)).values()
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(forged, key, algorithms=["ES256"], audience=tokens.AUDIENCE, options={"verify_exp": False})


async def test_the_answer_says_bearer_and_900_seconds(world: AuthWorld) -> None:
    await world.user()
    request = auth_service_pb2.LoginRequest(email=EMAIL, password="SecureP@ss123")
    answer = await world.call("AuthService/Login", request)
    assert (answer.token_type, answer.expires_in) == ("Bearer", 900)


async def test_wrong_password_and_unknown_email_are_one_error(world: AuthWorld) -> None:
    await world.user()
    with pytest.raises(errors.WrongCredentials) as known:
        await world.log_in(password="not the password")
    with pytest.raises(errors.WrongCredentials) as unknown:
        await world.log_in("nobody@example.com")
    assert (known.value.text, known.value.metadata) == (unknown.value.text, unknown.value.metadata)


async def test_an_unverified_email_is_said_only_after_the_right_password(world: AuthWorld) -> None:
    await world.register()
    with pytest.raises(errors.WrongCredentials):
        await world.log_in(password="not the password")
    with pytest.raises(errors.EmailNotVerified):
        await world.log_in()


async def test_a_refresh_token_is_good_for_one_use_and_gives_the_next(world: AuthWorld) -> None:
    user = await world.user()
    second = await world.refresh(user.refresh_token)
    third = await world.refresh(second.refresh_token)
    assert len({user.refresh_token, second.refresh_token, third.refresh_token}) == 3
    assert third.user_id == user.user_id


async def test_a_replayed_refresh_token_kills_the_family(world: AuthWorld) -> None:
    user = await world.user()
    second = await world.refresh(user.refresh_token)
    with pytest.raises(errors.RefreshTokenReused):
        await world.refresh(user.refresh_token)
    with pytest.raises(errors.InvalidRefreshToken):
        await world.refresh(second.refresh_token)
    assert await is_ended(world, user)


async def test_a_token_replayed_after_many_rotations_kills_the_family(world: AuthWorld) -> None:
    user = await world.user()
    newest = user.refresh_token
    for _ in range(10):
        newest = (await world.refresh(newest)).refresh_token
    with pytest.raises(errors.RefreshTokenReused):
        await world.refresh(user.refresh_token)
    with pytest.raises(errors.InvalidRefreshToken):
        await world.refresh(newest)


async def test_of_parallel_refreshes_of_one_token_one_succeeds_at_most_and_the_family_dies(world: AuthWorld) -> None:
    user = await world.user()
    outcomes = await asyncio.gather(*(world.refresh(user.refresh_token) for _ in range(8)), return_exceptions=True)
    won = [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]
    assert len(won) <= 1
    assert all(
        isinstance(outcome, (errors.RefreshTokenReused, errors.InvalidRefreshToken))
        for outcome in outcomes
        if isinstance(outcome, BaseException)
    )
    for answer in won:
        with pytest.raises(errors.InvalidRefreshToken):
            await world.refresh(answer.refresh_token)


async def test_an_invented_token_of_a_real_session_ends_nothing(world: AuthWorld) -> None:
    user = await world.user()
    real = sessions.parse_token(user.refresh_token)
    assert real is not None
    invented = sessions.RefreshToken(real.session_part, "0" * 32, "0" * 32)
    with pytest.raises(errors.InvalidRefreshToken):
        await world.refresh(invented.text)
    assert (await world.refresh(user.refresh_token)).refresh_token


@pytest.mark.parametrize("text", ["", "rt_", "x" * 200, "rt_" + "a" * 86])
async def test_what_is_no_refresh_token_is_refused(world: AuthWorld, text: str) -> None:
    with pytest.raises(errors.InvalidRefreshToken):
        await world.refresh(text)


async def test_a_refresh_token_expires_after_seven_days(world: AuthWorld) -> None:
    user = await world.user()
    world.clock.move(days=6, hours=23)
    second = await world.refresh(user.refresh_token)
    world.clock.move(days=7)
    with pytest.raises(errors.InvalidRefreshToken):
        await world.refresh(second.refresh_token)


async def test_only_the_hash_of_a_refresh_token_is_stored(world: AuthWorld) -> None:
    user = await world.user()
    document = await world.backends.documents.get("sessions", user.session_id)
    assert document is not None
    assert document.data["tokenHash"] == hashlib.sha256(user.refresh_token.encode()).hexdigest()
    assert user.refresh_token not in repr(document.data)


async def test_logging_out_ends_refresh_and_access_tokens_of_this_session_only(world: AuthWorld) -> None:
    user, other = await world.user(), await world.log_in()
    await log_out(world, user)
    with pytest.raises(errors.InvalidRefreshToken):
        await world.refresh(user.refresh_token)
    assert await is_ended(world, user)
    assert not await is_ended(world, other)
    assert (await world.refresh(other.refresh_token)).refresh_token


async def test_logging_out_twice_is_harmless(world: AuthWorld) -> None:
    user = await world.user()
    await log_out(world, user)
    await log_out(world, user)


async def test_a_log_out_that_the_edge_cannot_hear_of_is_503_but_ends_the_refresh(world: AuthWorld) -> None:
    user = await world.user()
    world.redis.connected = False
    with pytest.raises(mesh_errors.Unavailable):
        await log_out(world, user)
    with pytest.raises(errors.InvalidRefreshToken):
        await world.refresh(user.refresh_token)
    world.redis.connected = True
    world.clock.move(seconds=10)
    await world.run_job("announce-ended-sessions")
    assert await is_ended(world, user)


async def test_logging_in_works_while_the_cache_is_away(world: AuthWorld) -> None:
    await world.user()
    world.redis.connected = False
    assert (await world.log_in()).access_token


async def test_ended_sessions_are_told_again_to_a_cache_that_lost_them(world: AuthWorld) -> None:
    user = await world.user()
    await log_out(world, user)
    await world.backends.cache.redis.flushall()
    await world.run_job("announce-ended-sessions")
    assert await is_ended(world, user)


async def test_a_user_has_at_most_fifty_open_sessions(world: AuthWorld) -> None:
    first = await world.user()
    newest = first
    for _ in range(sessions.MAX_OPEN_SESSIONS):
        world.clock.move(seconds=1)
        newest = await world.log_in()
    with pytest.raises(errors.InvalidRefreshToken):
        await world.refresh(first.refresh_token)
    assert (await world.refresh(newest.refresh_token)).refresh_token
