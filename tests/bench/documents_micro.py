"""How fast documents and events are: `python -m tests.bench.documents_micro [FOLDER]`, a line a measurement.

The shape of the verification path: batches of 30 small documents with an event each, some in flight at once; then the
whole way of an event, outbox to handler. FOLDER (default: a temporary one) decides whose fsync is measured.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from credpass.verification.v1 import verification_events_pb2

from mesh import clock, documents, events, ids
from mesh.documents import port
from mesh.documents.port import Collection, Index, NewDocument
from mesh.events import codec, topics
from mesh.events import port as events_port
from mesh.events.relay import Relay
from mesh.events.worker import Subscription, Worker

BATCH = 30
BATCHES = 200
SINGLES = 300
COLLECTION = Collection("verifications", (Index(("institutionId", "verifiedAt")), Index(("userId", "verifiedAt"))))
CLOCK = clock.SystemClock()


def _name(prefix: str, batch: int, number: int) -> str:
    """Ids lie anywhere in an index, as real ones do."""
    return ids.derived_id("ver", prefix, f"{batch}", f"{number}")


def _document(name: str) -> NewDocument:
    now = CLOCK.now()
    message = verification_events_pb2.VerificationRequested(
        verification_id=name,
        institution_id="inst_1",
        key_id="key_1",
        credential_id="cred_1",
        user_id=name[-3:],
        result="valid",
    )
    event = codec.event(message, aggregate_id=name, version=1, clock_now=now, correlation_id="corr_1")
    data: port.Data = {
        "institutionId": "inst_1",
        "userId": name[-3:],
        "verifiedAt": now,
        "result": "valid",
        "trustScore": 712,
    }
    return NewDocument(name, data, (event,))


async def _timed(label: str, count: int, concurrency: int, work: Callable[[int], Awaitable[object]]) -> None:
    """Run work(0..count-1), `concurrency` at once, and say how many a second and how long one took."""
    waits_ms: list[float] = []

    async def lane(first: int) -> None:
        for number in range(first, count, concurrency):
            started = time.perf_counter()
            await work(number)
            waits_ms.append((time.perf_counter() - started) * 1e3)

    started = time.perf_counter()
    await asyncio.gather(*(lane(first) for first in range(concurrency)))
    rate = count / (time.perf_counter() - started)
    waits_ms.sort()
    middle, late = waits_ms[count // 2], waits_ms[count * 99 // 100]
    sys.stdout.write(f"{label:<44} {rate:>9.0f}/s   p50 {middle:>7.2f} ms   p99 {late:>7.2f} ms\n")


async def _batches(store: port.Documents, prefix: str, concurrency: int) -> None:
    async def work(number: int) -> None:
        await store.insert_many("verifications", [_document(_name(prefix, number, i)) for i in range(BATCH)])

    label = f"insert_many of {BATCH}, {concurrency} at once (x{BATCH} documents)"
    await _timed(label, BATCHES, concurrency, work)


async def _claims(store: port.Documents, concurrency: int) -> None:
    """Each lane updates a document of its own, as a share link's use is claimed."""
    held = {lane: await store.insert("verifications", f"claim_{concurrency}_{lane}", {}) for lane in range(concurrency)}

    async def work(number: int) -> None:
        lane = number % concurrency
        held[lane] = await store.update("verifications", held[lane], {"used": number})

    await _timed(f"update, {concurrency} at once", SINGLES * concurrency, concurrency, work)


async def _reads(store: port.Documents, concurrency: int) -> None:
    await _timed(
        f"get, {concurrency} at once",
        2_000,
        concurrency,
        lambda number: store.get("verifications", _name("a", number % BATCHES, 7)),
    )


async def _through(store: port.Documents, log: events_port.EventLog) -> None:
    """From the outbox over the relay and a topic to a handler."""
    expected = len(await store.pending_events(100_000))
    done = asyncio.Event()
    count = 0

    async def handle(_: events_port.Event) -> None:
        nonlocal count
        count += 1
        if count == expected:
            done.set()

    worker = Worker(log, Subscription("bench", ("verification.requested",), handle))
    relay = Relay(store, log)
    started = time.perf_counter()
    tasks = [asyncio.create_task(worker.run()), asyncio.create_task(relay.run())]
    await done.wait()
    rate = expected / (time.perf_counter() - started)
    sys.stdout.write(f"{'outbox -> relay -> topic -> handler':<44} {rate:>9.0f}/s\n")
    worker.stop()
    relay.stop()
    await asyncio.gather(*tasks)


async def main(folder: Path) -> None:
    store = await documents.open_documents("sqlite:credpass.db", folder, CLOCK)
    log = await events.open_events("sqlite:events.db", folder, CLOCK)
    await store.ensure(COLLECTION)
    await log.create_topics(topics.TOPICS)
    try:
        for prefix, concurrency in (("a", 1), ("b", 4), ("c", 16)):
            await _batches(store, prefix, concurrency)
        for concurrency in (1, 32):
            await _claims(store, concurrency)
            await _reads(store, concurrency)
        await _through(store, log)
    finally:
        await store.close()
        await log.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        asyncio.run(main(Path(sys.argv[1] if len(sys.argv) > 1 else temporary)))
