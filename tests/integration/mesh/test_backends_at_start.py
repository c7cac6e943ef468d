"""A backend that cannot be used keeps a process from starting: one line, which names the setting and hides the rest."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from mesh import backends, errors, settings
from tests.support import loopback_certificates, moto_server, redis_forms, redis_server, smtp_server

SECRET = "geheim"


@pytest.fixture(scope="module")
def moto() -> Iterator[moto_server.MotoServer]:
    with moto_server.credentials(), moto_server.own_server() as server:
        yield server


async def refusal(folder: Path, **urls: str) -> str:
    """The one line that a start with these URLs ends with."""
    with pytest.raises((errors.Unavailable, settings.SettingsError)) as caught:
        async with backends.open_backends(settings.Settings(data=folder, **urls)):  # type: ignore[arg-type]
            pass
    line = str(caught.value)
    assert "\n" not in line
    assert SECRET not in line
    return line


async def test_every_backend_answers_by_default(tmp_path: Path) -> None:
    async with backends.open_backends(settings.Settings(data=tmp_path)) as opened:
        await opened.vault.ping()


@pytest.mark.parametrize(
    "form", ["redis://u:{secret}@{host}", "redis+sentinel://:{secret}@{host}/s", "redis+cluster://:{secret}@{host}"]
)
async def test_cache_that_cannot_be_reached(form: str, tmp_path: Path) -> None:
    url = form.format(secret=SECRET, host=f"127.0.0.1:{redis_server.free_port()}")
    assert (await refusal(tmp_path, cache_url=url)).startswith("CREDPASS_CACHE_URL: ")


@pytest.mark.redis
@pytest.mark.parametrize("form", [redis_forms.with_password, redis_forms.with_tls, redis_forms.with_sentinel])
async def test_cache_that_refuses_the_password(
    form: Callable[[Path], contextlib.AbstractContextManager[str]], tmp_path: Path
) -> None:
    with form(tmp_path) as url:
        line = await refusal(tmp_path, cache_url=url.replace(redis_forms.PASSWORD, SECRET))
    assert line == "CREDPASS_CACHE_URL: The cache refuses the credentials."


@pytest.mark.redis
async def test_sentinel_that_refuses_its_own_password_or_knows_no_such_master(tmp_path: Path) -> None:
    with redis_forms.with_sentinel(tmp_path) as url:
        for wrong in (url.replace("watcher", SECRET), url.replace(f"/{redis_forms.SERVICE}/", "/other/")):
            line = await refusal(tmp_path, cache_url=wrong)
            assert line.startswith("CREDPASS_CACHE_URL: No Sentinel can be reached that takes the credentials")


@pytest.mark.redis
async def test_cache_whose_certificate_is_of_an_unknown_authority(tmp_path: Path) -> None:
    with redis_forms.with_tls(tmp_path) as url:
        line = await refusal(tmp_path, cache_url=url.partition("?")[0].replace(redis_forms.PASSWORD, SECRET))
    assert line.startswith("CREDPASS_CACHE_URL: The cache shows no certificate that is trusted")


@pytest.mark.redis
async def test_cache_alone_is_checked_too(tmp_path: Path) -> None:
    with redis_forms.with_password(tmp_path) as url:
        async with backends.open_cache(settings.Settings(data=tmp_path, cache_url=url)) as opened:
            await opened.set("k", b"1", 60)
        wrong = settings.Settings(data=tmp_path, cache_url=url.replace(redis_forms.PASSWORD, SECRET))
        with pytest.raises(errors.Unavailable, match=r"^CREDPASS_CACHE_URL: The cache refuses the credentials\.$"):
            async with backends.open_cache(wrong):
                pass


async def test_blobs_that_cannot_be_reached_whose_bucket_is_missing_or_that_refuse_the_credentials(
    moto: moto_server.MotoServer, tmp_path: Path
) -> None:
    right = moto.s3_url("prefix")
    unreachable = right.replace(f":{moto.port}", f":{redis_server.free_port()}")
    missing = right.replace(moto_server.BUCKET, "no-such-bucket")
    assert await refusal(tmp_path, blobs_url=unreachable) == "CREDPASS_BLOBS_URL: Blobs cannot be reached."
    assert await refusal(tmp_path, blobs_url=missing) == "CREDPASS_BLOBS_URL: The blob store has no such bucket."
    with moto.checking_credentials():
        line = await refusal(tmp_path, blobs_url=right)
    assert line == "CREDPASS_BLOBS_URL: The blob store refuses the credentials."


async def test_blobs_behind_an_authority_of_ones_own_are_reached_when_the_url_names_it(tmp_path: Path) -> None:
    made = loopback_certificates.write(tmp_path)
    with moto_server.credentials(), moto_server.own_server(made) as server:
        trusting = settings.Settings(data=tmp_path, blobs_url=server.s3_url("prefix", ca=made.authority.name))
        async with backends.open_backends(trusting) as opened:
            await opened.blobs.put("key", _pieces(b"sealed"))
            assert b"".join([piece async for piece in opened.blobs.get("key")]) == b"sealed"
        line = await refusal(tmp_path, blobs_url=server.s3_url("prefix"))
    assert line == "CREDPASS_BLOBS_URL: Blobs cannot be reached."


async def _pieces(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def test_keys_that_are_missing_or_cannot_be_reached(moto: moto_server.MotoServer, tmp_path: Path) -> None:
    unreachable = moto.kms_url("alias/x").replace(f":{moto.port}", f":{redis_server.free_port()}")
    for url, words in ((moto.kms_url("alias/none"), "no such key"), (unreachable, "cannot be reached")):
        line = await refusal(tmp_path, keys_url=url)
        assert line.startswith("CREDPASS_KEYS_URL: ")
        assert words in line


async def test_mail_server_that_cannot_be_reached(tmp_path: Path) -> None:
    url = f"smtp://user:{SECRET}@127.0.0.1:{redis_server.free_port()}"
    assert await refusal(tmp_path, mail_url=url) == "CREDPASS_MAIL_URL: The mail server cannot be reached."


async def test_mail_server_that_refuses_the_password_or_offers_no_starttls(tmp_path: Path) -> None:
    certificates = loopback_certificates.write(tmp_path)
    async with smtp_server.taking(certificates, auth=True) as server:
        url = f"smtp://{smtp_server.USER}:{SECRET}@127.0.0.1:{server.port}?ca={certificates.authority}"
        refused = await refusal(tmp_path, mail_url=url)
    async with smtp_server.taking() as server:
        url = f"smtp://{smtp_server.USER}:{SECRET}@127.0.0.1:{server.port}"
        unsafe = await refusal(tmp_path, mail_url=url)
    assert refused == "CREDPASS_MAIL_URL: The mail server refuses the credentials."
    assert unsafe == "CREDPASS_MAIL_URL: The mail server offers no STARTTLS, which is required."


@pytest.mark.parametrize("variable", ["BLOBS", "KEYS", "MAIL"])
async def test_folder_that_cannot_be_made(variable: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    line = await refusal(tmp_path, **{f"{variable.lower()}_url": "file:file/folder"})
    assert line.startswith(f"CREDPASS_{variable}_URL: Not a directory: {tmp_path / 'file' / 'folder'}")


@pytest.mark.parametrize("variable", ["DOCUMENTS", "EVENTS"])
async def test_file_that_cannot_be_made(variable: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    line = await refusal(tmp_path, **{f"{variable.lower()}_url": "sqlite:file/store.db"})
    assert line == f"CREDPASS_{variable}_URL: It cannot be opened or reached."
