"""A link that is asked for again with its call's idempotency key, after a crash between effect and answer."""

from __future__ import annotations

from mesh import ids
from mesh.documents import port
from mesh.rpc import idempotency
from tests.support.credential_world import CredentialWorld


async def test_link_made_again_by_the_same_call_is_the_same_link(world: CredentialWorld) -> None:
    credential = await world.issued()
    idempotency.set_effects(ids.Effects("seed"))
    first = await world.share(credential.credential_id, uses=3)
    assert await world.share(credential.credential_id, uses=3) == first
    assert await world.backends.documents.count("share_links", port.Query()) == 1
