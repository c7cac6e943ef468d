"""Topics, consumer groups, retry, dead letters and the outbox relay. The port, and a backend a URL."""

from __future__ import annotations

from pathlib import Path

from mesh import clock as clocks
from mesh import settings, urls
from mesh.events import port

VARIABLE = "CREDPASS_EVENTS_URL"


async def open_events(url: str, data: Path, clock: clocks.Clock, instance: str = "") -> port.EventLog:
    """Open the log that a URL names: `sqlite:events.db`, under `data` unless the path is absolute, or `kafka://...`.

    `instance`: this process's name among the members of its groups, the same after a restart; empty for none.
    Raises `SettingsError` for any other scheme, `mesh.errors.Unavailable` when the log cannot be opened.
    """
    if urls.scheme(url) == "kafka":
        from mesh.events import kafka

        return await kafka.open_cluster(url, data, instance)
    if urls.scheme(url) != "sqlite":
        raise urls.unknown(VARIABLE, url, "sqlite", "kafka")
    if urls.path(url, data) == data:
        raise settings.SettingsError(f"{VARIABLE}: names no file")
    from mesh.events import sqlite

    return await sqlite.open_file(urls.path(url, data), clock)
