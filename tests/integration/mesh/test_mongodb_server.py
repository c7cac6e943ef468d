"""What the MongoDB store does when servers are killed, locked, encrypted or not what they should be."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import io
import ipaddress
import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import oid

from mesh import documents, errors, logs, settings
from mesh.documents import mongodb, port
from mesh.documents.mongodb_lease import Lease
from mesh.events import open_events, topics
from mesh.events.relay import Relay
from tests.support import clocks, ferretdb
from tests.support.events_for_tests import event, number_of, until
from tests.support.redis_server import free_port

# The driver leaves sockets behind that it was opening when it is closed, which the collector then closes.
LEFT_SOCKET = "ignore:Exception ignored in. <socket.socket:pytest.PytestUnraisableExceptionWarning"
pytestmark = [pytest.mark.mongodb, pytest.mark.filterwarnings(LEFT_SOCKET)]
THINGS = port.Collection("things", (port.Index(("email",), unique=True), port.Index(("expiresAt",), ttl_s=60)))


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ferretdb.running() as url:
        yield url


@pytest.fixture
def url(server: str) -> Iterator[str]:
    with ferretdb.fresh_database(server) as fresh:
        yield fresh


@pytest.fixture(autouse=True)
def left_sockets() -> Iterator[None]:
    yield
    gc.collect()


@contextlib.asynccontextmanager
async def opened(url: str) -> AsyncIterator[mongodb.MongoDocuments]:
    store = await documents.open_documents(url, Path(), clocks.HandClock())
    assert isinstance(store, mongodb.MongoDocuments)
    try:
        yield store
    finally:
        await store.close()


async def test_a_lease_whose_holder_died_passes_on_and_the_dead_one_learns_of_it(url: str) -> None:
    async with opened(url) as store:
        dead = Lease(store._database, lease_s=60.0, beat_s=60.0)
        stalled = dead.hold()
        await stalled.__aenter__()
        heir = Lease(store._database, lease_s=0.3, beat_s=0.05)
        async with asyncio.timeout(10), heir.hold():
            assert not await dead._beat()
            await asyncio.sleep(0.2)  # the heir's own beats keep it
            assert not heir.lost
        await stalled.__aexit__(None, None, None)


async def test_a_holder_that_lost_its_lease_stands_by_until_it_is_free_again(url: str) -> None:
    async with opened(url) as store:
        slow = Lease(store._database, lease_s=60.0, beat_s=0.3)
        async with asyncio.timeout(10), slow.hold():
            async with Lease(store._database, lease_s=0.0, beat_s=60.0).hold():
                await until(lambda: slow.lost)
            await until(lambda: not slow.lost)


async def test_a_relay_that_lost_its_turn_publishes_nothing(url: str) -> None:
    async with opened(url) as store:
        await store.ensure(THINGS)
        await store.append(event(1))
        store._lease.lost = True
        assert await store.pending_events(10) == []
        store._lease.lost = False
        assert [number_of(item.publication) for item in await store.pending_events(10)] == [1]


async def test_two_relays_publish_each_event_once_and_one_takes_over_from_the_other(url: str, tmp_path: Path) -> None:
    log = await open_events("sqlite:events.db", tmp_path, clocks.HandClock())
    await log.create_topics(topics.TOPICS)
    async with opened(url) as one, opened(url) as two:
        await one.ensure(THINGS)
        await two.ensure(port.Collection("others"))
        relays = [Relay(one, log), Relay(two, log)]
        async with asyncio.timeout(30), asyncio.TaskGroup() as running:
            first = running.create_task(relays[0].run())
            for number in range(20):
                await one.insert("things", f"t{number}", {}, event(number))
                await two.insert("others", f"t{number}", {}, event(100 + number))
            await until(lambda: relays[0].published == 40)
            second = running.create_task(relays[1].run())
            relays[0].stop()
            await first
            await one.append(event(1000))
            await until(lambda: relays[1].published == 1)
            relays[1].stop()
            await second
        assert await one.pending_events(10) == []
    await log.close()


async def test_a_server_that_is_killed_is_unavailable_then_back_with_all_it_acknowledged(tmp_path: Path) -> None:
    with ferretdb.own_server(tmp_path) as own:
        async with opened(f"{own.url}mine?timeoutMS=500") as store:
            await store.ensure(THINGS)
            await asyncio.gather(*(store.insert("things", f"t{number}", {}, event(number)) for number in range(20)))
            own.stop()
            for call in (store.ping(), store.insert("things", "t99", {}), store.pending_events(10)):
                with pytest.raises(errors.Unavailable):
                    await call
            own.start()
            await store.ping()
            assert await store.count("things", port.Query()) == 20
            assert len(await store.pending_events(100)) == 20


async def test_start_up_says_who_deletes_what_is_past_its_time(url: str) -> None:
    stream = io.BytesIO()
    kept = logs._State.sink
    logs.configure("info", stream)
    try:
        async with opened(url) as store:
            await store.ensure(THINGS)
        logs.flush()
    finally:
        logs._State.sink = kept
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    (told,) = [line["metadata"] for line in lines if "past their time" in line["message"]]
    assert (told["collection"], told["field"]) == ("things", "expiresAt")
    assert "the server" in told["by"]


async def test_an_index_with_other_options_is_refused_in_one_line(url: str) -> None:
    async with opened(url) as store:
        await store._database["things"].create_index([("data.email", 1)], name="mine")
        with pytest.raises(settings.SettingsError, match=r"CREDPASS_DOCUMENTS_URL: things .*u_email"):
            await store.ensure(THINGS)


async def test_a_unique_index_over_documents_that_clash_is_refused_in_one_line(url: str) -> None:
    async with opened(url) as store:
        await store.ensure(port.Collection("things", (port.Index(("email",)),)))
        await store.insert_many("things", [port.NewDocument(f"t{number}", {"email": "a"}) for number in range(2)])
        with pytest.raises(settings.SettingsError, match=r"CREDPASS_DOCUMENTS_URL: things .*u_email"):
            await store.ensure(THINGS)


async def test_wrong_credentials_are_one_line_that_names_the_setting(tmp_path: Path) -> None:
    options = ("--test-enable-new-auth", "--setup-username=ada", "--setup-password=right", "--setup-database=admin")
    with ferretdb.own_server(tmp_path, *options) as own:
        place = own.url.removeprefix("mongodb://")
        with pytest.raises(settings.SettingsError, match=r"CREDPASS_DOCUMENTS_URL: .*credentials") as refusal:
            await documents.open_documents(
                f"mongodb://ada:wrong@{place}x?authSource=admin", tmp_path, clocks.HandClock()
            )
        assert "wrong" not in str(refusal.value)
        async with opened(f"mongodb://ada:right@{place}x?authSource=admin") as store:
            await store.ensure(THINGS)
            await store.insert("things", "t1", {})


def _certificate(folder: Path) -> dict[str, Path]:
    """A self-signed certificate for the loopback address, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(oid.NameOID.COMMON_NAME, "loopback")])
    now = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now).not_valid_after(now + timedelta(days=36_500))
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    builder = builder.add_extension(x509.SubjectAlternativeName([address]), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    pem = serialization.Encoding.PEM
    files = {"cert": folder / "cert.pem", "key": folder / "key.pem"}
    files["cert"].write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(pem))
    kind, none = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    files["key"].write_bytes(key.private_bytes(pem, kind, none))
    return files


async def test_tls_checks_who_the_server_is(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    files, other, tls_port = _certificate(tmp_path), _certificate(tmp_path / "other"), free_port()
    options = [
        f"--listen-tls=127.0.0.1:{tls_port}",
        *(f"--listen-tls-{name}-file={path}" for name, path in files.items()),
    ]
    with ferretdb.own_server(tmp_path / "server", *options):
        place = f"mongodb://127.0.0.1:{tls_port}/x?timeoutMS=1000&tls=true&tlsCAFile="
        async with opened(f"{place}{files['cert']}") as store:
            await store.ping()
        with pytest.raises(errors.Unavailable, match="CREDPASS_DOCUMENTS_URL"):
            await documents.open_documents(f"{place}{other['cert']}", tmp_path, clocks.HandClock())


async def test_behind_the_gate_one_of_many_conditional_updates_wins(url: str) -> None:
    async with opened(url) as store:
        await store.ensure(THINGS)
        for number in range(10):
            document = await store.insert("things", f"t{number}", {})
            writes: list[Any] = [store.update("things", document, {"n": writer}) for writer in range(10)]
            results = await asyncio.gather(*writes, return_exceptions=True)
            assert sum(isinstance(result, port.Document) for result in results) == 1
