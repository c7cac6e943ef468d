"""GET /verify/{token}: the whole mesh against a plain FastAPI handler, and against a gateway without coalescing."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import statistics
import subprocess
from collections.abc import Callable, Mapping, Sequence
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
    """One round of wrk. `cpu_us`: processor time a request took in each process, which other load hardly changes."""

    rps: float
    p50_ms: float
    p99_ms: float
    cpu_us: Mapping[str, float] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Contender:
    """Whatever answers at a URL. `used_s`: processor time of its processes so far."""

    url: str
    used_s: Callable[[], Mapping[str, float]]


@dataclasses.dataclass(frozen=True)
class Stage:
    """Tokens that hold and a key that verifies them, in the mesh at `url`; `used_s`: as a contender's."""

    tokens: list[str]
    key: str
    url: str
    used_s: Callable[[], Mapping[str, float]]


def prepare(rest: Rest, used_s: Callable[[], Mapping[str, float]]) -> Stage:
    """Credentials of some people in a mesh that runs."""
    key = rest.institution().key
    tokens = [rest.person().credential(statement())["verificationToken"] for _ in range(PEOPLE)]
    return Stage(tokens, key, rest.url, used_s)


def answers_for_baseline(rest: Rest, stage: Stage, redis_url: str) -> None:
    """Put what the mesh answers where the baseline looks for it."""
    with redis.Redis.from_url(redis_url) as store:
        for token in stage.tokens:
            store.set(f"bench:{token}", orjson.dumps(rest.data("GET", f"/verify/{token}", stage.key)))


def wrk(url: str, stage: Stage, connections: int, seconds: int) -> Load:
    """Load on a URL. A wrong answer or an error fails the bench."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(SCRIPT), url]
    environ = {**os.environ, "BENCH_KEY": stage.key, "BENCH_TOKENS": ",".join(stage.tokens)}
    output = subprocess.run(command, env=environ, check=True, capture_output=True, text=True).stdout
    found: dict[str, Any] = json.loads(output.strip().splitlines()[-1])
    if found["wrong"] or found["errors"]:
        raise AssertionError(f"{url}: {found['wrong']} wrong answers, {found['errors']} errors")
    return Load(found["rps"], found["p50_ms"], found["p99_ms"])


def one_round(stage: Stage, connections: int, contender: Contender) -> Load:
    """A contender under load, alone: what others have left behind is worked off before."""
    processes.wait_idle(stage.used_s)
    before = contender.used_s()
    load = wrk(contender.url, stage, connections, ROUND_S)
    count = load.rps * ROUND_S
    cpu_us = {name: (used_s - before[name]) / count * 1e6 for name, used_s in contender.used_s().items()}
    return dataclasses.replace(load, cpu_us=cpu_us)


def side_by_side(stage: Stage, connections: int, contenders: dict[str, Contender]) -> dict[str, Load]:
    """The contenders in turn, round after round, so that a noisy minute hits all of them; medians."""
    for contender in contenders.values():
        wrk(contender.url, stage, connections, WARM_UP_S)
    rounds = [
        {name: one_round(stage, connections, contender) for name, contender in contenders.items()}
        for _ in range(ROUNDS)
    ]

    return {name: _middle([loads[name] for loads in rounds]) for name in contenders}


def _middle(loads: Sequence[Load]) -> Load:
    """The median of each number."""
    cpu_us = {part: statistics.median(load.cpu_us[part] for load in loads) for part in loads[0].cpu_us}
    rps, p50_ms, p99_ms = (
        statistics.median(numbers)
        for numbers in zip(*((load.rps, load.p50_ms, load.p99_ms) for load in loads), strict=True)
    )
    return Load(rps, p50_ms, p99_ms, cpu_us)


def _monolith(url: str, process: processes.Process) -> Contender:
    return Contender(url, lambda: {"uvicorn": processes.cpu_s(process.pid)})


def measure(folder: pathlib.Path, redis_url: str) -> list[tuple[str, int, Load]]:
    """Rows (contender, connections, load) for the table."""
    mesh = processes.Mesh(folder / "mesh", redis_url)
    rows: list[tuple[str, int, Load]] = []
    try:
        rest = Rest(mesh.gateway(), mesh.folder / "mail")
        stage = prepare(rest, mesh.cpu_s)
        answers_for_baseline(rest, stage, redis_url)
        unary = mesh.gateway("gateway-unary", CREDPASS_COALESCING="off")
        with processes.baseline(folder, redis_url, 1) as one, processes.baseline(folder, redis_url, 2) as two:
            contenders = {
                "mesh": Contender(stage.url, mesh.cpu_s),
                "FastAPI, 1 worker": _monolith(*one),
                "FastAPI, 2 workers": _monolith(*two),
                "mesh, unary": Contender(unary, mesh.cpu_s),
            }
            for connections in (32, 128):
                loads = side_by_side(stage, connections, contenders)
                rows += [(name, connections, load) for name, load in loads.items()]
    finally:
        mesh.close()
    return rows
