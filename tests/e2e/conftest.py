"""One running system for a file's tests, on the embedded backends and on a cluster's.

A file's tests run on both stacks, except where the file says why one is enough (`pytest.mark.one_stack`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import pytest

from tests.support import cluster_servers, cluster_system
from tests.support.cluster_servers import Servers
from tests.support.cluster_system import ClusterSystem
from tests.support.rest import Institution, Person, Rest
from tests.support.statements import statement
from tests.support.system_process import SystemProcess

STACKS = ("embedded", "cluster")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "stack" in metafunc.fixturenames:
        alone = metafunc.definition.get_closest_marker("one_stack")
        metafunc.parametrize("stack", (alone.args[0],) if alone else STACKS, scope="module")


@pytest.fixture(scope="module")
def stack() -> str:
    """Which backends the system stands on; each file is run once for each."""
    raise AssertionError("given by pytest_generate_tests")


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    """Settings of the system; a file may give others."""
    return {}


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]) -> Iterator[SystemProcess]:
    """The whole system in one process, started once for the module."""
    process = SystemProcess(tmp_path_factory.mktemp("system") / "data", **environment)
    try:
        process.start()
        yield process
    finally:
        process.close()


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """A cluster's servers, which take long to start."""
    with cluster_servers.running(tmp_path_factory.mktemp("servers"), own_broker=False) as running:
        yield running


@pytest.fixture(scope="module")
def cluster(
    tmp_path_factory: pytest.TempPathFactory, servers: Servers, environment: dict[str, str]
) -> Iterator[ClusterSystem]:
    """The whole system as processes on real servers, set up for the module."""
    with cluster_system.running(servers, tmp_path_factory.mktemp("cluster"), environment) as running:
        yield running


@pytest.fixture(scope="module")
def rest(stack: str, request: pytest.FixtureRequest) -> Iterator[Rest]:
    if stack == "cluster":
        running: ClusterSystem = request.getfixturevalue("cluster")
        client = Rest(running.url, running.mailbox)
    else:
        process: SystemProcess = request.getfixturevalue("system")
        client = Rest(process.url, process.data / "mail")
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
