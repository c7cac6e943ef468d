"""Sending a stream of requests for one answer, so that a failure on either side ends both."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterable
from typing import Any

import grpc


async def send(call: Any, requests: AsyncIterable[Any]) -> Any:
    """Write all requests to a stream-unary call of grpc.aio and give its answer.

    The other side may answer, or refuse, before it has read everything: then the rest is not read either. What
    `requests` raises ends the call and is raised here. (grpc.aio itself would make a CancelledError of it.)
    """
    writing = asyncio.create_task(_write(call, requests))
    try:
        return await call
    except asyncio.CancelledError:
        if writing.done() and not writing.cancelled() and writing.exception() is not None and not _is_cancelled():
            await writing
        raise
    finally:
        writing.cancel()
        await asyncio.wait({writing})
        call.cancel()


async def _write(call: Any, requests: AsyncIterable[Any]) -> None:
    try:
        async for request in requests:
            try:
                await call.write(request)
            except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
                return  # the call is over: its outcome tells why
        with contextlib.suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):
            await call.done_writing()
    except Exception:
        call.cancel()
        raise


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
