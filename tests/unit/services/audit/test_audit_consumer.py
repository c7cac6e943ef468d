"""From the outbox to the trail, over the real relay and worker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from credpass.audit.v1 import audit_service_pb2 as pb
from credpass.verification.v1 import verification_events_pb2

from mesh import documents, events, settings, vault
from mesh.documents import port as documents_port
from mesh.events import codec, port, relay, topics, worker
from services.audit import adapters, consumers, rpc, usecases
from services.audit.settings import Settings
from tests.support import clocks
from tests.support.events_for_tests import until

CLOCK = clocks.HandClock()
COUNT = 900


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[documents_port.Documents]:
    opened = await documents.open_documents("sqlite:credpass.db", tmp_path, CLOCK)
    await opened.ensure(*adapters.COLLECTIONS)
    yield opened
    await opened.close()


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[port.EventLog]:
    opened = await events.open_events("sqlite:events.db", tmp_path, CLOCK)
    await opened.create_topics(topics.TOPICS)
    yield opened
    await opened.close()


def _event(number: int) -> port.Event:
    message = verification_events_pb2.VerificationRequested(
        verification_id=f"ver_{number}", user_id=f"user_{number % 50}", institution_id="inst_1", result="valid"
    )
    return codec.event(
        message, aggregate_id=f"ver_{number}", version=1, clock_now=CLOCK.now(), correlation_id=f"corr_{number}"
    )


async def test_every_event_of_the_outbox_comes_to_the_trail_once(
    store: documents_port.Documents, log: port.EventLog, tmp_path: Path
) -> None:
    keys = await vault.open_vault("file:keys", tmp_path, store, CLOCK)
    trail, signer = adapters.DocumentTrail(store), adapters.VaultSigner(keys)
    # Two members of the group, as two processes would be.
    appends = [usecases.AppendEvents(trail, signer, adapters.VaultConcealer(keys)) for _ in range(2)]
    workers = [worker.Worker(log, consumers.subscription(append)) for append in appends]
    relaying = relay.Relay(store, log)
    at_work: list[worker.Worker | relay.Relay] = [*workers, relaying]
    tasks = [asyncio.create_task(each.run()) for each in at_work]
    for start in range(0, COUNT, 30):
        await store.append(*(_event(number) for number in range(start, start + 30)))
    await until(lambda: sum(each.handled for each in workers) >= COUNT)
    for piece in at_work:
        piece.stop()
    await asyncio.gather(*tasks)
    servicer = rpc.AuditServicer(usecases.VerifyTrail(trail, signer), usecases.ListRecords(trail))
    report = await servicer.VerifyTrail(pb.VerifyTrailRequest(), None)
    assert (report.intact, report.record_count, len(report.defects)) == (True, COUNT, 0)
    listed = await servicer.ListRecords(pb.ListRecordsRequest(correlation_id="corr_7"), None)
    (record,) = listed.records
    assert (record.actor_type, record.actor_id, record.event_type) == (
        "institution",
        "inst_1",
        "verification.requested",
    )
    assert record.timestamp.ToDatetime(tzinfo=CLOCK.now().tzinfo) == CLOCK.now()
    many = await servicer.ListRecords(pb.ListRecordsRequest(actor_id="inst_1"), None)
    assert [each.sequence for each in many.records] == list(range(COUNT, COUNT - 100, -1))
    assert all(each.dead_lettered == 0 for each in workers)


def test_settings_have_the_two_years_of_the_design_and_name_what_is_wrong() -> None:
    assert Settings.load({}) == Settings(retention_s=730 * 86_400, prune_interval_s=3600)
    assert Settings.load({"CREDPASS_AUDIT_RETENTION": "30d"}).retention_s == 30 * 86_400
    with pytest.raises(settings.SettingsError, match="CREDPASS_AUDIT_RETENTION"):
        Settings.load({"CREDPASS_AUDIT_RETENTION": "1h"})
