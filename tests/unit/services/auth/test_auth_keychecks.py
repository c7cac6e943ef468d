"""Checking keys, many at once, from the cache and past it; noting when they were last used."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest
from credpass.auth.v1 import institution_service_pb2 as pb
from hypothesis import given
from hypothesis import strategies as st

from mesh import apikeys, cache, clock
from mesh.documents import port, sqlite
from services.auth.adapters import institutions as adapters
from services.auth.adapters import keycache
from services.auth.domain import institutions
from services.auth.usecases import keychecks
from tests.fakes.auth_documents import WatchedDocuments
from tests.support.auth_world import AuthWorld, over
from tests.support.clocks import HandClock


async def last_used(world: AuthWorld, principal: Any) -> Any:
    answer = await world.call("InstitutionService/ListApiKeys", pb.ListApiKeysRequest(), principal)
    return answer.api_keys[0]


async def test_answers_come_in_the_order_asked_and_one_bad_key_fails_no_other(world: AuthWorld) -> None:
    first, _ = await world.institution()
    second, _ = await world.institution()
    pending = await world.register_institution()
    texts = ["no key", second.api_key, apikeys.generate("live"), pending.api_key, first.api_key, second.api_key]
    for _ in range(2):  # past the cache, then from it
        results = await world.authenticate(*texts)
        assert [result.outcome for result in results] == [
            "unknown",
            "valid",
            "unknown",
            "unconfirmed",
            "valid",
            "valid",
        ]
        assert results[4].institution_id == first.institution_id
        assert results[3].institution_id == ""


async def test_a_key_with_a_known_prefix_and_another_secret_is_unknown(world: AuthWorld) -> None:
    response, _ = await world.institution()
    forged = response.api_key
    while forged == response.api_key or not _parses(forged):
        body = response.api_key[:16] + apikeys.generate("live")[16:40]
        forged = body + apikeys._checksum(body)
    for _ in range(2):
        assert [result.outcome for result in await world.authenticate(forged)] == ["unknown"]
        await world.authenticate(response.api_key)


async def test_the_cached_value_has_the_shape_that_verification_reads(world: AuthWorld) -> None:
    response, _ = await world.institution()
    await world.authenticate(response.api_key)
    value = await world.backends.cache.get(cache.apikey_key(response.api_key[:16]))
    assert value is not None
    assert orjson.loads(value) == {
        "keyHash": apikeys.hash_key(response.api_key),
        "institutionId": response.institution_id,
        "keyId": response.key.key_id,
        "scopes": ["manage", "verify"],
        "test": False,
        "expiresAt": None,
        "confirmed": True,
    }


async def test_nothing_is_cached_for_an_unconfirmed_institution(world: AuthWorld) -> None:
    response = await world.register_institution()
    await world.authenticate(response.api_key)
    assert await world.backends.cache.get(cache.apikey_key(response.api_key[:16])) is None


async def test_a_hit_asks_no_document(tmp_path: Path) -> None:
    time = HandClock()
    documents = WatchedDocuments(await sqlite.open_file(tmp_path / "credpass.db", time))
    async with over(documents, tmp_path, time) as world:
        response, _ = await world.institution()
        await world.authenticate(response.api_key)
        documents.work.clear()
        assert [result.outcome for result in await world.authenticate(response.api_key)] == ["valid"]
        assert documents.work == []
    await documents.close()


async def test_keys_are_checked_while_the_cache_is_away(world: AuthWorld) -> None:
    response, _ = await world.institution()
    world.redis.connected = False
    assert [result.outcome for result in await world.authenticate(response.api_key)] == ["valid"]


@pytest.mark.parametrize("lifetime", [{}, {"expires_in_days": 30}])
async def test_a_tombstone_is_not_answered_from_and_not_filled(world: AuthWorld, lifetime: dict[str, Any]) -> None:
    _, principal = await world.institution()
    wish = pb.CreateApiKeyRequest(name="k", scopes=["verify"], **lifetime)
    made = await world.call("InstitutionService/CreateApiKey", wish, principal)
    key = cache.apikey_key(made.key.prefix)
    await world.backends.cache.bury(key)
    assert [result.outcome for result in await world.authenticate(made.api_key)] == ["valid"]
    assert await world.backends.cache.get(key) == cache.TOMBSTONE


class RevokingKeys(adapters.DocumentApiKeys):
    """Keys of which one is revoked, tombstone and all, between a check's read and its fill of the cache."""

    def __init__(self, documents: port.Documents, store: keycache.CacheKeys, now: clock.Clock) -> None:
        super().__init__(documents)
        self._store, self._time, self.armed = store, now, True

    async def find_by_prefixes(self, prefixes: Any) -> Any:
        found = await super().find_by_prefixes(prefixes)
        if self.armed:
            self.armed = False
            for key in found.values():
                await self.save(key.revoked(self._time.now()))
                # The tombstone has run out by the time the slow check fills: the worst case.
        return found


async def test_a_fill_that_crosses_a_revocation_does_not_outlive_it(world: AuthWorld) -> None:
    response, _ = await world.institution()
    store = keycache.CacheKeys(world.backends.cache)
    keys = RevokingKeys(world.backends.documents, store, world.clock)
    check = keychecks.AuthenticateApiKeys(
        keys,
        adapters.DocumentInstitutions(world.backends.documents),
        store,
        keychecks.KeyUses(keys, world.clock),
        world.clock,
    )
    await check([response.api_key])
    assert await world.backends.cache.get(cache.apikey_key(response.api_key[:16])) == cache.TOMBSTONE
    assert await check([response.api_key]) == [institutions.UNKNOWN]


async def test_checks_and_a_revocation_at_once_never_leave_a_working_key(world: AuthWorld) -> None:
    response, principal = await world.institution()
    for _ in range(5):
        made = await world.call(
            "InstitutionService/CreateApiKey", pb.CreateApiKeyRequest(name="k", scopes=["verify"]), principal
        )
        request = pb.RevokeApiKeyRequest(key_id=made.key.key_id)
        await asyncio.gather(
            world.authenticate(made.api_key, response.api_key),
            world.call("InstitutionService/RevokeApiKey", request, principal),
            world.authenticate(made.api_key),
        )
        assert [result.outcome for result in await world.authenticate(made.api_key)] == ["unknown"]


async def test_the_last_use_is_noted_to_the_hour(world: AuthWorld) -> None:
    response, principal = await world.institution()
    assert not (await last_used(world, principal)).HasField("last_used_at")
    world.clock.move(minutes=10)
    await world.authenticate(response.api_key)
    await world.run_job("note-key-uses")
    hour = world.clock.now().replace(minute=0, second=0, microsecond=0)
    assert (await last_used(world, principal)).last_used_at.ToDatetime(hour.tzinfo) == hour


async def test_a_key_in_use_costs_one_write_an_hour(tmp_path: Path) -> None:
    time = HandClock()
    documents = WatchedDocuments(await sqlite.open_file(tmp_path / "credpass.db", time))
    async with over(documents, tmp_path, time) as world:
        response, _ = await world.institution()
        documents.work.clear()
        for _ in range(20):
            await world.authenticate(response.api_key)
            await world.run_job("note-key-uses")
        assert documents.writes() == 1
        time.move(hours=1)
        await world.authenticate(response.api_key)
        await world.run_job("note-key-uses")
        assert documents.writes() == 2
    await documents.close()


async def test_uses_that_are_not_written_yet_are_written_at_the_end(tmp_path: Path) -> None:
    time = HandClock()
    documents = await sqlite.open_file(tmp_path / "credpass.db", time)
    async with over(documents, tmp_path, time) as world:
        response, _ = await world.institution()
        await world.authenticate(response.api_key)
    assert await documents.get("api_key_uses", response.key.key_id) is not None
    await documents.close()


FACTS = st.builds(
    institutions.KeyFacts,
    st.text(),
    st.text(),
    st.text(),
    st.lists(st.sampled_from(["verify", "manage"])).map(tuple),
    st.booleans(),
    expires_at=st.none()
    | st.datetimes(timezones=st.just(HandClock().now().tzinfo)).map(lambda at: at.replace(microsecond=0)),
    confirmed=st.booleans(),
)


@given(FACTS)
def test_what_is_cached_is_read_back_as_it_was(facts: institutions.KeyFacts) -> None:
    assert keycache.decode(keycache.encode(facts)) == facts


def _parses(text: str) -> bool:
    try:
        apikeys.parse(text)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("hash_", ["", "0" * 64])
def test_facts_answer_only_their_own_key(hash_: str) -> None:
    facts = institutions.KeyFacts("a" * 64, "inst_1", "key_1", (), test=False, expires_at=None, confirmed=True)
    assert institutions.answer(facts, hash_, HandClock().now()) == institutions.UNKNOWN
