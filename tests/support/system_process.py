"""The whole system as a process of its own, started as a user starts it, so that it can be killed as a user cannot."""

from __future__ import annotations

import os
import pathlib
import re
import selectors
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 60.0

# A test suite is one client address and a few users that do in a minute what people do in a day.
ROOMY = {f"CREDPASS_RATE_{name}": "1000000/minute" for name in ("AUTHENTICATION", "READ", "WRITE", "UPLOAD", "VERIFY")}
# Hashes as cheap as the settings allow, and mails at once: these tests are about what is behind them.
QUICK = {
    "CREDPASS_AUTH_HASH_MEMORY_KIB": "19456",
    "CREDPASS_AUTH_HASH_PASSES": "2",
    "CREDPASS_AUTH_MAIL_INTERVAL": "50ms",
}


class SystemProcess:
    """`credpass up` on a free port. `log` holds its log lines, whatever happens to it."""

    def __init__(self, data: pathlib.Path, **environment: str) -> None:
        self.data, self.log = data, data.parent / f"{data.name}.log"
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""

    def start(self) -> str:
        """Start (again) on the same data; return the URL once it serves."""
        command = [sys.executable, "-m", "cli.main", "up", "--port", "0", "--data", str(self.data)]
        path = f"{ROOT}:{ROOT / 'generated'}"
        side = {"CREDPASS_OPS_LISTEN": "127.0.0.1:0", "CREDPASS_HEALTH_LISTEN": "127.0.0.1:0"}
        environment = {**os.environ, "PYTHONPATH": path, **side, **ROOMY, **QUICK, **self._environment}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=log, start_new_session=True
            )
        self.url = self._announced_url()
        return self.url

    def kill(self) -> None:
        """kill -9 of the process and of the workers it started."""
        process = self._running()
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(STOP_TIMEOUT_S)
        self._let_go()

    def stop(self) -> int:
        """Ask it to stop, as Ctrl-C does; return its exit status."""
        process = self._running()
        process.send_signal(signal.SIGINT)
        try:
            return process.wait(STOP_TIMEOUT_S)
        finally:
            self.close()

    def close(self) -> None:
        """Make sure that nothing is left."""
        if self._process is not None and self._process.poll() is None:
            self.kill()
        self._let_go()

    def _let_go(self) -> None:
        if self._process is not None and self._process.stdout is not None:
            self._process.stdout.close()

    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "the system was never started"
        return self._process

    def _announced_url(self) -> str:
        """The URL from the line that says where it serves."""
        process = self._running()
        assert process.stdout is not None
        said, deadline_s = b"", time.monotonic() + START_TIMEOUT_S
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while (left_s := deadline_s - time.monotonic()) > 0 and selector.select(left_s):
                piece = os.read(process.stdout.fileno(), 4096)
                said += piece
                if found := re.search(rb"Serving (http://\S+)", said):
                    return found.group(1).decode()
                if not piece:
                    break
        raise AssertionError(f"the system did not start:\n{said.decode()}\n{self.log.read_text()[-4000:]}")
