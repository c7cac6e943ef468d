"""`credpass topics` makes the event topics exist; `credpass redrive` puts dead letters back where they came from."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping

from rich.console import Console

from mesh import clock, errors, events, urls
from mesh import settings as mesh_settings
from mesh.events import port, topics

# The group whose offsets remember how far the dead letters have been put back.
REDRIVE_GROUP = "redrive"
BATCH = 100
PATIENCE_S = 10.0


class RedriveHeldUp(errors.Unavailable):
    message = "No dead letters came, though there are some: another redrive may be at work on them. Try again shortly."


async def create(environ: Mapping[str, str], console: Console) -> None:
    """Make every topic exist with its partitions and retention, and list them. Running it again changes nothing.

    Raises:
        mesh.settings.SettingsError, mesh.errors.Unavailable: the event log cannot be opened, or does not do it.
    """
    async with _opened(environ) as log:
        await log.create_topics(topics.TOPICS)
    width = max(len(topic.name) for topic in topics.TOPICS)
    for topic in topics.TOPICS:
        parts = "1 partition " if topic.partitions == 1 else f"{topic.partitions} partitions"
        console.print(f"{topic.name:{width}}  {parts}  {topic.retention_days:3} days", highlight=False)


async def put_back(environ: Mapping[str, str], topic: str, limit: int, console: Console) -> None:
    """Put at most `limit` dead letters of a topic back on it, the oldest first, and say how many.

    Raises:
        mesh.settings.SettingsError, mesh.errors.Unavailable: the event log cannot be opened, lacks topics, or does not
            do it.
    """
    async with _opened(environ) as log:
        await log.check(topics.TOPICS, [REDRIVE_GROUP])
        done, left = await redrive(log, topic, limit)
    console.print(f"{done:,} put back on {topic}, {left:,} left", highlight=False)


async def redrive(log: port.EventLog, topic: str, limit: int) -> tuple[int, int]:
    """Publish dead letters again, never more than there are at the start; how many, and how many are left.

    What was put back is committed batch by batch, so a run that was interrupted goes on where it stopped; a batch that
    was interrupted is put back twice, which handlers bear. Raises RedriveHeldUp, mesh.errors.Unavailable.
    """
    done = 0
    async with log.consumer(REDRIVE_GROUP, [topics.dead_letter(topic)]) as consumer:
        wanted = min(limit, await consumer.lag())
        while done < wanted:
            letters = await consumer.poll(min(BATCH, wanted - done), PATIENCE_S)
            if not letters:
                raise RedriveHeldUp
            await log.publish([port.Publication(topic, letter.key, letter.value) for letter in letters])
            await consumer.commit(letters)
            done += len(letters)
        return done, await consumer.lag()


@contextlib.asynccontextmanager
async def _opened(environ: Mapping[str, str]) -> AsyncIterator[port.EventLog]:
    settings = mesh_settings.Settings.load(environ)
    if urls.scheme(settings.events_url) == "sqlite" and not settings.data.is_dir():
        raise mesh_settings.SettingsError(f"CREDPASS_DATA: there is no folder {settings.data}")
    log = await events.open_events(settings.events_url, settings.data, clock.SystemClock(), settings.instance)
    try:
        yield log
    finally:
        await log.close()
