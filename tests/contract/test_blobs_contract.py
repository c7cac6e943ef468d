"""What every blob store keeps."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mesh import blobs, errors, settings


async def _chunks(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def _read(store: blobs.Blobs, key: str) -> bytes:
    return b"".join([piece async for piece in store.get(key)])


@pytest.fixture(params=["file:blobs"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[blobs.Blobs]:
    opened = blobs.open_blobs(request.param, tmp_path)
    yield opened
    await opened.close()


async def test_blob_is_read_as_it_was_put(store: blobs.Blobs) -> None:
    pieces = [os.urandom(100_000) for _ in range(12)] + [b"", b"end"]
    assert await store.put("user_1/upload_1/original", _chunks(*pieces)) == 1_200_003
    assert await _read(store, "user_1/upload_1/original") == b"".join(pieces)


async def test_empty_blob_exists(store: blobs.Blobs) -> None:
    assert await store.put("empty", _chunks()) == 0
    assert await _read(store, "empty") == b""


async def test_put_replaces_the_whole_blob(store: blobs.Blobs) -> None:
    await store.put("a/b", _chunks(b"a longer first"))
    await store.put("a/b", _chunks(b"second"))
    assert await _read(store, "a/b") == b"second"


async def test_missing_blob_is_said_so(store: blobs.Blobs) -> None:
    await store.put("a/b", _chunks(b"1"))
    for key in ("nothing", "a", "a/b/c"):
        with pytest.raises(blobs.BlobMissing):
            await _read(store, key)


async def test_failed_put_leaves_what_was_there(store: blobs.Blobs) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"x" * 1_000_000
        raise ConnectionResetError("the client went away")

    await store.put("a", _chunks(b"before"))
    for key in ("a", "new"):
        with pytest.raises((ConnectionResetError, errors.Unavailable)):
            await store.put(key, broken())
    assert await _read(store, "a") == b"before"
    assert await store.list("") == ["a"]


async def test_deleted_blob_is_missing_and_deleting_again_is_harmless(store: blobs.Blobs) -> None:
    await store.put("a/b", _chunks(b"1"))
    await store.delete("a/b")
    await store.delete("a/b")
    await store.delete("never/was")
    with pytest.raises(blobs.BlobMissing):
        await _read(store, "a/b")


async def test_list_gives_the_keys_of_a_prefix_in_order_page_by_page(store: blobs.Blobs) -> None:
    for key in ("u1/c", "u1/a", "u1/b/x", "u10/a", "u2/a"):
        await store.put(key, _chunks(b"1"))
    assert await store.list("u1/") == ["u1/a", "u1/b/x", "u1/c"]
    assert await store.list("u1") == ["u1/a", "u1/b/x", "u1/c", "u10/a"]
    assert await store.list("u1/", limit=2) == ["u1/a", "u1/b/x"]
    assert await store.list("u1/", after="u1/b/x") == ["u1/c"]
    assert await store.list("u3/") == []


@pytest.mark.parametrize("key", ["", "/a", "a/", "a//b", "../a", "a/../b", ".tmp/x", "a b", "a\n", "é", "a/.hidden"])
async def test_bad_key_is_refused(store: blobs.Blobs, key: str) -> None:
    with pytest.raises(ValueError, match="blob key"):
        await store.put(key, _chunks(b"1"))


async def test_parallel_puts_of_one_key_leave_one_whole_blob(store: blobs.Blobs) -> None:
    contents = [bytes([number]) * 700_000 for number in range(8)]
    await asyncio.gather(*(store.put("same", _chunks(content)) for content in contents))
    assert await _read(store, "same") in contents


async def test_ping_answers(store: blobs.Blobs) -> None:
    await store.ping()


async def test_blob_is_on_disk_for_the_next_process(tmp_path: Path) -> None:
    await blobs.open_blobs("file:blobs", tmp_path).put("a", _chunks(b"1"))
    assert await _read(blobs.open_blobs("file:blobs", tmp_path), "a") == b"1"


async def test_rest_of_a_killed_writer_is_swept_and_a_live_one_is_not(tmp_path: Path) -> None:
    gate = asyncio.Event()
    begun = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield b"x" * 300_000
        begun.set()
        await gate.wait()

    first = blobs.open_blobs("file:blobs", tmp_path)
    (tmp_path / "blobs" / ".tmp" / "left").write_bytes(b"half a blob")
    writing = asyncio.create_task(first.put("a", slow()))
    await begun.wait()
    blobs.open_blobs("file:blobs", tmp_path)
    assert len(list((tmp_path / "blobs" / ".tmp").iterdir())) == 1
    gate.set()
    assert await writing == 300_000


async def test_full_or_broken_disk_is_unavailable(tmp_path: Path) -> None:
    store = blobs.open_blobs("file:blobs", tmp_path)
    (tmp_path / "blobs" / "a").write_bytes(b"a file where a folder is needed")
    with pytest.raises(errors.Unavailable):
        await store.put("a/b", _chunks(b"1"))


def test_url_without_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(settings.SettingsError, match="CREDPASS_BLOBS_URL"):
        blobs.open_blobs("file:", tmp_path)


def test_unknown_scheme_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(settings.SettingsError, match=r"CREDPASS_BLOBS_URL.*'ftp'"):
        blobs.open_blobs("ftp://host/bucket", tmp_path)
