"""What every mailer keeps: to a folder, and to a server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from mesh import errors, mail, settings
from tests.support import redis_server

MAIL = mail.Mail("zoë@example.com", "Bestätigen Sie Ihre Adresse", "Hello Zoë,\n\nhttps://x/verify?token=a=b\n.\nBye")


class SteppingClock:
    """A second later at each look."""

    def __init__(self) -> None:
        self._now = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def now(self) -> datetime:
        self._now += timedelta(seconds=1)
        return self._now


class TakingServer:
    """A mail server (RFC 5321, as much as a client needs) that keeps what it takes."""

    def __init__(self, *, refuse: bool = False) -> None:
        self.taken: list[bytes] = []
        self._refuse = refuse

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 test ESMTP\r\n")
        while line := await reader.readline():
            verb = line.split()[0].upper()
            if verb == b"DATA":
                writer.write(b"354 go on\r\n")
                self.taken.append(await self._content(reader))
            writer.write(self._reply(verb))
            await writer.drain()
            if verb == b"QUIT":
                break
        writer.close()

    async def _content(self, reader: asyncio.StreamReader) -> bytes:
        lines = []
        while (line := await reader.readline()) != b".\r\n":
            lines.append(line[1:] if line.startswith(b"..") else line)
        return b"".join(lines)

    def _reply(self, verb: bytes) -> bytes:
        if verb == b"EHLO":
            return b"250-test\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"
        if verb == b"RCPT" and self._refuse:
            return b"550 no such mailbox\r\n"
        return b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n"


@pytest.fixture
async def server() -> AsyncIterator[tuple[TakingServer, int]]:
    taking = TakingServer()
    listener = await asyncio.start_server(taking.serve, "127.0.0.1", 0)
    yield taking, listener.sockets[0].getsockname()[1]
    listener.close()
    await listener.wait_closed()


def _parsed(content: bytes) -> mail.Mail:
    parsed = message_from_bytes(content, policy=policy.default)
    body = parsed.get_body(("plain",))
    assert body is not None
    return mail.Mail(str(parsed["To"]), str(parsed["Subject"]), body.get_content().replace("\r\n", "\n").rstrip("\n"))


async def test_folder_keeps_mails_in_order_as_they_were_sent(tmp_path: Path) -> None:
    mailer = mail.open_mailer("file:mail", tmp_path, SteppingClock())
    second = mail.Mail("b@example.com", "Second", "Text")
    await mailer.send(MAIL)
    await mailer.send(second)
    await mailer.close()
    assert mail.read_mailbox(tmp_path / "mail") == [MAIL, second]


async def test_folder_is_for_its_owner_only_and_holds_nothing_half_written(tmp_path: Path) -> None:
    await mail.open_mailer("file:mail", tmp_path, SteppingClock()).send(MAIL)
    (written,) = (tmp_path / "mail").iterdir()
    assert written.suffix == ".eml"
    assert written.stat().st_mode & 0o077 == 0


async def test_server_gets_the_mail_as_it_was_sent(server: tuple[TakingServer, int], tmp_path: Path) -> None:
    taking, port = server
    mailer = mail.open_mailer(f"smtp://127.0.0.1:{port}?from=us@example.com", tmp_path, SteppingClock())
    await mailer.send(MAIL)
    await mailer.close()
    (content,) = taking.taken
    assert _parsed(content) == MAIL
    assert message_from_bytes(content)["From"] == "us@example.com"


async def test_server_without_starttls_is_refused_when_it_is_required(
    server: tuple[TakingServer, int], tmp_path: Path
) -> None:
    taking, port = server
    mailer = mail.open_mailer(f"smtp://127.0.0.1:{port}?starttls=required", tmp_path, SteppingClock())
    with pytest.raises(errors.Unavailable):
        await mailer.send(MAIL)
    assert taking.taken == []


async def test_refused_mail_is_unavailable(tmp_path: Path) -> None:
    taking = TakingServer(refuse=True)
    async with await asyncio.start_server(taking.serve, "127.0.0.1", 0) as listener:
        port = listener.sockets[0].getsockname()[1]
        with pytest.raises(errors.Unavailable) as caught:
            await mail.open_mailer(f"smtp://127.0.0.1:{port}", tmp_path, SteppingClock()).send(MAIL)
    assert "example.com" not in str(caught.value)


async def test_unreachable_server_is_unavailable(tmp_path: Path) -> None:
    mailer = mail.open_mailer(f"smtp://127.0.0.1:{redis_server.free_port()}", tmp_path, SteppingClock())
    with pytest.raises(errors.Unavailable):
        await mailer.send(MAIL)


@pytest.mark.parametrize("url", ["file:mail", "smtp://127.0.0.1:1"])
async def test_line_break_in_a_header_is_refused(url: str, tmp_path: Path) -> None:
    mailer = mail.open_mailer(url, tmp_path, SteppingClock())
    with pytest.raises(ValueError):
        await mailer.send(mail.Mail("a@example.com\nBcc: b@example.com", "Hello", "Text"))


def test_unknown_scheme_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(settings.SettingsError, match=r"CREDPASS_MAIL_URL.*'pigeon'"):
        mail.open_mailer("pigeon:loft", tmp_path, SteppingClock())


@pytest.mark.parametrize("url", ["file:", "smtp://user:hunter2@host:port"])
def test_wrong_url_names_the_setting_and_hides_the_rest(tmp_path: Path, url: str) -> None:
    with pytest.raises(settings.SettingsError, match="CREDPASS_MAIL_URL") as caught:
        mail.open_mailer(url, tmp_path, SteppingClock())
    assert "hunter2" not in str(caught.value)


def test_mail_does_not_show_address_and_text() -> None:
    assert "example.com" not in repr(MAIL)
    assert "token" not in repr(MAIL)
