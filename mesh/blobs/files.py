"""Blobs as files under a folder."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import BinaryIO, ParamSpec, TypeVar

from mesh import errors, ids
from mesh.blobs import port

_PIECE_BYTES = 256 * 1024
_TEMPORARY = ".tmp"

P = ParamSpec("P")
Result = TypeVar("Result")


class FileBlobs:
    """Blobs as files under a folder: temporary file, fsync, rename, fsync of the folders."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._temporary = root / _TEMPORARY
        self._temporary.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sweep(self._temporary)

    async def put(self, key: str, chunks: AsyncIterator[bytes]) -> int:
        target = self._path(key)
        file = await _on_thread(self._begin)
        try:
            size_bytes = await _write_all(file, chunks)
            await _on_thread(self._finish, file, target)
        except BaseException:
            await asyncio.to_thread(os.unlink, file.name)
            raise
        finally:
            file.close()
        return size_bytes

    async def get(self, key: str) -> AsyncIterator[bytes]:
        file = await _on_thread(_open, self._path(key))
        try:
            while piece := await _on_thread(file.read, _PIECE_BYTES):
                yield piece
        finally:
            file.close()

    async def delete(self, key: str) -> None:
        await _on_thread(_remove, self._path(key))

    async def list(self, prefix: str, *, after: str = "", limit: int = port.LIST_LIMIT) -> port.Keys:
        return await _on_thread(self._list, prefix, after, limit)

    async def ping(self) -> None:
        await _on_thread(os.stat, self._temporary)

    async def close(self) -> None:
        """Nothing is held between calls."""

    def _path(self, key: str) -> Path:
        return self._root / port.checked(key)

    def _begin(self) -> BinaryIO:
        # The lock tells a writer's file from one that a killed process left behind (_sweep).
        for _ in range(3):
            file = (self._temporary / ids.new_id("blob")).open("xb")
            os.fchmod(file.fileno(), 0o600)
            fcntl.flock(file, fcntl.LOCK_EX)
            if os.fstat(file.fileno()).st_nlink:
                return file
            file.close()
        raise OSError("temporary files vanish as they are made")

    def _finish(self, file: BinaryIO, target: Path) -> None:
        file.flush()
        os.fsync(file.fileno())
        made = [folder for folder in (target.parent, *target.parent.parents) if not folder.exists()]
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        Path(file.name).replace(target)
        for folder in (target.parent, *(folder.parent for folder in made)):
            _sync_folder(folder)

    def _list(self, prefix: str, after: str, limit: int) -> port.Keys:
        start = self._root / prefix.rpartition("/")[0]
        files = (path for path in start.rglob("*") if path.is_file())
        keys = (path.relative_to(self._root).as_posix() for path in files)
        return sorted(key for key in keys if key.startswith(prefix) and key > after and port.is_key(key))[:limit]


async def _on_thread(work: Callable[P, Result], *arguments: P.args, **named: P.kwargs) -> Result:
    try:
        return await asyncio.to_thread(work, *arguments, **named)
    except OSError as trouble:
        raise errors.Unavailable("Blobs cannot be reached.") from trouble


async def _write_all(file: BinaryIO, chunks: AsyncIterator[bytes]) -> int:
    size_bytes, waiting = 0, bytearray()
    async for chunk in chunks:
        waiting += chunk
        size_bytes += len(chunk)
        if len(waiting) >= _PIECE_BYTES:
            await _on_thread(file.write, bytes(waiting))
            waiting.clear()
    await _on_thread(file.write, bytes(waiting))
    return size_bytes


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        raise port.BlobMissing from None


def _remove(path: Path) -> None:
    try:
        path.unlink()
    except (FileNotFoundError, NotADirectoryError):
        return
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sweep(folder: Path) -> None:
    """Remove temporary files whose writer is gone: the kernel dropped its lock."""
    for path in folder.iterdir():
        with path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            path.unlink(missing_ok=True)
