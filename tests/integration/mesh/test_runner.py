"""A service as it runs: server, workers, relay, jobs, plain ports, drain."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import pathlib
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from credpass.auth.v1 import auth_service_pb2 as pb
from credpass.auth.v1 import auth_service_pb2_grpc as pb_grpc
from credpass.mesh.v1 import audit_events_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc  # type: ignore[import-untyped]

from mesh import backends, clock, errors, runner, tls
from mesh.events import codec, port, worker
from mesh.rpc import context
from mesh.rpc.server import StartError
from mesh.settings import Settings
from tests.fakes.servicers import FakeAuth, FakeIngestion
from tests.support import kafka_server, redis_server
from tests.support.conditions import until
from tests.support.rpc_servers import IDENTITIES, outside_call, stub_of

ROOT = pathlib.Path(__file__).resolve().parents[3]
FREE = "127.0.0.1:0"
LOGIN = pb.LoginRequest(email="a", password="b")


def settings_in(folder: Path) -> Settings:
    free = {"auth": FREE, "ingestion": FREE}
    return Settings(data=folder, listens=free, ops_listens=free, health_listens=free, drain_s=5.0)


@contextlib.asynccontextmanager
async def hosting(folder: Path, *services: runner.Service) -> AsyncIterator[runner.Running]:
    settings = settings_in(folder)
    async with (
        backends.open_backends(settings) as opened,
        runner.host_all(services, settings, opened, IDENTITIES, process="auth") as running,
    ):
        yield running


async def ready(running: runner.Running) -> tuple[int, str]:
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"http://{running.ops_address}/readyz")
    return answer.status_code, answer.text


async def test_event_of_a_call_is_published_and_handled_with_its_correlation_id(tmp_path: Path) -> None:
    handled: asyncio.Queue[tuple[port.Event, context.CallInfo]] = asyncio.Queue()

    async def handle(event: port.Event) -> None:
        await handled.put((event, context.current()))

    subscription = worker.Subscription("audit-logger", ("audit.events",), handle)
    service = runner.Service("auth", (FakeAuth().registration(),), (subscription,))
    async with hosting(tmp_path, service) as running:
        async with stub_of(pb_grpc.AuthServiceStub, "auth", running.targets["auth"]) as stub:
            with context.bind(outside_call(correlation_id="corr_42")):
                await stub.Login(LOGIN)
        async with asyncio.timeout(10):
            event, info = await handled.get()
    assert codec.payload(event, audit_events_pb2.CallAudited).action == "auth.login"
    assert (info.service, info.method, info.correlation_id) == ("auth", "audit-logger", "corr_42")


async def test_job_runs_at_once_and_again_and_a_failed_run_ends_nothing(tmp_path: Path) -> None:
    runs: asyncio.Queue[str] = asyncio.Queue()

    async def run() -> None:
        await runs.put(context.correlation_id())
        raise ValueError

    service = runner.Service("auth", (FakeAuth().registration(),), jobs=(runner.Job("sweep", 0.01, run),))
    async with hosting(tmp_path, service) as running:
        async with asyncio.timeout(10):
            first, second = await runs.get(), await runs.get()
        assert await ready(running) == (200, "ok\n")
    assert first.startswith("corr_")
    assert first != second


async def test_worker_that_gives_up_turns_readiness_red(tmp_path: Path) -> None:
    async def handle(_event: port.Event) -> None:
        raise errors.InvalidArgument

    subscription = worker.Subscription("audit-logger", ("audit.events",), handle)
    service = runner.Service("auth", (FakeAuth().registration(),), (subscription,))
    async with hosting(tmp_path, service) as running:
        async with stub_of(pb_grpc.AuthServiceStub, "auth", running.targets["auth"]) as stub:

            async def red() -> bool:
                await stub.Login(LOGIN)
                return bool(await running.troubles())

            await until(red)
        status, text = await ready(running)
    assert status == 503
    assert text.startswith("auth worker audit-logger: ")


async def test_services_of_one_process_share_one_ops_port(tmp_path: Path) -> None:
    services = [runner.Service(fake.registration().name.split(".")[1], (fake.registration(),)) for fake in _fakes()]
    async with hosting(tmp_path, *services) as running, httpx.AsyncClient() as client:
        async with stub_of(pb_grpc.AuthServiceStub, "auth", running.targets["auth"]) as stub:
            await stub.Login(LOGIN)
        metrics = (await client.get(f"http://{running.ops_address}/metrics")).text
        health = await client.get(f"http://{running.ops_address}/healthz")
        missing = await client.get(f"http://{running.ops_address}/etc/passwd")
        wrong = await client.post(f"http://{running.ops_address}/metrics")
        head = await client.head(f"http://{running.ops_address}/readyz")
    assert set(running.targets) == {"auth", "ingestion"}
    login = 'method="credpass.auth.v1.AuthService/Login"'
    assert f'credpass_rpc_calls_total{{{login},outcome="ok",service="auth"}}' in _sorted_labels(metrics)
    assert f'credpass_rpc_seconds_bucket{{le="+Inf",{login},service="auth"}}' in _sorted_labels(metrics)
    assert "credpass_outbox_depth" in metrics
    assert [answer.status_code for answer in (health, missing, wrong, head)] == [200, 404, 405, 200]
    assert head.content == b""


def _fakes() -> tuple[FakeAuth, FakeIngestion]:
    return FakeAuth(), FakeIngestion()


def _sorted_labels(text: str) -> str:
    """The page with each sample's labels sorted, since their order promises nothing."""
    lines = []
    for line in text.splitlines():
        name, brace, rest = line.partition("{")
        labels, _, value = rest.rpartition("}")
        lines.append(f"{name}{{{','.join(sorted(labels.split(',')))}}}{value}" if brace else line)
    return "\n".join(lines)


async def test_health_is_told_without_tls_and_not_serving_while_draining(tmp_path: Path) -> None:
    entered, let_go = asyncio.Event(), asyncio.Event()

    async def act(_request: Any) -> None:
        entered.set()
        await let_go.wait()

    stack = contextlib.AsyncExitStack()
    service = runner.Service("auth", (FakeAuth(act).registration(),))
    running = await stack.enter_async_context(hosting(tmp_path, service))
    async with (
        grpc.aio.insecure_channel(running.health_address) as channel,
        stub_of(pb_grpc.AuthServiceStub, "auth", running.targets["auth"]) as stub,
    ):
        health = health_pb2_grpc.HealthStub(channel)

        async def status() -> Any:
            request = health_pb2.HealthCheckRequest(service="credpass.auth.v1.AuthService")
            return (await health.Check(request, timeout=5)).status

        assert await status() == health_pb2.HealthCheckResponse.SERVING
        under_way = asyncio.ensure_future(stub.Login(LOGIN))
        await entered.wait()
        stopping = asyncio.create_task(stack.aclose())

        async def not_serving() -> bool:
            return bool(await status() == health_pb2.HealthCheckResponse.NOT_SERVING)

        await until(not_serving)
        assert (await ready(running))[0] == 503
        let_go.set()
        assert (await under_way).user_id == "user_1"
        await stopping


async def test_what_was_started_is_stopped_when_a_later_step_fails(tmp_path: Path) -> None:
    service = runner.Service("auth", (FakeAuth().registration(),))
    settings = settings_in(tmp_path)
    async with (
        backends.open_backends(settings) as opened,
        runner.host(service, settings, opened, IDENTITIES) as running,
    ):
        taken = dataclasses.replace(settings, health_listens={"auth": running.health_address})
        with pytest.raises(StartError, match=r"^CREDPASS_HEALTH_LISTEN: "):
            async with runner.host(service, taken, opened, IDENTITIES):
                pass
        # The ops port that was opened before is free again.
        refused = dataclasses.replace(settings, ops_listens={"auth": running.ops_address})
        with pytest.raises(StartError, match=r"^CREDPASS_OPS_LISTEN: "):
            async with runner.host(service, refused, opened, IDENTITIES):
                pass


PROGRAM = """
import contextlib, sys
from mesh import runner
from tests.fakes.servicers import FakeAuth

@contextlib.asynccontextmanager
async def build(own, settings, backends, channels):
    yield runner.Service("auth", (FakeAuth().registration(),))

runner.run("auth", lambda environ: None, build)
"""


@contextlib.asynccontextmanager
async def process(folder: Path, environ: Mapping[str, str]) -> AsyncIterator[asyncio.subprocess.Process]:
    inherited = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}:{ROOT / 'generated'}"}
    free = dict.fromkeys(("CREDPASS_AUTH_LISTEN", "CREDPASS_OPS_LISTEN", "CREDPASS_HEALTH_LISTEN"), FREE)
    started = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        PROGRAM,
        env={**inherited, **free, "CREDPASS_DATA": str(folder), **environ},
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(30):
            yield started
    finally:
        with contextlib.suppress(ProcessLookupError):
            started.kill()
        await started.wait()


@pytest.mark.redis
async def test_process_serves_until_sigterm_and_exits_cleanly(tmp_path: Path) -> None:
    tls.write_certificates(tmp_path / "tls", clock.SystemClock(), ("auth",))
    with redis_server.running(tmp_path) as url:
        async with process(tmp_path, {"CREDPASS_CACHE_URL": url}) as started:
            assert started.stderr is not None
            line = await started.stderr.readline()
            assert b'"message":"serving"' in line
            started.send_signal(signal.SIGTERM)
            assert await started.wait() == 0
            assert await started.stderr.read() == b""


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"CREDPASS_AUTH_LISTEN": "nonsense"}, b"auth: CREDPASS_AUTH_LISTEN: 'nonsense' is not an address"),
        ({"CREDPASS_CACHE_URL": "memory:"}, b"auth: CREDPASS_CACHE_URL: memory: lives in one process only"),
        ({"CREDPASS_CACHE_URL": "redis://127.0.0.1:1/0"}, b"auth: CREDPASS_TLS_DIR: no certificate for auth in "),
    ],
)
async def test_process_that_cannot_start_says_why_in_one_line(
    tmp_path: Path, environ: Mapping[str, str], expected: bytes
) -> None:
    async with process(tmp_path, environ) as started:
        _, told = await started.communicate()
    assert started.returncode == 1
    assert told.startswith(expected)
    assert told.count(b"\n") == 1


@pytest.mark.parametrize(
    ("variable", "url", "expected"),
    [
        ("CACHE", "redis://user:geheim@127.0.0.1:1/0", b"The cache cannot be reached."),
        ("BLOBS", "file:/proc/blobs", b"No such file or directory: /proc/blobs"),
        ("MAIL", "smtp://user:geheim@127.0.0.1:1", b"The mail server cannot be reached."),
        ("EVENTS", "sqlite:/proc/events/x.db", b"It cannot be opened or reached."),
    ],
)
@pytest.mark.redis
async def test_process_whose_backend_cannot_be_reached_ends_with_one_line_that_names_the_setting(
    tmp_path: Path, variable: str, url: str, expected: bytes
) -> None:
    tls.write_certificates(tmp_path / "tls", clock.SystemClock(), ("auth",))
    with redis_server.running(tmp_path) as cache_url:
        environ = {"CREDPASS_CACHE_URL": cache_url, f"CREDPASS_{variable}_URL": url}
        async with process(tmp_path, environ) as started:
            _, told = await started.communicate()
    assert started.returncode == 1
    assert told == b"auth: CREDPASS_%s_URL: %s\n" % (variable.encode(), expected)


@pytest.mark.redis
@pytest.mark.kafka
async def test_process_without_its_topics_ends_with_one_line_that_names_the_command(tmp_path: Path) -> None:
    tls.write_certificates(tmp_path / "tls", clock.SystemClock(), ("auth",))
    with redis_server.running(tmp_path) as cache_url, kafka_server.running() as broker:
        events_url = kafka_server.with_prefix(broker.url)
        async with process(tmp_path, {"CREDPASS_CACHE_URL": cache_url, "CREDPASS_EVENTS_URL": events_url}) as started:
            _, told = await started.communicate()
    assert started.returncode == 1
    assert told.startswith(b"auth: CREDPASS_EVENTS_URL: there is no topic ")
    assert told.endswith(b"; run `credpass topics`\n")
    assert told.count(b"\n") == 1
