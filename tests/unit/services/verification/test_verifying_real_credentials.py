"""Verification over the credential service itself: the promises that only both together can keep."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from credpass.credential.v1 import credential_service_pb2 as credential_pb
from credpass.verification.v1 import verification_service_pb2 as pb

from services.credential import errors as credential_refusals
from tests.support.credential_world import USER, CredentialWorld, credential_world
from tests.support.verification_world import VerificationWorld, verification_world

Both = tuple[CredentialWorld, VerificationWorld]


@pytest.fixture
async def both(tmp_path: Path) -> AsyncIterator[Both]:
    async with credential_world(tmp_path) as issuing:
        servicer = issuing.service.registrations[0].servicer
        shared = {"documents": issuing.backends.documents, "credential": servicer, "redis": issuing.redis}
        async with verification_world(tmp_path, **shared) as verifying:
            verifying.clock.move(seconds=10)
            yield issuing, verifying


async def test_what_the_owner_issued_is_what_the_institution_sees(both: Both) -> None:
    issuing, verifying = both
    credential = await issuing.issued(score=640)
    for _ in range(2):
        answer = await verifying.verify(credential.verification_token)
        assert (answer.valid, answer.trust_score, answer.tier) == (True, 640, "good")
        assert list(answer.insights) == list(credential.public_insights)
        assert (answer.issued_at, answer.expires_at) == (credential.issued_at, credential.expires_at)


async def test_revoked_credential_never_verifies_once_that_is_acknowledged(both: Both) -> None:
    issuing, verifying = both
    for number in range(5):
        credential = await issuing.issued(f"analysis_{number}")
        link = await issuing.share(credential.credential_id, uses=1000)
        acknowledged = asyncio.Event()
        late: list[pb.VerifyTokenResponse] = []

        async def hammer(token: str, acknowledged: asyncio.Event, late: list[pb.VerifyTokenResponse]) -> None:
            for _ in range(15):
                began_after = acknowledged.is_set()
                answer = await verifying.verify(token)
                if began_after:
                    late.append(answer)

        async def revoke(credential_id: str, acknowledged: asyncio.Event) -> None:
            await issuing.revoke(credential_id)
            acknowledged.set()

        tokens = [credential.verification_token] * 4 + [link.token] * 2
        hammers = [hammer(token, acknowledged, late) for token in tokens]
        await asyncio.gather(*hammers, revoke(credential.credential_id, acknowledged))
        late += [await verifying.verify(token) for token in (credential.verification_token, link.token)]
        assert {(answer.valid, answer.reason) for answer in late} == {(False, "revoked")}


async def test_kept_answer_stops_with_the_revocation(both: Both) -> None:
    issuing, verifying = both
    credential = await issuing.issued()
    assert (await verifying.verify(credential.verification_token)).valid
    await issuing.revoke(credential.credential_id)
    assert (await verifying.verify(credential.verification_token)).reason == "revoked"


async def test_superseded_credential_stops_at_once_though_it_was_kept(both: Both) -> None:
    issuing, verifying = both
    old = await issuing.issued("analysis_1")
    assert (await verifying.verify(old.verification_token)).valid
    new = await issuing.issued("analysis_2")
    assert (await verifying.verify(old.verification_token)).reason == "superseded"
    assert (await verifying.verify(new.verification_token)).valid


async def test_erased_users_credential_stops_though_it_was_kept(both: Both) -> None:
    issuing, verifying = both
    credential = await issuing.issued()
    assert (await verifying.verify(credential.verification_token)).valid
    await issuing.backends.vault.destroy_subject(USER)
    request = credential_pb.RevokeUserCredentialsRequest(user_id=USER, cause="account_erased")
    await issuing.call("RevokeUserCredentials", request)
    assert (await verifying.verify(credential.verification_token)).reason == "revoked"


async def test_revocation_without_the_cache_stands_and_is_seen_when_it_is_back(both: Both) -> None:
    issuing, verifying = both
    credential = await issuing.issued()
    assert (await verifying.verify(credential.verification_token)).valid
    issuing.redis.connected = False
    with contextlib.suppress(credential_refusals.RevocationIncomplete):
        await issuing.revoke(credential.credential_id)
    assert (await verifying.verify(credential.verification_token)).reason == "revoked"
    issuing.redis.connected = True
    await issuing.revoke(credential.credential_id)
    assert (await verifying.verify(credential.verification_token)).reason == "revoked"


async def test_fifty_parallel_uses_of_a_link_for_five_are_five(both: Both) -> None:
    issuing, verifying = both
    credential = await issuing.issued()
    link = await issuing.share(credential.credential_id, uses=5)
    key = verifying.key()
    singles = [verifying.verify(link.token) for _ in range(20)]
    batches = [verifying.batch(*[(link.token, key)] * 10) for _ in range(3)]
    answers = await asyncio.gather(*singles)
    answers += [answer for batch in await asyncio.gather(*batches) for answer in batch]  # type: ignore[misc]
    assert [answer.valid for answer in answers].count(True) == 5
    assert [answer.reason for answer in answers].count("used_up") == 45
    assert len(await verifying.history()) == 50
