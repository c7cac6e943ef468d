"""The backends of a process, opened by URL. A backend is imported only when its URL asks for it."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from mesh import clock as clocks
from mesh import errors
from mesh.documents import port as documents
from mesh.events import port as events

if TYPE_CHECKING:  # these pull in redis, obstore, cryptography, aiosmtplib: only the URLs decide what is loaded
    from mesh import blobs, cache, mail, settings, vault

# Longer than the time limits of the backends' own clients, which know better what is wrong.
ANSWER_TIMEOUT_S = 30.0


@dataclasses.dataclass(frozen=True)
class Backends:
    """What a service's adapters stand on."""

    documents: documents.Documents
    events: events.EventLog
    cache: cache.Cache
    blobs: blobs.Blobs
    vault: vault.Vault
    mailer: mail.CheckedMailer
    clock: clocks.Clock


@contextlib.asynccontextmanager
async def open_backends(settings: settings.Settings, clock: clocks.Clock | None = None) -> AsyncIterator[Backends]:
    """Open every backend and see that it answers; what was opened is closed again when the block ends or one does not.

    Raises:
        settings.SettingsError: a URL names no backend, or one that may not be used; the message names the variable.
        errors.Unavailable: a backend cannot be reached or refuses the credentials; the message names the variable.
    """
    async with contextlib.AsyncExitStack() as stack:
        opened = await _opened(settings, clock or clocks.SystemClock(), stack)
        await _answering(
            {
                "CREDPASS_CACHE_URL": opened.cache.ping,
                "CREDPASS_BLOBS_URL": opened.blobs.ping,
                "CREDPASS_MAIL_URL": opened.mailer.ping,
            }
        )
        yield opened


@contextlib.asynccontextmanager
async def open_cache(settings: settings.Settings) -> AsyncIterator[cache.Cache]:
    """The cache alone, for a process that stands on nothing else. Raises as `open_backends` does."""
    from mesh import cache

    opened = cache.open_cache(settings.cache_url, settings.data)
    try:
        await _answering({"CREDPASS_CACHE_URL": opened.ping})
        yield opened
    finally:
        await opened.close()


async def _opened(settings: settings.Settings, clock: clocks.Clock, stack: contextlib.AsyncExitStack) -> Backends:
    from mesh import blobs, cache, mail, vault
    from mesh.documents import open_documents
    from mesh.events import open_events

    data = settings.data
    with _named("CREDPASS_DOCUMENTS_URL"):
        stored = await open_documents(settings.documents_url, data, clock)
    stack.push_async_callback(stored.close)
    with _named("CREDPASS_EVENTS_URL"):
        log = await open_events(settings.events_url, data, clock, settings.instance)
    stack.push_async_callback(log.close)
    cached = cache.open_cache(settings.cache_url, data)
    stack.push_async_callback(cached.close)
    with _named("CREDPASS_BLOBS_URL"):
        kept = blobs.open_blobs(settings.blobs_url, data)
    stack.push_async_callback(kept.close)
    with _named("CREDPASS_KEYS_URL"):
        safe = await vault.open_vault(settings.keys_url, data, stored, clock)
    stack.push_async_callback(safe.close)
    with _named("CREDPASS_MAIL_URL"):
        mailer = mail.open_mailer(settings.mail_url, data, clock)
    stack.push_async_callback(mailer.close)
    return Backends(stored, log, cached, kept, safe, mailer, clock)


@contextlib.contextmanager
def _named(variable: str) -> Iterator[None]:
    """Let the one line that a failed start leaves begin with the setting."""
    try:
        yield
    except errors.Unavailable as trouble:
        raise errors.Unavailable(_beginning(variable, trouble.text)) from trouble
    except OSError as trouble:  # a folder that cannot be made or read
        reason = trouble.strerror or type(trouble).__name__
        raise errors.Unavailable(f"{variable}: {reason}: {trouble.filename}") from trouble


def _beginning(variable: str, text: str) -> str:
    if text.startswith(f"{variable}:"):
        return text
    return f"{variable}: {text if text != errors.Unavailable.message else 'It cannot be opened or reached.'}"


async def _answering(pings: Mapping[str, Callable[[], Awaitable[None]]]) -> None:
    """Ask all at once; raise the first trouble in their order."""
    for outcome in await asyncio.gather(*map(_ping, pings, pings.values()), return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome


async def _ping(variable: str, ping: Callable[[], Awaitable[None]]) -> None:
    with _named(variable):
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                await ping()
        except TimeoutError:
            raise errors.Unavailable(f"It did not answer within {ANSWER_TIMEOUT_S:.0f} s.") from None
