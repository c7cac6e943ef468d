"""Who the outside caller is: only what was issued by us, still holds and is of the right kind is believed."""

from __future__ import annotations

import datetime as dt
import pathlib
from collections.abc import AsyncIterator
from typing import Any

import jwt
import pytest

from gateway import principals
from mesh import apikeys, cache, errors, sessions, tokens
from mesh.rpc import context
from tests.fakes.channels import LocalChannels
from tests.support.clocks import HandClock
from tests.support.gateway_world import FakeAuth, FakeInstitutions, Signer


class Scene:
    """An authenticator over fakes."""

    def __init__(self, store: cache.Cache) -> None:
        self.clock, self.signer, self.institutions = HandClock(), Signer(), FakeInstitutions()
        self.auth = FakeAuth(self.signer)
        links: Any = LocalChannels(AuthService=self.auth, InstitutionService=self.institutions)
        self.ended = sessions.Sessions(store, self.clock)
        keys = principals.SigningKeys(links, self.clock)
        self.authenticator = principals.Authenticator(links, keys, self.ended, self.clock)

    async def refused(self, token: str) -> None:
        with pytest.raises(errors.InvalidCredentials):
            await self.authenticator.user(token)


@pytest.fixture
async def scene(tmp_path: pathlib.Path) -> AsyncIterator[Scene]:
    store = cache.open_cache("memory:", tmp_path)
    yield Scene(store)
    await store.close()


async def test_a_token_of_ours_is_its_user(scene: Scene) -> None:
    token = scene.signer.token(scene.clock, sub="user_7", role="admin", sid="sess_7")
    assert await scene.authenticator.user(token) == context.UserPrincipal("user_7", "admin", "sess_7")


async def test_a_token_ends_with_its_time_though_it_was_seen_before(scene: Scene) -> None:
    token = scene.signer.token(scene.clock)
    await scene.authenticator.user(token)
    scene.clock.move(seconds=tokens.LIFETIME_S - 1)
    await scene.authenticator.user(token)
    scene.clock.move(seconds=1)
    await scene.refused(token)
    await scene.refused(token)


async def test_a_token_ends_with_its_session_though_it_was_seen_before(scene: Scene) -> None:
    token, other = scene.signer.token(scene.clock), scene.signer.token(scene.clock, sid="sess_2")
    await scene.authenticator.user(token)
    await scene.ended.end("user_1", "sess_1")
    await scene.refused(token)
    await scene.authenticator.user(other)


@pytest.mark.parametrize(
    "changed",
    [{name: None} for name in tokens.CLAIMS]
    + [{"iss": "https://elsewhere"}, {"aud": "another"}, {"type": "institution"}, {"type": "refresh"}],
    ids=str,
)
async def test_a_token_that_says_anything_else_is_refused(scene: Scene, changed: dict[str, Any]) -> None:
    await scene.refused(scene.signer.token(scene.clock, **changed))


async def test_a_token_signed_by_another_is_refused(scene: Scene) -> None:
    await scene.refused(Signer(scene.signer.kid).token(scene.clock))


async def test_a_token_that_names_another_algorithm_is_refused(scene: Scene) -> None:
    claims = jwt.decode(scene.signer.token(scene.clock), options={"verify_signature": False})
    public = scene.signer.public().x.ljust(32, "x")
    await scene.refused(jwt.encode(claims, "", algorithm="none", headers={"kid": "key_1"}))
    await scene.refused(jwt.encode(claims, public, algorithm="HS256", headers={"kid": "key_1"}))


@pytest.mark.parametrize("text", ["x", "a.b.c", "....", "eyJhbGciOiJFUzI1NiJ9.e30.", "\x00", "é.é.é", "a" * 10_000])
async def test_what_is_no_token_is_refused(scene: Scene, text: str) -> None:
    await scene.refused(text)


async def test_nothing_shown_is_told_apart_from_something_wrong(scene: Scene) -> None:
    for ask in (scene.authenticator.user, scene.authenticator.institution, scene.authenticator.api_key):
        with pytest.raises(errors.Unauthenticated) as refused:
            await ask("")
        assert refused.type is errors.Unauthenticated


async def test_unknown_key_ids_ask_auth_at_most_once_in_five_seconds(scene: Scene) -> None:
    await scene.authenticator.user(scene.signer.token(scene.clock))
    assert scene.auth.listings == 1
    for number in range(20):
        await scene.refused(Signer(f"key_invented_{number}").token(scene.clock))
    assert scene.auth.listings == 1
    scene.clock.move(seconds=principals.KEYS_REFRESH_S + 1)
    await scene.refused(Signer("key_invented").token(scene.clock))
    assert scene.auth.listings == 2


async def test_a_new_signing_key_is_found(scene: Scene) -> None:
    await scene.authenticator.user(scene.signer.token(scene.clock))
    later = Signer("key_2")
    scene.auth.signers.append(later)
    scene.clock.move(seconds=principals.KEYS_REFRESH_S + 1)
    assert (await scene.authenticator.user(later.token(scene.clock))).user_id == "user_1"


async def test_what_is_refused_is_not_remembered(scene: Scene) -> None:
    await scene.authenticator.user(scene.signer.token(scene.clock))
    for number in range(5):
        await scene.refused(scene.signer.token(scene.clock, aud=f"another {number}"))
    assert len(scene.authenticator._verified) == 1


async def test_a_valid_key_is_its_institution(scene: Scene) -> None:
    key = scene.institutions.key("valid", "verify", "manage")
    found = await scene.authenticator.institution(key)
    assert found == context.InstitutionPrincipal("inst_1", "key_1", ("verify", "manage"), test=False)


async def test_keys_that_do_not_hold_are_refused(scene: Scene) -> None:
    for text in (scene.institutions.key("unknown"), apikeys.generate("live"), "cp_live_short", "cp_"):
        with pytest.raises(errors.InvalidCredentials):
            await scene.authenticator.institution(text)
    with pytest.raises(errors.Unexplained) as refused:
        await scene.authenticator.institution(scene.institutions.key("unconfirmed"))
    assert (refused.value.domain, refused.value.reason) == ("credpass.auth.v1", "INSTITUTION_NOT_CONFIRMED")


async def test_the_wrong_kind_of_credential_is_told_only_to_its_holder(scene: Scene) -> None:
    """Somebody with a real key or token is told that it is the wrong kind; what holds nowhere is just not valid."""
    with pytest.raises(errors.PermissionDenied):
        await scene.authenticator.user(scene.institutions.key("valid", "verify"))
    await scene.refused(apikeys.generate("live"))
    with pytest.raises(errors.PermissionDenied):
        await scene.authenticator.institution(scene.signer.token(scene.clock))
    with pytest.raises(errors.InvalidCredentials):
        await scene.authenticator.institution("a.b.c")


async def test_a_cache_out_of_reach_is_unavailable_not_a_way_in(tmp_path: pathlib.Path) -> None:
    unreachable = cache.open_cache("redis://127.0.0.1:1/0", tmp_path)
    scene = Scene(unreachable)
    with pytest.raises(errors.Unavailable):
        await scene.authenticator.user(scene.signer.token(scene.clock))
    await unreachable.close()


async def test_an_issue_date_in_the_future_is_no_reason_to_refuse(scene: Scene) -> None:
    """The clocks of two machines differ by seconds."""
    ahead = int((scene.clock.now() + dt.timedelta(seconds=5)).timestamp())
    assert await scene.authenticator.user(scene.signer.token(scene.clock, iat=ahead))
