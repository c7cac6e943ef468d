"""What compose.yaml tells Kafka and Redis makes real ones that our URLs get into, and nobody else.

The broker is configured by the class that does it in the image apache/kafka, from the very environment of the file;
ports and folders alone are others. MongoDB, the S3 server, the KMS and Mailpit are not to be had here.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mesh import cache, clock, errors, events
from mesh.events import port as events_port
from mesh.events import topics
from tests.support import compose_file, kafka_server, redis_server

START_TIMEOUT_S = 90.0
STOP_TIMEOUT_S = 10.0
COMPOSE = compose_file.filled()
# The image's own two files hold its log formats; the class only adds to them.
LOGGING = "Configuration: {Properties: {}, Appenders: {Console: {name: STDOUT}}, Loggers: {Root: {}, Logger: []}}\n"


@contextlib.contextmanager
def running(command: list[str], environ: dict[str, str], port: int, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A server of this test's own, once it listens."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environ, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        deadline_s = time.monotonic() + START_TIMEOUT_S
        while not listening(port):
            assert process.poll() is None, log.read_text()[-2000:]
            assert time.monotonic() < deadline_s, log.read_text()[-2000:]
            time.sleep(0.05)
        yield process
    finally:
        process.kill()
        process.wait(STOP_TIMEOUT_S)


def listening(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def here(environ: dict[str, str], ports: dict[str, int]) -> dict[str, str]:
    """The broker's environment with ports of this machine's loopback, and nothing else of it changed."""
    moved = {}
    for name, value in environ.items():
        text = value.replace("//kafka:", "//127.0.0.1:").replace("://:", "://127.0.0.1:")
        for port, free in ports.items():
            text = text.replace(f"127.0.0.1:{port}", f"127.0.0.1:{free}")
        moved[name] = text
    return moved


def configured(folder: Path, environ: dict[str, str], java: list[str]) -> Path:
    """The broker's properties as the image makes them, and its storage formatted."""
    for name in ("default", "mounted", "final"):
        (folder / name).mkdir()
    (folder / "default" / "server.properties").touch()
    for name in ("log4j2.yaml", "tools-log4j2.yaml"):
        (folder / "default" / name).write_text(LOGGING)
    places = [f"--{name}-configs-dir={folder / name}" for name in ("default", "mounted", "final")]
    command = [*java, "kafka.docker.KafkaDockerWrapper", "setup", *places]
    subprocess.run(command, env=environ, check=True, capture_output=True, timeout=START_TIMEOUT_S)
    return folder / "final" / "server.properties"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[str]:
    """A broker as compose.yaml tells it; its address."""
    kafka_server.skip_unless_it_can_run()
    ports = {port: redis_server.free_port() for port in ("9092", "9093", "9094")}
    told = {**here(COMPOSE.environ("kafka"), ports), "KAFKA_LOG_DIRS": str(tmp_path / "data")}
    environ = {name: value for name, value in os.environ.items() if not name.startswith("KAFKA_")} | told
    java = ["java", *told["KAFKA_HEAP_OPTS"].split(), "-cp", f"{kafka_server.libraries()}/*"]
    properties = configured(tmp_path, environ, java)
    with running([*java, "kafka.Kafka", str(properties)], environ, ports["9092"], tmp_path / "kafka.log"):
        yield f"127.0.0.1:{ports['9092']}"


@pytest.mark.kafka
@pytest.mark.slow
async def test_the_broker_lets_our_url_in_and_a_wrong_password_not(broker: str, tmp_path: Path) -> None:
    url = COMPOSE.environ("topics")["CREDPASS_EVENTS_URL"].replace("@kafka:9092", f"@{broker}")
    assert broker in url
    log = await opened(url, tmp_path)
    try:
        await log.create_topics(topics.TOPICS[:2])
        await log.ping()
    finally:
        await log.close()
    with pytest.raises(errors.Unavailable):
        await events.open_events(
            url.replace(COMPOSE.values["KAFKA_PASSWORD"], "guessed"), tmp_path, clock.SystemClock()
        )


async def opened(url: str, data: Path) -> events_port.EventLog:
    """As the one-shot `topics` does: a broker listens a moment before it takes requests."""
    for _ in range(5):
        with contextlib.suppress(errors.Unavailable):
            return await events.open_events(url, data, clock.SystemClock())
        await asyncio.sleep(1)
    return await events.open_events(url, data, clock.SystemClock())


@pytest.fixture
def redis_port(tmp_path: Path) -> Iterator[int]:
    """Redis as compose.yaml starts it."""
    with redis_server.own_server(tmp_path):  # skips where there is no Redis
        pass
    port = redis_server.free_port()
    shell, flag, script = compose_file.shell("redis")
    moved = script.replace("/tmp/redis.conf", f"{tmp_path}/redis.conf") + f" --port {port} --bind 127.0.0.1"
    environ = {**os.environ, **COMPOSE.environ("redis")}
    with running([shell, flag, moved], environ, port, tmp_path / "redis.log") as process:
        arguments = Path(f"/proc/{process.pid}/cmdline").read_bytes()
        assert b"redis-server" in arguments
        assert COMPOSE.values["REDIS_PASSWORD"].encode() not in arguments
        yield port


@pytest.mark.redis
async def test_redis_lets_our_url_in_and_a_wrong_password_not(redis_port: int, tmp_path: Path) -> None:
    url = COMPOSE.environ("auth")["CREDPASS_CACHE_URL"].replace("@redis:6379", f"@127.0.0.1:{redis_port}")
    assert str(redis_port) in url
    for password, welcome in ((COMPOSE.values["REDIS_PASSWORD"], True), ("guessed", False)):
        store = cache.open_cache(url.replace(COMPOSE.values["REDIS_PASSWORD"], password), tmp_path)
        try:
            with contextlib.nullcontext() if welcome else pytest.raises(errors.Unavailable, match="credentials"):
                await store.ping()
        finally:
            await store.close()


@pytest.mark.redis
def test_the_health_check_of_redis_tells_a_full_start_from_none(redis_port: int) -> None:
    kind, check = COMPOSE.services["redis"]["healthcheck"]["test"]
    environ = {**os.environ, **COMPOSE.environ("redis")}
    statuses = [
        subprocess.run(
            ["sh", "-c", check.replace("redis-cli", f"redis-cli -p {port}")],
            env=environ,
            capture_output=True,
            timeout=60,
            check=False,
        ).returncode
        for port in (redis_port, redis_server.free_port())
    ]
    assert (kind, statuses) == ("CMD-SHELL", [0, 1])
