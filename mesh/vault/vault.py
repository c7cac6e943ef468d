"""The vault: seals what is private under the key of the person it belongs to."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import hmac
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

from mesh import clock, errors, urls
from mesh.documents import port
from mesh.vault import facts, kek, rotation, sealing, subjects

_MAC_SUBJECT = f"{subjects.SYSTEM_PREFIX}mac"
# Above this much a seal takes longer than handing it to a thread does.
_INLINE_BYTES = 2 * sealing.SEGMENT_BYTES


@dataclasses.dataclass(frozen=True, slots=True)
class Sealed:
    """Something to open, with what it belongs to."""

    subject: str
    purpose: str
    object_id: str
    version: int
    sealed: bytes


class Vault:
    """Seals and opens under subjects' keys. `subject` is the id of a person, such as `user_...`.

    All but `create_subject` and `destroy_subject` raise SubjectUnknown or SubjectDestroyed when there is no key.
    """

    def __init__(self, documents: port.Documents, key_encryption_key: kek.KeyEncryptionKey, time: clock.Clock) -> None:
        self._documents = documents
        self._kek = key_encryption_key
        self._keys = subjects.SubjectKeys(documents, key_encryption_key, time)
        self._mac_key: bytes | None = None

    async def create_subject(self, subject: str) -> None:
        """Give a subject its key; harmless when it has one. Raises SubjectDestroyed when it had."""
        await self._keys.create(_person(subject))

    async def destroy_subject(self, subject: str) -> None:
        """Crypto-shredding: delete the key, leave a tombstone. Harmless when done before or when there was no key."""
        await self._keys.destroy(_person(subject))

    async def seal(self, subject: str, *, purpose: str, object_id: str, version: int, plaintext: bytes) -> bytes:
        """Seal a value; it grows by 29 bytes."""
        key = await self._keys.key(_person(subject))
        binding = sealing.Binding(subject, purpose, object_id, version)
        return await _off_loop(len(plaintext), lambda: sealing.seal(key, binding, plaintext))

    async def open(self, subject: str, *, purpose: str, object_id: str, version: int, sealed: bytes) -> bytes:
        """Open a value. Raises SealBroken unless it is the one sealed for exactly this."""
        key = await self._keys.key(_person(subject))
        binding = sealing.Binding(subject, purpose, object_id, version)
        return await _off_loop(len(sealed), lambda: sealing.unseal(key, binding, sealed))

    async def open_many(self, items: Sequence[Sealed]) -> list[bytes | errors.ServiceError]:
        """Open small values of many subjects in one read of their keys: each plaintext, or why not, in order."""
        keys = await self._keys.keys([_person(item.subject) for item in items])
        return [_open_one(keys[item.subject], item) for item in items]

    async def seal_stream(
        self, subject: str, *, purpose: str, object_id: str, version: int, chunks: AsyncIterator[bytes]
    ) -> AsyncIterator[bytes]:
        """Seal a stream in 64 KiB segments; holds at most a segment and the chunk at hand."""
        key = await self._keys.key(_person(subject))
        sealer = sealing.StreamSealer(key, sealing.Binding(subject, purpose, object_id, version))
        yield sealer.header
        async for chunk in chunks:
            if sealed := await _piecewise(sealer.update, chunk):
                yield sealed
        yield sealer.finish()

    async def open_stream(
        self, subject: str, *, purpose: str, object_id: str, version: int, chunks: AsyncIterator[bytes]
    ) -> AsyncIterator[bytes]:
        """Open a stream. Each piece is authentic; a cut one raises SealBroken only at its end: act on none before."""
        key = await self._keys.key(_person(subject))
        opener = sealing.StreamOpener(key, sealing.Binding(subject, purpose, object_id, version))
        async for chunk in chunks:
            if opened := await _piecewise(opener.update, chunk):
                yield opened
        if last := opener.finish():
            yield last

    async def mac(self, purpose: str, text: str) -> str:
        """HMAC-SHA256 (hex) of a text under the system's key: a look-up key that only the vault can compute."""
        if self._mac_key is None:
            await self._keys.create(_MAC_SUBJECT)
            self._mac_key = await self._keys.key(_MAC_SUBJECT)
        message = sealing.length_prefixed("credpass.vault.mac", purpose, text)
        return hmac.new(self._mac_key, message, hashlib.sha256).hexdigest()

    async def rotate(self, to: str, tell: Callable[[rotation.Progress], None]) -> rotation.Progress:
        """Make a new key-encryption key current and wrap every data key anew: see `rotation.Rotation.run`."""
        return await rotation.Rotation(self._documents, self._kek, self._keys).run(to, tell)

    async def ping(self) -> None:
        """Raise `errors.Unavailable` unless the key-encryption key can be reached."""
        await self._kek.current_id()

    async def close(self) -> None:
        """Let go of what reaches the key-encryption key."""
        await self._kek.close()


async def open_vault(url: str, data: Path, documents: port.Documents, time: clock.Clock | None = None) -> Vault:
    """The vault over the key-encryption key at `file:keys` (a folder under `data`) or `awskms://key-id-or-alias`.

    Wrapped keys are documents.

    Raises:
        settings.SettingsError, errors.Unavailable: the key cannot be used; the message names CREDPASS_KEYS_URL.
    """
    scheme = urls.scheme(url)
    if scheme not in {"file", "awskms"}:
        raise urls.unknown(kek.VARIABLE, url, "file", "awskms")
    await documents.ensure(subjects.COLLECTION)
    return Vault(documents, await _open_keys(scheme, url, data, documents), time or clock.SystemClock())


async def _open_keys(scheme: str, url: str, data: Path, documents: port.Documents) -> kek.KeyEncryptionKey:
    if scheme == "file":
        return await asyncio.to_thread(kek.FileKeys, urls.folder(kek.VARIABLE, url, data))
    from mesh.vault import kms

    return await kms.open_keys(url, documents)


def _person(subject: str) -> str:
    # Colons set apart what the vault keeps for itself: system keys and tombstones.
    if not subject or ":" in subject:
        raise ValueError("not the id of a subject")
    return subject


def _open_one(key: bytes | errors.ServiceError, item: Sealed) -> bytes | errors.ServiceError:
    if isinstance(key, errors.ServiceError):
        return key
    binding = sealing.Binding(item.subject, item.purpose, item.object_id, item.version)
    try:
        return sealing.unseal(key, binding, item.sealed)
    except facts.SealBroken as broken:
        return broken


async def _off_loop(size_bytes: int, work: Callable[[], bytes]) -> bytes:
    return work() if size_bytes <= _INLINE_BYTES else await asyncio.to_thread(work)


async def _piecewise(work: Callable[[bytes], bytes], chunk: bytes) -> bytes:
    return await _off_loop(len(chunk), lambda: work(chunk))
