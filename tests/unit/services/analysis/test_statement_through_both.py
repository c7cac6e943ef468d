"""One statement through ingestion and analysis: embedded backends, real worker processes, only the network left out."""

from __future__ import annotations

import pathlib
from collections.abc import AsyncIterator

import pytest
from credpass.analysis.v1 import analysis_service_pb2
from credpass.ingestion.v1 import ingestion_service_pb2

from mesh.documents import port
from services.ingestion import errors
from tests.fakes import channels
from tests.support import clocks, made_statements, statement_path

USER = statement_path.USER


@pytest.fixture
async def path(tmp_path: pathlib.Path) -> AsyncIterator[statement_path.Path]:
    async with statement_path.opened(tmp_path, clocks.HandClock()) as opened:
        await opened.stands_on.vault.create_subject(USER)
        yield opened


async def analysis_of(path: statement_path.Path, upload: ingestion_service_pb2.Upload) -> analysis_service_pb2.Analysis:
    request = analysis_service_pb2.GetAnalysisRequest(user_id=USER, analysis_id=upload.result.analysis_id)
    response = await path.analysis.GetAnalysis(request, None)
    assert isinstance(response, analysis_service_pb2.GetAnalysisResponse)
    return response.analysis


async def analyses_kept(path: statement_path.Path) -> int:
    return await path.stands_on.documents.count("analyses", port.Query({"userId": USER}))


async def test_a_statement_becomes_an_explained_score(path: statement_path.Path) -> None:
    receipt = await path.upload(made_statements.statement())
    assert (receipt.status, receipt.record_count, list(receipt.currencies)) == ("pending", 14 * 13, ["EUR"])
    async with statement_path.flowing(path):
        upload = await path.settled(receipt.upload_id)
    assert (upload.status, upload.result.outcome) == ("processed", "scored")
    analysis = await analysis_of(path, upload)
    parts = [dimension.contribution for dimension in analysis.dimensions.values()]
    assert len(parts) == 6
    assert sum(parts) + analysis.credibility.contribution == analysis.trust_score
    assert analysis.tier
    assert analysis.insights
    assert analysis.data_points == 14 * 13
    assert (list(analysis.upload_ids), analysis.region) == ([receipt.upload_id], "CZ")


async def test_a_short_statement_says_what_is_missing(path: statement_path.Path) -> None:
    receipt = await path.upload(made_statements.statement(months=1))
    async with statement_path.flowing(path):
        upload = await path.settled(receipt.upload_id)
    assert (upload.status, upload.result.outcome) == ("processed", "insufficient_data")
    assert list(upload.result.messages)
    assert not (await analysis_of(path, upload)).HasField("trust_score")


async def test_uploads_before_the_first_event_are_one_analysis(path: statement_path.Path) -> None:
    lines = made_statements.rows()
    files = ["\n".join([made_statements.HEADER, *lines[start : start + 91], ""]).encode() for start in (0, 91)]
    receipts = [await path.upload(file) for file in files]
    async with statement_path.flowing(path):
        uploads = [await path.settled(receipt.upload_id) for receipt in receipts]
    assert uploads[0].result.analysis_id == uploads[1].result.analysis_id
    assert await analyses_kept(path) == 1
    assert (await analysis_of(path, uploads[0])).data_points == len(lines)


async def test_the_same_rows_in_two_files_count_once(path: statement_path.Path) -> None:
    lines = made_statements.rows()
    for file_lines in (lines[:120], lines[60:]):
        receipt = await path.upload("\n".join([made_statements.HEADER, *file_lines, ""]).encode())
    async with statement_path.flowing(path):
        upload = await path.settled(receipt.upload_id)
    assert (await analysis_of(path, upload)).data_points == len(lines)


async def test_rows_that_cannot_be_taken_are_named_as_in_the_file(path: statement_path.Path) -> None:
    lines = made_statements.rows(months=4)
    lines[15] = lines[15].replace("EUR", "EUR").replace(lines[15].split(",")[2], "12.3.4x")
    data = "\n".join([made_statements.HEADER, *lines, ""]).encode()
    with pytest.raises(errors.InvalidRows) as caught:
        await path.upload(data)
    assert [violation.field for violation in caught.value.violations] == ["rows[17].amount"]
    assert not await path.stands_on.blobs.list("uploads/")
    receipt = await path.upload(data, accept_partial=True)
    assert (receipt.record_count, receipt.rejected_count) == (len(lines) - 1, 1)


@pytest.mark.parametrize("data", [b"\x00\x01\x02\x03" * 50, b"hello, this is a letter\n", b"{}"])
async def test_a_file_that_is_no_statement_is_refused_and_nothing_is_kept(
    path: statement_path.Path, data: bytes
) -> None:
    with pytest.raises(errors.UnreadableStatement):
        await path.upload(data)
    assert not await path.stands_on.blobs.list("uploads/")
    assert await path.stands_on.documents.count("uploads", port.Query({"userId": USER})) == 0


async def test_consent_given_again_needs_another_analysis(path: statement_path.Path) -> None:
    receipt = await path.upload(made_statements.statement())
    async with statement_path.flowing(path):
        first = await path.settled(receipt.upload_id)
        await account_event(path, "withdrawn", 1)
        await account_event(path, "given", 2)
        await account_event(path, "given", 3)
        await until_analyses(path, 2)

        async def is_marked_anew() -> bool:
            return (await path.status(receipt.upload_id)).result.analysis_id != first.result.analysis_id

        await statement_path.until(is_marked_anew)
    assert await analyses_kept(path) == 2


async def test_nothing_of_an_erased_account_is_kept_or_comes_back(path: statement_path.Path) -> None:
    receipt = await path.upload(made_statements.statement())
    async with statement_path.flowing(path):
        await path.settled(receipt.upload_id)
        path.consents.withdrawn.add(USER)
        await path.stands_on.vault.destroy_subject(USER)
        await account_event(path, "erased", 1)
        await until_analyses(path, 0)
        await account_event(path, "given", 2)
    assert not await path.stands_on.blobs.list("uploads/")
    with pytest.raises(errors.UploadNotFound):
        await path.status(receipt.upload_id)
    with pytest.raises(errors.ConsentMissing):
        await path.upload(made_statements.statement())


async def test_no_file_holds_the_statement_in_clear(path: statement_path.Path, tmp_path: pathlib.Path) -> None:
    (tmp_path / "control.txt").write_text(made_statements.CANARY)
    receipt = await path.upload(made_statements.statement())
    async with statement_path.flowing(path):
        await path.settled(receipt.upload_id)
    assert files_with_canary(tmp_path) == ["control.txt"]


async def test_nothing_of_a_preview_stays_anywhere(path: statement_path.Path, tmp_path: pathlib.Path) -> None:
    (tmp_path / "control.txt").write_text(made_statements.CANARY)
    request = ingestion_service_pb2.PreviewStatementRequest(chunk=made_statements.statement())
    with statement_path.calling(USER):
        preview = await path.ingestion.PreviewStatement(channels.stream(request), None)
    assert preview.understanding.transaction_count == 14 * 13
    assert not await path.stands_on.blobs.list("uploads/")
    assert await path.stands_on.documents.count("uploads", port.Query({"userId": USER})) == 0
    assert await path.stands_on.documents.pending_events(10) == []
    assert files_with_canary(tmp_path) == ["control.txt"]


def files_with_canary(folder: pathlib.Path) -> list[str]:
    files = [file for file in folder.rglob("*") if file.is_file()]
    return [file.name for file in files if made_statements.CANARY.encode() in file.read_bytes()]


async def account_event(path: statement_path.Path, kind: str, number: int) -> None:
    await path.stands_on.documents.append(statement_path.account_event(kind, USER, number))


async def until_analyses(path: statement_path.Path, count: int) -> None:
    async def are_kept() -> bool:
        return await analyses_kept(path) == count

    await statement_path.until(are_kept)
