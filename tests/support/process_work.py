"""Work for `mesh.processes` tests: it runs in worker processes, named by path."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import Any


def echo(arguments: dict[str, Any], source: Iterator[bytes]) -> Iterator[bytes]:
    yield str(arguments["greeting"]).encode()
    yield from source


def sizes(arguments: dict[str, Any], source: Iterator[bytes]) -> Iterator[bytes]:
    yield ",".join(str(len(chunk)) for chunk in source).encode()


def first_chunk_only(arguments: dict[str, Any], source: Iterator[bytes]) -> Iterator[bytes]:
    yield next(source)


def count(arguments: dict[str, Any], source: Iterator[bytes]) -> Iterator[bytes]:
    yield str(sum(len(chunk) for chunk in source)).encode()


def who(arguments: dict[str, Any], source: Iterator[bytes]) -> Iterator[bytes]:
    yield str(os.getpid()).encode()


def environment(arguments: dict[str, Any], source: Iterator[bytes]) -> Iterator[bytes]:
    yield ",".join(sorted(os.environ)).encode()


def spin(arguments: dict[str, Any], source: Iterator[bytes]) -> Iterator[bytes]:
    yield b"spinning"
    while True:
        pass


def wait_for_ever(arguments: dict[str, Any], source: Iterator[bytes]) -> Iterator[bytes]:
    yield b"waiting"
    signal.pause()


def hoard(arguments: dict[str, Any], source: Iterator[bytes]) -> Iterator[bytes]:
    yield b"hoarding"
    yield str(len(bytearray(arguments["size_bytes"]))).encode()


def crash(arguments: dict[str, Any], source: Iterator[bytes]) -> Iterator[bytes]:
    yield b"crashing"
    os.kill(os.getpid(), signal.SIGSEGV)


def fail(arguments: dict[str, Any], source: Iterator[bytes]) -> Iterator[bytes]:
    yield b"failing"
    raise LookupError("a secret of the input")


def write_file(arguments: dict[str, Any], source: Iterator[bytes]) -> Iterator[bytes]:
    with open(arguments["path"], "wb") as file:  # noqa: PTH123
        file.write(b"plain text")
    yield b"written"


def flood(arguments: dict[str, Any], source: Iterator[bytes]) -> Iterator[bytes]:
    for _ in range(arguments["chunks"]):
        yield b"x" * 65536
