"""What every blob store keeps."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from mesh import blobs, errors, settings
from tests.support import moto_server


async def _chunks(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def _read(store: blobs.Blobs, key: str) -> bytes:
    return b"".join([piece async for piece in store.get(key)])


def _resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.fixture(scope="module")
def new_bucket_url() -> Iterator[Callable[[], str]]:
    with moto_server.s3() as new_url:
        yield new_url


@pytest.fixture(params=["file", "s3"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[blobs.Blobs]:
    url = "file:blobs" if request.param == "file" else request.getfixturevalue("new_bucket_url")()
    opened = blobs.open_blobs(url, tmp_path)
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


@pytest.mark.parametrize("size_bytes", [0, 20_000_000])
async def test_what_the_source_says_comes_out_as_it_was_raised(store: blobs.Blobs, size_bytes: int) -> None:
    async def refused() -> AsyncIterator[bytes]:
        yield b"x" * size_bytes
        raise errors.InvalidArgument("too large")

    with pytest.raises(errors.InvalidArgument, match="too large"):
        await store.put("a", refused())
    assert await store.list("") == []


async def test_put_that_is_cancelled_leaves_no_trace(store: blobs.Blobs) -> None:
    begun = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        yield b"x" * 20_000_000
        begun.set()
        await asyncio.Event().wait()

    writing = asyncio.create_task(store.put("a", endless()))
    await begun.wait()
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert await store.list("") == []


async def test_large_blob_passes_through_little_memory(store: blobs.Blobs) -> None:
    piece, pieces = os.urandom(1_000_000), 48
    before = _resident_bytes()
    peak = before

    async def large() -> AsyncIterator[bytes]:
        nonlocal peak
        for _ in range(pieces):
            peak = max(peak, _resident_bytes())
            yield piece

    assert await store.put("large", large()) == pieces * len(piece)
    size_bytes = 0
    async for part in store.get("large"):
        size_bytes += len(part)
        peak = max(peak, _resident_bytes())
    assert size_bytes == pieces * len(piece)
    assert peak - before < 40_000_000


async def test_reader_that_stops_early_harms_nobody(store: blobs.Blobs) -> None:
    await store.put("a", _chunks(b"x" * 3_000_000))
    async with contextlib.aclosing(store.get("a")) as pieces:  # type: ignore[type-var]
        assert await anext(pieces)
    assert len(await _read(store, "a")) == 3_000_000


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


async def test_list_finds_keys_by_any_part_of_a_name(store: blobs.Blobs) -> None:
    keys = ["a-b", "a.b", "a/b", "a/b-c", "a/bc-", "a/bc/d", "a_b", "ab"]
    for key in keys:
        await store.put(key, _chunks(b"1"))
    for prefix in ("", "a", "a/", "a/b", "a/bc", "a/bc/", "a-", "b", "a/bc/d", "a/bc/de"):
        expected = sorted(key for key in keys if key.startswith(prefix))
        assert await store.list(prefix) == expected
        for after in ("a", "a/b", "a/bc/d", "zz"):
            assert await store.list(prefix, after=after) == [key for key in expected if key > after]


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


@pytest.fixture(scope="module")
def moto() -> Iterator[moto_server.MotoServer]:
    with moto_server.credentials(), moto_server.own_server() as server:
        yield server


def _uploads_under_way(moto: moto_server.MotoServer) -> int:
    _, _, answer = moto_server.request(moto.port, "GET", f"/{moto_server.BUCKET}?uploads")
    return answer.count(b"<UploadId>")


async def test_bucket_gets_encrypted_objects_whole_or_in_parts_and_keeps_no_parts_of_a_failed_put(
    moto: moto_server.MotoServer, tmp_path: Path
) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"x" * 20_000_000
        assert await asyncio.to_thread(_uploads_under_way, moto) == 1
        raise errors.InvalidArgument

    store = blobs.open_blobs(moto.s3_url("a/b", sse="aws:kms", sse_key="alias/blobs"), tmp_path)
    await store.put("small", _chunks(b"1"))
    await store.put("large", _chunks(b"x" * 20_000_000))
    for key, parts in (("small", None), ("large", "3")):
        _, headers, _ = moto_server.request(moto.port, "HEAD", f"/{moto_server.BUCKET}/a/b/{key}")
        assert headers["x-amz-server-side-encryption"] == "aws:kms"
        assert headers["x-amz-server-side-encryption-aws-kms-key-id"] == "alias/blobs"
        assert headers["etag"].strip('"').partition("-")[2] == (parts or "")
    with pytest.raises(errors.InvalidArgument):
        await store.put("broken", broken())
    assert _uploads_under_way(moto) == 0
    assert await store.list("") == ["large", "small"]


async def test_lost_bucket_or_server_is_unavailable_and_never_a_missing_blob(
    moto: moto_server.MotoServer, tmp_path: Path
) -> None:
    lost = blobs.open_blobs(moto.s3_url("a").replace(moto_server.BUCKET, "no-such-bucket"), tmp_path)
    gone = blobs.open_blobs(moto.s3_url("a"), tmp_path)
    await gone.put("large", _chunks(b"x" * 20_000_000))
    pieces = gone.get("large")
    await anext(pieces)
    moto.stop()
    with pytest.raises(errors.Unavailable):
        async for _ in pieces:
            pass
    await _unavailable(gone)
    moto.start()
    await _unavailable(lost)
    moto.make_bucket(moto_server.BUCKET)
    await gone.put("a", _chunks(b"again"))
    assert await _read(gone, "a") == b"again"


async def test_wrong_credentials_are_said_to_be_so_and_shown_nowhere(
    moto: moto_server.MotoServer, tmp_path: Path
) -> None:
    store = blobs.open_blobs(moto.s3_url("a"), tmp_path)
    with moto.checking_credentials():
        with pytest.raises(errors.Unavailable, match="refuses the credentials") as caught:
            await store.ping()
        await _unavailable(store)
    assert "testing" not in str(caught.value)


async def _unavailable(store: blobs.Blobs) -> None:
    calls: list[Awaitable[object]] = [
        store.ping(),
        store.put("a", _chunks(b"1")),
        store.put("a", _chunks(b"x" * 20_000_000)),
        _read(store, "a"),
        store.delete("a"),
        store.list(""),
    ]
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [errors.Unavailable] * len(calls)


@pytest.mark.parametrize(
    "url",
    [
        "s3:",
        "s3:///prefix",
        "s3://id:hunter2@bucket/prefix",
        "s3://bucket/prefix?acl=public",
        "s3://bucket/a%20b",
        "s3://bucket/../b",
        "s3://bucket?sse=rot13",
        "s3://bucket?sse_key=alias/x",
        "s3://bucket?endpoint=ftp://host",
        "s3://bucket?ca=none.pem",
    ],
)
def test_wrong_bucket_url_names_the_setting_and_hides_the_rest(tmp_path: Path, url: str) -> None:
    with pytest.raises(settings.SettingsError, match="CREDPASS_BLOBS_URL") as caught:
        blobs.open_blobs(url, tmp_path)
    assert "hunter2" not in str(caught.value)


def test_url_without_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(settings.SettingsError, match="CREDPASS_BLOBS_URL"):
        blobs.open_blobs("file:", tmp_path)


def test_unknown_scheme_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(settings.SettingsError, match=r"CREDPASS_BLOBS_URL.*'ftp'"):
        blobs.open_blobs("ftp://host/bucket", tmp_path)
