"""The one shape of a service: a server, workers, a relay and jobs, started together and drained together."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import gc
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import NoReturn, TypeVar

from mesh import backends as backends_
from mesh import errors, idempotency, logs, processes, readiness, telemetry, tls, urls
from mesh import settings as settings_
from mesh.background import Background, Job, JobRunner, Piece
from mesh.events import port, relay, topics, worker
from mesh.rpc import channels, context, ops, policy
from mesh.rpc.call import Load, Surroundings
from mesh.rpc.policy import PolicyError
from mesh.rpc.server import Registration, Server, StartError

__all__ = (
    "Job",
    "Registration",
    "Running",
    "Service",
    "build_service",
    "host",
    "host_all",
    "run",
    "run_process",
    "run_until_signal",
)

SWEEP_INTERVAL_S = 60.0
MEASURE_INTERVAL_S = 15.0
BACKGROUND_GRACE_S = 10.0
OUTBOX_GLANCE = 100
# Objects between two looks at the young ones; a batch of calls makes some thousands, and nearly none in a cycle.
YOUNG_OBJECTS = 20_000

LOG = logs.get()

Own = TypeVar("Own")


@dataclasses.dataclass(frozen=True)
class Service:
    """A service as its bootstrap builds it. `name`: short, such as "auth"; its certificate carries it.

    `niceness`: how far its process steps back when others want the processor (nice(2), 0 to 19), where it has one of
    its own: for work that nobody waits for. `needs`: backends without which it is not ready, beyond those that every
    service needs; `workers`: the pool of worker processes without which it is not ready either.
    """

    name: str
    registrations: tuple[Registration, ...]
    subscriptions: tuple[worker.Subscription, ...] = ()
    jobs: tuple[Job, ...] = ()
    niceness: int = 0
    needs: tuple[readiness.Need, ...] = ()
    workers: processes.Pool | None = None


Build = Callable[[Own, settings_.Settings, backends_.Backends, channels.Channels], AbstractAsyncContextManager[Service]]


@dataclasses.dataclass(frozen=True)
class Running:
    """Services at work. `targets`: where each is reached; `ops`, `health`: addresses of the plain ports."""

    targets: Mapping[str, str]
    ops_address: str
    health_address: str
    troubles: ops.Troubles


@contextlib.asynccontextmanager
async def host(
    service: Service, settings: settings_.Settings, backends: backends_.Backends, tls_: tls.Tls
) -> AsyncIterator[Running]:
    """Run one service as long as the block runs; see `host_all`."""
    async with host_all((service,), settings, backends, tls_, process=service.name) as running:
        yield running


@contextlib.asynccontextmanager
async def host_all(
    services: Sequence[Service],
    settings: settings_.Settings,
    backends: backends_.Backends,
    tls_: tls.Tls,
    *,
    process: str,
) -> AsyncIterator[Running]:
    """Run services side by side in this event loop as long as the block runs. They share the ports of `process`.

    Leaving drains: no new calls, calls under way finish, then the events in hand, then the outbox.

    Raises:
        StartError: an address cannot be had.
        settings_.SettingsError: the event log lacks topics or rights; the message names the setting.
        PolicyError: a contract does not say who may call a method.
    """
    await backends.events.check(topics.TOPICS, [each.group for service in services for each in service.subscriptions])
    servers = {service.name: await _server(service, settings, backends, tls_) for service in services}
    work, relaying = Background(_pieces(services, backends)), Background((_relay_piece(backends),))
    needs = {need for service in services for need in service.needs}
    pools = {f"{each.name} worker processes": each.workers.ping for each in services if each.workers is not None}
    ready = readiness.Readiness(backends, (work, relaying), needs, pools)
    health = ops.Health(registration.name for service in services for registration in service.registrations)
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(ready.end)
        ops_address = await stack.enter_async_context(ops.serve_ops(settings.ops_listen(process), ready.troubles))
        health_address = await stack.enter_async_context(health.serve(settings.health_listen(process)))
        stack.push_async_callback(_drain, servers.values(), (work, relaying), settings.drain_s)
        for server in servers.values():
            await server.start()
        work.start()
        relaying.start()
        await health.set_serving(serving=True)
        stack.push_async_callback(ready.close, health)
        targets = {name: server.target for name, server in servers.items()}
        LOG.info("serving", service=process, targets=targets, ops=ops_address, health=health_address)
        yield Running(targets, ops_address, health_address, ready.troubles)


async def _server(
    service: Service, settings: settings_.Settings, backends: backends_.Backends, tls_: tls.Tls
) -> Server:
    claims = await _claims(service, backends)
    surroundings = Surroundings(service.name, backends.documents, backends.clock, Load(settings.concurrency), claims)
    return Server(surroundings, service.registrations, tls_.identity(service.name), settings.listen(service.name))


async def _claims(service: Service, backends: backends_.Backends) -> idempotency.Claims | None:
    """Where the service claims idempotency keys, if any of its methods takes one."""
    policies = policy.of_services(registration.name for registration in service.registrations).values()
    if not any(each.takes_key for each in policies):
        return None
    claims = idempotency.Claims(service.name, backends.documents, backends.vault, backends.clock)
    await claims.ensure()
    return claims


async def _drain(servers: Iterable[Server], backgrounds: Iterable[Background], grace_s: float) -> None:
    await asyncio.gather(*(server.drain(grace_s) for server in servers))
    for background in backgrounds:
        await background.stop(BACKGROUND_GRACE_S)


def _pieces(services: Sequence[Service], backends: backends_.Backends) -> list[Piece]:
    """Workers and jobs of the services, and what a process does once for all of them."""
    pieces = [_worker_piece(service, each, backends) for service in services for each in service.subscriptions]
    pieces += [JobRunner(service.name, job).piece() for service in services for job in service.jobs]
    subscriptions = [each for service in services for each in service.subscriptions]
    shared = (
        Job("sweep documents", SWEEP_INTERVAL_S, backends.documents.sweep),
        Job("sweep events", SWEEP_INTERVAL_S, backends.events.sweep),
        Job("measure", MEASURE_INTERVAL_S, _Measure(backends, subscriptions).run),
    )
    return pieces + [JobRunner("mesh", job).piece() for job in shared]


def _worker_piece(service: Service, subscription: worker.Subscription, backends: backends_.Backends) -> Piece:
    def bind(event: port.Event) -> AbstractContextManager[object]:
        return context.bind_event(event.correlation_id, service=service.name, method=subscription.group)

    working = worker.Worker(backends.events, subscription, bind=bind)
    telemetry.watch_worker(subscription.group, working)
    name = f"{service.name} worker {subscription.group}"
    return Piece(name, working.run, working.stop, lambda: "" if working.healthy else working.reason)


def _relay_piece(backends: backends_.Backends) -> Piece:
    relaying = relay.Relay(backends.documents, backends.events)
    return Piece("relay", relaying.run, relaying.stop, lambda: "" if relaying.healthy else relaying.reason)


class _Measure:
    """What Prometheus cannot ask for when it comes, since the answer must be waited for."""

    def __init__(self, backends: backends_.Backends, subscriptions: Sequence[worker.Subscription]) -> None:
        self._backends = backends
        # Every group, not only those of this process: lag matters most when all of a group's consumers are away.
        groups = {**topics.READERS, **{each.group: each.topics for each in subscriptions}}
        self._consumers = {group: backends.events.consumer(group, names) for group, names in groups.items()}

    async def run(self) -> None:
        pending = await self._backends.documents.pending_events(OUTBOX_GLANCE)
        telemetry.OUTBOX_DEPTH.set(len(pending))
        for group, consumer in self._consumers.items():
            telemetry.CONSUMER_LAG.labels(group).set(await consumer.lag())


async def run_until_signal() -> None:
    """Return at the first SIGTERM or SIGINT. A second one ends the process at once, as without us."""
    _spare_the_collector()
    loop, asked = asyncio.get_running_loop(), asyncio.Event()

    def ask(number: int) -> None:
        loop.remove_signal_handler(number)
        asked.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ask, number)
    try:
        await asked.wait()
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


def _spare_the_collector() -> None:
    """What start-up made stays for good: looking through it for garbage again and again would cost every call."""
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS)


@contextlib.asynccontextmanager
async def build_service(
    name: str, own: Own, settings: settings_.Settings, backends: backends_.Backends, tls_: tls.Tls, build: Build[Own]
) -> AsyncIterator[Service]:
    """A service with channels of its own, which are closed after it."""
    calls = channels.Channels(settings, tls_, name)
    try:
        async with build(own, settings, backends, calls) as service:
            yield service
    finally:
        await calls.close()


def run(
    name: str,
    load_settings: Callable[[Mapping[str, str]], Own],
    build: Build[Own],
    environ: Mapping[str, str] | None = None,
) -> NoReturn:
    """Run one service as a process of its own until SIGTERM or SIGINT; exit 0 after a drain, 1 if it cannot run."""
    run_process(name, lambda: _serve(name, load_settings, build, os.environ if environ is None else environ))


def run_process(name: str, serve: Callable[[], Awaitable[None]]) -> NoReturn:
    """Run a process's one coroutine in a uvloop and exit. What keeps it from running is one line on standard error."""
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as loop:
            loop.run(_awaited(serve))
    except (settings_.SettingsError, StartError, PolicyError) as error:
        _exit(f"{name}: {error}")
    except errors.ServiceError as error:
        _exit(f"{name}: {error.text}")
    except Exception as error:  # noqa: BLE001 - the outermost place of a process
        logs.get(name).error("process failed", error=error)
        _exit(f"{name}: failed unexpectedly ({type(error).__name__}); the log says where")
    logs.flush()
    sys.exit(0)


def _exit(line: str) -> NoReturn:
    logs.flush()
    sys.exit(line)


async def _awaited(serve: Callable[[], Awaitable[None]]) -> None:
    await serve()


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    import uvloop

    return uvloop.new_event_loop


def _step_back(niceness: int) -> None:
    """Lower the priority of the threads at work: on Linux each has its own."""
    for thread in threading.enumerate() if niceness else ():
        if thread.native_id is not None:
            os.setpriority(os.PRIO_PROCESS, thread.native_id, niceness)


async def _serve(
    name: str, load_settings: Callable[[Mapping[str, str]], Own], build: Build[Own], environ: Mapping[str, str]
) -> None:
    settings = settings_.Settings.load(environ)
    logs.configure(settings.log_level)
    own = load_settings(environ)
    if urls.scheme(settings.cache_url) == "memory":
        raise settings_.SettingsError("CREDPASS_CACHE_URL: memory: lives in one process only; name a redis:// URL")
    identities = tls.load(settings.tls_dir, (name,))
    async with contextlib.AsyncExitStack() as stack:
        backends = await stack.enter_async_context(backends_.open_backends(settings))
        built = build_service(name, own, settings, backends, identities, build)
        service = await stack.enter_async_context(built)
        await stack.enter_async_context(host(service, settings, backends, identities))
        _step_back(service.niceness)
        await run_until_signal()
