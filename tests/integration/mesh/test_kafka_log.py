"""What the event log on Kafka promises beyond the contract of every log, on a real broker."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiokafka
import pytest
from aiokafka import admin as kafka_admin

from cli import topics as event_topics
from mesh import errors, events, settings
from mesh.events import kafka_connection, kafka_consumer, kafka_standing, kafka_topics, kafka_url, port, topics
from mesh.events.retry import Backoff
from mesh.events.worker import Subscription, Worker
from tests.support import clocks, kafka_server
from tests.support.events_for_tests import number_of, publication, until
from tests.support.redis_server import free_port

pytestmark = pytest.mark.kafka
ROOT = Path(__file__).parents[3]
TOPIC = "data.ingested"
TOPICS = (port.Topic(TOPIC, 6, 7), port.Topic(topics.dead_letter(TOPIC), 1, 90))
QUICK = Backoff(first_s=0.05, longest_s=0.5)


@pytest.fixture(scope="session")
def broker() -> Iterator[kafka_server.Broker]:
    with kafka_server.running() as running:
        yield running


@pytest.fixture
def url(broker: kafka_server.Broker) -> str:
    return kafka_server.with_prefix(broker.url)


@contextlib.asynccontextmanager
async def _log(url: str, folder: Path, instance: str = "") -> AsyncIterator[port.EventLog]:
    log = await events.open_events(url, folder, clocks.HandClock(), instance)
    try:
        await log.create_topics(TOPICS)
        yield log
    finally:
        await log.close()


@contextlib.asynccontextmanager
async def _admin(url: str) -> AsyncIterator[tuple[Any, kafka_connection.Names]]:
    cluster = kafka_url.parse(url, Path())
    admin = kafka_admin.AIOKafkaAdminClient(**cluster.connection())
    await admin.start()
    try:
        yield admin, kafka_connection.Names(cluster.prefix)
    finally:
        await admin.close()


async def _publish(log: port.EventLog, *numbers: int) -> None:
    await log.publish([publication(number, key=f"user_{number % 40}") for number in numbers])


async def _take(consumer: port.Consumer, count: int) -> list[int]:
    numbers: list[int] = []
    async with asyncio.timeout(30):
        while len(numbers) < count:
            records = await consumer.poll(100, 1.0)
            await consumer.commit(records)
            numbers += [number_of(record) for record in records]
    return sorted(numbers)


async def test_topics_are_made_once_as_listed_and_keep_what_others_chose(url: str, tmp_path: Path) -> None:
    async with _log(url, tmp_path) as log, _admin(url) as (admin, names):
        name = names.wire(TOPIC)
        chosen = {**kafka_topics.settings_of(TOPICS[0]), "retention.ms": "1000", "max.message.bytes": "2000000"}
        await admin.alter_configs([kafka_standing.resource(name, chosen)])
        await _shown(admin, name, chosen)
        for _ in range(2):
            await log.create_topics(TOPICS)
            await _shown(admin, name, {**chosen, "retention.ms": str(7 * 24 * 3600 * 1000)})
        (found,) = await admin.describe_topics([name])
        assert len(found["partitions"]) == 6


async def _shown(admin: Any, name: str, wanted: dict[str, str]) -> None:
    """Wait until the broker shows these settings of a topic: it takes a moment to hear of a change."""
    async with asyncio.timeout(20):
        while kafka_topics.own_settings((await kafka_standing.configs(admin, [name]))[name]) != wanted:  # noqa: ASYNC110 - a broker
            await asyncio.sleep(0.02)


async def test_the_whole_list_of_topics_is_made_by_the_command(url: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "cli.main", "topics"]
    path = f"{ROOT}{os.pathsep}{ROOT / 'generated'}"
    environ = {**os.environ, "PYTHONPATH": path, "CREDPASS_EVENTS_URL": url, "CREDPASS_DATA": str(tmp_path / "none")}
    for _ in range(2):
        process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=environ, stdout=asyncio.subprocess.PIPE)
        printed, _nothing = await process.communicate()
        assert process.returncode == 0
        assert len(printed.splitlines()) == len(topics.TOPICS)
    async with _admin(url) as (admin, names):
        sizes = {each["topic"]: len(each["partitions"]) for each in await admin.describe_topics()}
        assert {names.wire(each.name): each.partitions for each in topics.TOPICS}.items() <= sizes.items()


async def test_a_process_without_its_topics_says_which_command_makes_them_and_makes_none(
    url: str, tmp_path: Path
) -> None:
    log = await events.open_events(url, tmp_path, clocks.HandClock())
    try:
        async with _admin(url) as (admin, names):
            with pytest.raises(
                settings.SettingsError, match=r"^CREDPASS_EVENTS_URL: there is no topic .*credpass topics"
            ):
                await log.check(TOPICS, ["group"])
            assert [name for name in await admin.list_topics() if name.startswith(names.prefix)] == []
        await log.create_topics(TOPICS)
        await log.check(TOPICS, ["group"])
    finally:
        await log.close()


async def test_topics_weaker_than_the_url_asks_are_refused(url: str, tmp_path: Path) -> None:
    async with _log(url, tmp_path):
        pass
    for asked, words in (
        ("replicas=2", r"lies on 1 of the 2 brokers that replicas asks for"),
        ("replicas=2&min_insync=2", r"lies on 1 of the 2 brokers"),
        ("replicas=1&min_insync=1", ""),
    ):
        log = await events.open_events(f"{url}&{asked}", tmp_path, clocks.HandClock())
        expected = pytest.raises(settings.SettingsError, match=rf"^CREDPASS_EVENTS_URL: .*{words}")
        with expected if words else contextlib.nullcontext():
            await log.check(TOPICS)
        await log.close()


async def test_more_replicas_than_there_are_brokers_are_refused(broker: kafka_server.Broker, tmp_path: Path) -> None:
    log = await events.open_events(f"{kafka_server.with_prefix(broker.url)}&replicas=99", tmp_path, clocks.HandClock())
    try:
        with pytest.raises(settings.SettingsError, match=r"^CREDPASS_EVENTS_URL: replicas asks for 99 brokers"):
            await log.create_topics(TOPICS)
    finally:
        await log.close()


async def test_the_command_gives_topics_the_replicas_and_min_insync_of_the_url(url: str, tmp_path: Path) -> None:
    async with _log(f"{url}&replicas=1&min_insync=1", tmp_path) as log, _admin(url) as (admin, names):
        name = names.wire(TOPIC)
        await _shown(admin, name, kafka_topics.settings_of(TOPICS[0], kafka_url.Safety(1, 1)))
        await log.check(TOPICS)


async def test_an_encrypted_connection_works_and_an_unknown_authority_is_refused(
    broker: kafka_server.Broker, tmp_path: Path
) -> None:
    if not broker.secure_url:
        pytest.skip(f"{kafka_server.VARIABLE} names one address only")
    async with _log(kafka_server.with_prefix(broker.secure_url), tmp_path) as log:
        await _publish(log, 1)
        async with log.consumer("group", [TOPIC]) as consumer:
            assert await _take(consumer, 1) == [1]
    with pytest.raises(errors.Unavailable, match=r"^CREDPASS_EVENTS_URL: "):
        await events.open_events(broker.secure_url.replace("&ca=", "&prefix="), tmp_path, clocks.HandClock())


async def test_wrong_credentials_and_no_broker_are_one_line_that_names_the_setting(url: str, tmp_path: Path) -> None:
    cluster = kafka_url.parse(url, tmp_path)
    nowhere = f"kafka://127.0.0.1:{free_port()}/?security=plaintext"
    for wrong in (url.replace(cluster.password.reveal(), "geheim"), nowhere):
        with pytest.raises(errors.Unavailable, match=r"^CREDPASS_EVENTS_URL: .*Kafka") as caught:
            await events.open_events(wrong, tmp_path, clocks.HandClock())
        assert "geheim" not in str(caught.value)
        assert "\n" not in str(caught.value)


async def test_what_others_put_on_a_topic_comes_through_for_the_worker_to_judge(url: str, tmp_path: Path) -> None:
    cluster = kafka_url.parse(url, tmp_path)
    async with _log(url, tmp_path) as log, aiokafka.AIOKafkaProducer(**cluster.connection()) as stranger:
        wire = kafka_connection.Names(cluster.prefix).wire(TOPIC)
        await stranger.send_and_wait(wire, value=None, key=b"\xff", headers=[("name", b"\xfe")])
        async with log.consumer("group", [TOPIC]) as consumer:
            (record,) = await consumer.poll(1, 10.0)
    assert (record.key, record.value, record.headers) == ("\ufffd", b"", {"name": "\ufffd"})


async def test_nobody_makes_a_topic_by_asking_for_it(url: str, tmp_path: Path) -> None:
    async with _log(url, tmp_path) as log, _admin(url) as (admin, names):
        for _ in range(2):
            with pytest.raises(LookupError):
                await log.publish([publication(1, topic="nobodys.topic")])
            with pytest.raises(LookupError):
                await log.consumer("group", ["nobodys.topic"]).__aenter__()
        assert names.wire("nobodys.topic") not in await admin.list_topics()


async def test_a_restarted_process_gets_its_partitions_back_and_the_others_keep_theirs(
    url: str, tmp_path: Path
) -> None:
    async with _log(url, tmp_path, "b") as lasting, _member(lasting) as other:
        async with _log(url, tmp_path, "a") as first, _member(first) as member:
            await until(lambda: (len(member.partitions), len(other.partitions)) == (3, 3))
            had, kept = member.partitions, other.partitions
        async with _log(url, tmp_path, "a") as again, _member(again) as member:
            assert member.partitions == had
            await _publish(again, *range(120))
            mine, others = await asyncio.gather(_all(member), _all(other))
            assert sorted(mine + others) == list(range(120))
            assert (member.partitions, other.partitions) == (had, kept)


@contextlib.asynccontextmanager
async def _member(log: port.EventLog) -> AsyncIterator[kafka_consumer.KafkaConsumer]:
    consumer = log.consumer("group", [TOPIC])
    assert isinstance(consumer, kafka_consumer.KafkaConsumer)
    async with consumer:
        yield consumer


async def _all(consumer: port.Consumer) -> list[int]:
    numbers: list[int] = []
    while records := await consumer.poll(100, 2.0):
        await consumer.commit(records)
        numbers += [number_of(record) for record in records]
    return numbers


async def test_a_member_that_was_put_out_commits_nothing_of_what_passed_on(url: str, tmp_path: Path) -> None:
    environ = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'generated'}"}
    command = [sys.executable, "-m", "tests.support.event_consumer", url, str(tmp_path), "group", TOPIC, "commit"]
    async with _log(url, tmp_path) as log:
        await _publish(log, *range(60))
        process = await asyncio.create_subprocess_exec(
            *command, cwd=ROOT, env=environ, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        assert process.stdin is not None
        async with asyncio.timeout(30):
            assert len([await process.stdout.readline() for _ in range(60)]) == 60
        process.send_signal(signal.SIGSTOP)
        async with log.consumer("group", [TOPIC]) as consumer:
            in_hand: list[port.Record] = []
            async with asyncio.timeout(30):
                while len(in_hand) < 60:
                    in_hand += await consumer.poll(100, 1.0)
            process.send_signal(signal.SIGCONT)
            process.stdin.write(b"\n")
            async with asyncio.timeout(60):
                assert await process.stdout.readline() == b"committed\n"
            assert await consumer.lag() == 60
            await consumer.commit(in_hand)
            assert await consumer.lag() == 0
        process.kill()
        await process.wait()


async def test_dead_letters_carry_their_origin_and_go_back(url: str, tmp_path: Path) -> None:
    done: list[int] = []
    broken = True

    async def handle(event: port.Event) -> None:
        if broken and event.payload["number"] == 3:
            raise RuntimeError
        done.append(int(event.payload["number"]))

    async with _log(url, tmp_path) as log:
        worker = Worker(log, Subscription("group", (TOPIC,), handle, attempts=2), backoff=QUICK)
        working = asyncio.create_task(worker.run())
        await _publish(log, *range(10))
        await until(lambda: len(done) == 9 and worker.dead_lettered == 1)
        async with log.consumer("reader", [topics.dead_letter(TOPIC)]) as reader:
            (letter,) = await reader.poll(1, 5.0)
        names = ("error-class", "reason", "attempts", "origin-topic", "group")
        assert [letter.headers[name] for name in names] == ["RuntimeError", "INTERNAL", "2", TOPIC, "group"]
        broken = False
        assert await event_topics.redrive(log, TOPIC, 10) == (1, 0)
        await until(lambda: sorted(done) == list(range(10)))
        worker.stop()
        await working


async def test_a_killed_broker_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    kafka_server.skip_unless_it_can_run()
    acknowledged: list[int] = []
    done: set[int] = set()

    async def handle(event: port.Event) -> None:
        done.add(int(event.payload["number"]))

    async def publish(log: port.EventLog) -> None:
        for number in range(400):
            async with asyncio.timeout(60):
                while True:
                    try:
                        await log.publish([publication(number, key=f"user_{number % 40}")])
                    except errors.Unavailable:
                        await asyncio.sleep(0.2)
                    else:
                        break
            acknowledged.append(number)

    with kafka_server.own_server(tmp_path / "broker") as server:
        async with _log(server.broker.url, tmp_path) as log:
            worker = Worker(log, Subscription("group", (TOPIC,), handle), backoff=QUICK)
            working, publishing = asyncio.create_task(worker.run()), asyncio.create_task(publish(log))
            await until(lambda: len(acknowledged) > 100 and len(done) > 50)
            await asyncio.to_thread(server.kill)
            with pytest.raises(errors.Unavailable):
                await log.ping()
            await asyncio.to_thread(server.start)
            async with asyncio.timeout(60):
                await publishing
                while len(done) < 400:  # noqa: ASYNC110 - the worker has no event to wait on
                    await asyncio.sleep(0.05)
            await log.ping()
            worker.stop()
            await working
    assert done == set(range(400))
