"""Which processes that share an event log are alive: each holds a lock on a file of its own, and death gives it up."""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path

from mesh import ids


class Alive:
    """A sign of life in `folder`. When the process ends, however it ends, the system takes it down."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self.name = ids.new_id("process")
        descriptor = os.open(folder / self.name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._sign = os.fdopen(descriptor, "rb")
        fcntl.flock(self._sign, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def is_dead(self, process: str) -> bool:
        """Whether a process has ended. The sign of a dead one is cleared away."""
        if process == self.name:
            return False
        try:
            descriptor = os.open(self._folder / process, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return True
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        finally:
            os.close(descriptor)
        self._clear(process)
        return True

    def close(self) -> None:
        """Take the sign down. Harmless when it is down."""
        self._clear(self.name)
        self._sign.close()

    def _clear(self, process: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            (self._folder / process).unlink()
