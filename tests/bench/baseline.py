"""The monolith that the mesh is compared with: FastAPI and Redis, one handler, no features at all."""

from __future__ import annotations

import os
from typing import Any

import fastapi
import orjson
import redis.asyncio

app = fastapi.FastAPI()
# Blocking: the default pool refuses the 101st command at once, and 128 connections are asked for.
pool = redis.asyncio.BlockingConnectionPool.from_url(os.environ["BENCH_REDIS_URL"], max_connections=64)
store = redis.asyncio.Redis(connection_pool=pool)


@app.get("/api/v1/verify/{token}")
async def verify(token: str) -> dict[str, Any]:
    """The cached answer for a token."""
    cached = await store.get(f"bench:{token}")
    if cached is None:
        raise fastapi.HTTPException(404)
    return {"success": True, "data": orjson.loads(cached)}
