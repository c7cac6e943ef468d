"""Claims of idempotency keys: one effect a key, the first answer for whoever comes again, and nothing in the clear.

They hold on every store of documents.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from mesh import documents as stores
from mesh import errors, idempotency, vault
from mesh.documents import port
from tests.support import ferretdb
from tests.support.clocks import HandClock
from tests.support.conditions import until

KEY = idempotency.Key(("user", "user_1", "Method", "a key"), "user_1")
BODY = idempotency.Body("0" * 64, 10)
ANSWER = b"a private answer"
NEARLY_S = idempotency.LEASE.total_seconds() - 1


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def documents(documents_url: str, tmp_path: Path, clock: HandClock) -> AsyncIterator[port.Documents]:
    store = await stores.open_documents(documents_url, tmp_path, clock)
    yield store
    await store.close()


@pytest.fixture
async def secrets(tmp_path: Path, documents: port.Documents, clock: HandClock) -> AsyncIterator[vault.Vault]:
    opened = await vault.open_vault("file:keys", tmp_path, documents, clock)
    await opened.create_subject("user_1")
    yield opened
    await opened.close()


@pytest.fixture
async def claims(documents: port.Documents, secrets: vault.Vault, clock: HandClock) -> idempotency.Claims:
    made = idempotency.Claims("auth", documents, secrets, clock, renew_s=0.01)
    await made.ensure()
    return made


async def taken(claims: idempotency.Claims, body: idempotency.Body | None = BODY) -> idempotency.Claim:
    claim = await claims.take(KEY, body)
    assert isinstance(claim, idempotency.Claim)
    return claim


async def kept(claims: idempotency.Claims, body: idempotency.Body | None = BODY) -> bytes:
    found = await claims.take(KEY, body)
    assert isinstance(found, idempotency.Kept)
    return found.answer


async def test_a_call_under_way_is_in_use(claims: idempotency.Claims) -> None:
    await taken(claims)
    with pytest.raises(errors.IdempotencyKeyInUse) as busy:
        await claims.take(KEY, BODY)
    assert busy.value.retry_after_s


async def attempts(claims: idempotency.Claims) -> list[idempotency.Claim]:
    """The claims that twenty callers at once get; whoever gets none is told that the call is under way."""
    tries = (claims.take(KEY, BODY) for _ in range(20))
    results = await asyncio.gather(*tries, return_exceptions=True)
    got = [result for result in results if isinstance(result, idempotency.Claim)]
    assert sum(isinstance(result, errors.IdempotencyKeyInUse) for result in results) == 20 - len(got)
    return got


async def test_of_many_at_once_one_has_the_claim(claims: idempotency.Claims, clock: HandClock) -> None:
    (first,) = await attempts(claims)
    clock.move(seconds=idempotency.LEASE.total_seconds() + 1)
    (second,) = await attempts(claims)
    assert second.effects.id("link") == first.effects.id("link")
    clock.move(seconds=idempotency.KEPT_FOR.total_seconds() + 1)
    (third,) = await attempts(claims)
    assert third.effects.id("link") != first.effects.id("link")


async def test_of_many_at_once_one_has_the_claim_of_a_day_before(claims: idempotency.Claims, clock: HandClock) -> None:
    """Nobody mistakes the claim that another one has just made for the old one."""
    first = await taken(claims)
    clock.move(seconds=idempotency.KEPT_FOR.total_seconds() + 1)
    (second,) = await attempts(claims)
    assert second.effects.id("link") != first.effects.id("link")


async def test_a_claim_that_is_held_outlasts_its_lease(
    claims: idempotency.Claims, documents: port.Documents, clock: HandClock
) -> None:
    async def is_renewed() -> bool:
        (document,) = await documents.find(claims.collection.name, port.Query(limit=2))
        return bool(document.data["leaseUntil"] == clock.now() + idempotency.LEASE)

    claim = await taken(claims)
    async with claim.held():
        for _ in range(3):
            clock.move(seconds=NEARLY_S)
            await until(is_renewed)
            with pytest.raises(errors.IdempotencyKeyInUse):
                await claims.take(KEY, BODY)
        await claim.keep(ANSWER)
    assert await kept(claims) == ANSWER


async def test_who_was_taken_over_before_its_body_was_read_has_no_effect(
    claims: idempotency.Claims, clock: HandClock
) -> None:
    first = await taken(claims, None)
    clock.move(seconds=idempotency.LEASE.total_seconds() + 1)
    second = await taken(claims, None)
    with pytest.raises(errors.IdempotencyKeyInUse):
        await first.settle(BODY)
    await second.settle(BODY)


async def test_the_answer_is_kept_for_a_day(claims: idempotency.Claims, clock: HandClock) -> None:
    await (await taken(claims)).keep(ANSWER)
    clock.move(hours=23)
    assert await kept(claims) == ANSWER
    clock.move(hours=2)
    await taken(claims)


async def test_another_body_is_refused_under_way_and_afterwards(claims: idempotency.Claims) -> None:
    claim = await taken(claims)
    for other in (idempotency.Body("1" * 64, 10), idempotency.Body("0" * 64, 11)):
        with pytest.raises(errors.IdempotencyKeyReused):
            await claims.take(KEY, other)
    await claim.keep(ANSWER)
    with pytest.raises(errors.IdempotencyKeyReused):
        await claims.take(KEY, idempotency.Body("1" * 64, 10))


async def test_what_a_dead_process_began_is_taken_over_with_the_same_ids(
    claims: idempotency.Claims, clock: HandClock
) -> None:
    first = await taken(claims)
    clock.move(seconds=idempotency.LEASE.total_seconds() + 1)
    second = await taken(claims)
    assert first.effects.id("link") == second.effects.id("link")
    assert first.effects.token("vt") == second.effects.token("vt")


async def test_who_was_taken_over_does_not_overwrite_the_answer(claims: idempotency.Claims, clock: HandClock) -> None:
    first = await taken(claims)
    clock.move(seconds=idempotency.LEASE.total_seconds() + 1)
    second = await taken(claims)
    await second.keep(ANSWER)
    await first.keep(b"another")
    assert await kept(claims) == ANSWER


async def test_a_call_that_failed_is_let_go_at_once(claims: idempotency.Claims) -> None:
    first = await taken(claims)
    await first.let_go()
    assert (await taken(claims)).effects.id("link") == first.effects.id("link")


async def test_ids_are_of_their_key_and_of_their_day(claims: idempotency.Claims, clock: HandClock) -> None:
    first = await taken(claims)
    other = await claims.take(idempotency.Key((*KEY.scope[:-1], "b key"), "user_1"), BODY)
    assert isinstance(other, idempotency.Claim)
    clock.move(seconds=idempotency.KEPT_FOR.total_seconds() + 1)
    again = await taken(claims)
    assert len({each.effects.id("link") for each in (first, other, again)}) == 3


async def test_a_streamed_body_is_settled_before_there_are_effects(
    claims: idempotency.Claims, clock: HandClock
) -> None:
    claim = await taken(claims, None)
    await claim.settle(BODY)
    clock.move(seconds=idempotency.LEASE.total_seconds() + 1)
    later = await taken(claims, None)
    with pytest.raises(errors.IdempotencyKeyReused):
        await later.settle(idempotency.Body("1" * 64, 10))


async def test_nothing_of_key_body_or_answer_is_written_in_the_clear(
    claims: idempotency.Claims, documents: port.Documents
) -> None:
    await (await taken(claims)).keep(ANSWER)
    written = repr(await documents.find(claims.collection.name, port.Query(limit=10)))
    assert "salt" in written
    for private in ("a key", BODY.digest, ANSWER.decode(), "user_1"):
        assert private not in written


async def test_answers_to_a_person_go_with_the_persons_key(claims: idempotency.Claims, secrets: vault.Vault) -> None:
    await (await taken(claims)).keep(ANSWER)
    await secrets.destroy_subject("user_1")
    with pytest.raises(errors.ServiceError):
        await claims.take(KEY, BODY)


async def test_claims_of_a_day_before_are_swept(
    claims: idempotency.Claims, documents: port.Documents, clock: HandClock, documents_url: str
) -> None:
    if documents_url.startswith("mongodb:") and os.environ.get(ferretdb.VARIABLE):
        pytest.skip("a MongoDB deletes by its own clock, about once a minute")
    await (await taken(claims)).keep(ANSWER)
    clock.move(seconds=(idempotency.KEPT_FOR + timedelta(minutes=1)).total_seconds())
    await documents.sweep()
    assert await documents.count(claims.collection.name, port.Query()) == 0
