"""A container's health check says what the process's own ops port says."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from cli import probe
from mesh import settings
from mesh.rpc import ops
from tests.support.redis_server import free_port

ROOT = Path(__file__).parents[3]


@contextlib.asynccontextmanager
async def ops_port(found: Mapping[str, str]) -> AsyncIterator[str]:
    async def troubles() -> Mapping[str, str]:
        return found

    async with ops.serve_ops("127.0.0.1:0", troubles) as address:
        yield address


async def asked(service: str, address: str) -> tuple[int, str]:
    """Exit status and output of the command as a container runs it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "cli.probe",
        service,
        cwd=ROOT,
        env={"CREDPASS_OPS_LISTEN": address},
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode is not None
    return process.returncode, said.decode().strip()


async def test_a_ready_process_is_healthy() -> None:
    async with ops_port({}) as address:
        assert await asked("auth", address) == (0, "ready")


async def test_a_process_with_a_trouble_is_unhealthy_and_the_trouble_is_named() -> None:
    async with ops_port({"documents": "cannot be reached", "cache": "cannot be reached"}) as address:
        status, said = await asked("gateway", address)
    assert (status, said) == (1, "not ready: cache: cannot be reached; documents: cannot be reached")


async def test_a_process_that_is_not_there_is_unhealthy() -> None:
    port = free_port()
    status, said = await asked("audit", f"127.0.0.1:{port}")
    assert (status, said) == (1, f"nothing answers on port {port} (ConnectionRefusedError)")


async def test_something_that_speaks_no_http_is_unhealthy() -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"+OK\r\n")
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()
        status, said = await asked("audit", f"{host}:{port}")
    assert (status, said) == (1, f"nothing answers on port {port} (BadStatusLine)")


async def test_a_process_that_listens_everywhere_is_asked_from_beside_it() -> None:
    async with ops_port({}) as address:
        port = address.rpartition(":")[2]
        assert await asked("auth", f"0.0.0.0:{port}") == (0, "ready")


def test_addresses_are_read_as_the_process_reads_them() -> None:
    assert probe.address("127.0.0.1:7201") == ("127.0.0.1", 7201)
    assert probe.address("[::]:7201") == ("::1", 7201)
    assert probe.address("[::1]:7201") == ("::1", 7201)
    assert probe.address("10.0.0.7:80") == ("10.0.0.7", 80)


def test_each_process_is_asked_where_it_listens_by_default() -> None:
    assert {name: settings.Settings().ops_listen(name) for name in settings.PORTS}["audit"] == "127.0.0.1:7206"


def test_a_wrong_setting_is_unhealthy_and_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert probe.run(["auth"], {"CREDPASS_OPS_LISTEN": "nowhere"}) == 1
    assert capsys.readouterr().out.startswith("CREDPASS_OPS_LISTEN: ")


@pytest.mark.parametrize("arguments", [[], ["nobody"], ["auth", "audit"]])
def test_misuse_is_told_apart_from_a_process_that_is_not_ready(arguments: list[str]) -> None:
    assert probe.run(arguments, {}) == 2


def test_the_probe_imports_none_of_the_libraries_of_the_commands() -> None:
    """It runs every few seconds in every container."""
    heavy = "{'grpc', 'typer', 'rich', 'orjson', 'httpx', 'numpy', 'cryptography'}"
    code = f"import sys, cli.probe; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
