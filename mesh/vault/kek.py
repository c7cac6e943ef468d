"""The key-encryption key: what wraps data keys. Here in a file; `kms` has the same port over AWS KMS."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import dataclasses
import fcntl
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import orjson
from cryptography import exceptions
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from mesh import errors, ids, settings
from mesh.vault import facts, sealing

VARIABLE = "CREDPASS_KEYS_URL"
KEY_BYTES = 32


@dataclasses.dataclass(frozen=True, slots=True)
class WrappedKey:
    """A data key under the key-encryption key with this id: a rotation can find what still needs wrapping anew."""

    kek_id: str
    wrapped: bytes


class KeyEncryptionKey(Protocol):
    """Wraps and unwraps data keys, each bound to its subject. Any method raises `errors.Unavailable`."""

    async def wrap(self, subject: str, data_key: bytes) -> WrappedKey:
        """Wrap under the current key."""
        ...

    async def unwrap(self, subject: str, key: WrappedKey) -> bytes:
        """Unwrap. Raises SealBroken when the key is not the subject's or its key-encryption key is gone."""
        ...

    async def rewrap(self, subject: str, key: WrappedKey) -> WrappedKey:
        """The same data key under the current key. Raises SealBroken as `unwrap` does."""
        ...

    async def current_id(self) -> str:
        """The id of the key that wraps from now on: the `kek_id` of what it wraps."""
        ...

    async def renew(self, named: str) -> str:
        """Make another key current, for every process; its id. The ones before it still unwrap.

        Raises SettingsError when `named` (where keys are made elsewhere) is no key that can be used.
        """
        ...

    async def close(self) -> None:
        """Let go of everything."""
        ...


@dataclasses.dataclass(frozen=True, slots=True)
class _Keyring:
    current: str
    keys: dict[str, bytes] = dataclasses.field(repr=False)


class FileKeys:
    """Key-encryption keys in `keyring.json` (mode 0600) under a folder; made once, under a lock, when there is none.

    The file is read again once it changes, so that a rotation by another process is followed at the next wrap.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "keyring.json"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(folder):
            if not self._path.exists():
                _write(self._path, _grown(None))
        self._stamp = _stamp(self._path)
        self._keyring = _load(self._path)

    async def wrap(self, subject: str, data_key: bytes) -> WrappedKey:
        await self._follow()
        kek_id = self._keyring.current
        nonce = secrets.token_bytes(sealing.NONCE_BYTES)
        sealed = AESGCM(self._keyring.keys[kek_id]).encrypt(nonce, data_key, _bound(subject, kek_id))
        return WrappedKey(kek_id, nonce + sealed)

    async def unwrap(self, subject: str, key: WrappedKey) -> bytes:
        if key.kek_id not in self._keyring.keys:
            await self._follow()
        kek = self._keyring.keys.get(key.kek_id)
        if kek is None:
            raise facts.SealBroken
        nonce, sealed = key.wrapped[: sealing.NONCE_BYTES], key.wrapped[sealing.NONCE_BYTES :]
        try:
            return AESGCM(kek).decrypt(nonce, sealed, _bound(subject, key.kek_id))
        except (exceptions.InvalidTag, ValueError):
            raise facts.SealBroken from None

    async def rewrap(self, subject: str, key: WrappedKey) -> WrappedKey:
        return await self.wrap(subject, await self.unwrap(subject, key))

    async def current_id(self) -> str:
        await self._follow()
        return self._keyring.current

    async def renew(self, named: str) -> str:
        if named:
            raise settings.SettingsError(f"{VARIABLE}: file: makes its keys itself; a name is for awskms:")
        await asyncio.to_thread(self._grow)
        return await self.current_id()

    async def close(self) -> None:
        """Nothing is held between calls."""

    async def _follow(self) -> None:
        try:
            stamp = _stamp(self._path)
            if stamp != self._stamp:
                self._keyring = await asyncio.to_thread(_load, self._path)
                self._stamp = stamp
        except OSError as trouble:
            raise errors.Unavailable("The key file cannot be read.") from trouble

    def _grow(self) -> None:
        with _locked(self._path.parent):
            _write(self._path, _grown(_load(self._path)))


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / "keyring.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _stamp(path: Path) -> tuple[int, int]:
    # A changed file is a new one (_write), so its inode or at least its time differs.
    found = path.stat()
    return found.st_ino, found.st_mtime_ns


def _grown(keyring: _Keyring | None) -> _Keyring:
    """The keyring with a new key that is the current one."""
    kek_id = ids.new_id("kek")
    return _Keyring(kek_id, {**(keyring.keys if keyring else {}), kek_id: secrets.token_bytes(KEY_BYTES)})


def _bound(subject: str, kek_id: str) -> bytes:
    return sealing.length_prefixed("credpass.vault.key", subject, kek_id)


def _write(path: Path, keyring: _Keyring) -> None:
    keys = {kek_id: base64.b64encode(key).decode() for kek_id, key in keyring.keys.items()}
    temporary = path.with_suffix(".tmp")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(orjson.dumps({"current": keyring.current, "keys": keys}))
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        # Losing this file loses everything sealed: its name must be on disk before anything is wrapped by it.
        os.fsync(folder)
    finally:
        os.close(folder)


def _load(path: Path) -> _Keyring:
    if path.stat().st_mode & 0o077:
        raise settings.SettingsError(f"{VARIABLE}: the key file may be readable by its owner only (chmod 600)")
    try:
        content = orjson.loads(path.read_bytes())
        keys = {kek_id: base64.b64decode(text, validate=True) for kek_id, text in content["keys"].items()}
        keyring = _Keyring(content["current"], keys)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise settings.SettingsError(f"{VARIABLE}: the key file is damaged") from None
    if keyring.current not in keys or any(len(key) != KEY_BYTES for key in keys.values()):
        raise settings.SettingsError(f"{VARIABLE}: the key file is damaged")
    return keyring
