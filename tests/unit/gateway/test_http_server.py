"""The HTTP server on a real socket: it serves, shares or refuses a port, and finishes what is under way."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import httpx
import pytest

from gateway import server

ANY_PORT = "127.0.0.1:0"


class App:
    """Answers "ok" once it may; remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.may_answer, self.entered = asyncio.Event(), asyncio.Event()
        self.may_answer.set()

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        self.asked.append(scope["path"])
        self.entered.set()
        await self.may_answer.wait()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})


def app() -> Any:
    return App()


async def test_it_serves_on_the_address_that_it_tells() -> None:
    async with server.serving(serving := app(), ANY_PORT) as url, httpx.AsyncClient() as client:
        assert (await client.get(f"{url}/path")).text == "ok"
    assert serving.asked == ["/path"]


async def test_nobody_is_served_afterwards() -> None:
    async with server.serving(app(), ANY_PORT) as url:
        pass
    async with httpx.AsyncClient() as client:
        with pytest.raises(httpx.TransportError):
            await client.get(url)


async def test_a_request_under_way_is_answered_before_it_stops() -> None:
    serving = app()
    serving.may_answer.clear()
    async with httpx.AsyncClient() as client:
        async with server.serving(serving, ANY_PORT) as url:
            answer = asyncio.create_task(client.get(f"{url}/slow"))
            await serving.entered.wait()
            asyncio.get_running_loop().call_later(0.2, serving.may_answer.set)
        assert (await answer).text == "ok"


async def test_a_port_that_is_taken_is_an_error_that_says_so() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="in use"):
            async with server.serving(app(), f"127.0.0.1:{taken.getsockname()[1]}"):
                pass


async def test_gateways_of_one_system_share_a_port_only_when_both_say_so() -> None:
    async with server.serving(app(), ANY_PORT, shared=True) as url:
        listen = url.removeprefix("http://")
        async with server.serving(app(), listen, shared=True) as second:
            assert second == url
        with pytest.raises(OSError, match="in use"):
            async with server.serving(app(), listen):
                pass
