"""A real MongoDB-protocol server for tests: the one at CREDPASS_TEST_MONGODB_URL, or FerretDB 1.24 on a loopback port.

FerretDB is built once, with the machine's Go, into a folder outside the tree. Tests reach it through a gate
(`ferretdb_gate`), since its conditional updates are not atomic. Run as a process (`python -m tests.support.ferretdb
<folder>`) it keeps one server for all workers of a test session, until none of them holds the folder's lock.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse
import uuid
from collections.abc import Iterator
from pathlib import Path

import pymongo
import pytest
from pymongo import errors

from tests.support.redis_server import free_port

VARIABLE = "CREDPASS_TEST_MONGODB_URL"
MODULE, VERSION = "github.com/FerretDB/FerretDB", "v1.24.2"
ROOT = Path(__file__).parents[2]
CACHE = Path.home() / ".cache" / "credpass" / f"ferretdb-{VERSION.removeprefix('v')}"
_BUILD_TIMEOUT_S = 900.0
_START_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 5.0
_LOOK_INTERVAL_S = 0.5
_CALL_TIMEOUT_MS = 30_000


class FerretServer:
    """A FerretDB process that a test may kill and start again on the same port, and the gate before it, which stays."""

    def __init__(self, binary: Path, folder: Path, *options: str) -> None:
        self._binary, self._folder, self._options = binary, folder, options
        self._port, self._gate_port = free_port(), free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._gate: subprocess.Popen[bytes] | None = None
        self.url = f"mongodb://127.0.0.1:{self._gate_port}/"

    @property
    def pid(self) -> int:
        """The server's process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start and wait until it answers through the gate."""
        state = self._folder / "state"
        state.mkdir(parents=True, exist_ok=True)
        # The trailing slash says that it is a folder.
        where = [f"--sqlite-url=file:{state}/", f"--state-dir={state}", f"--listen-addr=127.0.0.1:{self._port}"]
        quiet = ["--debug-addr=-", "--telemetry=disable", "--log-level=ERROR"]
        command = [str(self._binary), "--handler=sqlite", *where, *quiet, *self._options]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if self._gate is None:
            gate = [sys.executable, "-m", "tests.support.ferretdb_gate", str(self._gate_port), str(self._port)]
            self._gate = subprocess.Popen(gate, cwd=ROOT, stdin=subprocess.PIPE)
        _wait_for(self.url)

    def stop(self) -> None:
        """Kill the server as a crash would; what it acknowledged stays in its folder."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(_STOP_TIMEOUT_S)
            self._process = None

    def close(self) -> None:
        """Kill server and gate."""
        self.stop()
        if self._gate is not None and self._gate.stdin is not None:
            self._gate.stdin.close()
            self._gate.kill()
            self._gate.wait(_STOP_TIMEOUT_S)
            self._gate = None


@contextlib.contextmanager
def own_server(folder: Path, *options: str) -> Iterator[FerretServer]:
    """A server that this test owns and may stop; skips where there is none (fails with CI=true)."""
    server = FerretServer(binary(), folder, *options)
    try:
        server.start()
        yield server
    finally:
        server.close()


@contextlib.contextmanager
def running() -> Iterator[str]:
    """The URL, without a database, of a server that the workers of a session share; skips or fails as `binary` does."""
    given = os.environ.get(VARIABLE, "")
    if given:
        yield given
        return
    built = binary()
    folder = _session_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "users").open("w") as users:
        fcntl.flock(users, fcntl.LOCK_SH)  # the keeper leaves when nobody has it
        yield _shared_url(folder, built)


@contextlib.contextmanager
def fresh_database(server: str) -> Iterator[str]:
    """The URL of a database that is this test's alone, dropped afterwards."""
    name = f"credpass_{uuid.uuid4().hex}"
    parts = urllib.parse.urlsplit(server)
    options = [parts.query] if parts.query else []
    if parts.username and "authsource" not in parts.query.lower():
        # Without a word users are those of the database that the URL names.
        options.append(f"authSource={parts.path.strip('/') or 'admin'}")
    if "timeoutms" not in parts.query.lower():
        # A busy machine, and every write of every worker goes through one gate.
        options.append(f"timeoutMS={_CALL_TIMEOUT_MS}")
    query = "&".join(options)
    yield urllib.parse.urlunsplit(parts._replace(path=f"/{name}", query=query))
    with pymongo.MongoClient[dict[str, object]](server, serverSelectionTimeoutMS=5000) as client:
        client.drop_database(name)


def binary() -> Path:
    """The server's program, built unless it was before; skips where that is not possible (fails with CI=true)."""
    found = CACHE / "ferretdb"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not found.exists():
            _build(found)
    return found


def _build(target: Path) -> None:
    """Build from a copy of the module: a binary needs a version file that only its release process writes."""
    if shutil.which("go") is None:
        _missing("needs Go 1.24 or later to build FerretDB")
    try:
        told = _run(["go", "mod", "download", "-json", f"{MODULE}@{VERSION}"], CACHE)
        with tempfile.TemporaryDirectory(dir=CACHE) as work:
            source = Path(
                shutil.copytree(json.loads(told)["Dir"], Path(work) / "source", copy_function=shutil.copyfile)
            )
            for folder in (source, *(path for path in source.rglob("*") if path.is_dir())):
                folder.chmod(0o755)
            (source / "build/version/version.txt").write_text(VERSION)
            _run(["go", "build", "-buildvcs=false", "-trimpath", "-o", "../ferretdb", "./cmd/ferretdb"], source)
            (Path(work) / "ferretdb").replace(target)
    except (OSError, subprocess.SubprocessError, ValueError, KeyError) as error:
        _missing(f"FerretDB could not be built: {error}")


def _run(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True, timeout=_BUILD_TIMEOUT_S)
    return done.stdout


def _missing(reason: str) -> None:
    reason = f"{reason} (or name a server in {VARIABLE})"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def _session_folder() -> Path:
    session = os.environ.get("PYTEST_XDIST_TESTRUNUID") or str(os.getpid())
    return Path(tempfile.gettempdir()) / f"credpass-ferretdb-{os.getuid()}-{session}"


def _shared_url(folder: Path, built: Path) -> str:
    told = folder / "url"
    with (folder / "start").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not told.exists():
            keeper = [sys.executable, "-m", "tests.support.ferretdb", str(folder), str(built)]
            with (folder / "log").open("wb") as log:
                subprocess.run(keeper, cwd=ROOT, stdout=log, stderr=log, start_new_session=True, check=True)
            _wait_until_told(told)
    return told.read_text()


def _wait_until_told(told: Path) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while not told.exists():
        if time.monotonic() > deadline:
            raise RuntimeError(f"FerretDB did not start: {(told.parent / 'log').read_text()}")
        time.sleep(0.05)


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    with pymongo.MongoClient[dict[str, object]](url, serverSelectionTimeoutMS=500, connectTimeoutMS=500) as client:
        while time.monotonic() < deadline:
            with contextlib.suppress(errors.PyMongoError):
                client.admin.command("ping")
                return
            time.sleep(0.05)
    raise RuntimeError("FerretDB did not start")


def keep(folder: Path, built: Path) -> None:
    """Run a server while anybody holds the folder's lock, then remove both."""
    server = FerretServer(built, folder)
    try:
        server.start()
        unfinished = folder / "url.new"
        unfinished.write_text(server.url)
        unfinished.replace(folder / "url")
        with (folder / "users").open("w") as users:
            while _held(users.fileno()):  # a crashed holder holds nothing
                time.sleep(_LOOK_INTERVAL_S)
    finally:
        server.close()
        shutil.rmtree(folder, ignore_errors=True)


def _held(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


# The keeper is nobody's child: it may outlive the worker that started it.
if __name__ == "__main__" and os.fork() == 0:
    keep(Path(sys.argv[1]), Path(sys.argv[2]))
