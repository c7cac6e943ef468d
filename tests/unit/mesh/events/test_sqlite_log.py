"""What only the log in a file has: signs of life of processes."""

from __future__ import annotations

from pathlib import Path

import pytest

from mesh import errors, events
from mesh.events import port
from tests.support import clocks
from tests.support.events_for_tests import publication

TOPIC = "data.ingested"


async def _open(folder: Path) -> port.EventLog:
    log = await events.open_events("sqlite:events.db", folder, clocks.HandClock())
    await log.create_topics([port.Topic(TOPIC, 2, 7)])
    return log


async def test_a_member_taken_for_dead_cannot_commit_and_is_told_to_join_again(tmp_path: Path) -> None:
    first = await _open(tmp_path)
    (sign,) = (tmp_path / "events.db.processes").iterdir()
    second = await _open(tmp_path)
    await first.publish([publication(number) for number in range(5)])
    async with first.consumer("group", [TOPIC]) as lost:
        records = await lost.poll(10, 5.0)
        sign.unlink()
        async with second.consumer("group", [TOPIC]) as taker:
            again = await taker.poll(10, 5.0)
            assert [record.offset for record in again] == [record.offset for record in records]
            await lost.commit(records)
            assert await taker.lag() == 5
            with pytest.raises(errors.Unavailable):
                await lost.poll(10, 5.0)
            await taker.commit(again)
            assert await taker.lag() == 0
    await second.close()
    await first.close()


async def test_a_process_that_closed_leaves_no_sign(tmp_path: Path) -> None:
    log = await _open(tmp_path)
    assert len(list((tmp_path / "events.db.processes").iterdir())) == 1
    await log.close()
    assert list((tmp_path / "events.db.processes").iterdir()) == []
