"""Where documents lie in the suites that hold for every store of them. Another backend becomes another entry."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support import ferretdb

BACKENDS = ["sqlite:credpass.db", pytest.param("mongodb", marks=pytest.mark.mongodb)]


@pytest.fixture(scope="session")
def mongodb() -> Iterator[str]:
    with ferretdb.running() as server:
        yield server


@pytest.fixture(params=BACKENDS)
def documents_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of an empty store of documents."""
    if request.param != "mongodb":
        yield str(request.param)
        return
    with ferretdb.fresh_database(request.getfixturevalue("mongodb")) as fresh:
        yield fresh
