"""Upload to credential, start to ready, and memory while a large file passes."""

from __future__ import annotations

import pathlib
import statistics
import time

from tests.bench import processes
from tests.support.rest import Person, Rest
from tests.support.statements import HEADER
from tests.support.system_process import SystemProcess

DEMO = pathlib.Path(__file__).resolve().parents[2] / "cli" / "data" / "demo_statement.csv"
UPLOADS = 15
STARTS = 3
LARGE_BYTES = 100_000_000


def upload_to_credential_ms(folder: pathlib.Path) -> float:
    """Median time from the first byte of a 1,247-row statement to the credential being readable, embedded, in ms."""
    system = SystemProcess(folder / "embedded")
    rest = Rest(system.start(), folder / "embedded" / "mail")
    try:
        return median_ms(rest)
    finally:
        rest.http.close()
        system.close()


def median_ms(rest: Rest) -> float:
    """The same on any system that runs."""
    people = [rest.person() for _ in range(UPLOADS + 1)]
    content = DEMO.read_bytes()
    return statistics.median([_once(person, content) for person in people][1:]) * 1000


def _once(person: Person, content: bytes) -> float:
    started_s = time.perf_counter()
    person.upload(content)
    while not person.credentials():
        time.sleep(0.002)
    return time.perf_counter() - started_s


def start_to_ready_s(folder: pathlib.Path) -> float:
    """Median time from starting `credpass up` to its serving, on data that exist, in seconds."""
    system, times = SystemProcess(folder / "starts"), []
    for _ in range(STARTS + 1):
        started_s = time.perf_counter()
        system.start()
        times.append(time.perf_counter() - started_s)
        system.stop()
    system.close()
    return statistics.median(times[1:])


def rss_growth_mb(folder: pathlib.Path, redis_url: str) -> dict[str, float]:
    """How far the peak memory of gateway and ingestion grows while a 100 MB statement is taken, in MB."""
    limit = str(2 * LARGE_BYTES)
    mesh = processes.Mesh(folder / "large", redis_url, CREDPASS_UPLOAD_LIMIT_BYTES=limit)
    try:
        rest = Rest(mesh.gateway(), mesh.folder / "mail")
        rest.http.timeout = 600
        person = rest.person()
        person.upload(large_statement(1_000_000))
        before = {name: mesh.peak_rss_mb(name) for name in ("gateway", "ingestion")}
        person.upload(large_statement(LARGE_BYTES))
        return {name: mesh.peak_rss_mb(name) - peak for name, peak in before.items()}
    finally:
        mesh.close()


def large_statement(size_bytes: int) -> bytes:
    """A statement of about this size: the same year of bookings over and over, with balances that add up.

    Rows of some 220 bytes, since a statement may have a million rows at most.
    """
    rows, balance, size = [HEADER], 0, len(HEADER)
    for number in range(size_bytes):
        amount = 100_00 if number % 2 == 0 else -100_00
        balance += amount
        text = f"PAYMENT {number:08d} {'X' * 160}"
        day = f"2025-{number % 12 + 1:02d}-{number % 28 + 1:02d}"
        rows.append(f"{day},{text},{amount / 100:.2f},{balance / 100:.2f},EUR,PARTNER {number % 50}")
        size += len(rows[-1]) + 1
        if size >= size_bytes:
            break
    return ("\n".join(rows) + "\n").encode()
