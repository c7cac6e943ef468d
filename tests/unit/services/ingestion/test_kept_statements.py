"""What `ports.Statements` promises, on the fake and on sealed blobs."""

from __future__ import annotations

import pathlib
from collections.abc import AsyncIterator

import pytest

from mesh import backends, settings, vault
from services.ingestion import errors, ports
from services.ingestion.adapters import statements as adapter
from tests.fakes import channels
from tests.fakes import ingestion as fakes
from tests.support import clocks

USER, OTHER = "user_one", "user_two"
TEXT = b"RENT MAY 1100.00;" * 20_000


@pytest.fixture
async def stands_on(tmp_path: pathlib.Path) -> AsyncIterator[backends.Backends]:
    async with backends.open_backends(settings.Settings(data=tmp_path), clocks.HandClock()) as opened:
        for user_id in (USER, OTHER):
            await opened.vault.create_subject(user_id)
        yield opened


@pytest.fixture(params=["fake", "sealed"])
async def statements(request: pytest.FixtureRequest, stands_on: backends.Backends) -> ports.Statements:
    if request.param == "fake":
        return fakes.FakeStatements()
    return adapter.SealedStatements(stands_on.blobs, stands_on.vault)


async def read(statements: ports.Statements, user_id: str, upload_id: str, part: ports.Part) -> bytes:
    return b"".join([chunk async for chunk in statements.read(user_id, upload_id, part)])


async def failing() -> AsyncIterator[bytes]:
    yield TEXT
    raise errors.StatementTooLarge


async def test_parts_are_read_as_they_were_kept(statements: ports.Statements) -> None:
    await statements.keep(USER, "upload_1", ports.Part.ORIGINAL, channels.stream(TEXT[:70_000], TEXT[70_000:]))
    await statements.keep(USER, "upload_1", ports.Part.ROWS, channels.stream(b"rows"))
    assert await read(statements, USER, "upload_1", ports.Part.ORIGINAL) == TEXT
    assert await read(statements, USER, "upload_1", ports.Part.ROWS) == b"rows"


async def test_what_was_not_kept_is_not_found(statements: ports.Statements) -> None:
    with pytest.raises(errors.UploadNotFound):
        await read(statements, USER, "upload_1", ports.Part.ROWS)


async def test_what_failed_on_the_way_is_not_kept(statements: ports.Statements) -> None:
    with pytest.raises(errors.StatementTooLarge):
        await statements.keep(USER, "upload_1", ports.Part.ORIGINAL, failing())
    with pytest.raises(errors.UploadNotFound):
        await read(statements, USER, "upload_1", ports.Part.ORIGINAL)


async def test_what_is_discarded_is_gone(statements: ports.Statements) -> None:
    for upload_id in ("upload_1", "upload_2"):
        await statements.keep(USER, upload_id, ports.Part.ORIGINAL, channels.stream(TEXT))
    await statements.discard(USER, "upload_1")
    await statements.discard(USER, "upload_1")
    with pytest.raises(errors.UploadNotFound):
        await read(statements, USER, "upload_1", ports.Part.ORIGINAL)
    assert await read(statements, USER, "upload_2", ports.Part.ORIGINAL) == TEXT


async def test_everything_of_one_user_is_discarded_and_nothing_of_another(statements: ports.Statements) -> None:
    for user_id in (USER, OTHER):
        await statements.keep(user_id, "upload_1", ports.Part.ORIGINAL, channels.stream(TEXT))
    await statements.discard_all(USER)
    await statements.discard_all(USER)
    with pytest.raises(errors.UploadNotFound):
        await read(statements, USER, "upload_1", ports.Part.ORIGINAL)
    assert await read(statements, OTHER, "upload_1", ports.Part.ORIGINAL) == TEXT


async def test_a_blob_is_sealed_to_its_owner_upload_and_part(
    stands_on: backends.Backends, tmp_path: pathlib.Path
) -> None:
    sealed = adapter.SealedStatements(stands_on.blobs, stands_on.vault)
    await sealed.keep(USER, "upload_1", ports.Part.ORIGINAL, channels.stream(TEXT))
    (file,) = [file for file in (tmp_path / "blobs" / "uploads").rglob("*") if file.is_file()]
    assert b"RENT MAY" not in file.read_bytes()
    moved = file.parent / "rows"
    moved.write_bytes(file.read_bytes())
    with pytest.raises(vault.SealBroken):
        await read(sealed, USER, "upload_1", ports.Part.ROWS)


async def test_a_destroyed_key_takes_its_statements_with_it(stands_on: backends.Backends) -> None:
    sealed = adapter.SealedStatements(stands_on.blobs, stands_on.vault)
    await sealed.keep(USER, "upload_1", ports.Part.ORIGINAL, channels.stream(TEXT))
    await stands_on.vault.destroy_subject(USER)
    with pytest.raises(errors.UploadNotFound):
        await read(sealed, USER, "upload_1", ports.Part.ORIGINAL)
