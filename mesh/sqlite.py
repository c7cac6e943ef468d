"""One SQLite file, fit for services: a writer thread with group commit, reader threads, errors that the mesh knows.

Several processes may share the file. A write that returns is on the disk (WAL, `synchronous=FULL`,
https://www.sqlite.org/pragma.html#pragma_synchronous). Writes that wait are run in one transaction and cost one fsync
together; each still gets its own result or its own refusal.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import functools
import itertools
import os
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Self, TypeVar

from mesh import errors

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]

GROUP_LIMIT = 256
WAITING_LIMIT = 10_000
READERS = 2
BUSY_TIMEOUT_S = 5.0
# SQLite itself looks again after up to 100 ms (sqliteDefaultBusyCallback); another process is done after a few.
BUSY_LOOK_S = 0.0005
OPEN_ATTEMPTS = 50
OPEN_RETRY_S = 0.1
STATEMENTS_CACHED = 256
CACHE_KIB = 16_384
# Ids lie anywhere in an index, so a page is written again and again: better late than often to the database file.
CHECKPOINT_PAGES = 4_000
# Rows that one statement takes at most. Each step of a statement gives up the interpreter lock, and a busy event loop
# is slow to give it back: few large statements keep the writer from queueing for it row by row.
ROWS_A_STATEMENT = 64


@dataclasses.dataclass(slots=True, eq=False)
class Job:
    """Work for a thread and the future of whoever waits for it."""

    work: Work[Any]
    future: asyncio.Future[Any]
    scrub: bool = False
    result: Any = None
    error: BaseException | None = None


class Database:
    """The file. Open with `await Database.open(path)`; every method belongs to the event loop that opened it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._loop = asyncio.get_running_loop()
        self._waiting = 0
        self._closed = False
        self._writes: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._reads: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._threads: list[_Thread] = []
        self._watch: sqlite3.Connection | None = None
        self._version = 0

    @classmethod
    async def open(cls, path: Path) -> Self:
        """Create the file, readable by its owner only, and start the threads. Raises `errors.Unavailable`."""
        database = cls(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            await database._start(_Thread("writer", database, database._writes, GROUP_LIMIT, _Writer().run))
            for number in range(READERS):
                await database._start(_Thread(f"reader-{number}", database, database._reads, 1, _read))
            database._watch = connect(path, busy_timeout_s=0)
        except (OSError, sqlite3.Error) as error:
            await database.close()
            raise errors.Unavailable from error
        return database

    async def write(self, work: Work[T], *, scrub: bool = False) -> T:
        """Run `work` in a transaction and return when it is on the disk. It may run twice, so it touches nothing else.

        With `scrub`, what it deleted is gone from the files too. Raises what `work` raises, `errors.Unavailable` for
        trouble with the file, `errors.Overloaded` when too much waits.
        """
        return await self._submit(self._writes, work, scrub=scrub)  # type: ignore[no-any-return]

    async def read(self, work: Work[T]) -> T:
        """Run `work` on a connection that cannot write. It sees every write that returned before."""
        return await self._submit(self._reads, work, scrub=False)  # type: ignore[no-any-return]

    def changed(self) -> bool:
        """Whether anybody, in this process or another, has committed since the last call. Takes microseconds."""
        if self._watch is None:
            return False
        try:
            (version,) = self._watch.execute("PRAGMA data_version").fetchone()
        except sqlite3.Error:
            return True
        changed, self._version = version != self._version, version
        return bool(changed)

    async def close(self) -> None:
        """Finish what waits, then close. Harmless when closed."""
        if self._closed:
            return
        self._closed = True
        for thread in reversed(self._threads):
            thread.inbox.put(None)
        for thread in self._threads:
            await thread.finished
        if self._watch is not None:
            self._watch.close()
            self._watch = None

    async def _start(self, thread: _Thread) -> None:
        thread.start()
        await thread.started
        self._threads.append(thread)

    async def _submit(self, inbox: queue.SimpleQueue[Job | None], work: Work[Any], *, scrub: bool) -> Any:
        if self._closed:
            raise errors.Unavailable
        if self._waiting >= WAITING_LIMIT:
            raise errors.Overloaded(retry_after_s=1.0)
        job = Job(work, self._loop.create_future(), scrub)
        self._waiting += 1
        inbox.put(job)
        try:
            return await job.future
        finally:
            self._waiting -= 1

    def deliver(self, jobs: Sequence[Job]) -> None:
        """From a thread: let everybody who waits for these jobs go on."""
        with contextlib.suppress(RuntimeError):  # the loop is closed, so nobody waits any more
            self._loop.call_soon_threadsafe(_settle, jobs)


def _settle(jobs: Sequence[Job]) -> None:
    for job in jobs:
        if job.future.done():
            continue
        if job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.result)


class _Thread(threading.Thread):
    """A thread with a connection of its own that runs the jobs of an inbox, `limit` at a time."""

    def __init__(
        self,
        name: str,
        database: Database,
        inbox: queue.SimpleQueue[Job | None],
        limit: int,
        run: Callable[[sqlite3.Connection, list[Job]], None],
    ) -> None:
        super().__init__(name=f"{database.path.name}-{name}", daemon=True)
        loop = asyncio.get_running_loop()
        self.started: asyncio.Future[None] = loop.create_future()
        self.finished: asyncio.Future[None] = loop.create_future()
        self.inbox = inbox
        self._database, self._limit, self._run_jobs = database, limit, run

    def run(self) -> None:
        started = Job(lambda _: None, self.started)
        try:
            connection = connect(self._database.path, read_only=self._run_jobs is _read)
        except sqlite3.Error as error:
            started.error = error
            self._database.deliver([started])
            return
        self._database.deliver([started])
        with contextlib.closing(connection):
            while jobs := self._take():
                self._run_jobs(connection, jobs)
                self._database.deliver(jobs)
        self._database.deliver([Job(lambda _: None, self.finished)])

    def _take(self) -> list[Job]:
        """The jobs that wait, at least one; none when the inbox is closed."""
        jobs: list[Job] = []
        with contextlib.suppress(queue.Empty):
            while len(jobs) < self._limit:
                job = self.inbox.get(block=not jobs)
                if job is None:
                    if jobs:
                        self.inbox.put(None)
                    break
                jobs.append(job)
        return jobs


def connect(path: Path, *, read_only: bool = False, busy_timeout_s: float = BUSY_TIMEOUT_S) -> sqlite3.Connection:
    """A connection with the settings that our promises stand on."""
    connection = sqlite3.connect(
        path, timeout=busy_timeout_s, isolation_level=None, cached_statements=STATEMENTS_CACHED, check_same_thread=False
    )
    try:
        _use_wal(connection)
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA secure_delete=ON")
        connection.execute("PRAGMA temp_store=MEMORY")
        connection.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
        connection.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
        if read_only:
            connection.execute("PRAGMA query_only=ON")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _use_wal(connection: sqlite3.Connection) -> None:
    """SQLite may refuse the switch to WAL at once, busy timeout or not, while another process opens a new file."""
    for _ in range(OPEN_ATTEMPTS):
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise
            time.sleep(OPEN_RETRY_S)
        else:
            return
    raise sqlite3.OperationalError("the file stays locked")


def _read(connection: sqlite3.Connection, jobs: list[Job]) -> None:
    for job in jobs:
        try:
            job.result = job.work(connection)
        except Exception as error:  # noqa: BLE001 - whatever it is belongs to whoever asked
            job.error = _explained(error)


class _Writer:
    """Runs jobs that wait together in one transaction."""

    def __init__(self) -> None:
        self._scrub_due = False

    def run(self, connection: sqlite3.Connection, jobs: list[Job]) -> None:
        wanted = [job for job in jobs if not job.future.cancelled()]
        try:
            self._commit(connection, wanted)
        except Exception as error:  # noqa: BLE001 - the transaction as a whole failed: nobody's write is on the disk
            for job in wanted:
                job.error = _explained(error)
        self._scrub(connection, wanted)

    def _commit(self, connection: sqlite3.Connection, jobs: list[Job]) -> None:
        try:
            _together(connection, jobs)
        except Exception:
            if len(jobs) == 1:
                raise
            # Some job refuses: once more, with a savepoint each, so that only that one is undone.
            _one_by_one(connection, jobs)

    def _scrub(self, connection: sqlite3.Connection, jobs: list[Job]) -> None:
        """Move every page to the database file and cut the log to nothing: older versions of pages lie only there."""
        scrubbing = [job for job in jobs if job.scrub and job.error is None]
        self._scrub_due = self._scrub_due or bool(scrubbing)
        if not self._scrub_due:
            return
        try:
            (busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            self._scrub_due = bool(busy)
        except sqlite3.Error:
            busy = 1
        for job in scrubbing if busy else ():
            job.error = errors.Unavailable()


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    _begin(connection)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _begin(connection: sqlite3.Connection) -> None:
    """Begin to write, once other processes let us."""
    deadline_s = time.monotonic() + BUSY_TIMEOUT_S
    connection.execute("PRAGMA busy_timeout=0")
    try:
        while not _has_begun(connection, deadline_s):
            time.sleep(BUSY_LOOK_S)
    finally:
        connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_S * 1000:.0f}")


def _has_begun(connection: sqlite3.Connection, deadline_s: float) -> bool:
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= deadline_s:
            raise
        return False
    return True


def _together(connection: sqlite3.Connection, jobs: list[Job]) -> None:
    with _transaction(connection):
        for job in jobs:
            job.result = job.work(connection)


def _one_by_one(connection: sqlite3.Connection, jobs: list[Job]) -> None:
    with _transaction(connection):
        for job in jobs:
            connection.execute("SAVEPOINT job")
            try:
                job.result = job.work(connection)
            except Exception as error:
                if not connection.in_transaction:  # a full disk or the like has undone the whole transaction
                    raise
                job.error = _explained(error)
                connection.execute("ROLLBACK TO job")
            connection.execute("RELEASE job")


def _explained(error: Exception) -> Exception:
    """A fresh error for one caller: trouble with the file is Unavailable, anything else is as it was raised."""
    if not isinstance(error, sqlite3.Error):
        return error
    unavailable = errors.Unavailable()
    unavailable.__cause__ = error
    return unavailable


def insert_rows(connection: sqlite3.Connection, target: str, width: int, rows: Sequence[Sequence[Any]]) -> None:
    """Insert `rows` of `width` values with as few statements as can be. `target`: `INTO table(column, ...)`."""
    for start in range(0, len(rows), ROWS_A_STATEMENT):
        some = rows[start : start + ROWS_A_STATEMENT]
        connection.execute(_insertion(target, width, len(some)), list(itertools.chain.from_iterable(some)))


@functools.lru_cache(maxsize=1024)
def _insertion(target: str, width: int, count: int) -> str:
    row = f"({','.join('?' * width)})"
    return f"INSERT {target} VALUES {','.join([row] * count)}"  # noqa: S608 - names come from declarations in the code
