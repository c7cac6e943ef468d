"""One running system for a file's tests."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import pytest

from tests.support.rest import Institution, Person, Rest
from tests.support.statements import statement
from tests.support.system_process import SystemProcess


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SystemProcess]:
    """The whole system, started once for the module."""
    process = SystemProcess(tmp_path_factory.mktemp("system") / "data")
    try:
        process.start()
        yield process
    finally:
        process.close()


@pytest.fixture(scope="module")
def rest(system: SystemProcess) -> Iterator[Rest]:
    client = Rest(system.url, system.data / "mail")
    yield client
    client.http.close()


@pytest.fixture
def connect(system: SystemProcess) -> Iterator[Callable[[], Rest]]:
    """Gives a client of the system as it runs now: started again it has another port."""
    with contextlib.ExitStack() as stack:

        def connected() -> Rest:
            client = Rest(system.url, system.data / "mail")
            stack.callback(client.http.close)
            return client

        yield connected


@pytest.fixture(scope="module")
def scored(rest: Rest) -> tuple[Person, dict[str, object]]:
    """A person and their credential, for tests that only read it."""
    person = rest.person()
    return person, person.credential(statement())


@pytest.fixture(scope="module")
def institution(rest: Rest) -> Institution:
    return rest.institution()
