"""A real redis-server for tests: the one at CREDPASS_TEST_REDIS_URL, or one started on a free loopback port."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

VARIABLE = "CREDPASS_TEST_REDIS_URL"
_START_TIMEOUT_S = 10.0
_STOP_TIMEOUT_S = 5.0


class RedisServer:
    """A redis-server process that a test may stop and start again on the same port."""

    def __init__(self, binary: str, folder: Path) -> None:
        self._command = [binary, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder)]
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"redis://127.0.0.1:{self._port}/0"

    @property
    def pid(self) -> int:
        """The server's process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start and wait until it answers."""
        command = [*self._command, "--port", str(self._port)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + _START_TIMEOUT_S
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._port), timeout=1) as peer:
                peer.sendall(b"PING\r\n")
                if peer.recv(16).startswith(b"+PONG"):
                    return
            time.sleep(0.02)
        raise RuntimeError("redis-server did not start")

    def stop(self) -> None:
        """Kill it: nothing it held survives."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(_STOP_TIMEOUT_S)
            self._process = None


@contextlib.contextmanager
def own_server(folder: Path) -> Iterator[RedisServer]:
    """A server that this test owns and may stop; skips where there is no binary (fails with CI=true)."""
    server = RedisServer(_binary(), folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextlib.contextmanager
def running(folder: Path) -> Iterator[str]:
    """The URL of a real server; skips where there is none (fails with CI=true)."""
    given = os.environ.get(VARIABLE, "")
    if given:
        yield given
        return
    with own_server(folder) as server:
        yield server.url


def free_port() -> int:
    """A loopback port that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _binary() -> str:
    found = shutil.which("redis-server")
    if found is None:
        reason = f"needs redis-server (Debian package redis-server) or {VARIABLE}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found
