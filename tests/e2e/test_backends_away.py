"""What a person sees while the store of statements is away: a refusal that says when to come back, and nothing lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import moto_server
from tests.support.rest import Rest, until
from tests.support.statements import statement
from tests.support.system_process import SystemProcess


@pytest.fixture
def moto() -> Iterator[moto_server.MotoServer]:
    with moto_server.credentials(), moto_server.own_server() as server:
        yield server


@pytest.fixture
def rest(moto: moto_server.MotoServer, tmp_path: Path) -> Iterator[Rest]:
    process = SystemProcess(tmp_path / "data", CREDPASS_BLOBS_URL=moto.s3_url("statements"))
    try:
        process.start()
        client = Rest(process.url, process.data / "mail")
        yield client
        client.http.close()
    finally:
        process.close()


def test_an_upload_without_its_store_is_refused_with_a_time_to_come_back_and_taken_afterwards(
    moto: moto_server.MotoServer, rest: Rest
) -> None:
    person, content = rest.person(), statement(6)
    moto.stop()
    answer = rest.call("POST", "/data/upload", person.token, files={"file": ("s.csv", content, "text/csv")})
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "UNAVAILABLE")
    assert int(answer.headers["retry-after"]) >= 1
    assert rest.data("GET", "/data/uploads", person.token)["uploads"] == []
    moto.start()
    moto.make_bucket(moto_server.BUCKET)

    def taken() -> bool | None:
        again = rest.call("POST", "/data/upload", person.token, files={"file": ("s.csv", content, "text/csv")})
        return True if again.status_code == 202 else None

    until(taken, "an upload that is taken")
