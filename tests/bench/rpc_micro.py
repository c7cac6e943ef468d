"""What the mesh adds to a unary call: bare grpc.aio over mTLS against a server and a stub of `mesh.rpc`, in one run.

`python tests/bench/rpc_micro.py` prints one JSON line: microseconds a call and the ratio, one after the other and 32 at
a time. Both run in one process and one event loop, in turns, so that the machine's moods hit both.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import pathlib
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any, cast

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "generated")]

import grpc  # noqa: E402
import uvloop  # noqa: E402
from credpass.verification.v1 import verification_service_pb2 as pb  # noqa: E402
from credpass.verification.v1 import verification_service_pb2_grpc as pb_grpc  # noqa: E402

from mesh import logs, tls  # noqa: E402
from mesh.rpc import context  # noqa: E402
from tests.fakes.servicers import FakeVerification  # noqa: E402
from tests.support import rpc_servers  # noqa: E402

ROUNDS, CALLS, AT_ONCE = 7, 1500, 32
INSTITUTION = context.InstitutionPrincipal("inst_1", "key_1", ("verify",))
REQUEST = pb.VerifyTokenRequest(token="vt_" + "x" * 32)

Call = Callable[[], Awaitable[Any]]


async def one_by_one(call: Call) -> None:
    for _ in range(CALLS):
        await call()


async def at_once(call: Call) -> None:
    async def worker() -> None:
        for _ in range(CALLS // AT_ONCE):
            await call()

    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))


async def microseconds(run: Callable[[Call], Awaitable[None]], call: Call) -> float:
    started = time.perf_counter()
    await run(call)
    return (time.perf_counter() - started) / CALLS * 1e6


async def compare(run: Callable[[Call], Awaitable[None]], bare: Call, meshed: Call) -> dict[str, float]:
    await run(bare)
    await run(meshed)
    pairs = [(await microseconds(run, bare), await microseconds(run, meshed)) for _ in range(ROUNDS)]
    bare_us, mesh_us = (statistics.median(side) for side in zip(*pairs, strict=True))
    ratio = statistics.median(b / a for a, b in pairs)
    return {"bare_us": round(bare_us, 1), "mesh_us": round(mesh_us, 1), "ratio": round(ratio, 3)}


async def main() -> None:
    logs.configure("info", io.BytesIO())
    identities = rpc_servers.IDENTITIES
    async with contextlib.AsyncExitStack() as stack:
        server = grpc.aio.server()
        pb_grpc.add_VerificationServiceServicer_to_server(cast("Any", FakeVerification()), server)
        port = server.add_secure_port("127.0.0.1:0", identities.identity("verification").server_credentials())
        await server.start()
        stack.push_async_callback(server.stop, None)
        credentials = identities.identity("gateway").channel_credentials()
        options = tls.target_options("verification")
        channel = grpc.aio.secure_channel(f"127.0.0.1:{port}", credentials, options=options)
        bare = pb_grpc.VerificationServiceStub(await stack.enter_async_context(channel))

        no_store: Any = None  # nothing here is audited
        serving = rpc_servers.serving("verification", [FakeVerification().registration()], no_store)
        target = (await stack.enter_async_context(serving)).target
        stub = rpc_servers.stub_of(pb_grpc.VerificationServiceStub, "verification", target)
        meshed = await stack.enter_async_context(stub)
        stack.enter_context(context.bind(rpc_servers.outside_call(INSTITUTION)))

        calls: tuple[Call, Call] = (
            lambda: bare.VerifyToken(REQUEST, timeout=5.0),
            lambda: meshed.VerifyToken(REQUEST, timeout=5.0),
        )
        found = {"one_by_one": await compare(one_by_one, *calls), f"{AT_ONCE}_at_once": await compare(at_once, *calls)}
        print(json.dumps(found))


if __name__ == "__main__":
    uvloop.run(main())
