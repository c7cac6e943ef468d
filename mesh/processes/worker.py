"""The parent's side of one worker process."""

from __future__ import annotations

import asyncio
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from mesh.processes import errors, limits, wire

_BUFFER_BYTES = 256 * 1024
_LAST_WORDS_S = 5.0
# One thread a worker: the pool is what spreads the load. Nothing else of our environment is the worker's business.
_ENVIRONMENT = {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONUTF8": "1"}
_PASSED_ON = ("PATH", "HOME", "TMPDIR", "VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX")


class Worker:
    """A worker that is ready. It does one task at a time; `kill` may come at any moment."""

    def __init__(
        self, process: subprocess.Popen[bytes], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._process = process
        self._reader = reader
        self._writer = writer

    @classmethod
    async def start(cls, bounds: limits.Limits, preload: tuple[str, ...]) -> Worker:
        """Start a worker and wait until it has imported `preload`. Raises WorkerDied when it cannot."""
        ours, theirs = socket.socketpair()
        with theirs:
            process = _spawned(theirs, bounds, preload)
        reader, writer = await asyncio.open_unix_connection(sock=ours, limit=_BUFFER_BYTES)
        worker = cls(process, reader, writer)
        try:
            async with asyncio.timeout(bounds.start_s):
                await worker._expect_ready()
        except BaseException:
            worker.kill()
            await worker.reaped()
            raise
        return worker

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        return self._process.pid

    async def _expect_ready(self) -> None:
        kind, _ = await self.receive()
        if kind is not wire.Kind.READY:
            raise errors.WorkerDied("the worker did not start")

    async def send(self, kind: wire.Kind, payload: bytes = b"") -> None:
        """Send a frame; waits while the worker is behind, so that little is held here."""
        self.post(kind, payload)
        await self._writer.drain()

    def post(self, kind: wire.Kind, payload: bytes = b"") -> None:
        """Send a small frame without waiting."""
        self._writer.write(wire.packed(kind, payload))

    async def send_task(self, work: str, arguments: Mapping[str, Any]) -> None:
        await self.send(wire.Kind.TASK, json.dumps({"work": work, "arguments": dict(arguments)}).encode())

    async def receive(self) -> tuple[wire.Kind, bytes]:
        """The next frame. Raises WorkerDied (or what the worker died of) when there is none."""
        try:
            kind, size_bytes = wire.unpacked(await self._reader.readexactly(wire.HEADER.size))
            return kind, await self._reader.readexactly(size_bytes)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise await self._death() from error
        except wire.BrokenFrame as error:
            raise errors.WorkerDied("the worker sent something that is no frame") from error

    async def _death(self) -> errors.WorkLost:
        """Why the channel closed: the exit status says it once the process has ended."""
        try:
            async with asyncio.timeout(_LAST_WORDS_S):
                status = await asyncio.to_thread(self._process.wait, _LAST_WORDS_S)
        except (TimeoutError, subprocess.TimeoutExpired):
            return errors.WorkerDied("the worker closed its channel")
        if status == -signal.SIGXCPU:
            return errors.TimeLimitExceeded("the work took too much CPU time")
        return errors.WorkerDied("the worker ended in the middle of its work")

    def kill(self) -> None:
        """End the process now, whatever it does."""
        if self._process.poll() is None:
            self._process.kill()
        self._writer.transport.abort()

    async def reaped(self) -> None:
        """Wait until a killed process is gone."""
        await asyncio.to_thread(self._process.wait)


def _spawned(theirs: socket.socket, bounds: limits.Limits, preload: tuple[str, ...]) -> subprocess.Popen[bytes]:
    config = {
        "preload": preload,
        "cpu_s": bounds.cpu_s,
        "address_space_bytes": bounds.address_space_bytes,
        "tasks": bounds.tasks_per_worker,
        "input_bytes": bounds.input_per_worker_bytes,
    }
    command = [sys.executable, "-P", "-m", "mesh.processes.child", str(theirs.fileno()), json.dumps(config)]
    # Output of libraries may quote the input, so it goes nowhere; a session of its own keeps Ctrl-C with the parent.
    return subprocess.Popen(  # noqa: S603 - our own interpreter and our own words
        command,
        pass_fds=(theirs.fileno(),),
        env=_environment(),
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _environment() -> dict[str, str]:
    passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    path = os.pathsep.join(str(pathlib.Path(entry).resolve()) for entry in sys.path)
    return {**passed_on, **_ENVIRONMENT, "PYTHONPATH": path}
