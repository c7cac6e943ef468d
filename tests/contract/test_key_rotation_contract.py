"""What a rotation of key-encryption keys keeps, in a file and in KMS."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mesh import clock, errors, settings, vault
from mesh.documents import port, sqlite
from mesh.vault import kek, kms
from tests.support import moto_server, redis_server

PLACE: dict[str, Any] = {"purpose": "p", "object_id": "o", "version": 1}
SUBJECTS = [f"user_{number}" for number in range(30)]
CHILD_TIMEOUT_S = 60


@dataclasses.dataclass(frozen=True)
class Keys:
    """Keys that rotate: their URL, and a maker of the name of a new one (empty where the vault makes it)."""

    url: str
    new: Callable[[], str]


@pytest.fixture(scope="module")
def moto() -> Iterator[moto_server.MotoServer]:
    with moto_server.credentials(), moto_server.own_server() as server:
        yield server


@pytest.fixture(params=["file", "kms"])
def keys(request: pytest.FixtureRequest) -> Keys:
    if request.param == "file":
        return Keys("file:keys", lambda: "")
    moto: moto_server.MotoServer = request.getfixturevalue("moto")
    return Keys(moto.kms_url(moto.make_key()), moto.make_key)


@pytest.fixture
async def documents(tmp_path: Path) -> AsyncIterator[port.Documents]:
    store = await sqlite.open_file(tmp_path / "credpass.db", clock.SystemClock())
    yield store
    await store.close()


@contextlib.asynccontextmanager
async def opened(url: str, folder: Path, documents: port.Documents) -> AsyncIterator[vault.Vault]:
    made = await vault.open_vault(url, folder, documents)
    try:
        yield made
    finally:
        await made.close()


@pytest.fixture
async def safe(keys: Keys, tmp_path: Path, documents: port.Documents) -> AsyncIterator[vault.Vault]:
    async with opened(keys.url, tmp_path, documents) as made:
        yield made


async def _sealed(safe: vault.Vault, subjects: list[str] = SUBJECTS) -> list[vault.Sealed]:
    await asyncio.gather(*(safe.create_subject(subject) for subject in subjects))
    seals = [await safe.seal(subject, **PLACE, plaintext=subject.encode()) for subject in subjects]
    return [vault.Sealed(subject, **PLACE, sealed=sealed) for subject, sealed in zip(subjects, seals, strict=True)]


async def _keks(documents: port.Documents) -> dict[str, int]:
    query = port.Query(range_field="kekId", at_least="", order="kekId", limit=10_000)
    found = [str(document.data["kekId"]) for document in await documents.find("vault_keys", query)]
    return {kek_id: found.count(kek_id) for kek_id in found}


def _quiet(progress: vault.Progress) -> None:
    assert progress.kek_id


async def test_every_data_key_is_under_the_new_key_and_everything_opens_everywhere(
    keys: Keys, safe: vault.Vault, documents: port.Documents, tmp_path: Path
) -> None:
    items = await _sealed(safe)
    mac = await safe.mac("email", "a")
    (old,) = await _keks(documents)
    async with opened(keys.url, tmp_path, documents) as running:
        done = await safe.rotate(keys.new(), _quiet)
        assert (done.made, done.rewrapped, done.left) == (True, len(SUBJECTS) + 1, 0)
        assert await _keks(documents) == {done.kek_id: len(SUBJECTS) + 1}
        assert done.kek_id != old
        async with opened(keys.url, tmp_path, documents) as later:
            for each in (safe, running, later):
                assert await each.open_many(items) == [item.subject.encode() for item in items]
                assert await each.mac("email", "a") == mac
        await running.create_subject("user_new")
        assert await _keks(documents) == {done.kek_id: len(SUBJECTS) + 2}


async def test_keys_rotate_again_and_again_and_a_copy_from_before_still_opens(
    keys: Keys, safe: vault.Vault, documents: port.Documents, tmp_path: Path
) -> None:
    (item,) = await _sealed(safe, ["user_1"])
    before = await documents.get("vault_keys", "user_1")
    assert before is not None
    rotated = [await safe.rotate(keys.new(), _quiet) for _ in range(3)]
    assert len({done.kek_id for done in rotated}) == 3
    now = await documents.get("vault_keys", "user_1")
    assert now is not None
    await documents.update("vault_keys", now, before.data)
    async with opened(keys.url, tmp_path, documents) as later:
        assert await later.open_many([item]) == [b"user_1"]
        finished = await later.rotate("", _quiet)
        assert (finished.made, finished.rewrapped, finished.kek_id) == (False, 1, rotated[-1].kek_id)


@contextlib.asynccontextmanager
async def _process(arguments: list[str]) -> AsyncIterator[tuple[asyncio.subprocess.Process, asyncio.StreamReader]]:
    child = await asyncio.create_subprocess_exec(
        *arguments, cwd=Path(__file__).parents[2], stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert child.stdout is not None
    try:
        yield child, child.stdout
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.communicate()


async def test_another_process_seals_and_opens_meanwhile(
    keys: Keys, safe: vault.Vault, documents: port.Documents, tmp_path: Path
) -> None:
    arguments = [sys.executable, "-m", "tests.support.vault_worker", keys.url, str(tmp_path)]
    arguments.append(str(tmp_path / "credpass.db"))
    items = await _sealed(safe)
    async with _process(arguments) as (child, begun):
        assert await asyncio.wait_for(begun.readline(), CHILD_TIMEOUT_S) == b"begun\n"
        for _ in range(3):
            done = await safe.rotate(keys.new(), _quiet)
            assert await safe.open_many(items) == [item.subject.encode() for item in items]
        output, _ = await asyncio.wait_for(child.communicate(b""), CHILD_TIMEOUT_S)
    assert child.returncode == 0
    assert int(output) > 0
    if len(await _keks(documents)) > 1:
        await safe.rotate("", _quiet)
    assert set(await _keks(documents)) == {done.kek_id}
    count = await documents.count("vault_keys", port.Query(equals={"kekId": done.kek_id}))
    assert count == len(SUBJECTS) + int(output) + 1


class Interrupting:
    """Documents that do something of a test's before an update."""

    def __init__(self, documents: port.Documents, before_update: Callable[[port.Document], Any]) -> None:
        self._documents = documents
        self._before_update = before_update

    def __getattr__(self, name: str) -> Any:
        return getattr(self._documents, name)

    async def update(self, collection: str, document: port.Document, data: port.Data) -> port.Document:
        if "wrapped" in data:
            await self._before_update(document)
        return await self._documents.update(collection, document, data)


async def test_interrupted_rotation_goes_on_where_it_stopped(
    keys: Keys, safe: vault.Vault, documents: port.Documents, tmp_path: Path
) -> None:
    items, updated = await _sealed(safe), 0

    async def fail_late(_: port.Document) -> None:
        nonlocal updated
        updated += 1
        if updated > 10:
            raise errors.Unavailable

    interrupting: Any = Interrupting(documents, fail_late)
    async with opened(keys.url, tmp_path, interrupting) as stopped:
        with pytest.raises(errors.Unavailable):
            await stopped.rotate(keys.new(), _quiet)
    halfway = await _keks(documents)
    assert sorted(halfway.values()) == [10, 20]
    assert await safe.open_many(items) == [item.subject.encode() for item in items]
    done = await safe.rotate("", _quiet)
    assert (done.made, done.rewrapped, done.left) == (False, 20, 0)
    assert await _keks(documents) == {done.kek_id: 30}
    assert halfway[done.kek_id] == 10
    assert await safe.open_many(items) == [item.subject.encode() for item in items]


async def test_subject_destroyed_meanwhile_stays_destroyed(
    keys: Keys, safe: vault.Vault, documents: port.Documents, tmp_path: Path
) -> None:
    items = await _sealed(safe)

    async def destroy(document: port.Document) -> None:
        if document.id in {"user_3", "user_17"}:
            await safe.destroy_subject(document.id)

    interrupting: Any = Interrupting(documents, destroy)
    async with opened(keys.url, tmp_path, interrupting) as racing:
        done = await racing.rotate(keys.new(), _quiet)
    assert (done.rewrapped, done.left) == (28, 0)
    outcomes = await safe.open_many(items)
    assert [number for number, outcome in enumerate(outcomes) if isinstance(outcome, vault.SubjectDestroyed)] == [3, 17]
    for subject in ("user_3", "user_17"):
        assert await documents.get("vault_keys", subject) is None
        with pytest.raises(vault.SubjectDestroyed):
            await safe.create_subject(subject)


async def test_destruction_that_was_cut_short_is_finished(
    keys: Keys, safe: vault.Vault, documents: port.Documents
) -> None:
    items = await _sealed(safe, ["user_1", "user_2"])
    kept = await documents.get("vault_keys", "user_1")
    assert kept is not None
    await safe.destroy_subject("user_1")
    await documents.insert("vault_keys", "user_1", kept.data)
    done = await safe.rotate(keys.new(), _quiet)
    assert (done.rewrapped, done.destroyed, done.left) == (1, 1, 0)
    assert await documents.get("vault_keys", "user_1") is None
    destroyed, other = await safe.open_many(items)
    assert isinstance(destroyed, vault.SubjectDestroyed)
    assert other == b"user_2"


async def test_key_that_opens_under_nothing_is_left_as_it_is_and_counted(
    keys: Keys, safe: vault.Vault, documents: port.Documents
) -> None:
    await _sealed(safe, ["user_1", "user_2"])
    moved = await documents.get("vault_keys", "user_1")
    assert moved is not None
    await documents.insert("vault_keys", "user_thief", moved.data)
    done = await safe.rotate(keys.new(), _quiet)
    assert (done.rewrapped, done.left) == (2, 1)
    left = await documents.get("vault_keys", "user_thief")
    assert left is not None
    assert (left.version, left.data) == (1, moved.data)


async def test_rotations_side_by_side_end_under_one_key(
    keys: Keys, safe: vault.Vault, documents: port.Documents, tmp_path: Path
) -> None:
    items = await _sealed(safe)
    async with opened(keys.url, tmp_path, documents) as other:
        await asyncio.gather(safe.rotate(keys.new(), _quiet), other.rotate(keys.new(), _quiet))
    if len(await _keks(documents)) > 1:
        await safe.rotate("", _quiet)
    assert list((await _keks(documents)).values()) == [30]
    assert await safe.open_many(items) == [item.subject.encode() for item in items]


async def test_more_keys_than_a_batch_are_all_rewrapped(tmp_path: Path, documents: port.Documents) -> None:
    async with opened("file:keys", tmp_path, documents) as safe:
        subjects = [f"user_{number}" for number in range(450)]
        items = await _sealed(safe, subjects)
        told: list[vault.Progress] = []
        done = await safe.rotate("", told.append)
        assert [progress.rewrapped for progress in told] == [200, 400, 450]
        assert (done.rewrapped, done.left) == (450, 0)
        assert await safe.open_many(items) == [subject.encode() for subject in subjects]


async def test_file_keys_take_no_name(tmp_path: Path, documents: port.Documents) -> None:
    async with opened("file:keys", tmp_path, documents) as safe:
        with pytest.raises(settings.SettingsError, match="CREDPASS_KEYS_URL"):
            await safe.rotate("alias/x", _quiet)


class CountingKeys(kek.FileKeys):
    """Counts what would be calls to another machine."""

    unwrapped = 0

    async def unwrap(self, subject: str, key: kek.WrappedKey) -> bytes:
        self.unwrapped += 1
        return await super().unwrap(subject, key)


async def test_key_is_unwrapped_once_however_much_it_seals(tmp_path: Path, documents: port.Documents) -> None:
    counting = CountingKeys(tmp_path / "keys")
    async with opened("file:keys", tmp_path, documents):
        safe = vault.Vault(documents, counting, clock.SystemClock())
    items = [item for _ in range(20) for item in await _sealed(safe)]
    assert await safe.open_many(items) == [item.subject.encode() for item in items]
    assert counting.unwrapped == len(SUBJECTS)


async def test_alias_that_points_elsewhere_is_followed_and_rewrapped(
    moto: moto_server.MotoServer, tmp_path: Path, documents: port.Documents
) -> None:
    old, new = moto.make_key("alias/moving"), moto.make_key()
    async with opened(moto.kms_url("alias/moving"), tmp_path, documents) as safe:
        items = await _sealed(safe, ["user_1", "user_2"])
        assert await _keks(documents) == {old: 2}
        with pytest.raises(settings.SettingsError, match="name the new key"):
            await safe.rotate("", _quiet)
        moto.kms("UpdateAlias", AliasName="alias/moving", TargetKeyId=new)
        await safe.create_subject("user_3")
        assert await _keks(documents) == {old: 2, new: 1}
        done = await safe.rotate("", _quiet)
        assert (done.made, done.rewrapped, done.kek_id) == (False, 2, new)
        assert await safe.open_many(items) == [b"user_1", b"user_2"]


async def test_former_key_can_become_the_current_one_again(
    moto: moto_server.MotoServer, tmp_path: Path, documents: port.Documents
) -> None:
    first, second = moto.make_key(), moto.make_key()
    async with (
        opened(moto.kms_url(first), tmp_path, documents) as safe,
        opened(moto.kms_url(second), tmp_path, documents) as other,
    ):
        await safe.create_subject("user_1")
        for target in (second, first, second, first):
            assert (await safe.rotate(target, _quiet)).kek_id == target
            assert await _keks(documents) == {target: 1}
        await other.create_subject("user_2")
        assert await _keks(documents) == {first: 2}


async def test_wrapped_key_is_bound_to_its_subject_by_the_encryption_context(
    moto: moto_server.MotoServer, documents: port.Documents, tmp_path: Path
) -> None:
    async with opened(moto.kms_url(moto.make_key()), tmp_path, documents):
        keys = await kms.open_keys(moto.kms_url(moto.make_key()), documents)
        wrapped = await keys.wrap("user_1", b"k" * 32)
        assert await keys.unwrap("user_1", wrapped) == b"k" * 32
        for subject, key in (
            ("user_2", wrapped),
            ("user_1", dataclasses.replace(wrapped, wrapped=wrapped.wrapped[:-1] + bytes([wrapped.wrapped[-1] ^ 1]))),
        ):
            with pytest.raises(vault.SealBroken):
                await keys.unwrap(subject, key)
        await keys.close()


async def test_service_that_goes_away_is_unavailable_and_cached_keys_go_on(
    moto: moto_server.MotoServer, tmp_path: Path, documents: port.Documents
) -> None:
    async with opened(moto.kms_url(moto.make_key()), tmp_path, documents) as safe:
        (item,) = await _sealed(safe, ["user_1"])
        await safe.create_subject("user_2")
        moto.stop()
        assert await safe.open_many([item]) == [b"user_1"]
        with pytest.raises(errors.Unavailable):
            await safe.seal("user_2", **PLACE, plaintext=b"x")
        with pytest.raises(errors.Unavailable):
            await safe.create_subject("user_3")
        with pytest.raises(errors.Unavailable):
            await safe.rotate("alias/x", _quiet)
    moto.start()


async def test_disabled_key_is_refused_at_the_start(
    moto: moto_server.MotoServer, tmp_path: Path, documents: port.Documents
) -> None:
    arn = moto.make_key()
    moto.kms("DisableKey", KeyId=arn.rpartition("/")[2])
    with pytest.raises(settings.SettingsError, match=r"CREDPASS_KEYS_URL.*not an enabled"):
        await vault.open_vault(moto.kms_url(arn), tmp_path, documents)


async def test_wrong_credentials_name_the_setting_and_are_unavailable_once_it_runs(
    moto: moto_server.MotoServer, tmp_path: Path, documents: port.Documents
) -> None:
    url = moto.kms_url(moto.make_key())
    async with opened(url, tmp_path, documents) as safe:
        with moto.checking_credentials():
            with pytest.raises(settings.SettingsError, match="CREDPASS_KEYS_URL") as caught:
                await vault.open_vault(url, tmp_path, documents)
            with pytest.raises(errors.Unavailable):
                await safe.create_subject("user_1")
        await safe.create_subject("user_1")
    assert "testing" not in str(caught.value)


async def test_unreachable_service_names_the_setting(tmp_path: Path, documents: port.Documents) -> None:
    url = f"awskms://alias/x?region=eu-central-1&endpoint=http://127.0.0.1:{redis_server.free_port()}"
    with moto_server.credentials(), pytest.raises(errors.Unavailable, match="CREDPASS_KEYS_URL"):
        await vault.open_vault(url, tmp_path, documents)


@pytest.mark.parametrize(
    "url",
    [
        "awskms:",
        "awskms://?region=x",
        "awskms://id:hunter2@key",
        "awskms://alias/x?regoin=eu",
        "awskms://alias/x?region=eu-central-1&endpoint=nowhere",
        "awskms://alias/x?region=not a region",
    ],
)
async def test_wrong_url_names_the_setting_and_hides_the_rest(
    url: str, tmp_path: Path, documents: port.Documents
) -> None:
    with pytest.raises(settings.SettingsError, match="CREDPASS_KEYS_URL") as caught:
        await vault.open_vault(url, tmp_path, documents)
    assert "hunter2" not in str(caught.value)


async def test_key_that_is_not_there_names_the_setting(
    moto: moto_server.MotoServer, tmp_path: Path, documents: port.Documents
) -> None:
    with pytest.raises(settings.SettingsError, match=r"CREDPASS_KEYS_URL.*no such key"):
        await vault.open_vault(moto.kms_url("alias/none"), tmp_path, documents)
