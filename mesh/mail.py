"""Mail: to a folder of .eml files (`file:mail`) or to a server (`smtp://`, `smtps://`)."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import urllib.parse
from email import message, message_from_bytes, policy
from pathlib import Path
from typing import Protocol

from mesh import clock, errors, ids, settings, urls

VARIABLE = "CREDPASS_MAIL_URL"
SENDER = "CredPass <no-reply@credpass.internal>"
_TIMEOUT_S = 10.0
_READ_LIMIT = 10_000


@dataclasses.dataclass(frozen=True, slots=True)
class Mail:
    """A mail in plain text. It may carry links that grant something: never in a log."""

    to: str = dataclasses.field(repr=False)
    subject: str
    text: str = dataclasses.field(repr=False)


class Mailer(Protocol):
    """Sends mail."""

    async def send(self, mail: Mail) -> None:
        """Hand a mail over. Raises `errors.Unavailable` when it was not taken, ValueError on a bad header."""
        ...

    async def close(self) -> None:
        """Let go of everything."""
        ...


class FileMailer:
    """Each mail as one file, readable by the owner only, whose name sorts by time."""

    def __init__(self, folder: Path, time: clock.Clock) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._clock = time

    async def send(self, mail: Mail) -> None:
        now = self._clock.now()
        name = f"{now:%Y%m%dT%H%M%S%f}_{ids.random_text(8)}.eml"
        content = _compose(mail, SENDER)
        content["Date"] = now
        try:
            await asyncio.to_thread(_write, self._folder / name, content.as_bytes(policy=policy.SMTP))
        except OSError as trouble:
            raise errors.Unavailable("The mail could not be written.") from trouble

    async def close(self) -> None:
        """Nothing is held between calls."""


class SmtpMailer:
    """A mail server. `?from=` names the sender, `?starttls=required` refuses a server without STARTTLS (RFC 3207)."""

    def __init__(self, url: str, time: clock.Clock) -> None:
        import aiosmtplib

        parts = urllib.parse.urlsplit(url)
        options = dict(urllib.parse.parse_qsl(parts.query))
        tls = parts.scheme == "smtps"
        self._library = aiosmtplib
        self._sender = options.get("from", SENDER)
        self._clock = time
        self._hostname = parts.hostname or "127.0.0.1"
        self._port = parts.port or (465 if tls else 25)
        self._username = urllib.parse.unquote(parts.username) if parts.username else None
        self._password = urllib.parse.unquote(parts.password) if parts.password else None
        self._use_tls = tls
        self._start_tls = True if options.get("starttls") == "required" else None

    async def send(self, mail: Mail) -> None:
        content = _compose(mail, self._sender)
        content["Date"] = self._clock.now()
        content["Message-ID"] = f"<{ids.random_text(ids.ID_LENGTH)}@credpass.internal>"
        try:
            await self._deliver(content)
        except (self._library.SMTPException, OSError) as trouble:
            raise errors.Unavailable("The mail server did not take the mail.") from trouble

    async def close(self) -> None:
        """A connection lasts one mail."""

    async def _deliver(self, content: message.EmailMessage) -> None:
        await self._library.send(
            content,
            hostname=self._hostname,
            port=self._port,
            username=self._username,
            password=self._password,
            use_tls=self._use_tls,
            start_tls=None if self._use_tls else self._start_tls,
            timeout=_TIMEOUT_S,
        )


def open_mailer(url: str, data: Path, time: clock.Clock) -> Mailer:
    """The mailer at `file:mail` (a folder under `data`), `smtp://user:password@host:port` or `smtps://...`."""
    scheme = urls.scheme(url)
    if scheme == "file":
        return FileMailer(urls.folder(VARIABLE, url, data), time)
    if scheme in {"smtp", "smtps"}:
        try:
            return SmtpMailer(url, time)
        except ValueError:  # its text may quote the password
            raise settings.SettingsError(f"{VARIABLE}: not a mail server's URL") from None
    raise urls.unknown(VARIABLE, url, "file", "smtp", "smtps")


def read_mailbox(folder: Path) -> list[Mail]:
    """The mails that the file backend wrote, oldest first."""
    names = sorted(path for path in folder.glob("*.eml"))[:_READ_LIMIT]
    return [_read(path) for path in names]


def _compose(mail: Mail, sender: str) -> message.EmailMessage:
    content = message.EmailMessage()
    content["From"] = sender
    content["To"] = mail.to
    content["Subject"] = mail.subject
    content.set_content(mail.text)
    return content


def _write(path: Path, content: bytes) -> None:
    temporary = path.with_suffix(".tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _read(path: Path) -> Mail:
    content = message_from_bytes(path.read_bytes(), policy=policy.default)
    body = content.get_body(("plain",))
    text = body.get_content() if body is not None else ""
    return Mail(to=str(content["To"]), subject=str(content["Subject"]), text=text.replace("\r\n", "\n").rstrip("\n"))
