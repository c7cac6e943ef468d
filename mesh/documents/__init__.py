"""Collections of versioned documents, each write carrying its events. The port, and a backend a URL."""

from __future__ import annotations

from pathlib import Path

from mesh import clock as clocks
from mesh import settings, urls
from mesh.documents import port

VARIABLE = "CREDPASS_DOCUMENTS_URL"


async def open_documents(url: str, data: Path, clock: clocks.Clock) -> port.Documents:
    """Open the store that a URL names: `sqlite:credpass.db`, under `data` unless the path is absolute, or `mongodb://`.

    Raises `SettingsError` for any other scheme, `mesh.errors.Unavailable` when the store cannot be opened.
    """
    if urls.scheme(url) in {"mongodb", "mongodb+srv"}:
        from mesh.documents import mongodb

        return await mongodb.open_server(url, clock)
    if urls.scheme(url) != "sqlite":
        raise urls.unknown(VARIABLE, url, "sqlite", "mongodb", "mongodb+srv")
    if urls.path(url, data) == data:
        raise settings.SettingsError(f"{VARIABLE}: names no file")
    from mesh.documents import sqlite

    return await sqlite.open_file(urls.path(url, data), clock)
