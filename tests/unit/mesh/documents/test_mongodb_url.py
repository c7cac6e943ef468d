"""What a MongoDB URL may say, and which servers are safe enough."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import read_preferences

from mesh import documents, errors, settings
from mesh.documents import mongodb_url as urls
from tests.support import clocks
from tests.support.redis_server import free_port

REPLICA_SET: dict[str, Any] = {"isWritablePrimary": True, "setName": "rs0", "maxWireVersion": 25}
ROUTER: dict[str, Any] = {"isWritablePrimary": True, "msg": "isdbgrid", "maxWireVersion": 25}
SINGLE: dict[str, Any] = {"isWritablePrimary": True, "maxWireVersion": 25}


@contextlib.asynccontextmanager
async def client_of(url: str) -> AsyncIterator[urls.Client]:
    client = urls.client(url)
    try:
        yield client
    finally:
        await client.close()


@pytest.mark.parametrize("hello", [REPLICA_SET, ROUTER, SINGLE, {"ismaster": True, "setName": "old"}])
def test_a_server_that_keeps_what_it_acknowledges_is_taken(hello: dict[str, Any]) -> None:
    urls.check(hello)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"maxWireVersion": 17}, "journal"),
        ({"isWritablePrimary": False}, "no writes"),
        ({"isWritablePrimary": False, "setName": "rs0", "secondary": True}, "no writes"),
        ({"setName": "rs0", "readOnly": True}, "no writes"),
    ],
)
def test_a_server_that_may_lose_what_it_acknowledged_is_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(settings.SettingsError, match=rf"CREDPASS_DOCUMENTS_URL: .*{words}"):
        urls.check({**SINGLE, **change})


@pytest.mark.parametrize(
    "option",
    [
        "w=1",
        "w=0",
        "w=2",
        "journal=false",
        "readPreference=secondaryPreferred",
        "readConcernLevel=local",
        "tlsInsecure=true",
        "tlsAllowInvalidCertificates=true",
        "tlsAllowInvalidHostnames=true",
        "W=1",
    ],
)
def test_an_option_that_weakens_is_refused_by_name(option: str) -> None:
    with pytest.raises(settings.SettingsError) as refusal:
        urls.client(f"mongodb://user:hidden@127.0.0.1/?{option}")
    assert "CREDPASS_DOCUMENTS_URL" in str(refusal.value)
    assert option.partition("=")[0].lower() in str(refusal.value)
    assert "hidden" not in str(refusal.value)


@pytest.mark.parametrize(
    "url",
    [
        "mongodb://user:hidden@",
        "mongodb://user:hid/den@127.0.0.1:1",
        "mongodb://user:hidden@127.0.0.1:hidden/",
        "mongodb://user:hidden@127.0.0.1/?nosuchoption=hidden",
        "mongodb://user:hidden@127.0.0.1/?tls=hidden",
        "mongodb://user:hidden@127.0.0.1/?tlsCAFile=/no/hidden",
        "mongodb://user:hidden@[127.0.0.1/",
    ],
)
async def test_a_wrong_url_is_one_line_without_its_password(url: str, tmp_path: Path) -> None:
    with pytest.raises(settings.SettingsError, match="CREDPASS_DOCUMENTS_URL") as refusal:
        await documents.open_documents(url, tmp_path, clocks.HandClock())
    assert "hid" not in str(refusal.value)
    assert "\n" not in str(refusal.value)


async def test_the_url_decides_credentials_tls_and_timeouts() -> None:
    url = "mongodb://user:secret@127.0.0.1/shop?authSource=admin&tls=true&connectTimeoutMS=77"
    async with client_of(url) as client:
        pool = client.options.pool_options
        assert pool.connect_timeout == 0.077
        assert pool._ssl_context is not None
        assert pool._credentials is not None
        assert pool._credentials.username == "user"
        assert urls.database(client, REPLICA_SET).name == "shop"


async def test_writes_wait_for_a_majority_and_reads_see_nothing_that_could_be_taken_back() -> None:
    async with client_of("mongodb://127.0.0.1/?w=majority&journal=true") as client:
        database = urls.database(client, REPLICA_SET)
        assert database.name == "credpass"
        assert database.write_concern.document == {"w": "majority", "j": True}
        assert database.read_concern.level == "majority"
        assert database.read_preference == read_preferences.ReadPreference.PRIMARY
        assert urls.database(client, SINGLE).read_concern.level == "local"


# The driver leaves a socket behind that it was opening when it is closed, which the collector then closes.
@pytest.mark.filterwarnings("ignore:Exception ignored in. <socket.socket:pytest.PytestUnraisableExceptionWarning")
async def test_a_server_that_cannot_be_reached_is_one_line_that_names_the_setting(tmp_path: Path) -> None:
    url = f"mongodb://user:hidden@127.0.0.1:{free_port()}/?timeoutMS=500"
    with pytest.raises(errors.Unavailable, match="CREDPASS_DOCUMENTS_URL") as trouble:
        await documents.open_documents(url, tmp_path, clocks.HandClock())
    assert "hidden" not in trouble.value.text
    del trouble
    gc.collect()
