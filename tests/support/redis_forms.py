"""Real redis-servers in the forms that an operator runs them in: with a password, TLS, Sentinel, as a cluster."""

from __future__ import annotations

import contextlib
import dataclasses
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tests.support import loopback_certificates, redis_server

PASSWORD = "hunter2"
SERVICE = "credpass"
_START_TIMEOUT_S = 20.0
_STOP_TIMEOUT_S = 5.0
_SLOTS = 16384
_NODES = 3


@contextlib.contextmanager
def with_password(folder: Path) -> Iterator[str]:
    """URL of a server with a password."""
    with _server(folder, PLAIN, "--requirepass", PASSWORD) as (port, _):
        yield f"redis://:{PASSWORD}@127.0.0.1:{port}/0"


@contextlib.contextmanager
def with_tls(folder: Path) -> Iterator[str]:
    """URL of a server that speaks TLS only, and asks for a password."""
    wire = _encrypted(folder)
    with _server(folder, wire, "--requirepass", PASSWORD) as (port, _):
        yield f"rediss://:{PASSWORD}@127.0.0.1:{port}/0?{wire.query}"


@contextlib.contextmanager
def with_sentinel(folder: Path) -> Iterator[str]:
    """URL of a master that a Sentinel names; both ask for passwords. The first Sentinel named is not there."""
    with _server(folder, PLAIN, "--requirepass", PASSWORD) as (master, _), _sentinel(folder, PLAIN, master) as url:
        yield url


@contextlib.contextmanager
def with_sentinel_over_tls(folder: Path) -> Iterator[str]:
    """The same where all speak TLS only."""
    wire = _encrypted(folder)
    with _server(folder, wire, "--requirepass", PASSWORD) as (master, _), _sentinel(folder, wire, master) as url:
        yield url


@dataclasses.dataclass(frozen=True)
class Watched:
    """A master with a replica, and the Sentinel that watches them. `lose`: kill the master."""

    url: str
    lose: Callable[[], None]


@contextlib.contextmanager
def with_replica(folder: Path) -> Iterator[Watched]:
    """A master, a replica that is up to date when this yields, and a Sentinel that promotes it after two seconds."""
    (folder / "replica").mkdir()
    password = ("--requirepass", PASSWORD, "--masterauth", PASSWORD)
    with contextlib.ExitStack() as stack:
        port, master = stack.enter_context(_server(folder, PLAIN, *password))
        follow = ("--replicaof", f"127.0.0.1 {port}", "--repl-diskless-sync-delay", "0")
        stack.enter_context(_server(folder / "replica", PLAIN, *password, *follow))
        _await(lambda: b"state=online" in _say(port, PLAIN, f"AUTH {PASSWORD}\r\nINFO replication"))
        url = stack.enter_context(_sentinel(folder, PLAIN, port, f"down-after-milliseconds {SERVICE} 2000"))
        yield Watched(url, master.kill)


@contextlib.contextmanager
def as_cluster(folder: Path) -> Iterator[str]:
    """URL of a cluster of three masters that ask for a password. The first one named is not there."""
    with _cluster(folder, PLAIN) as url:
        yield url


@contextlib.contextmanager
def as_cluster_over_tls(folder: Path) -> Iterator[str]:
    """The same where clients and nodes speak TLS only."""
    with _cluster(folder, _encrypted(folder)) as url:
        yield url


@dataclasses.dataclass(frozen=True)
class Wire:
    """How servers are spoken to. `files`: their options for TLS; `query`: what a URL says of it."""

    scheme: str = "redis"
    files: Mapping[str, str] = dataclasses.field(default_factory=dict)
    context: ssl.SSLContext | None = None
    query: str = ""

    def listen(self, port: int) -> list[str]:
        """A server's options for a port."""
        if self.context is None:
            return ["--port", str(port)]
        files = [text for name, value in self.files.items() for text in (f"--{name}", value)]
        return ["--port", "0", "--tls-port", str(port), *files]


PLAIN = Wire()


def _encrypted(folder: Path) -> Wire:
    made = loopback_certificates.write(folder)
    files = {
        "tls-cert-file": str(made.certificate),
        "tls-key-file": str(made.key),
        "tls-ca-cert-file": str(made.authority),
        "tls-auth-clients": "no",
        "tls-replication": "yes",
    }
    context = ssl.create_default_context(cafile=made.authority)
    return Wire("rediss", files, context, f"ssl_ca_certs={made.authority}")


@contextlib.contextmanager
def _sentinel(folder: Path, wire: Wire, master: int, *more: str) -> Iterator[str]:
    port, configuration = redis_server.free_port(), folder / "sentinel.conf"
    lines = [
        "bind 127.0.0.1",
        "requirepass watcher",
        f"sentinel monitor {SERVICE} 127.0.0.1 {master} 1",
        f"sentinel auth-pass {SERVICE} {PASSWORD}",
        *(f"sentinel {line}" for line in more),
    ]
    configuration.write_text("\n".join(lines) + "\n")
    with _process([redis_server._binary(), str(configuration), "--sentinel", *wire.listen(port)]):
        _await(lambda: _say(port, wire, "PING").startswith(b"-NOAUTH"))
        if more:  # it hears of replicas from the master it watches, every ten seconds
            known = f"AUTH watcher\r\nSENTINEL MASTER {SERVICE}"
            _await(lambda: b"num-slaves\r\n$1\r\n1" in _say(port, wire, known))
        hosts = f"127.0.0.1:{redis_server.free_port()},127.0.0.1:{port}"
        query = "&".join(text for text in ("sentinel_password=watcher", wire.query) if text)
        yield f"{wire.scheme}+sentinel://:{PASSWORD}@{hosts}/{SERVICE}/0?{query}"


@contextlib.contextmanager
def _cluster(folder: Path, wire: Wire) -> Iterator[str]:
    with contextlib.ExitStack() as stack:
        ports, buses = [], [redis_server.free_port() for _ in range(_NODES)]
        encrypted = ["--tls-cluster", "yes"] if wire.context else []
        for bus in buses:
            place = folder / str(bus)
            place.mkdir()
            options = ["--cluster-enabled", "yes", "--cluster-port", str(bus), "--requirepass", PASSWORD, *encrypted]
            ports.append(stack.enter_context(_server(place, wire, *options, "--cluster-node-timeout", "2000"))[0])
        for number, port in enumerate(ports):
            first, last = number * _SLOTS // _NODES, (number + 1) * _SLOTS // _NODES - 1
            _say(port, wire, f"AUTH {PASSWORD}\r\nCLUSTER ADDSLOTSRANGE {first} {last}")
            _say(port, wire, f"AUTH {PASSWORD}\r\nCLUSTER MEET 127.0.0.1 {ports[0]} {buses[0]}")
        _await(lambda: all(_is_whole(port, wire) for port in ports))
        named = ",".join(f"127.0.0.1:{port}" for port in (redis_server.free_port(), *ports[:2]))
        yield f"{wire.scheme}+cluster://:{PASSWORD}@{named}?{wire.query}"


def _is_whole(port: int, wire: Wire) -> bool:
    answer = _say(port, wire, f"AUTH {PASSWORD}\r\nCLUSTER INFO")
    return b"cluster_state:ok" in answer and f"cluster_known_nodes:{_NODES}".encode() in answer


@contextlib.contextmanager
def _server(folder: Path, wire: Wire, *options: str) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """A server's port and process."""
    port = redis_server.free_port()
    with _process([*_command(folder), *wire.listen(port), *options]) as process:
        _await(lambda: _say(port, wire, "PING").startswith((b"+PONG", b"-NOAUTH")))
        yield port, process


def _command(folder: Path) -> list[str]:
    kept = ["--save", "", "--appendonly", "no", "--dir", str(folder)]
    return [redis_server._binary(), "--bind", "127.0.0.1", *kept]


@contextlib.contextmanager
def _process(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait(_STOP_TIMEOUT_S)


def _say(port: int, wire: Wire, commands: str) -> bytes:
    """What a server answers to inline commands."""
    with contextlib.ExitStack() as stack:
        peer = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=1))
        if wire.context is not None:
            peer = stack.enter_context(wire.context.wrap_socket(peer, server_hostname="127.0.0.1"))
        peer.sendall(f"{commands}\r\n".encode())
        answer = b""
        while answer.count(b"\r\n") <= commands.count("\r\n"):
            answer += peer.recv(65536)
        return answer


def _await(answers: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            if answers():
                return
        time.sleep(0.02)
    raise RuntimeError("redis-server did not start")
