"""The backends of a process, opened by URL. A backend is imported only when its URL asks for it."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from mesh import clock as clocks
from mesh.documents import port as documents
from mesh.events import port as events

if TYPE_CHECKING:  # these pull in redis, obstore, cryptography, aiosmtplib: only the URLs decide what is loaded
    from mesh import blobs, cache, mail, settings, vault


@dataclasses.dataclass(frozen=True)
class Backends:
    """What a service's adapters stand on."""

    documents: documents.Documents
    events: events.EventLog
    cache: cache.Cache
    blobs: blobs.Blobs
    vault: vault.Vault
    mailer: mail.Mailer
    clock: clocks.Clock


@contextlib.asynccontextmanager
async def open_backends(settings: settings.Settings, clock: clocks.Clock | None = None) -> AsyncIterator[Backends]:
    """Open every backend; what was opened is closed again when the block ends or a later one fails to open.

    Raises:
        settings.SettingsError: a URL names no backend; the message names the variable.
        errors.Unavailable: a backend cannot be reached.
    """
    from mesh import blobs, cache, mail, vault
    from mesh.documents import open_documents
    from mesh.events import open_events

    time, data = clock or clocks.SystemClock(), settings.data
    async with contextlib.AsyncExitStack() as stack:
        stored = await open_documents(settings.documents_url, data, time)
        stack.push_async_callback(stored.close)
        log = await open_events(settings.events_url, data, time, settings.instance)
        stack.push_async_callback(log.close)
        cached = cache.open_cache(settings.cache_url, data)
        stack.push_async_callback(cached.close)
        blobs_ = blobs.open_blobs(settings.blobs_url, data)
        stack.push_async_callback(blobs_.close)
        vault_ = await vault.open_vault(settings.keys_url, data, stored, time)
        stack.push_async_callback(vault_.close)
        mailer = mail.open_mailer(settings.mail_url, data, time)
        stack.push_async_callback(mailer.close)
        yield Backends(
            documents=stored,
            events=log,
            cache=cached,
            blobs=blobs_,
            vault=vault_,
            mailer=mailer,
            clock=time,
        )
