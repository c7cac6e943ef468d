"""An event that nobody can handle: it is put aside with its story, and the events behind it are handled."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import orjson
import pytest

from mesh import clock, events, ids
from mesh.events import port
from tests.support.rest import Rest
from tests.support.statements import statement
from tests.support.system_process import SystemProcess

pytestmark = pytest.mark.one_stack("embedded", reason="it writes into the SQLite topics")

TOPIC, LETTERS = "data.ingested", "data.ingested.dlq"


@contextlib.asynccontextmanager
async def event_log(system: SystemProcess) -> AsyncIterator[port.EventLog]:
    """The running system's event log, opened by another process: this one."""
    log = await events.open_events("sqlite:events.db", system.data, clock.SystemClock())
    try:
        yield log
    finally:
        await log.close()


async def letters(log: port.EventLog, key: str, count: int) -> list[port.Record]:
    """Dead letters with this key, once there are so many."""
    found: list[port.Record] = []
    async with log.consumer(ids.new_id("test"), [LETTERS]) as consumer:
        for _ in range(60):
            found += [record for record in await consumer.poll(100, 1.0) if record.key == key]
            if len(found) >= count:
                return found
    raise AssertionError(f"{len(found)} of {count} dead letters came")


def envelope(payload: object) -> bytes:
    return orjson.dumps(
        {
            "eventId": ids.new_id("evt"),
            "eventType": TOPIC,
            "timestamp": "2026-02-15T10:00:00Z",
            "payload": payload,
            "metadata": {"correlationId": "corr_poison", "version": "1.0"},
        }
    )


POISON = {
    "no JSON": b"\xff\x00 this is no envelope",
    "another JSON": b"[1,2,3]",
    "no payload": orjson.dumps({"eventId": "evt_1", "eventType": TOPIC}),
    "another shape": envelope({"userId": {"nested": 1}, "uploadId": 7}),
}


@pytest.mark.parametrize("kind", POISON)
async def test_poison_is_put_aside_and_what_is_behind_it_is_done(system: SystemProcess, rest: Rest, kind: str) -> None:
    person = rest.person()
    async with event_log(system) as log:
        await log.publish([port.Publication(TOPIC, person.user_id, POISON[kind])])
        upload = person.upload(statement(6, marker="behind"))
        assert person.credential_of(upload["uploadId"])["status"] == "active"
        (letter, *_) = [
            each
            for each in await letters(log, person.user_id, 1 if kind == "another shape" else 2)
            if each.headers["group"] == "analysis-workers"
        ]
    assert letter.value == POISON[kind]
    assert letter.headers.keys() >= {"error-class", "reason", "attempts", "origin-partition", "origin-offset"}
    assert (letter.headers["origin-topic"], letter.headers["error-class"]) == (TOPIC, "MalformedEvent")
    assert rest.http.get("/readyz").status_code == 200


async def test_an_event_of_nobody_does_no_harm(system: SystemProcess, rest: Rest) -> None:
    """Well-formed, but of a user and an upload that do not exist: as after an erasure."""
    person = rest.person()
    payload = {"userId": "user_gone", "uploadId": "upload_gone", "dataType": "bank_statement", "recordCount": 1}
    async with event_log(system) as log:
        await log.publish([port.Publication(TOPIC, person.user_id, envelope(payload))])
    assert person.credential(statement(6, marker="nobody"))["status"] == "active"


async def test_an_event_that_is_told_twice_gives_one_credential(system: SystemProcess, rest: Rest) -> None:
    person = rest.person()
    credential = person.credential(statement(6, marker="twice"))
    async with event_log(system) as log:
        replayed = [
            port.Publication(each.topic, each.key, each.value)
            for topic in (TOPIC, "analysis.completed")
            for each in await everything(log, topic)
            if each.key == person.user_id
        ]
        assert len(replayed) == 2
        await log.publish([*replayed, *replayed])
    # Its events lie behind the repeated ones: once its credential is there, they are handled.
    after = person.credential(statement(6, marker="after"))
    found = [each["credentialId"] for each in person.credentials()]
    assert found == [after["credentialId"], credential["credentialId"]]


async def everything(log: port.EventLog, topic: str) -> list[port.Record]:
    """All that lies on a topic."""
    found: list[port.Record] = []
    async with log.consumer(ids.new_id("test"), [topic]) as consumer:
        while await consumer.lag():
            records = await consumer.poll(100, 1.0)
            await consumer.commit(records)
            found += records
    return found
