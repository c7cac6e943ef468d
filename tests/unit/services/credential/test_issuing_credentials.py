from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from credpass.analysis.v1 import analysis_service_pb2 as analysis_pb
from credpass.auth.v1 import consent_service_pb2 as consent_pb
from credpass.credential.v1 import credential_service_pb2 as pb

from mesh import errors
from mesh.documents import port
from services.credential import errors as refusals
from tests.fakes.analyses import PUBLIC_INSIGHTS
from tests.support.credential_world import USER, CredentialWorld, over


async def test_scored_analysis_becomes_an_active_credential_for_a_year(world: CredentialWorld) -> None:
    credential = await world.issued(score=782)
    assert (credential.trust_score, credential.tier, credential.status) == (782, "excellent", "active")
    assert credential.issued_at.ToJsonString() == "2026-02-15T10:00:00Z"
    assert credential.expires_at.ToJsonString() == "2027-02-15T10:00:00Z"
    assert credential.credential_id.startswith("cred_")
    assert credential.verification_token.startswith("vt_")
    assert not credential.verification_token.startswith("vt_share_")


async def test_owner_sees_everything_that_the_analysis_said(world: CredentialWorld) -> None:
    credential = await world.issued()
    analysis = world.analyses.analyses[USER, "analysis_1"]
    assert dict(credential.dimensions) == dict(analysis.dimensions)
    assert credential.credibility == analysis.credibility
    assert credential.insights == analysis.insights
    assert credential.recommendations == analysis.recommendations
    assert credential.public_insights == list(PUBLIC_INSIGHTS)
    assert credential.confidence == analysis.confidence
    metadata = credential.metadata
    assert (metadata.data_points, metadata.analysis_version, metadata.region) == (1247, "1.0", "CZ")
    assert (metadata.data_through, metadata.staleness_days, metadata.analysis_id) == ("2026-02-14", 1, "analysis_1")


@pytest.mark.parametrize(
    ("score", "tier"),
    [
        (0, "poor"),
        (399, "poor"),
        (400, "fair"),
        (599, "fair"),
        (600, "good"),
        (749, "good"),
        (750, "excellent"),
        (1000, "excellent"),
    ],
)
async def test_tier_follows_from_the_score(world: CredentialWorld, score: int, tier: str) -> None:
    assert (await world.issued(score=score)).tier == tier


async def test_phrases_with_a_figure_never_reach_institutions(world: CredentialWorld) -> None:
    await world.backends.vault.create_subject(USER)
    phrases = ("Stable income pattern", "Earns 2500 a month", "½ of it saved", "x" * 200)
    world.analyses.put(USER, "analysis_1", 700, public=phrases)
    await world.deliver("credential-generators", world.completed("analysis_1"))
    credential = await world.credential()
    assert credential.public_insights == ["Stable income pattern"]
    (result,) = await world.resolve(credential.verification_token)
    assert result.insights == ["Stable income pattern"]


async def test_one_event_tells_of_it_with_ids_score_and_tier_only(world: CredentialWorld) -> None:
    credential = await world.issued()
    (event,) = await world.events()
    assert (event.topic, event.type, event.key) == ("credential.generated", "credential.generated", USER)
    assert event.payload == {
        "userId": USER,
        "credentialId": credential.credential_id,
        "analysisId": "analysis_1",
        "trustScore": 782,
        "tier": "excellent",
    }


async def test_replays_change_nothing(world: CredentialWorld) -> None:
    first = await world.issued()
    event = world.completed("analysis_1")
    await asyncio.gather(*(world.deliver("credential-generators", event) for _ in range(5)))
    assert await world.credential() == first
    assert await world.statuses() == ["active"]
    assert await world.event_types() == ["credential.generated"]


async def test_parallel_deliveries_give_one_credential(world: CredentialWorld) -> None:
    await world.backends.vault.create_subject(USER)
    world.analyses.put(USER, "analysis_1", 782)
    event = world.completed("analysis_1")
    await asyncio.gather(*(world.deliver("credential-generators", event) for _ in range(10)))
    assert await world.statuses() == ["active"]
    assert await world.event_types() == ["credential.generated"]


@pytest.mark.parametrize("status", ["insufficient_data", "failed"])
async def test_analysis_without_a_score_gives_no_credential(world: CredentialWorld, status: str) -> None:
    await world.backends.vault.create_subject(USER)
    world.analyses.put(USER, "analysis_1", 782)
    await world.deliver("credential-generators", world.completed("analysis_1", status=status))
    assert await world.statuses() == []


async def test_analysis_that_is_gone_or_lost_its_score_gives_no_credential(world: CredentialWorld) -> None:
    await world.backends.vault.create_subject(USER)
    await world.deliver("credential-generators", world.completed("analysis_gone"))
    world.analyses.put(USER, "analysis_2", None)
    await world.deliver("credential-generators", world.completed("analysis_2"))
    assert await world.statuses() == []


async def test_without_consent_no_credential(world: CredentialWorld) -> None:
    world.consents.withdrawn.add(USER)
    await world.analysed()
    assert await world.statuses() == []
    assert await world.events() == []


async def test_nothing_is_issued_for_a_destroyed_subject(world: CredentialWorld) -> None:
    await world.backends.vault.create_subject(USER)
    await world.backends.vault.destroy_subject(USER)
    world.analyses.put(USER, "analysis_1", 782)
    await world.deliver("credential-generators", world.completed("analysis_1"))
    assert await world.statuses() == []


async def test_new_credential_supersedes_the_old_one_and_its_links_at_once(world: CredentialWorld) -> None:
    old = await world.issued("analysis_1", 640)
    link = await world.share(old.credential_id, uses=5)
    new = await world.issued("analysis_2", 782)
    assert await world.statuses() == ["active", "superseded"]
    tokens = (old.verification_token, link.token, new.verification_token)
    assert await world.outcomes(*tokens) == ["superseded", "superseded", "valid"]
    assert [await world.is_buried(token) for token in tokens] == [True, True, False]
    assert await world.event_types() == [
        "credential.generated",
        "credential.share_link_created",
        "credential.generated",
        "credential.revoked",
    ]
    assert (await world.events())[-1].payload["cause"] == "superseded"
    assert (await world.shown(old.credential_id)).sharing_links[0].status == "revoked"


async def test_late_replay_of_an_older_analysis_does_not_take_over(world: CredentialWorld) -> None:
    late = world.completed("analysis_late")
    world.clock.move(minutes=5)
    newer = await world.issued("analysis_2", 782)
    world.analyses.put(USER, "analysis_late", 500)
    await world.deliver("credential-generators", late)
    assert (await world.shown(newer.credential_id)).status == "active"
    assert sorted(await world.statuses()) == ["active", "superseded"]


async def test_crash_between_issuing_and_superseding_is_made_good_by_the_replay(world: CredentialWorld) -> None:
    old = await world.issued("analysis_1")
    world.redis.connected = False
    world.analyses.put(USER, "analysis_2", 700)
    event = world.completed("analysis_2")
    with pytest.raises(errors.Unavailable):
        await world.deliver("credential-generators", event)
    world.redis.connected = True
    await world.deliver("credential-generators", event)
    assert await world.outcomes(old.verification_token) == ["superseded"]
    revoked = next(each for each in await world.events() if each.type == "credential.revoked")
    await world.deliver("credential-invalidation", revoked)
    assert await world.is_buried(old.verification_token)


class WithdrawingDocuments:
    """Documents in front of others: when a credential is first written, the user withdraws consent."""

    def __init__(self, documents: port.Documents) -> None:
        self._documents = documents
        self.world: CredentialWorld | None = None

    def __getattr__(self, name: str) -> object:
        return getattr(self._documents, name)

    async def insert(self, collection: str, *arguments: object) -> port.Document:
        written: port.Document = await self._documents.insert(collection, *arguments)  # type: ignore[arg-type]
        if collection == "credentials" and self.world is not None:
            self.world.consents.withdrawn.add(USER)
            await self.world.deliver("credential-accounts", self.world.withdrawn())
        return written


async def test_withdrawal_in_the_middle_of_issuing_leaves_nothing_that_holds(
    world: CredentialWorld, tmp_path: Path
) -> None:
    between = WithdrawingDocuments(world.backends.documents)
    async with over(between, tmp_path, world.clock) as second:  # type: ignore[arg-type]
        between.world = second
        await second.analysed()
        assert await second.statuses() == []
        assert await second.events() == []
        second.consents.withdrawn.clear()
        between.world = None
        await second.analysed()
        assert await second.statuses() == ["active"]


class WithdrawingAnalyses:
    """The analysis service; while it is asked, the user withdraws consent, all the way through."""

    def __init__(self, world: CredentialWorld) -> None:
        self._world = world

    async def GetAnalysis(self, request: analysis_pb.GetAnalysisRequest, context: object) -> Any:  # noqa: N802
        self._world.consents.withdrawn.add(USER)
        await self._world.deliver("credential-accounts", self._world.withdrawn())
        return await self._world.analyses.GetAnalysis(request, context)


async def test_withdrawal_before_anything_is_written_leaves_nothing_that_holds(world: CredentialWorld) -> None:
    world.reach.servicers["AnalysisService"] = WithdrawingAnalyses(world)
    await world.analysed()
    assert await world.statuses() == []
    assert await world.events() == []


class ConsentsThatGoAway:
    """The consent service; it answers once."""

    def __init__(self, world: CredentialWorld) -> None:
        self._world = world
        self._answered = False

    async def CheckConsent(self, request: consent_pb.CheckConsentRequest, context: object) -> Any:  # noqa: N802
        if self._answered:
            raise errors.Unavailable
        self._answered = True
        return await self._world.consents.CheckConsent(request, context)


async def test_credential_whose_consent_is_not_confirmed_yet_is_seen_by_nobody(world: CredentialWorld) -> None:
    world.reach.servicers["ConsentService"] = ConsentsThatGoAway(world)
    with pytest.raises(errors.Unavailable):
        await world.analysed()
    assert await world.statuses() == []
    assert await world.events() == []
    (pending,) = await world.backends.documents.find("credentials", port.Query({"userId": USER, "status": "pending"}))
    request = pb.GetCredentialRequest(credential_id=str(pending.data["credentialId"]))
    with pytest.raises(refusals.CredentialNotFound):
        await world.call("GetCredential", request)
    world.reach.servicers["ConsentService"] = world.consents
    await world.deliver("credential-generators", world.completed("analysis_1"))
    assert await world.statuses() == ["active"]
    assert (await world.credential()).credential_id == pending.data["credentialId"]


def _everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


async def test_nothing_private_is_in_the_clear_in_any_file(world: CredentialWorld, tmp_path: Path) -> None:
    credential = await world.issued()
    link = await world.share(credential.credential_id)
    secrets = [credential.verification_token, link.token, "recurring payments", PUBLIC_INSIGHTS[0], "Few months"]
    content = _everything_in(tmp_path)
    assert credential.credential_id.encode() in content
    assert [secret for secret in secrets if secret.encode() in content] == []
