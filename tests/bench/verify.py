"""GET /verify/{token}: the whole mesh against a plain FastAPI handler, and against a gateway without coalescing."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import statistics
import subprocess
from collections.abc import Callable
from typing import Any

import orjson
import redis

from tests.bench import processes
from tests.support.rest import Rest
from tests.support.statements import statement

SCRIPT = pathlib.Path(__file__).parent / "verify.lua"
PEOPLE = 16
WARM_UP_S = 2
ROUND_S = 5
ROUNDS = 3


@dataclasses.dataclass(frozen=True)
class Load:
    """One round of wrk."""

    rps: float
    p50_ms: float
    p99_ms: float


@dataclasses.dataclass(frozen=True)
class Stage:
    """Tokens that hold and a key that verifies them."""

    tokens: list[str]
    key: str
    mesh: processes.Mesh
    url: str


def prepare(folder: pathlib.Path, redis_url: str) -> Stage:
    """A mesh with credentials of some people, and the baseline's answers in the same Redis."""
    mesh = processes.Mesh(folder / "mesh", redis_url)
    url = mesh.gateway()
    rest = Rest(url, mesh.folder / "mail")
    key = rest.institution().key
    tokens = [rest.person().credential(statement())["verificationToken"] for _ in range(PEOPLE)]
    with redis.Redis.from_url(redis_url) as store:
        for token in tokens:
            store.set(f"bench:{token}", orjson.dumps(rest.data("GET", f"/verify/{token}", key)))
    return Stage(tokens, key, mesh, url)


def wrk(url: str, stage: Stage, connections: int, seconds: int) -> Load:
    """Load on a URL. A wrong answer or an error fails the bench."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(SCRIPT), url]
    environ = {**os.environ, "BENCH_KEY": stage.key, "BENCH_TOKENS": ",".join(stage.tokens)}
    output = subprocess.run(command, env=environ, check=True, capture_output=True, text=True).stdout
    found: dict[str, Any] = json.loads(output.strip().splitlines()[-1])
    if found["wrong"] or found["errors"]:
        raise AssertionError(f"{url}: {found['wrong']} wrong answers, {found['errors']} errors")
    return Load(found["rps"], found["p50_ms"], found["p99_ms"])


def side_by_side(stage: Stage, connections: int, contenders: dict[str, str]) -> dict[str, Load]:
    """The contenders in turn, round after round, so that a noisy minute hits all of them; medians."""
    for url in contenders.values():
        wrk(url, stage, connections, WARM_UP_S)
    rounds = [{name: wrk(url, stage, connections, ROUND_S) for name, url in contenders.items()} for _ in range(ROUNDS)]

    def middle(name: str, part: Callable[[Load], float]) -> float:
        return statistics.median(part(loads[name]) for loads in rounds)

    return {
        name: Load(
            middle(name, lambda load: load.rps),
            middle(name, lambda load: load.p50_ms),
            middle(name, lambda load: load.p99_ms),
        )
        for name in contenders
    }


def measure(folder: pathlib.Path, redis_url: str) -> list[tuple[str, int, Load]]:
    """Rows (contender, connections, load) for the table."""
    stage = prepare(folder, redis_url)
    rows: list[tuple[str, int, Load]] = []
    try:
        unary = stage.mesh.gateway("gateway-unary", CREDPASS_COALESCING="off")
        with processes.baseline(folder, redis_url, 1) as one, processes.baseline(folder, redis_url, 2) as two:
            contenders = {"mesh": stage.url, "FastAPI, 1 worker": one, "FastAPI, 2 workers": two, "mesh, unary": unary}
            for connections in (32, 128):
                loads = side_by_side(stage, connections, contenders)
                rows += [(name, connections, load) for name, load in loads.items()]
    finally:
        stage.mesh.close()
    return rows
