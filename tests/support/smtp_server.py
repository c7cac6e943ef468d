"""Real mail servers (aiosmtpd): one in the test's event loop that keeps what it takes, and one as a process.

The process is the one at CREDPASS_TEST_SMTP_URL when that is set.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import importlib.util
import os
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import loopback_certificates, redis_server

VARIABLE = "CREDPASS_TEST_SMTP_URL"
ROOT = Path(__file__).parents[2]
USER, PASSWORD = "credpass", "hunter2"
_START_TIMEOUT_S = 10.0
_STOP_TIMEOUT_S = 5.0


@dataclasses.dataclass
class Taking:
    """A server in this event loop. `taken`: contents; `users`: who was logged in for each, None without log-in."""

    port: int = 0
    taken: list[bytes] = dataclasses.field(default_factory=list)
    users: list[str | None] = dataclasses.field(default_factory=list)
    encrypted: list[bool] = dataclasses.field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep a mail."""
        self.taken.append(envelope.content)
        self.users.append(session.auth_data.login.decode() if session.authenticated else None)
        self.encrypted.append(session.ssl is not None or server.transport.get_extra_info("sslcontext") is not None)
        return "250 OK"


@contextlib.asynccontextmanager
async def taking(
    certificates: loopback_certificates.Certificates | None = None, *, implicit_tls: bool = False, auth: bool = False
) -> AsyncIterator[Taking]:
    """A server that takes mail: STARTTLS or TLS from the start where it has certificates, log-in if asked."""
    _require()
    from aiosmtpd import smtp

    def authenticate(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> smtp.AuthResult:
        right = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        return smtp.AuthResult(success=right, handled=False, auth_data=data)

    context = _context(certificates) if certificates else None
    mails = Taking()
    options: dict[str, Any] = {"hostname": "localhost", "enable_SMTPUTF8": True}
    if auth:
        # The library does not see TLS that was there from the start, so it cannot be told to demand both.
        options |= {"authenticator": authenticate, "auth_required": not implicit_tls}
        options |= {"auth_require_tls": not implicit_tls}
    if context and not implicit_tls:
        options["tls_context"] = context
    loop = asyncio.get_running_loop()
    listener = await loop.create_server(
        lambda: smtp.SMTP(mails, loop=loop, **options), "127.0.0.1", 0, ssl=context if implicit_tls else None
    )
    mails.port = listener.sockets[0].getsockname()[1]
    try:
        yield mails
    finally:
        listener.close()
        await listener.wait_closed()


@contextlib.contextmanager
def running(folder: Path) -> Iterator[tuple[str, Path | None]]:
    """URL of a real server, and the Maildir it fills when it is ours."""
    given = os.environ.get(VARIABLE, "")
    if given:
        yield given, None
        return
    mailbox = folder / "maildir"
    with _process("aiosmtpd.handlers.Mailbox", mailbox) as url:
        yield url, mailbox


@contextlib.contextmanager
def keeping(mailbox: Path) -> Iterator[str]:
    """URL of a real server that keeps mails in a folder as the file backend does."""
    with _process("tests.support.mail_folder.MailFolder", mailbox) as url:
        yield url


@contextlib.contextmanager
def _process(handler: str, place: Path) -> Iterator[str]:
    _require()
    port = redis_server.free_port()
    command = [sys.executable, "-m", "aiosmtpd", "-n", "-u", "-l", f"127.0.0.1:{port}", "-c", handler, str(place)]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        _await(port)
        yield f"smtp://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait(_STOP_TIMEOUT_S)


def _await(port: int) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as peer:
            if peer.recv(16).startswith(b"220"):
                return
        time.sleep(0.02)
    raise RuntimeError("the mail server did not start")


def _context(certificates: loopback_certificates.Certificates) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates.certificate, certificates.key)
    return context


def _require() -> None:
    if importlib.util.find_spec("aiosmtpd") is None:
        reason = f"needs aiosmtpd (PyPI aiosmtpd) or {VARIABLE}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
