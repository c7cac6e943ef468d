"""The worker's own program: `python -m mesh.processes.child FD CONFIG`, started by `mesh.processes.worker` only."""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import resource
import socket
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from mesh.processes import wire

Work = Callable[[dict[str, Any], Iterator[bytes]], Iterable[bytes]]

_OPEN_FILES = 64
_NICENESS = 5  # whoever answers calls comes first
_BUFFER_BYTES = 256 * 1024


class Channel:
    """The worker's end of the socket pair, blocking."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._reader = connection.makefile("rb", buffering=_BUFFER_BYTES)
        self._input_open = False
        self.input_bytes = 0

    def send(self, kind: wire.Kind, payload: bytes = b"") -> None:
        self._connection.sendall(wire.packed(kind, payload))

    def tasks(self) -> Iterator[dict[str, Any]]:
        """Tasks until the parent closes its end; what is left of one task's input is thrown away before the next."""
        while (frame := self._receive()) is not None:
            kind, payload = frame
            if kind is wire.Kind.TASK:
                self._input_open = True
                yield json.loads(payload)
                self._discard_input()

    def source(self) -> Iterator[bytes]:
        """The chunks of the task's input."""
        while self._input_open:
            frame = self._receive()
            if frame is None:
                raise ConnectionResetError("the parent went before the input was whole")
            if frame[0] is wire.Kind.INPUT_END:
                self._input_open = False
                return
            self.input_bytes += len(frame[1])
            yield frame[1]

    def wait_until_closed(self) -> None:
        """Read on until the parent closes its end: one that writes to a closed end would lose our last word."""
        with contextlib.suppress(ConnectionError):
            while self._reader.read(_BUFFER_BYTES):
                pass

    def _discard_input(self) -> None:
        for _ in self.source():
            pass

    def _receive(self) -> tuple[wire.Kind, bytes] | None:
        header = self._reader.read(wire.HEADER.size)
        if len(header) < wire.HEADER.size:
            return None
        kind, size_bytes = wire.unpacked(header)
        payload = self._reader.read(size_bytes)
        return (kind, payload) if len(payload) == size_bytes else None


def main() -> None:
    """Import what work needs, then take tasks, one at a time, until the parent goes or the worker is worn."""
    config = json.loads(sys.argv[2])
    os.nice(_NICENESS)
    channel = Channel(socket.socket(fileno=int(sys.argv[1])))
    for module in config["preload"]:
        importlib.import_module(module)
    _limit_resources(config)
    channel.send(wire.Kind.READY)
    for number, task in enumerate(channel.tasks(), start=1):
        _limit_cpu(config["cpu_s"])
        worn = number >= config["tasks"]
        if not _run(channel, task, worn, config["input_bytes"]):
            channel.wait_until_closed()
            return


def _run(channel: Channel, task: dict[str, Any], worn: bool, input_limit_bytes: int) -> bool:
    """Run one task and say how it ended; False when this worker must not take another."""
    try:
        for chunk in _work(task["work"])(task["arguments"], channel.source()):
            channel.send(wire.Kind.OUTPUT, chunk)
    except MemoryError:
        channel.send(wire.Kind.FAILED, b"MemoryError")
        return False
    except OSError as error:
        if isinstance(error, ConnectionError):
            raise  # the parent is gone
        channel.send(wire.Kind.FAILED, _class_name(error))
    except Exception as error:  # noqa: BLE001 - whatever the work raises is told by name and ends the task, not the worker
        channel.send(wire.Kind.FAILED, _class_name(error))
    else:
        worn = worn or channel.input_bytes >= input_limit_bytes
        channel.send(wire.Kind.DONE, b"worn" if worn else b"")
    gc.collect()
    return not worn


def _class_name(error: Exception) -> bytes:
    return f"{type(error).__module__}.{type(error).__qualname__}".encode()


def _work(path: str) -> Work:
    module, _, name = path.partition(":")
    work: Work = getattr(importlib.import_module(module), name)
    return work


def _limit_resources(config: dict[str, Any]) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core dump would be a statement in clear
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # so would any file
    resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN_FILES, _OPEN_FILES))
    if sys.platform == "linux":
        limit_bytes = config["address_space_bytes"]
        resource.setrlimit(resource.RLIMIT_AS, (limit_bytes, limit_bytes))


def _limit_cpu(cpu_s: int) -> None:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    used_s = int(usage.ru_utime + usage.ru_stime)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (used_s + cpu_s + 1, hard))


if __name__ == "__main__":
    main()
