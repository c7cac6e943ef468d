"""What a vault keeps, whatever wraps its keys."""

from __future__ import annotations

import asyncio
import contextlib
import os
import stat
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from mesh import clock, errors, settings, vault
from mesh.documents import port, sqlite
from mesh.vault import sealing
from tests.support import moto_server

USER = "user_1"
PLACE: dict[str, Any] = {"purpose": "statement", "object_id": "upload_1", "version": 1}
Opener: TypeAlias = Callable[[port.Documents], Awaitable[vault.Vault]]
LAWS = hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
SEGMENT = sealing.SEGMENT_BYTES
SEALED_SEGMENT = SEGMENT + 28
HEADER = 17


@contextlib.asynccontextmanager
async def opened_documents(folder: Path, name: str = "credpass.db") -> AsyncIterator[port.Documents]:
    documents = await sqlite.open_file(folder / name, clock.SystemClock())
    try:
        yield documents
    finally:
        await documents.close()


@pytest.fixture
async def documents(tmp_path: Path) -> AsyncIterator[port.Documents]:
    async with opened_documents(tmp_path) as store:
        yield store


@pytest.fixture(scope="module")
def kms_url() -> Iterator[str]:
    with moto_server.kms() as url:
        yield url


@pytest.fixture(params=["file", "kms"])
async def open_vault(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Opener]:
    url = "file:keys" if request.param == "file" else request.getfixturevalue("kms_url")
    async with contextlib.AsyncExitStack() as stack:

        async def opened(documents: port.Documents) -> vault.Vault:
            made = await vault.open_vault(url, tmp_path, documents)
            stack.push_async_callback(made.close)
            return made

        yield opened


@pytest.fixture
async def safe(open_vault: Opener, documents: port.Documents) -> vault.Vault:
    made = await open_vault(documents)
    await made.create_subject(USER)
    return made


async def _chunks(content: bytes, size: int = 50_000) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def _sealed_stream(safe: vault.Vault, content: bytes, **place: Any) -> bytes:
    stream = safe.seal_stream(USER, **{**PLACE, **place}, chunks=_chunks(content))
    return b"".join([piece async for piece in stream])


async def _opened_stream(safe: vault.Vault, sealed: bytes, size: int = 50_000, **place: Any) -> bytes:
    stream = safe.open_stream(USER, **{**PLACE, **place}, chunks=_chunks(sealed, size))
    return b"".join([piece async for piece in stream])


async def test_sealed_value_opens_to_what_it_was(safe: vault.Vault) -> None:
    for size in (0, 1, 1000, SEGMENT, 500_000):
        content = os.urandom(size)
        sealed = await safe.seal(USER, **PLACE, plaintext=content)
        assert await safe.open(USER, **PLACE, sealed=sealed) == content


async def test_nothing_of_the_plaintext_is_in_what_is_sealed_and_no_two_seals_are_alike(safe: vault.Vault) -> None:
    content = b"Jane Doe, 12 Example Street"
    first, second = [await safe.seal(USER, **PLACE, plaintext=content) for _ in range(2)]
    assert first != second
    assert b"Jane" not in first


@pytest.mark.parametrize(
    "moved", [{"purpose": "profile"}, {"object_id": "upload_2"}, {"version": 2}, {"purpose": "", "object_id": "x"}]
)
async def test_sealed_value_opens_nowhere_else(safe: vault.Vault, moved: dict[str, Any]) -> None:
    sealed = await safe.seal(USER, **PLACE, plaintext=b"private")
    with pytest.raises(vault.SealBroken):
        await safe.open(USER, **{**PLACE, **moved}, sealed=sealed)
    stream = await _sealed_stream(safe, b"private")
    with pytest.raises(vault.SealBroken):
        await _opened_stream(safe, stream, **moved)


async def test_parts_of_a_place_cannot_be_shifted_into_each_other(safe: vault.Vault) -> None:
    sealed = await safe.seal(USER, purpose="ab", object_id="c", version=1, plaintext=b"private")
    with pytest.raises(vault.SealBroken):
        await safe.open(USER, purpose="a", object_id="bc", version=1, sealed=sealed)


async def test_another_subjects_key_opens_nothing(safe: vault.Vault) -> None:
    await safe.create_subject("user_2")
    sealed = await safe.seal(USER, **PLACE, plaintext=b"private")
    with pytest.raises(vault.SealBroken):
        await safe.open("user_2", **PLACE, sealed=sealed)


async def test_value_and_stream_are_not_taken_for_each_other(safe: vault.Vault) -> None:
    value, stream = await safe.seal(USER, **PLACE, plaintext=b"x"), await _sealed_stream(safe, b"x")
    with pytest.raises(vault.SealBroken):
        await safe.open(USER, **PLACE, sealed=stream)
    with pytest.raises(vault.SealBroken):
        await _opened_stream(safe, value)


@LAWS
@given(content=st.binary(max_size=200), position=st.integers(0, 10_000), bit=st.integers(0, 7))
async def test_any_flipped_bit_is_refused(safe: vault.Vault, content: bytes, position: int, bit: int) -> None:
    sealed = bytearray(await safe.seal(USER, **PLACE, plaintext=content))
    sealed[position % len(sealed)] ^= 1 << bit
    with pytest.raises(vault.SealBroken):
        await safe.open(USER, **PLACE, sealed=bytes(sealed))


@LAWS
@given(content=st.binary(max_size=200), kept=st.integers(0, 10_000), extra=st.binary(min_size=1, max_size=20))
async def test_any_cut_or_longer_value_is_refused(safe: vault.Vault, content: bytes, kept: int, extra: bytes) -> None:
    sealed = await safe.seal(USER, **PLACE, plaintext=content)
    for changed in (sealed[: kept % len(sealed)], sealed + extra):
        with pytest.raises(vault.SealBroken):
            await safe.open(USER, **PLACE, sealed=changed)


SIZES = st.one_of(
    st.integers(0, 3 * SEGMENT),
    st.builds(lambda segments, delta: max(0, segments * SEGMENT + delta), st.integers(0, 3), st.integers(-2, 2)),
)


@LAWS
@given(size=SIZES, sealing_chunk=st.integers(1000, 300_000), opening_chunk=st.integers(1000, 300_000))
async def test_stream_opens_to_what_it_was_however_it_is_cut_up(
    safe: vault.Vault, size: int, sealing_chunk: int, opening_chunk: int
) -> None:
    content = os.urandom(size)
    stream = safe.seal_stream(USER, **PLACE, chunks=_chunks(content, sealing_chunk))
    sealed = b"".join([piece async for piece in stream])
    assert await _opened_stream(safe, sealed, opening_chunk) == content
    assert len(sealed) == HEADER + size + 28 * max(1, -(-size // SEGMENT))


@LAWS
@given(size=SIZES, kept=st.integers(0, 10_000_000))
async def test_any_truncated_stream_is_refused(safe: vault.Vault, size: int, kept: int) -> None:
    sealed = await _sealed_stream(safe, os.urandom(size))
    with pytest.raises(vault.SealBroken):
        await _opened_stream(safe, sealed[: kept % len(sealed)])


@pytest.mark.parametrize("size", [2 * SEGMENT, 2 * SEGMENT + 5, 4 * SEGMENT])
async def test_stream_cut_between_segments_is_refused(safe: vault.Vault, size: int) -> None:
    sealed = await _sealed_stream(safe, os.urandom(size))
    for end in range(HEADER, len(sealed), SEALED_SEGMENT):
        with pytest.raises(vault.SealBroken):
            await _opened_stream(safe, sealed[:end])


@LAWS
@given(position=st.integers(0, 10_000_000), bit=st.integers(0, 7))
async def test_any_flipped_bit_of_a_stream_is_refused(safe: vault.Vault, position: int, bit: int) -> None:
    sealed = bytearray(await _sealed_stream(safe, b"x" * (2 * SEGMENT + 100)))
    sealed[position % len(sealed)] ^= 1 << bit
    with pytest.raises(vault.SealBroken):
        await _opened_stream(safe, bytes(sealed))


@LAWS
@given(order=st.lists(st.integers(0, 3), min_size=1, max_size=6))
async def test_reordered_repeated_or_missing_segments_are_refused(safe: vault.Vault, order: list[int]) -> None:
    content = os.urandom(4 * SEGMENT)
    sealed = await _sealed_stream(safe, content)
    segments = [sealed[start : start + SEALED_SEGMENT] for start in range(HEADER, len(sealed), SEALED_SEGMENT)]
    changed = sealed[:HEADER] + b"".join(segments[place] for place in order)
    if order == [0, 1, 2, 3]:
        assert await _opened_stream(safe, changed) == content
        return
    with pytest.raises(vault.SealBroken):
        await _opened_stream(safe, changed)


async def test_segment_of_another_stream_of_the_same_object_is_refused(safe: vault.Vault) -> None:
    first, second = [await _sealed_stream(safe, bytes([fill]) * 2 * SEGMENT) for fill in (1, 2)]
    mixed = first[: HEADER + SEALED_SEGMENT] + second[HEADER + SEALED_SEGMENT :]
    with pytest.raises(vault.SealBroken):
        await _opened_stream(safe, mixed)


async def test_large_value_is_sealed_beside_the_event_loop(safe: vault.Vault) -> None:
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    await safe.seal(USER, **PLACE, plaintext=b"x" * 30_000_000)
    counting.cancel()
    assert turns > 10


async def test_subject_without_a_key_is_unknown(safe: vault.Vault) -> None:
    with pytest.raises(vault.SubjectUnknown):
        await safe.seal("user_never", **PLACE, plaintext=b"x")
    with pytest.raises(vault.SubjectUnknown):
        await safe.open("user_never", **PLACE, sealed=b"x")


async def test_creating_again_keeps_the_key(safe: vault.Vault) -> None:
    sealed = await safe.seal(USER, **PLACE, plaintext=b"x")
    await asyncio.gather(*(safe.create_subject(USER) for _ in range(5)))
    assert await safe.open(USER, **PLACE, sealed=sealed) == b"x"


async def test_destroyed_subject_is_unreadable_at_once_in_every_process(
    safe: vault.Vault, open_vault: Opener, documents: port.Documents
) -> None:
    other = await open_vault(documents)
    sealed = await safe.seal(USER, **PLACE, plaintext=b"x")
    stream = await _sealed_stream(safe, b"x")
    assert await other.open(USER, **PLACE, sealed=sealed) == b"x"
    await safe.destroy_subject(USER)
    for each in (safe, other):
        with pytest.raises(vault.SubjectDestroyed):
            await each.open(USER, **PLACE, sealed=sealed)
        with pytest.raises(vault.SubjectDestroyed):
            await each.seal(USER, **PLACE, plaintext=b"x")
        with pytest.raises(vault.SubjectDestroyed):
            await _opened_stream(each, stream)


async def test_destroyed_subject_cannot_be_brought_back(
    safe: vault.Vault, open_vault: Opener, documents: port.Documents
) -> None:
    await safe.destroy_subject(USER)
    await safe.destroy_subject(USER)
    for each in (safe, await open_vault(documents)):
        with pytest.raises(vault.SubjectDestroyed):
            await each.create_subject(USER)
    assert await documents.get("vault_keys", USER) is None


async def test_destroying_a_subject_that_had_no_key_leaves_a_tombstone_too(safe: vault.Vault) -> None:
    await safe.destroy_subject("user_never")
    with pytest.raises(vault.SubjectDestroyed):
        await safe.create_subject("user_never")


async def test_key_put_back_beside_a_tombstone_opens_nothing(safe: vault.Vault, documents: port.Documents) -> None:
    sealed = await safe.seal(USER, **PLACE, plaintext=b"x")
    kept = await documents.get("vault_keys", USER)
    assert kept is not None
    await safe.destroy_subject(USER)
    await documents.insert("vault_keys", USER, kept.data)
    with pytest.raises(vault.SubjectDestroyed):
        await safe.open(USER, **PLACE, sealed=sealed)


async def test_creation_and_destruction_side_by_side_end_destroyed(
    safe: vault.Vault, documents: port.Documents
) -> None:
    for number in range(20):
        subject = f"user_race_{number}"
        await asyncio.gather(
            safe.create_subject(subject),
            safe.destroy_subject(subject),
            safe.create_subject(subject),
            return_exceptions=True,
        )
        assert await documents.get("vault_keys", subject) is None
        with pytest.raises(vault.SubjectDestroyed):
            await safe.create_subject(subject)


async def test_many_open_at_once_and_one_bad_item_fails_alone(safe: vault.Vault) -> None:
    await safe.create_subject("user_2")
    await safe.create_subject("user_3")
    items = []
    for subject in (USER, "user_2", "user_3", USER):
        sealed = await safe.seal(subject, **PLACE, plaintext=subject.encode())
        items.append(vault.Sealed(subject, **PLACE, sealed=sealed))
    items.append(vault.Sealed(USER, **PLACE, sealed=items[1].sealed))
    items.append(vault.Sealed("user_never", **PLACE, sealed=b""))
    await safe.destroy_subject("user_3")
    first, second, destroyed, again, moved, unknown = await safe.open_many(items)
    assert (first, second, again) == (b"user_1", b"user_2", b"user_1")
    assert isinstance(destroyed, vault.SubjectDestroyed)
    assert isinstance(moved, vault.SealBroken)
    assert isinstance(unknown, vault.SubjectUnknown)
    assert await safe.open_many([]) == []


async def test_mac_is_the_same_everywhere_and_tells_purposes_apart(
    safe: vault.Vault, open_vault: Opener, documents: port.Documents
) -> None:
    other = await open_vault(documents)
    assert await safe.mac("email", "a@example.com") == await other.mac("email", "a@example.com")
    distinct = {await safe.mac(*pair) for pair in (("email", "a"), ("email", "b"), ("token", "a"), ("emaila", ""))}
    assert len(distinct) == 4
    assert all(len(mac) == 64 for mac in distinct)


async def test_mac_of_vaults_with_their_own_keys_differs(safe: vault.Vault, tmp_path: Path) -> None:
    async with opened_documents(tmp_path, "other.db") as documents:
        other = await vault.open_vault("file:other", tmp_path, documents)
        assert await safe.mac("email", "a") != await other.mac("email", "a")


@pytest.mark.parametrize("subject", ["", "system:mac", "destroyed:user_1"])
async def test_what_the_vault_keeps_for_itself_is_no_subject(safe: vault.Vault, subject: str) -> None:
    for call in (safe.create_subject, safe.destroy_subject):
        with pytest.raises(ValueError):
            await call(subject)
    with pytest.raises(ValueError):
        await safe.seal(subject, **PLACE, plaintext=b"x")


async def test_wrapped_key_says_what_wrapped_it_and_the_data_key_is_nowhere(
    safe: vault.Vault, documents: port.Documents, tmp_path: Path
) -> None:
    document = await documents.get("vault_keys", USER)
    assert document is not None
    keyring = tmp_path / "keys" / "keyring.json"
    if keyring.exists():
        assert str(document.data["kekId"]).startswith("kek_")
        assert str(document.data["kekId"]) in keyring.read_text()
    else:
        assert str(document.data["kekId"]).startswith("arn:aws:kms:")


async def test_wrapped_key_moved_to_another_subject_opens_nothing(safe: vault.Vault, documents: port.Documents) -> None:
    sealed = await safe.seal(USER, **PLACE, plaintext=b"x")
    document = await documents.get("vault_keys", USER)
    assert document is not None
    await documents.insert("vault_keys", "user_thief", document.data)
    with pytest.raises(vault.SealBroken):
        await safe.open("user_thief", **PLACE, sealed=sealed)


async def test_key_file_is_made_once_and_for_its_owner_only(tmp_path: Path, documents: port.Documents) -> None:
    opened = await asyncio.gather(*(vault.open_vault("file:keys", tmp_path, documents) for _ in range(8)))
    await opened[0].create_subject(USER)
    sealed = await opened[0].seal(USER, **PLACE, plaintext=b"x")
    for each in opened:
        assert await each.open(USER, **PLACE, sealed=sealed) == b"x"
    assert stat.S_IMODE((tmp_path / "keys" / "keyring.json").stat().st_mode) == 0o600


async def test_key_file_that_others_may_read_is_refused(tmp_path: Path, documents: port.Documents) -> None:
    await vault.open_vault("file:keys", tmp_path, documents)
    (tmp_path / "keys" / "keyring.json").chmod(0o644)
    with pytest.raises(settings.SettingsError, match=r"CREDPASS_KEYS_URL"):
        await vault.open_vault("file:keys", tmp_path, documents)


@pytest.mark.parametrize(
    "content", ["", "{}", '{"current":"a","keys":{}}', '{"current":"a","keys":{"a":"AAAA"}}', "[]"]
)
async def test_damaged_key_file_is_refused_and_kept(tmp_path: Path, documents: port.Documents, content: str) -> None:
    await vault.open_vault("file:keys", tmp_path, documents)
    (tmp_path / "keys" / "keyring.json").write_text(content)
    with pytest.raises(settings.SettingsError, match=r"CREDPASS_KEYS_URL.*damaged"):
        await vault.open_vault("file:keys", tmp_path, documents)
    assert (tmp_path / "keys" / "keyring.json").read_text() == content


async def test_unknown_scheme_names_the_setting(tmp_path: Path, documents: port.Documents) -> None:
    with pytest.raises(settings.SettingsError, match=r"CREDPASS_KEYS_URL.*'vaultwarden'"):
        await vault.open_vault("vaultwarden:x", tmp_path, documents)


async def test_errors_say_nothing_private(safe: vault.Vault) -> None:
    with pytest.raises(errors.ServiceError) as caught:
        await safe.open(USER, **PLACE, sealed=b"\x01" + b"x" * 40)
    assert USER not in str(caught.value)
