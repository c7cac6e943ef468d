"""Idempotency keys: which calls take one, and what a claim keeps when its process dies."""

from __future__ import annotations

from pathlib import Path

import pytest
from google.api import annotations_pb2

from gateway import contracts
from mesh import documents, errors, idempotency, ids, vault
from mesh.rpc import policy
from tests.support.clocks import HandClock

WITHOUT = {"Login", "Refresh", "Logout"}
KEY = idempotency.Key(("institution", "inst_1", "Make", "k"))
BODY, OTHER = idempotency.Body("aa", 2), idempotency.Body("bb", 2)


def test_every_post_but_login_refresh_and_logout_takes_a_key_and_nothing_else_does() -> None:
    for service in contracts.services():
        for method in service.methods:
            is_post = bool(method.GetOptions().Extensions[annotations_pb2.http].post)
            assert policy.takes_key(method) == (is_post and method.name not in WITHOUT), method.full_name


def test_effects_of_a_seed_are_the_same_again_and_of_another_are_not() -> None:
    assert ids.Effects("a").token("t") == ids.Effects("a").token("t")
    assert ids.Effects("a").token("t") != ids.Effects("b").token("t")
    assert ids.NEW.id("x") != ids.NEW.id("x")


async def test_claim_of_a_dead_process_is_taken_over_with_the_same_effects(tmp_path: Path) -> None:
    clock = HandClock()
    store = await documents.open_documents("sqlite:test.db", tmp_path, clock)
    claims = idempotency.Claims("test", store, await vault.open_vault("file:keys", tmp_path, store, clock), clock)
    await claims.ensure()
    first = await claims.take(KEY, BODY)
    assert isinstance(first, idempotency.Claim)
    with pytest.raises(errors.IdempotencyKeyInUse):
        await claims.take(KEY, BODY)
    with pytest.raises(errors.IdempotencyKeyReused):
        await claims.take(KEY, OTHER)
    clock.move(seconds=idempotency.LEASE.total_seconds() + 1)
    second = await claims.take(KEY, BODY)
    assert isinstance(second, idempotency.Claim)
    assert second.effects.id("key") == first.effects.id("key")
    await second.keep(b"answer")
    kept = await claims.take(KEY, BODY)
    assert isinstance(kept, idempotency.Kept)
    assert kept.answer == b"answer"
    clock.move(hours=25)
    assert isinstance(await claims.take(KEY, OTHER), idempotency.Claim)
    await store.close()
