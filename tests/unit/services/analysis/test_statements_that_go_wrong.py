"""Poison, lost events, crashes on the way of a statement: what is acknowledged ends well, the rest leaves nothing."""

from __future__ import annotations

import asyncio
import pathlib
from collections.abc import AsyncIterator

import pytest
from credpass.analysis.v1 import analysis_service_pb2
from credpass.ingestion.v1 import ingestion_service_pb2

from mesh.documents import port
from mesh.events import codec
from services.analysis import errors as analysis_errors
from services.ingestion import ports
from services.ingestion.adapters import documents, statements
from tests.fakes import channels
from tests.support import clocks, made_statements, statement_path

USER, OTHER = "user_one", "user_two"


@pytest.fixture
def clock() -> clocks.HandClock:
    return clocks.HandClock()


@pytest.fixture
async def path(tmp_path: pathlib.Path, clock: clocks.HandClock) -> AsyncIterator[statement_path.Path]:
    async with statement_path.opened(tmp_path, clock) as opened:
        for user_id in (USER, OTHER):
            await opened.stands_on.vault.create_subject(user_id)
        yield opened


async def poisoned(path: statement_path.Path) -> str:
    """An accepted upload whose canonical rows are none."""
    receipt = await path.upload(made_statements.statement())
    kept = statements.SealedStatements(path.stands_on.blobs, path.stands_on.vault)
    await kept.keep(USER, receipt.upload_id, ports.Part.ROWS, channels.stream(b"these are no rows"))
    return receipt.upload_id


async def test_poison_is_dead_lettered_and_others_go_on(path: statement_path.Path) -> None:
    upload_id = await poisoned(path)
    clean = await path.upload(made_statements.statement(), user_id=OTHER)
    async with statement_path.flowing(path):
        assert (await path.settled(clean.upload_id, OTHER)).status == "processed"
        async with path.stands_on.events.consumer("test", ("data.ingested.dlq",)) as consumer:
            (record,) = await consumer.poll(10, 20)
    assert codec.decode(record).payload["uploadId"] == upload_id
    assert record.headers["error-class"] == "Unanalysable"
    assert (await path.status(upload_id)).status == "pending"


async def test_what_is_out_of_reach_for_a_while_is_tried_again(path: statement_path.Path) -> None:
    receipt = await path.upload(made_statements.statement())
    path.consents.outages = 3
    async with statement_path.flowing(path):
        assert (await path.settled(receipt.upload_id)).status == "processed"
    assert path.consents.outages == 0
    assert path.workers["analysis-workers"].dead_lettered == 0


async def test_an_upload_that_never_succeeds_fails_in_the_end_and_blocks_no_other(
    path: statement_path.Path, clock: clocks.HandClock
) -> None:
    upload_id = await poisoned(path)
    async with statement_path.flowing(path):
        for doubling in range(6):
            clock.move(seconds=121 * 2**doubling)
            await path.run_job("ingestion", "sweep stuck uploads")
        upload = await path.settled(upload_id)
        assert (upload.status, upload.result.outcome) == ("failed", "failed")
        assert list(upload.result.messages)
        clean = await path.upload(made_statements.statement(months=13))
        assert (await path.settled(clean.upload_id)).result.outcome == "scored"


async def test_an_event_that_was_lost_is_made_good_by_the_sweeper(
    path: statement_path.Path, clock: clocks.HandClock
) -> None:
    receipt = await path.upload(made_statements.statement())
    store = path.stands_on.documents
    await store.clear_events(await store.pending_events(10))
    async with statement_path.flowing(path):
        await path.run_job("ingestion", "sweep stuck uploads")
        assert (await path.status(receipt.upload_id)).status == "pending"
        clock.move(minutes=3)
        await path.run_job("ingestion", "sweep stuck uploads")
        assert (await path.settled(receipt.upload_id)).status == "processed"


async def test_an_analysis_that_nobody_heard_of_is_told_again(
    path: statement_path.Path, clock: clocks.HandClock
) -> None:
    receipt = await path.upload(made_statements.statement())
    store = path.stands_on.documents
    async with statement_path.flowing(path):
        first = await path.settled(receipt.upload_id)
        record = documents.DocumentUploads(store, path.stands_on.vault, clock)
        upload = await record.find(USER, receipt.upload_id)
        assert upload is not None
        await record.save(upload.queued_again(clock.now(), statement_path.PATIENCE))
        clock.move(minutes=3)
        await path.run_job("ingestion", "sweep stuck uploads")
        assert (await path.settled(receipt.upload_id)).result.analysis_id == first.result.analysis_id
    assert await store.count("analyses", port.Query({"userId": USER})) == 1


async def test_an_upload_cut_off_by_a_crash_leaves_nothing_in_the_end(
    tmp_path: pathlib.Path, clock: clocks.HandClock
) -> None:
    async with statement_path.opened(tmp_path, clock) as path:
        await path.stands_on.vault.create_subject(USER)
        await leave_as_a_crash_would(path)
    async with statement_path.opened(tmp_path, clock) as path:
        await path.run_job("ingestion", "remove abandoned uploads")
        assert await path.stands_on.blobs.list("uploads/")
        clock.move(minutes=20)
        await path.run_job("ingestion", "remove abandoned uploads")
        assert not await path.stands_on.blobs.list("uploads/")
        assert await path.stands_on.documents.count("uploads", port.Query({"userId": USER})) == 0


async def leave_as_a_crash_would(path: statement_path.Path) -> None:
    """A reservation and a whole original, but no acceptance."""
    record = documents.DocumentUploads(path.stands_on.documents, path.stands_on.vault, path.stands_on.clock)
    kept = statements.SealedStatements(path.stands_on.blobs, path.stands_on.vault)
    reservation = await record.reserve(USER, path.stands_on.clock.now())
    await kept.keep(USER, reservation.upload_id, ports.Part.ORIGINAL, channels.stream(made_statements.statement()))


async def test_the_same_file_sent_at_the_same_time_is_one_upload_and_one_analysis(path: statement_path.Path) -> None:
    receipts = await asyncio.gather(*(path.upload(made_statements.statement()) for _ in range(4)))
    assert len({receipt.upload_id for receipt in receipts}) == 1
    assert sum(not receipt.duplicate for receipt in receipts) == 1
    async with statement_path.flowing(path):
        await path.settled(receipts[0].upload_id)
    store = path.stands_on.documents
    assert await store.count("analyses", port.Query({"userId": USER})) == 1
    assert len(await path.stands_on.blobs.list("uploads/")) == 2


async def test_an_analysis_is_not_requested_for_nobody(path: statement_path.Path) -> None:
    request = analysis_service_pb2.RequestAnalysisRequest(user_id=USER, cause="operator")
    with pytest.raises(analysis_errors.NothingToAnalyse):
        await path.analysis.RequestAnalysis(request, None)


async def test_rows_are_streamed_to_the_analysis_in_bounded_pieces(path: statement_path.Path) -> None:
    receipt = await path.upload(made_statements.statement(months=60))
    request = ingestion_service_pb2.StreamRowsRequest(user_id=USER, upload_ids=[receipt.upload_id])
    pieces = [piece async for piece in path.ingestion.StreamRows(request, None)]
    assert {piece.upload_id for piece in pieces} == {receipt.upload_id}
    assert 0 < max(len(piece.rows) for piece in pieces) <= 256 * 1024
