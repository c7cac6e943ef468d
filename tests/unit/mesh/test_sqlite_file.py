"""Trouble with the file is Unavailable, for those whose write was in it and for nobody else."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mesh import errors
from mesh import sqlite as file


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[file.Database]:
    opened = await file.Database.open(tmp_path / "test.db")
    await opened.write(lambda connection: connection.execute("CREATE TABLE things(name TEXT PRIMARY KEY, data)"))
    yield opened
    await opened.close()


def _insert(name: str, size_bytes: int = 1) -> file.Work[object]:
    return lambda connection: connection.execute("INSERT INTO things VALUES (?, zeroblob(?))", (name, size_bytes))


def _names(connection: sqlite3.Connection) -> list[str]:
    return [row[0] for row in connection.execute("SELECT name FROM things ORDER BY name")]


async def test_waiting_writes_share_a_transaction_and_only_the_refused_one_is_undone(database: file.Database) -> None:
    def half(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO things VALUES ('half', 1)")
        raise KeyError("refused")

    works = [_insert(f"{number}") for number in range(9)]
    results = await asyncio.gather(*map(database.write, [*works, half]), return_exceptions=True)
    assert [type(result) for result in results[:9]] == [sqlite3.Cursor] * 9
    assert isinstance(results[9], KeyError)
    assert await database.read(_names) == [f"{number}" for number in range(9)]


async def test_a_full_disk_is_unavailable_and_leaves_nothing_behind(database: file.Database) -> None:
    await database.write(lambda connection: connection.execute("PRAGMA max_page_count = 20").fetchone())
    results = await asyncio.gather(
        *(database.write(_insert(f"large{number}", 200_000)) for number in range(3)), return_exceptions=True
    )
    assert [type(result) for result in results] == [errors.Unavailable] * 3
    assert "full" not in str(results[0])
    await database.write(_insert("small"))
    assert await database.read(_names) == ["small"]


@pytest.mark.slow
async def test_a_file_that_stays_locked_is_unavailable(database: file.Database) -> None:
    other = file.connect(database.path)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(errors.Unavailable):
        await database.write(_insert("a"))
    other.execute("ROLLBACK")
    other.close()
    await database.write(_insert("a"))


async def test_a_folder_in_the_way_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "test.db").mkdir()
    with pytest.raises(errors.Unavailable):
        await file.Database.open(tmp_path / "test.db")


async def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "test.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(errors.Unavailable):
        await file.Database.open(tmp_path / "test.db")


async def test_a_commit_waits_for_the_disk(database: file.Database) -> None:
    def settings(connection: sqlite3.Connection) -> list[object]:
        names = ("synchronous", "journal_mode", "secure_delete")
        return [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names]

    assert await database.write(settings) == [2, "wal", 1]


async def test_the_files_are_for_their_owner_only(database: file.Database) -> None:
    await database.write(_insert("a"))
    for path in database.path.parent.iterdir():
        assert path.stat().st_mode & 0o077 == 0, path.name


async def test_a_reader_cannot_write(database: file.Database) -> None:
    with pytest.raises(errors.Unavailable):
        await database.read(_insert("a"))


async def test_too_much_waiting_is_overload(tmp_path: Path) -> None:
    database = await file.Database.open(tmp_path / "test.db")
    writes = [asyncio.ensure_future(database.write(lambda _: 1)) for _ in range(file.WAITING_LIMIT)]
    await asyncio.sleep(0)
    with pytest.raises(errors.Overloaded):
        await database.write(lambda _: 1)
    assert sum(await asyncio.gather(*writes)) == file.WAITING_LIMIT
    assert await database.write(lambda _: 1) == 1
    await database.close()


async def test_a_cancelled_wait_does_not_disturb_the_others(database: file.Database) -> None:
    writes = [asyncio.ensure_future(database.write(_insert(f"{number}"))) for number in range(20)]
    await asyncio.sleep(0)
    for write in writes[::2]:
        write.cancel()
    results = await asyncio.gather(*writes, return_exceptions=True)
    assert all(isinstance(result, sqlite3.Cursor) for result in results[1::2])
    assert {f"{number}" for number in range(1, 20, 2)} <= set(await database.read(_names))


async def test_close_finishes_what_waits(tmp_path: Path) -> None:
    database = await file.Database.open(tmp_path / "test.db")
    await database.write(lambda connection: connection.execute("CREATE TABLE things(name TEXT PRIMARY KEY, data)"))
    writes = [asyncio.ensure_future(database.write(_insert(f"{number:02}"))) for number in range(50)]
    await asyncio.sleep(0)
    await database.close()
    await asyncio.gather(*writes)
    again = await file.Database.open(tmp_path / "test.db")
    assert await again.read(_names) == [f"{number:02}" for number in range(50)]
    await again.close()
