"""Mail: to a folder of .eml files (`file:mail`) or to a server (`smtp://`, `smtps://`)."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import ssl
import urllib.parse
from collections.abc import AsyncIterator
from email import message, message_from_bytes, policy
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from mesh import clock, errors, ids, settings, urls

if TYPE_CHECKING:  # only a server's URL loads it
    import aiosmtplib

VARIABLE = "CREDPASS_MAIL_URL"
SENDER = "CredPass <no-reply@credpass.internal>"
_TIMEOUT_S = 10.0
_READ_LIMIT = 10_000
_OPTIONS = frozenset({"from", "starttls", "ca"})


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


class CheckedMailer(Mailer, Protocol):
    """A mailer that can tell beforehand whether it would be heard."""

    async def ping(self) -> None:
        """Raise `errors.Unavailable` unless mail would be taken: reached, trusted, logged in."""
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

    async def ping(self) -> None:
        if not await asyncio.to_thread(os.access, self._folder, os.W_OK):
            raise errors.Unavailable("The mail could not be written.")

    async def close(self) -> None:
        """Nothing is held between calls."""


class SmtpMailer:
    """A mail server: `smtp://user:password@host:port?from=...&starttls=required&ca=...`, or `smtps://`.

    `from` names the sender. `starttls=required` refuses a server without STARTTLS (RFC 3207); with a password it is
    always required, else an attacker between could have the password by leaving STARTTLS out. `ca` names a file of
    certificates to trust instead of the machine's.
    """

    def __init__(self, url: str, data: Path, time: clock.Clock) -> None:
        import aiosmtplib

        parts = urllib.parse.urlsplit(url)
        options = _options(parts.query)
        tls = parts.scheme == "smtps"
        self._library = aiosmtplib
        self._sender = options.get("from", SENDER)
        self._clock = time
        self._hostname = parts.hostname or "127.0.0.1"
        self._port = parts.port or (465 if tls else 25)
        self._username = urllib.parse.unquote(parts.username) if parts.username else None
        self._password = urllib.parse.unquote(parts.password) if parts.password else None
        self._use_tls = tls
        self._start_tls = True if options.get("starttls") == "required" or self._username else None
        self._authority = _authority(options, data)

    async def send(self, mail: Mail) -> None:
        content = _compose(mail, self._sender)
        content["Date"] = self._clock.now()
        content["Message-ID"] = f"<{ids.random_text(ids.ID_LENGTH)}@credpass.internal>"
        async with self._session() as session:
            await session.send_message(content)

    async def ping(self) -> None:
        async with self._session():
            pass

    async def close(self) -> None:
        """A connection lasts one mail."""

    @contextlib.asynccontextmanager
    async def _session(self) -> AsyncIterator[aiosmtplib.SMTP]:
        session = self._library.SMTP(
            hostname=self._hostname,
            port=self._port,
            username=self._username,
            password=self._password,
            use_tls=self._use_tls,
            start_tls=False if self._use_tls else self._start_tls,
            cert_bundle=self._authority,
            timeout=_TIMEOUT_S,
        )
        try:
            async with session:
                yield session
        except self._library.SMTPAuthenticationError as trouble:
            raise errors.Unavailable("The mail server refuses the credentials.") from trouble
        except (self._library.SMTPException, OSError) as trouble:
            raise errors.Unavailable(_problem(trouble)) from trouble


def open_mailer(url: str, data: Path, time: clock.Clock) -> CheckedMailer:
    """The mailer at `file:mail` (a folder under `data`), `smtp://user:password@host:port` or `smtps://...`."""
    scheme = urls.scheme(url)
    if scheme == "file":
        return FileMailer(urls.folder(VARIABLE, url, data), time)
    if scheme in {"smtp", "smtps"}:
        try:
            return SmtpMailer(url, data, time)
        except ValueError:  # its text may quote the password
            raise settings.SettingsError(f"{VARIABLE}: not a mail server's URL") from None
    raise urls.unknown(VARIABLE, url, "file", "smtp", "smtps")


def read_mailbox(folder: Path) -> list[Mail]:
    """The mails that the file backend wrote, oldest first."""
    names = sorted(path for path in folder.glob("*.eml"))[:_READ_LIMIT]
    return [_read(path) for path in names]


def _options(query: str) -> dict[str, str]:
    options = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
    for name in sorted(options.keys() - _OPTIONS):
        raise settings.SettingsError(f"{VARIABLE}: unknown option {name!r}; known are {', '.join(sorted(_OPTIONS))}")
    if options.get("starttls", "required") != "required":
        raise settings.SettingsError(f"{VARIABLE}: starttls can only be 'required'; without it, it is used if offered")
    return options


def _authority(options: dict[str, str], data: Path) -> str | None:
    if "ca" not in options:
        return None
    path = data / options["ca"]
    try:
        ssl.create_default_context(cafile=path)
    except OSError:
        raise settings.SettingsError(f"{VARIABLE}: the file named by ca holds no certificates") from None
    return str(path)


def _problem(trouble: BaseException) -> str:
    causes: list[BaseException | None] = [trouble, trouble.__cause__, trouble.__context__]
    if any(isinstance(cause, ssl.SSLError) for cause in causes) or "certificate" in str(trouble).lower():
        return "The mail server shows no certificate that is trusted."
    if "starttls" in str(trouble).lower():
        return "The mail server offers no STARTTLS, which is required."
    if isinstance(trouble, OSError):  # the library's own errors of connecting are among them
        return "The mail server cannot be reached."
    return "The mail server did not take the mail."


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
