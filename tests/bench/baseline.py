"""The monolith that the mesh is compared with: FastAPI and Redis, one handler, no features at all."""

from __future__ import annotations

import os
from typing import Any

import fastapi
import orjson
import redis.asyncio

app = fastapi.FastAPI()
store = redis.asyncio.Redis.from_url(os.environ.get("BENCH_REDIS_URL", "redis://127.0.0.1:6379/0"))


@app.get("/api/v1/verify/{token}")
async def verify(token: str) -> dict[str, Any]:
    """The cached answer for a token."""
    cached = await store.get(f"bench:{token}")
    if cached is None:
        raise fastapi.HTTPException(404)
    return {"success": True, "data": orjson.loads(cached)}
