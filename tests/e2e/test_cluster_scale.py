"""What several processes of one service share on a cluster: the gateways a budget, the workers a queue that is seen."""

from __future__ import annotations

import asyncio
import collections
import http.client

import httpx
import pytest

from tests.support import metrics
from tests.support.cluster_system import ClusterSystem
from tests.support.rest import API, Institution, Rest, until
from tests.support.statements import statement

pytestmark = [
    pytest.mark.slow,
    pytest.mark.one_stack("cluster", reason="the embedded system has one process of everything"),
]

# A gateway draws leases of a fiftieth. The window is longer than the tests take, so that they are in one.
BUDGET, LEASE = 500, 10
CALLS, AT_ONCE = 700, 32
CALL_LIMIT_S = 60.0
GATEWAYS = ("gateway-1", "gateway-2")
WORKERS = ("analysis-1", "analysis-2")
GROUP = "analysis-workers"
VERIFY = "credpass.verification.v1.VerificationService.VerifyToken"
UPLOADS = 3


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    return {"CREDPASS_RATE_VERIFY": f"{BUDGET}/day"}


async def statuses(url: str, institution: Institution) -> collections.Counter[int]:
    """The answers to many verifications at once, each over a connection of its own."""
    turns = asyncio.Semaphore(AT_ONCE)
    headers = {"authorization": f"Bearer {institution.key}"}
    fresh = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=0)
    async with httpx.AsyncClient(base_url=url, headers=headers, limits=fresh, timeout=CALL_LIMIT_S) as client:

        async def call() -> int:
            async with turns:
                return (await client.get(f"{API}/verify/vt_unknown")).status_code

        return collections.Counter(await asyncio.gather(*(call() for _ in range(CALLS))))


def test_two_gateways_together_let_through_no_more_than_one_budget(
    cluster: ClusterSystem, institution: Institution
) -> None:
    answers = asyncio.run(statuses(cluster.url, institution))
    passed, refused = answers[http.client.NOT_FOUND], answers[http.client.TOO_MANY_REQUESTS]
    assert passed <= BUDGET
    # What was drawn and went wrong afterwards, as it may on a machine that does much else, is drawn.
    assert CALLS - refused >= BUDGET - LEASE * len(GATEWAYS)
    # A gateway counts a request after its answer has left.
    until(lambda: sum(verifications(cluster, name) for name in GATEWAYS) == CALLS or None, "the count of every call")
    by_gateway = [verifications(cluster, name, status=str(int(http.client.NOT_FOUND))) for name in GATEWAYS]
    assert sum(by_gateway) == passed
    assert min(by_gateway) > LEASE, "both gateways have drawn from the budget more than once"


def verifications(cluster: ClusterSystem, name: str, **labels: str) -> float:
    """How many requests for a verification a gateway has answered."""
    address = cluster.processes.replicas[name].ops
    return metrics.total(address, "credpass_http_requests_total", route=VERIFY, **labels)


def test_the_lag_of_workers_that_are_all_away_is_seen_and_goes_when_they_are_back(
    cluster: ClusterSystem, rest: Rest
) -> None:
    person = rest.person()
    assert set(cluster.processes.stop(*WORKERS).values()) == {0}
    taken = [person.upload(statement(6, marker=f"lag{number}"))["uploadId"] for number in range(UPLOADS)]
    until(lambda: max(lags(cluster)) >= UPLOADS or None, "the lag")
    cluster.processes.start(*WORKERS)
    cluster.processes.wait_ready(*WORKERS)
    for upload_id in taken:
        assert person.finished(upload_id)["status"] == "processed"
    until(lambda: set(lags(cluster)) == {0.0} or None, "the end of the lag")


def lags(cluster: ClusterSystem) -> list[float]:
    """The lag of the analysis workers as every service shows it that is not one of them."""
    return [
        metrics.total(each.ops, "credpass_consumer_lag", group=GROUP)
        for name, each in cluster.processes.replicas.items()
        if each.service not in ("gateway", "analysis")
    ]
