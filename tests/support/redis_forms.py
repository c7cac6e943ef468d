"""Real redis-servers in the forms that an operator runs them in: with a password, TLS, Sentinel, as a cluster."""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
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
    with _server(folder, "--requirepass", PASSWORD) as port:
        yield f"redis://:{PASSWORD}@127.0.0.1:{port}/0"


@contextlib.contextmanager
def with_tls(folder: Path) -> Iterator[str]:
    """URL of a server that speaks TLS only, and asks for a password."""
    made, port = loopback_certificates.write(folder), redis_server.free_port()
    files = ["--tls-cert-file", str(made.certificate), "--tls-key-file", str(made.key)]
    files += ["--tls-ca-cert-file", str(made.authority), "--tls-auth-clients", "no"]
    command = [*_command(folder), "--port", "0", "--tls-port", str(port), "--requirepass", PASSWORD, *files]
    context = ssl.create_default_context(cafile=made.authority)
    with _process(command):
        _await(lambda: _say(port, "PING", context).startswith((b"+PONG", b"-NOAUTH")))
        yield f"rediss://:{PASSWORD}@127.0.0.1:{port}/0?ssl_ca_certs={made.authority}"


@contextlib.contextmanager
def with_sentinel(folder: Path) -> Iterator[str]:
    """URL of a master that a Sentinel names; both ask for passwords. The first Sentinel named is not there."""
    with _server(folder, "--requirepass", PASSWORD) as master:
        port, configuration = redis_server.free_port(), folder / "sentinel.conf"
        lines = [
            f"port {port}",
            "bind 127.0.0.1",
            "requirepass watcher",
            f"sentinel monitor {SERVICE} 127.0.0.1 {master} 1",
            f"sentinel auth-pass {SERVICE} {PASSWORD}",
        ]
        configuration.write_text("\n".join(lines) + "\n")
        with _process([redis_server._binary(), str(configuration), "--sentinel"]):
            _await(lambda: _say(port, "PING").startswith(b"-NOAUTH"))
            hosts = f"127.0.0.1:{redis_server.free_port()},127.0.0.1:{port}"
            yield f"redis+sentinel://:{PASSWORD}@{hosts}/{SERVICE}/0?sentinel_password=watcher"


@contextlib.contextmanager
def as_cluster(folder: Path) -> Iterator[str]:
    """URL of a cluster of three masters that ask for a password. The first one named is not there."""
    with contextlib.ExitStack() as stack:
        ports, buses = [], [redis_server.free_port() for _ in range(_NODES)]
        for bus in buses:
            place = folder / str(bus)
            place.mkdir()
            options = ["--cluster-enabled", "yes", "--cluster-port", str(bus), "--requirepass", PASSWORD]
            ports.append(stack.enter_context(_server(place, *options, "--cluster-node-timeout", "2000")))
        for number, port in enumerate(ports):
            first, last = number * _SLOTS // _NODES, (number + 1) * _SLOTS // _NODES - 1
            _say(port, f"AUTH {PASSWORD}\r\nCLUSTER ADDSLOTSRANGE {first} {last}")
            _say(port, f"AUTH {PASSWORD}\r\nCLUSTER MEET 127.0.0.1 {ports[0]} {buses[0]}")
        _await(lambda: all(_is_whole(port) for port in ports))
        named = ",".join(f"127.0.0.1:{port}" for port in (redis_server.free_port(), *ports[:2]))
        yield f"redis+cluster://:{PASSWORD}@{named}"


def _is_whole(port: int) -> bool:
    answer = _say(port, f"AUTH {PASSWORD}\r\nCLUSTER INFO")
    return b"cluster_state:ok" in answer and f"cluster_known_nodes:{_NODES}".encode() in answer


@contextlib.contextmanager
def _server(folder: Path, *options: str) -> Iterator[int]:
    port = redis_server.free_port()
    with _process([*_command(folder), "--port", str(port), *options]):
        _await(lambda: _say(port, "PING").startswith((b"+PONG", b"-NOAUTH")))
        yield port


def _command(folder: Path) -> list[str]:
    kept = ["--save", "", "--appendonly", "no", "--dir", str(folder)]
    return [redis_server._binary(), "--bind", "127.0.0.1", *kept]


@contextlib.contextmanager
def _process(command: list[str]) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.kill()
        process.wait(_STOP_TIMEOUT_S)


def _say(port: int, commands: str, context: ssl.SSLContext | None = None) -> bytes:
    """What a server answers to inline commands."""
    with contextlib.ExitStack() as stack:
        peer = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=1))
        if context is not None:
            peer = stack.enter_context(context.wrap_socket(peer, server_hostname="127.0.0.1"))
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
