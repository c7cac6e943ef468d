"""The whole system as separate processes on one machine, over whatever backends the environment names.

Each service is a process; the analysis workers share their topics' partitions, the gateways one port and one budget.
A process that ends by itself is started again, as an orchestrator would.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import dataclasses
import http.client
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence

from rich.table import Table

from mesh import runner
from mesh import settings as mesh_settings
from mesh.rpc.server import StartError

REPLICAS: Mapping[str, int] = {"analysis": 2, "gateway": 2}
# Those that take work from outside go first when all stop, and come last when all start.
ORDER = (*mesh_settings.SERVICES, "gateway")
PREPARE_TIMEOUT_S = 120.0
READY_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 60.0
PROBE_TIMEOUT_S = 5.0
GLANCE_S = 0.1
# More ends than this within the time are no accident: starting again would only hide why.
ENDS_LIMIT, ENDS_WINDOW_S = 5, 300.0
LAST_WORDS_BYTES = 2_000

Process = subprocess.Popen[bytes]
Ends = collections.defaultdict[str, collections.deque[float]]


@dataclasses.dataclass(frozen=True)
class Replica:
    """One process. `name` is its name in consumer groups too; `ops`: address of its plain port."""

    name: str
    service: str
    ops: str
    environ: Mapping[str, str] = dataclasses.field(repr=False)


class Cluster:
    """The processes. `url`: where the gateways answer; `folder`: their logs, one a replica."""

    def __init__(self, environ: Mapping[str, str], replicas: Mapping[str, int] = REPLICAS) -> None:
        settings = mesh_settings.Settings.load(environ)
        self.folder = settings.data / "logs"
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._ports = contextlib.ExitStack()
        self._environ = {**environ, "CREDPASS_GATEWAY_LISTEN": _door(environ, self._ports)}
        self.url = f"http://{self._environ['CREDPASS_GATEWAY_LISTEN']}"
        self.replicas = {each.name: each for each in _laid_out(self._environ, replicas, self._ports)}
        self.processes: dict[str, Process] = {}

    def prepare(self) -> None:
        """Make certificates and topics exist, as an operator does once: `credpass certs`, `credpass topics`.

        Raises:
            StartError: one of them failed; the message says why.
        """
        for command in ("certs", "topics"):
            try:
                done = subprocess.run(  # noqa: S603 - this program
                    _command(command),
                    env=self._environ,
                    capture_output=True,
                    check=False,
                    timeout=PREPARE_TIMEOUT_S,
                )
            except subprocess.TimeoutExpired as late:
                raise StartError(f"credpass {command} did not end within {PREPARE_TIMEOUT_S:.0f} s") from late
            if done.returncode:
                raise StartError(f"credpass {command}: {_last_line(done.stderr)}")

    def start(self, *names: str) -> None:
        """Start replicas, all by default, and return at once."""
        for name in names or self.replicas:
            replica = self.replicas[name]
            with self.log(name).open("ab") as log:
                command = _command("serve", replica.service)
                # A group of its own: Ctrl-C is for this process, which stops the others in order.
                self.processes[name] = subprocess.Popen(  # noqa: S603 - this program
                    command, env=replica.environ, stdout=log, stderr=log, process_group=0
                )

    def wait_ready(self, *names: str, timeout_s: float = READY_TIMEOUT_S) -> None:
        """Return when replicas, all by default, say that they are ready.

        Raises:
            StartError: one ended, or was not ready in time; the message names it and says why.
        """
        deadline_s = time.monotonic() + timeout_s
        for name in names or self.replicas:
            while (status := self.readiness(name)) != http.client.OK:
                if self.processes[name].poll() is not None:
                    raise StartError(f"{name} ended: {self.last_words(name)}")
                if time.monotonic() > deadline_s:
                    raise StartError(f"{name} was not ready within {timeout_s:.0f} s (its /readyz says {status})")
                time.sleep(GLANCE_S)

    def readiness(self, name: str) -> int:
        """The HTTP status of a replica's /readyz; 0 where nothing answers."""
        connection = http.client.HTTPConnection(self.replicas[name].ops, timeout=PROBE_TIMEOUT_S)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()

    def ended(self) -> list[str]:
        """Replicas that were started and run no more."""
        return [name for name, process in self.processes.items() if process.poll() is not None]

    def kill(self, name: str) -> None:
        """End one replica and the workers it started at once (SIGKILL), as a crash of their machine would."""
        os.killpg(self.processes[name].pid, signal.SIGKILL)
        self.processes[name].wait()

    def stop(self, *names: str) -> dict[str, int]:
        """Ask replicas, all by default, to finish and end: gateways first. Their exit statuses; -9 for a late one."""
        chosen = [name for name in reversed(self.replicas) if name in (names or self.processes)]
        services = dict.fromkeys(self.replicas[name].service for name in chosen)
        statuses: dict[str, int] = {}
        for service in services:
            leaving = [name for name in chosen if self.replicas[name].service == service]
            for name in leaving:
                self.processes[name].send_signal(signal.SIGTERM)
            statuses |= {name: _ended(self.processes[name]) for name in leaving}
        return statuses

    def close(self) -> None:
        """Stop what runs, and let go of the ports."""
        self.stop()
        self._ports.close()

    def table(self) -> Table:
        """What runs, for whoever looks at it."""
        table = Table("process", "pid", "metrics and readiness", box=None)
        for name, process in self.processes.items():
            table.add_row(name, str(process.pid), f"http://{self.replicas[name].ops}/metrics, /readyz")
        return table

    def log(self, name: str) -> pathlib.Path:
        """The file of a replica's log."""
        return self.folder / f"{name}.log"

    def last_words(self, name: str) -> str:
        """The last line of a replica's log."""
        return _last_line(self.log(name).read_bytes()[-LAST_WORDS_BYTES:])


@contextlib.asynccontextmanager
async def serving(environ: Mapping[str, str]) -> AsyncIterator[Cluster]:
    """Prepare, start, and yield when all are ready; everything has ended when the block has.

    Raises:
        StartError, mesh.settings.SettingsError: it cannot start; the message says why.
    """
    cluster = Cluster(environ)
    try:
        await asyncio.to_thread(cluster.prepare)
        cluster.start()
        await asyncio.to_thread(cluster.wait_ready)
        yield cluster
    finally:
        await asyncio.to_thread(cluster.close)


async def keep_up(cluster: Cluster) -> None:
    """Start again whatever ends, until SIGTERM or SIGINT.

    Raises:
        StartError: a process ends again and again; the message names it and says why.
    """
    asked = asyncio.create_task(runner.run_until_signal())
    ends: Ends = collections.defaultdict(lambda: collections.deque(maxlen=ENDS_LIMIT))
    try:
        while not asked.done():
            await asyncio.wait({asked}, timeout=GLANCE_S)
            for name in cluster.ended() if not asked.done() else ():
                _count(ends[name], name, cluster)
                cluster.start(name)
    finally:
        asked.cancel()
        await asyncio.wait({asked})


def _count(times_s: collections.deque[float], name: str, cluster: Cluster) -> None:
    """Note that a replica has ended. Raises StartError when it does so all the time."""
    now_s = time.monotonic()
    if len(times_s) == ENDS_LIMIT and now_s - times_s[0] < ENDS_WINDOW_S:
        raise StartError(f"{name} ends again and again: {cluster.last_words(name)}")
    times_s.append(now_s)


def _laid_out(environ: Mapping[str, str], counts: Mapping[str, int], kept: contextlib.ExitStack) -> list[Replica]:
    """Every replica with ports of its own, in the order of their start."""
    names = [(service, f"{service}-{number + 1}") for service in ORDER for number in range(counts.get(service, 1))]
    ports = (_kept_port(kept) for _ in range(3 * len(names)))
    rows = [(service, name, *(f"127.0.0.1:{next(ports)}" for _ in range(3))) for service, name in names]
    shared = dict(environ)
    for service in mesh_settings.SERVICES:
        addresses = [listen for of, _, listen, _, _ in rows if of == service]
        # gRPC's own scheme for several addresses of one service.
        shared[f"CREDPASS_{service.upper()}_TARGET"] = "ipv4:" + ",".join(addresses)
    return [
        Replica(name, service, ops, shared | _own(service, name, listen, ops, health))
        for service, name, listen, ops, health in rows
    ]


def _own(service: str, name: str, listen: str, ops: str, health: str) -> dict[str, str]:
    own = {"CREDPASS_INSTANCE": name, "CREDPASS_OPS_LISTEN": ops, "CREDPASS_HEALTH_LISTEN": health}
    return own if service == "gateway" else {**own, f"CREDPASS_{service.upper()}_LISTEN": listen}


def _door(environ: Mapping[str, str], kept: contextlib.ExitStack) -> str:
    """Where the gateways listen; port 0 becomes a free one, since all of them need the same."""
    listen = environ.get("CREDPASS_GATEWAY_LISTEN") or f"127.0.0.1:{mesh_settings.PORTS['gateway']}"
    host, _, port = listen.rpartition(":")
    return f"{host}:{_kept_port(kept)}" if port == "0" else listen


def _kept_port(kept: contextlib.ExitStack) -> int:
    """A free loopback port that the system gives to nobody else meanwhile.

    A socket that is bound but does not listen keeps it, also while a replica is down; whoever names the port may
    listen beside it, since both sides set SO_REUSEADDR (socket(7)).
    """
    keeper = kept.enter_context(socket.socket())
    keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    keeper.bind(("127.0.0.1", 0))
    return int(keeper.getsockname()[1])


def _command(*arguments: str) -> Sequence[str]:
    return (sys.executable, "-m", "cli.main", *arguments)


def _ended(process: Process) -> int:
    try:
        return process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _last_line(output: bytes) -> str:
    lines = [line for line in output.decode(errors="replace").splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"
