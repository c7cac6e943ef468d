"""Which calls take an idempotency key, and the ids that come of it."""

from __future__ import annotations

from google.api import annotations_pb2

from gateway import contracts
from mesh import ids
from mesh.rpc import policy

WITHOUT = {"Login", "Refresh", "Logout"}


def test_every_post_but_login_refresh_and_logout_takes_a_key_and_nothing_else_does() -> None:
    for service in contracts.services():
        for method in service.methods:
            is_post = bool(method.GetOptions().Extensions[annotations_pb2.http].post)
            assert policy.takes_key(method) == (is_post and method.name not in WITHOUT), method.full_name


def test_effects_of_a_seed_are_the_same_again_and_of_another_are_not() -> None:
    assert ids.Effects("a").token("t") == ids.Effects("a").token("t")
    assert ids.Effects("a").token("t") != ids.Effects("b").token("t")
    assert ids.NEW.id("x") != ids.NEW.id("x")
