"""The mesh as separate processes over one Redis, as a small cluster runs it, and the baseline beside it."""

from __future__ import annotations

import contextlib
import os
import pathlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping

import httpx

from mesh import settings
from tests.support import redis_server
from tests.support.system_process import ROOMY, ROOT

READY_TIMEOUT_S = 60.0
IDLE_TIMEOUT_S = 180.0
IDLE_SHARE = 0.05
STOP_TIMEOUT_S = 30.0

Process = subprocess.Popen[bytes]


def environment(folder: pathlib.Path, redis_url: str) -> dict[str, str]:
    """What every process of the mesh needs to find the others."""
    values = {
        **os.environ,
        **ROOMY,
        "PYTHONPATH": f"{ROOT}:{ROOT / 'generated'}",
        "CREDPASS_DATA": str(folder),
        "CREDPASS_CACHE_URL": redis_url,
        "CREDPASS_OPS_LISTEN": "127.0.0.1:0",
        "CREDPASS_HEALTH_LISTEN": "127.0.0.1:0",
    }
    for service in settings.SERVICES:
        address = f"127.0.0.1:{redis_server.free_port()}"
        values |= {f"CREDPASS_{service.upper()}_LISTEN": address, f"CREDPASS_{service.upper()}_TARGET": address}
    return values


def start(environ: Mapping[str, str], log: pathlib.Path, *arguments: str) -> Process:
    """Start a Python process; its output goes to a log."""
    with log.open("ab") as output:
        return subprocess.Popen([sys.executable, *arguments], cwd=ROOT, env=dict(environ), stdout=output, stderr=output)


def stop(processes: list[Process]) -> None:
    """Stop processes, the last started first."""
    for process in reversed(processes):
        process.terminate()
    for process in processes:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_TIMEOUT_S)
        process.kill()
        process.wait()


class Mesh:
    """Every service in its own process, and as many gateways as are asked for."""

    def __init__(self, folder: pathlib.Path, redis_url: str, **extra: str) -> None:
        self.folder, self.environ = folder, environment(folder, redis_url) | extra
        self.processes: dict[str, Process] = {}
        folder.mkdir(parents=True, exist_ok=True)
        certificates = [sys.executable, "-m", "cli.main", "certs"]
        subprocess.run(certificates, cwd=ROOT, env=self.environ, check=True, capture_output=True)
        for service in settings.SERVICES:
            self._start(service, service)

    def gateway(self, name: str = "gateway", **extra: str) -> str:
        """Start a gateway and return its URL once it is ready."""
        url = f"127.0.0.1:{redis_server.free_port()}"
        self._start(name, "gateway", CREDPASS_GATEWAY_LISTEN=url, **extra)
        wait_ready(f"http://{url}/readyz")
        return f"http://{url}"

    def close(self) -> None:
        stop(list(self.processes.values()))

    def cpu_s(self) -> dict[str, float]:
        """Processor time that each process has used so far."""
        return {name: cpu_s(process.pid) for name, process in self.processes.items()}

    def peak_rss_mb(self, name: str) -> float:
        """The most resident memory that a process has had so far, in MB."""
        status = pathlib.Path(f"/proc/{self.processes[name].pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024

    def _start(self, name: str, service: str, **extra: str) -> None:
        log = self.folder / f"{name}.log"
        self.processes[name] = start(self.environ | extra, log, "-m", "cli.main", "serve", service)


@contextlib.contextmanager
def baseline(folder: pathlib.Path, redis_url: str, workers: int) -> Iterator[tuple[str, Process]]:
    """The FastAPI handler under uvicorn with uvloop and httptools; yields its URL and its process."""
    port = redis_server.free_port()
    options = ("--port", str(port), "--workers", str(workers), "--loop", "uvloop", "--http", "httptools")
    environ = {**os.environ, "BENCH_REDIS_URL": redis_url, "PYTHONPATH": str(ROOT)}
    arguments = ("-m", "uvicorn", "tests.bench.baseline:app", "--no-access-log", "--log-level", "warning", *options)
    process = start(environ, folder / "baseline.log", *arguments)
    try:
        wait_ready(f"http://127.0.0.1:{port}/openapi.json")
        yield f"http://127.0.0.1:{port}", process
    finally:
        stop([process])


def wait_idle(used_s: Callable[[], Mapping[str, float]]) -> None:
    """Return when what calls have left behind, events and their audit trail, has been worked off."""
    deadline_s, total_s = time.monotonic() + IDLE_TIMEOUT_S, sum(used_s().values())
    while time.monotonic() < deadline_s:
        time.sleep(1)
        used = used_s()
        before_s, total_s = total_s, sum(used.values())
        if total_s - before_s < IDLE_SHARE * len(used):
            return
    raise AssertionError(f"the processes were not idle within {IDLE_TIMEOUT_S:.0f} s")


def cpu_s(pid: int) -> float:
    """Processor time that a process and its children at work have used, in seconds."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    own_s = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return own_s + sum(cpu_s(int(child)) for child in children)


def wait_ready(url: str) -> None:
    """Return when a URL answers 200."""
    deadline_s = time.monotonic() + READY_TIMEOUT_S
    while time.monotonic() < deadline_s:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(url, timeout=5).status_code == 200:
                return
        time.sleep(0.05)
    raise AssertionError(f"{url} was not ready within {READY_TIMEOUT_S:.0f} s")
