"""A real Apache Kafka for tests: the one at CREDPASS_TEST_KAFKA_URL, or one broker that all test processes share.

The broker belongs to whoever uses it: a keeper process stops it when the last user's lock is gone, however that user
ended. Run as a program (`python -m tests.support.kafka_server`), it only fetches what the broker needs.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from tests.support import kafka_tls
from tests.support.redis_server import free_port

VARIABLE = "CREDPASS_TEST_KAFKA_URL"
USER = "credpass"
ROOT = Path(__file__).parents[2]
POM = Path(__file__).with_name("kafka") / "pom.xml"

_FETCH_TIMEOUT_S = 300.0
_START_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 10.0
_JVM = ("-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true")
_PROPERTIES = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAIN://127.0.0.1:{plain},SECURE://127.0.0.1:{secure},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAIN://127.0.0.1:{plain},SECURE://127.0.0.1:{secure}
listener.security.protocol.map=PLAIN:SASL_PLAINTEXT,SECURE:SASL_SSL,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAIN
sasl.enabled.mechanisms=SCRAM-SHA-512,PLAIN
sasl.mechanism.inter.broker.protocol=PLAIN
listener.name.plain.plain.sasl.jaas.config={login} username="{user}" password="{password}" user_{user}="{password}";
listener.name.plain.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.secure.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.secure.sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.secure.ssl.keystore.type=PEM
listener.name.secure.ssl.keystore.location={keystore}
log.dirs={logs}
num.partitions=1
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
"""
# Any 16 bytes in base64.
_CLUSTER = "Y3JlZHBhc3MtdGVzdC0wMQ"
_LOGIN = "org.apache.kafka.common.security.plain.PlainLoginModule required"


@dataclasses.dataclass(frozen=True)
class Broker:
    """A broker that answers. `url`: SCRAM without TLS; `secure_url`: SCRAM over TLS, empty for one that was given."""

    url: str
    secure_url: str = ""


class KafkaServer:
    """A broker process that a test may kill and start again with the same ports and data."""

    def __init__(self, folder: Path) -> None:
        self._libraries = libraries()
        self._folder, self._password = folder, secrets.token_hex(12)
        self._ports = {name: free_port() for name in ("plain", "secure", "controller")}
        self._process: subprocess.Popen[bytes] | None = None
        ca = self._configure()
        query = {"mechanism": "SCRAM-SHA-512"}
        self.broker = Broker(
            self._url("plain", security="sasl_plaintext", **query),
            self._url("secure", security="sasl_ssl", ca=str(ca), **query),
        )

    @property
    def pid(self) -> int:
        """The broker's process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start and wait until it listens."""
        command = self._command("kafka.Kafka", str(self._folder / "server.properties"))
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + _START_TIMEOUT_S
        while time.monotonic() < deadline and self._process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._ports["plain"]), timeout=1):
                return
            time.sleep(0.05)
        self.kill()
        raise RuntimeError(f"Kafka did not start: {(self._folder / 'server.log').read_text()[-2000:]}")

    def kill(self) -> None:
        """Kill it. What was acknowledged lies in its files."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(_STOP_TIMEOUT_S)
            self._process = None

    def _configure(self) -> Path:
        self._folder.mkdir(parents=True, exist_ok=True)
        ca, keystore = kafka_tls.write(self._folder)
        text = _PROPERTIES.format(
            **self._ports,
            login=_LOGIN,
            user=USER,
            password=self._password,
            keystore=keystore,
            logs=self._folder / "logs",
        )
        properties = self._folder / "server.properties"
        properties.touch(mode=0o600)
        properties.write_text(text)
        user = f"SCRAM-SHA-512=[name={USER},password={self._password}]"
        options = ("format", "--cluster-id", _CLUSTER, "--config", str(properties), "--add-scram", user)
        command = self._command("kafka.tools.StorageTool", *options)
        subprocess.run(command, check=True, capture_output=True, timeout=_START_TIMEOUT_S)
        return ca

    def _command(self, main: str, *arguments: str) -> list[str]:
        return [_binary("java"), *_JVM, "-cp", f"{self._libraries}/*", main, *arguments]

    def _url(self, port: str, **query: str) -> str:
        text = urllib.parse.urlencode(query)
        return f"kafka://{USER}:{self._password}@127.0.0.1:{self._ports[port]}/?{text}"


@contextlib.contextmanager
def running() -> Iterator[Broker]:
    """A broker, shared by every test process of this user; skips where there can be none (fails with CI=true)."""
    given = os.environ.get(VARIABLE, "")
    if given:
        yield Broker(given)
        return
    skip_unless_it_can_run()
    folder = _shared_folder()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / "users").open("a") as users:
        with _lock(folder / "start"):
            fcntl.flock(users, fcntl.LOCK_SH)
            broker = _running_broker(folder) or _start_keeper(folder)
        yield broker


@contextlib.contextmanager
def own_server(folder: Path) -> Iterator[KafkaServer]:
    """A broker that this test owns and may kill."""
    server = KafkaServer(folder)
    server.start()
    try:
        yield server
    finally:
        server.kill()


def skip_unless_it_can_run() -> None:
    """Skip where no broker can be started, saying why."""
    missing = [name for name in ("java", "mvn") if shutil.which(name) is None and not _is_fetched(name)]
    if missing:
        _give_up(f"needs {' and '.join(missing)} (Debian packages default-jre-headless and maven) or {VARIABLE}")


def with_prefix(url: str) -> str:
    """The same broker with topics and groups that nobody else uses."""
    return f"{url}{'&' if '?' in url else '/?'}prefix={secrets.token_hex(6)}."


def libraries() -> Path:
    """The folder with the broker's jars, fetched when it is not there yet."""
    place = cache()
    with _lock(place.with_suffix(".lock")):
        if not place.is_dir():
            unfinished = place.with_suffix(f".{os.getpid()}")
            _fetch(unfinished)
            unfinished.rename(place)
    return place


def cache() -> Path:
    """Where the jars of the version in the pom lie."""
    found = re.search(r"<kafka\.version>([\w.]+)</kafka\.version>", POM.read_text())
    assert found is not None
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "credpass" / f"kafka-{found[1]}"


def keep(folder: Path) -> None:
    """Be the keeper: run a broker until nobody uses it any more."""
    place = Path(tempfile.mkdtemp(prefix="credpass-kafka-"))
    state = folder / "state.json"
    with _lock(folder / "keeper"), own_server(place) as server, (folder / "users").open("a") as users:
        unfinished = folder / "state.new"
        unfinished.touch(mode=0o600)
        unfinished.write_text(json.dumps(dataclasses.asdict(server.broker)))
        unfinished.rename(state)
        fcntl.flock(users, fcntl.LOCK_EX)
        state.unlink()
        # Whoever comes now waits for the lock and starts a new one.
        server.kill()
        shutil.rmtree(place, ignore_errors=True)


def _fetch(folder: Path) -> None:
    command = [_binary("mvn"), "-B", "-q", "-f", str(POM), "dependency:copy-dependencies"]
    options = ["-DincludeScope=runtime", f"-DoutputDirectory={folder}"]
    subprocess.run([*command, *options], check=True, stdout=subprocess.DEVNULL, timeout=_FETCH_TIMEOUT_S)


def _is_fetched(name: str) -> bool:
    return name == "mvn" and cache().is_dir()


def _running_broker(folder: Path) -> Broker | None:
    state = folder / "state.json"
    if not state.exists():
        return None
    with (folder / "keeper").open("a") as keeper, contextlib.suppress(BlockingIOError):
        fcntl.flock(keeper, fcntl.LOCK_EX | fcntl.LOCK_NB)
        state.unlink()  # whoever kept that broker was killed
        return None
    return Broker(**json.loads(state.read_text()))


def _start_keeper(folder: Path) -> Broker:
    libraries()
    command = [sys.executable, "-m", "tests.support.kafka_server", str(folder)]
    environ = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'generated'}"}
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "start_new_session": True}
    with (folder / "keeper.log").open("wb") as log:
        keeper = subprocess.Popen(command, cwd=ROOT, env=environ, stderr=log, **quiet)  # type: ignore[call-overload]
    deadline = time.monotonic() + 2 * _START_TIMEOUT_S
    while time.monotonic() < deadline and keeper.poll() is None:
        if (broker := _running_broker(folder)) is not None:
            keeper.returncode = 0  # it outlives this process on purpose
            return broker
        time.sleep(0.05)
    raise RuntimeError(f"Kafka's keeper ended: {(folder / 'keeper.log').read_text()[-2000:]}")


def _shared_folder() -> Path:
    return Path(tempfile.gettempdir()) / f"credpass-{cache().name}-{os.getuid()}"


@contextlib.contextmanager
def _lock(path: Path) -> Iterator[IO[str]]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file


def _binary(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise FileNotFoundError(name)
    return found


def _give_up(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        keep(Path(sys.argv[1]))
    else:
        sys.stdout.write(f"{libraries()}\n")
