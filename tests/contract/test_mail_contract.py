"""What every mailer keeps: to a folder, and to a server."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from mesh import errors, mail, settings
from tests.support import loopback_certificates, redis_server, smtp_server

MAIL = mail.Mail("zoë@example.com", "Bestätigen Sie Ihre Adresse", "Hello Zoë,\n\nhttps://x/verify?token=a=b\n.\nBye")


@dataclasses.dataclass(frozen=True)
class Mailbox:
    """Where a mailer sends to, and what arrived there."""

    url: str
    arrived: Callable[[], list[mail.Mail]]


class SteppingClock:
    """A second later at each look."""

    def __init__(self) -> None:
        self._now = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def now(self) -> datetime:
        self._now += timedelta(seconds=1)
        return self._now


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> loopback_certificates.Certificates:
    return loopback_certificates.write(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(params=["file", "smtp"])
async def mailbox(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Mailbox]:
    if request.param == "file":
        yield Mailbox("file:mail", lambda: mail.read_mailbox(tmp_path / "mail"))
        return
    async with smtp_server.taking() as server:
        yield Mailbox(f"smtp://127.0.0.1:{server.port}", lambda: [_parsed(content) for content in server.taken])


def _parsed(content: bytes) -> mail.Mail:
    parsed = message_from_bytes(content, policy=policy.default)
    body = parsed.get_body(("plain",))
    assert body is not None
    return mail.Mail(str(parsed["To"]), str(parsed["Subject"]), body.get_content().replace("\r\n", "\n").rstrip("\n"))


async def test_mails_arrive_in_order_as_they_were_sent(mailbox: Mailbox, tmp_path: Path) -> None:
    mailer = mail.open_mailer(mailbox.url, tmp_path, SteppingClock())
    second = mail.Mail("b@example.com", "Second", "Text")
    await mailer.ping()
    await mailer.send(MAIL)
    await mailer.send(second)
    await mailer.close()
    assert mailbox.arrived() == [MAIL, second]


async def test_many_mails_at_once_all_arrive(mailbox: Mailbox, tmp_path: Path) -> None:
    mailer = mail.open_mailer(mailbox.url, tmp_path, SteppingClock())
    mails = [mail.Mail(f"{number}@example.com", f"Mail {number}", "Text") for number in range(20)]
    await asyncio.gather(*(mailer.send(each) for each in mails))
    assert sorted(each.to for each in mailbox.arrived()) == sorted(each.to for each in mails)


async def test_folder_is_for_its_owner_only_and_holds_nothing_half_written(tmp_path: Path) -> None:
    await mail.open_mailer("file:mail", tmp_path, SteppingClock()).send(MAIL)
    (written,) = (tmp_path / "mail").iterdir()
    assert written.suffix == ".eml"
    assert written.stat().st_mode & 0o077 == 0


async def test_server_that_runs_as_a_process_takes_the_mail(tmp_path: Path) -> None:
    with smtp_server.running(tmp_path) as (url, maildir):
        await mail.open_mailer(url, tmp_path, SteppingClock()).send(MAIL)
        if maildir is not None:
            (taken,) = (maildir / "new").iterdir()
            assert _parsed(taken.read_bytes()) == MAIL


async def test_sender_is_the_one_of_the_url(tmp_path: Path) -> None:
    async with smtp_server.taking() as server:
        url = f"smtp://127.0.0.1:{server.port}?from=us@example.com"
        await mail.open_mailer(url, tmp_path, SteppingClock()).send(MAIL)
    (content,) = server.taken
    assert message_from_bytes(content)["From"] == "us@example.com"


def _url(port: int, scheme: str, user: str, authority: Path | str) -> str:
    return f"{scheme}://{user}127.0.0.1:{port}?ca={authority}"


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
async def test_mail_and_password_travel_encrypted(
    scheme: str, certificates: loopback_certificates.Certificates, tmp_path: Path
) -> None:
    async with smtp_server.taking(certificates, implicit_tls=scheme == "smtps", auth=True) as server:
        url = _url(server.port, scheme, "credpass:hunter2@", certificates.authority)
        mailer = mail.open_mailer(url, tmp_path, SteppingClock())
        await mailer.ping()
        await mailer.send(MAIL)
    assert [_parsed(content) for content in server.taken] == [MAIL]
    assert (server.users, server.encrypted) == (["credpass"], [True])


async def test_starttls_is_used_where_it_is_offered(
    certificates: loopback_certificates.Certificates, tmp_path: Path
) -> None:
    async with smtp_server.taking(certificates) as server:
        url = _url(server.port, "smtp", "", certificates.authority)
        await mail.open_mailer(url, tmp_path, SteppingClock()).send(MAIL)
    assert server.encrypted == [True]


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
@pytest.mark.parametrize("user", ["", "credpass:hunter2@"])
async def test_certificate_of_another_authority_is_refused(
    scheme: str, user: str, certificates: loopback_certificates.Certificates, tmp_path: Path
) -> None:
    other = loopback_certificates.write(tmp_path)
    async with smtp_server.taking(certificates, implicit_tls=scheme == "smtps") as server:
        mailer = mail.open_mailer(_url(server.port, scheme, user, other.authority), tmp_path, SteppingClock())
        for call in (mailer.ping, lambda: mailer.send(MAIL)):
            with pytest.raises(errors.Unavailable, match="no certificate that is trusted"):
                await call()
    assert server.taken == []


async def test_certificate_for_another_name_is_refused(
    certificates: loopback_certificates.Certificates, tmp_path: Path
) -> None:
    async with smtp_server.taking(certificates) as server:
        url = f"smtp://127.1:{server.port}?starttls=required&ca={certificates.authority}"
        with pytest.raises(errors.Unavailable, match="no certificate that is trusted"):
            await mail.open_mailer(url, tmp_path, SteppingClock()).send(MAIL)
    assert server.taken == []


@pytest.mark.parametrize(("user", "query"), [("", "?starttls=required"), ("credpass:hunter2@", "")])
async def test_server_without_starttls_is_refused_when_it_is_required_or_a_password_would_be_sent(
    user: str, query: str, tmp_path: Path
) -> None:
    async with smtp_server.taking() as server:
        mailer = mail.open_mailer(f"smtp://{user}127.0.0.1:{server.port}{query}", tmp_path, SteppingClock())
        with pytest.raises(errors.Unavailable, match="no STARTTLS"):
            await mailer.send(MAIL)
    assert server.taken == []


async def test_wrong_password_is_one_clear_error(
    certificates: loopback_certificates.Certificates, tmp_path: Path
) -> None:
    async with smtp_server.taking(certificates, auth=True) as server:
        url = _url(server.port, "smtp", "credpass:hunter3@", certificates.authority)
        mailer = mail.open_mailer(url, tmp_path, SteppingClock())
        for call in (mailer.ping, lambda: mailer.send(MAIL)):
            with pytest.raises(errors.Unavailable, match="refuses the credentials") as caught:
                await call()
            assert "hunter3" not in str(caught.value)
    assert server.taken == []


async def test_refused_mail_is_unavailable_and_tells_no_address(tmp_path: Path) -> None:
    async with smtp_server.taking(auth=True) as server:
        with pytest.raises(errors.Unavailable) as caught:
            await mail.open_mailer(f"smtp://127.0.0.1:{server.port}", tmp_path, SteppingClock()).send(MAIL)
    assert "example.com" not in str(caught.value)
    assert server.taken == []


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


@pytest.mark.parametrize(
    "url",
    [
        "file:",
        "smtp://user:hunter2@host:port",
        "smtp://user:hunter2@host?starttls=maybe",
        "smtp://user:hunter2@host?tls=yes",
        "smtp://user:hunter2@host?ca=none.pem",
    ],
)
def test_wrong_url_names_the_setting_and_hides_the_rest(tmp_path: Path, url: str) -> None:
    with pytest.raises(settings.SettingsError, match="CREDPASS_MAIL_URL") as caught:
        mail.open_mailer(url, tmp_path, SteppingClock())
    assert "hunter2" not in str(caught.value)


def test_mail_does_not_show_address_and_text() -> None:
    assert "example.com" not in repr(MAIL)
    assert "token" not in repr(MAIL)
