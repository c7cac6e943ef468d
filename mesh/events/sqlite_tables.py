"""The tables of an event log in SQLite, and what is done to them inside a transaction."""

from __future__ import annotations

import dataclasses
import sqlite3
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from mesh import errors, sqlite
from mesh.events import port

# A member's seq is never given twice (AUTOINCREMENT), so count and greatest seq tell whether the members changed.
SCHEMA = (
    """CREATE TABLE IF NOT EXISTS topics(
        name TEXT PRIMARY KEY, partitions INTEGER NOT NULL, retention_ms INTEGER NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS partitions(
        id INTEGER PRIMARY KEY, topic TEXT NOT NULL, number INTEGER NOT NULL, next INTEGER NOT NULL DEFAULT 0,
        UNIQUE(topic, number))""",
    """CREATE TABLE IF NOT EXISTS records(
        partition INTEGER, offset INTEGER, at_ms INTEGER NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, headers TEXT,
        PRIMARY KEY(partition, offset)) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS offsets(
        name TEXT, partition INTEGER, next INTEGER NOT NULL, PRIMARY KEY(name, partition)) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS members(
        seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, topics TEXT NOT NULL,
        process TEXT NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS leases(
        name TEXT, partition INTEGER, member TEXT NOT NULL, PRIMARY KEY(name, partition)) WITHOUT ROWID""",
)
RECORDS = "INTO records(partition, offset, at_ms, key, value, headers)"
SWEEP_BATCH = 1_000


@dataclasses.dataclass(slots=True)
class Held:
    """A partition that a member holds. What lies between `committed` and `position` is in its hands."""

    id: int
    topic: str
    number: int
    committed: int
    position: int

    @property
    def drained(self) -> bool:
        return self.position == self.committed


@dataclasses.dataclass(frozen=True, slots=True)
class Member:
    """A member of a group."""

    id: str
    group: str
    topics: tuple[str, ...]
    process: str


@dataclasses.dataclass(frozen=True, slots=True)
class Share:
    """What a rebalance left a member with: partitions it holds, those it must give up, and whether others are due."""

    held: tuple[Held, ...]
    unwanted: frozenset[int]
    waiting: bool


def create(connection: sqlite3.Connection) -> None:
    for statement in SCHEMA:
        connection.execute(statement)


def create_topics(connection: sqlite3.Connection, topics: Sequence[port.Topic]) -> None:
    """Topics grow in partitions and never shrink: a record stays where it is."""
    for topic in topics:
        connection.execute(
            """INSERT INTO topics(name, partitions, retention_ms) VALUES (?, ?, ?) ON CONFLICT(name) DO UPDATE
               SET partitions = max(partitions, excluded.partitions), retention_ms = excluded.retention_ms""",
            (topic.name, topic.partitions, topic.retention_days * 86_400_000),
        )
        rows = [(topic.name, number) for number in range(topic.partitions)]
        connection.executemany("INSERT OR IGNORE INTO partitions(topic, number) VALUES (?, ?)", rows)


def append(connection: sqlite3.Connection, publications: Sequence[port.Publication], at_ms: int) -> dict[int, int]:
    """Append in order; the next offset of each partition that grew. Raises LookupError for an unknown topic."""
    partitions = _partitions(connection, {publication.topic for publication in publications})
    ends: dict[int, int] = {}
    rows: list[tuple[Any, ...]] = []
    for publication in publications:
        candidates = partitions[publication.topic]
        number, start = candidates[zlib.crc32(publication.key.encode()) % len(candidates)]
        offset = ends.get(number, start)
        ends[number] = offset + 1
        headers = orjson.dumps(dict(publication.headers)).decode() if publication.headers else None
        rows.append((number, offset, at_ms, publication.key, publication.value, headers))
    sqlite.insert_rows(connection, RECORDS, 6, rows)
    for number, end in ends.items():
        connection.execute("UPDATE partitions SET next = ? WHERE id = ?", (end, number))
    return ends


def _partitions(connection: sqlite3.Connection, topics: Iterable[str]) -> dict[str, list[tuple[int, int]]]:
    found: dict[str, list[tuple[int, int]]] = {}
    for topic in topics:
        sql = "SELECT id, next FROM partitions WHERE topic = ? ORDER BY number"
        found[topic] = connection.execute(sql, (topic,)).fetchall()
        if not found[topic]:
            raise LookupError(f"There is no topic {topic}.")
    return found


def ends(connection: sqlite3.Connection) -> tuple[dict[int, tuple[str, int]], tuple[int, int]]:
    """Topic and next offset of every partition, and what tells whether the members changed."""
    rows = connection.execute("SELECT id, topic, next FROM partitions").fetchall()
    members = connection.execute("SELECT count(*), coalesce(max(seq), 0) FROM members").fetchone()
    return {number: (topic, end) for number, topic, end in rows}, members


def fetch(connection: sqlite3.Connection, wanted: Mapping[int, int], limit: int) -> dict[int, list[Any]]:
    """Rows (offset, key, value, headers) by partition, from the positions wanted, at most `limit` in all."""
    share = max(1, limit // max(1, len(wanted)))
    sql = "SELECT offset, key, value, headers FROM records WHERE partition = ? AND offset >= ? ORDER BY offset LIMIT ?"
    found: dict[int, list[Any]] = {}
    for number, position in wanted.items():
        if limit <= 0:
            break
        found[number] = connection.execute(sql, (number, position, min(share, limit))).fetchall()
        limit -= len(found[number])
    return found


def commit(connection: sqlite3.Connection, member: Member, positions: Mapping[int, int]) -> set[int]:
    """Move the group's offsets; the partitions of `positions` that the member does not hold any more."""
    lost = set()
    for number, position in positions.items():
        moved = connection.execute(
            """INSERT INTO offsets(name, partition, next)
               SELECT ?1, ?2, ?3 WHERE EXISTS (SELECT 1 FROM leases WHERE name = ?1 AND partition = ?2 AND member = ?4)
               ON CONFLICT(name, partition) DO UPDATE SET next = max(next, excluded.next)""",
            (member.group, number, position, member.id),
        )
        if moved.rowcount != 1:
            lost.add(number)
    return lost


def join(connection: sqlite3.Connection, member: Member) -> None:
    connection.execute(
        "INSERT INTO members(id, name, topics, process) VALUES (?, ?, ?, ?)",
        (member.id, member.group, orjson.dumps(member.topics).decode(), member.process),
    )


def leave(connection: sqlite3.Connection, member: Member) -> None:
    connection.execute("DELETE FROM leases WHERE member = ?", (member.id,))
    connection.execute("DELETE FROM members WHERE id = ?", (member.id,))


def processes(connection: sqlite3.Connection) -> list[str]:
    return [row[0] for row in connection.execute("SELECT DISTINCT process FROM members")]


def bury(connection: sqlite3.Connection, dead: Sequence[str]) -> None:
    """Take the members of dead processes out, and free what they held."""
    for process in dead:
        connection.execute("DELETE FROM leases WHERE member IN (SELECT id FROM members WHERE process = ?)", (process,))
        connection.execute("DELETE FROM members WHERE process = ?", (process,))


def rebalance(connection: sqlite3.Connection, member: Member, drained: set[int]) -> Share:
    """Give up drained partitions that are another's by now, take those that are the member's and free.

    Raises Unavailable for a member that was taken for dead: it must join again.
    """
    if connection.execute("SELECT 1 FROM members WHERE id = ?", (member.id,)).fetchone() is None:
        raise errors.Unavailable
    wanted = _assigned(connection, member)
    for number in drained - wanted:
        connection.execute(
            "DELETE FROM leases WHERE name = ? AND partition = ? AND member = ?", (member.group, number, member.id)
        )
    for number in wanted:
        connection.execute(
            "INSERT OR IGNORE INTO leases(name, partition, member) VALUES (?, ?, ?)", (member.group, number, member.id)
        )
    rows = connection.execute(
        """SELECT partitions.id, partitions.topic, partitions.number, coalesce(offsets.next, 0)
           FROM leases JOIN partitions ON partitions.id = leases.partition
           LEFT JOIN offsets ON offsets.name = leases.name AND offsets.partition = leases.partition
           WHERE leases.name = ? AND leases.member = ?""",
        (member.group, member.id),
    ).fetchall()
    held = tuple(Held(number, topic, index, start, start) for number, topic, index, start in rows)
    have = {partition.id for partition in held}
    return Share(held, frozenset(have - wanted), waiting=bool(wanted - have))


def _assigned(connection: sqlite3.Connection, member: Member) -> set[int]:
    """The member's share: the group's partitions in order, dealt to the members in the order in which they joined."""
    sql = "SELECT id, topics FROM members WHERE name = ? ORDER BY seq"
    members = [(name, set(orjson.loads(topics))) for name, topics in connection.execute(sql, (member.group,))]
    assigned = set()
    topics = sorted(set().union(*(wanted for _, wanted in members)))
    sql = "SELECT id, topic FROM partitions WHERE topic IN (SELECT value FROM json_each(?)) ORDER BY topic, number"
    for index, (number, topic) in enumerate(connection.execute(sql, (orjson.dumps(topics).decode(),)).fetchall()):
        takers = [name for name, wanted in members if topic in wanted]
        if takers[index % len(takers)] == member.id:
            assigned.add(number)
    return assigned


def lag(connection: sqlite3.Connection, group: str, topics: Sequence[str]) -> int:
    """How many records the group has not finished; those that retention took do not count."""
    sql = """SELECT coalesce(sum(partitions.next - max(
                 coalesce(offsets.next, 0),
                 coalesce((SELECT min(offset) FROM records WHERE partition = partitions.id), partitions.next))), 0)
             FROM partitions LEFT JOIN offsets ON offsets.partition = partitions.id AND offsets.name = ?
             WHERE partitions.topic IN (SELECT value FROM json_each(?))"""
    (count,) = connection.execute(sql, (group, orjson.dumps(list(topics)).decode())).fetchone()
    return int(count)


def expire(connection: sqlite3.Connection, now_ms: int) -> int:
    """Delete at most SWEEP_BATCH of the oldest records of each partition that are past retention; how many went."""
    sql = "SELECT id, retention_ms FROM partitions JOIN topics ON topics.name = partitions.topic"
    deleted = 0
    for number, retention_ms in connection.execute(sql).fetchall():
        deleted += connection.execute(
            """DELETE FROM records WHERE partition = ?1 AND offset <= (
                   SELECT max(offset) FROM (
                       SELECT offset, at_ms FROM records WHERE partition = ?1 ORDER BY offset LIMIT ?3
                   ) WHERE at_ms < ?2)""",
            (number, now_ms - retention_ms, SWEEP_BATCH),
        ).rowcount
    return deleted
