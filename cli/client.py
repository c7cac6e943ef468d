"""A client of the REST gateway, as anybody could write one."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import httpx

API = "/api/v1"
TIMEOUT_S = 120.0


class Refused(Exception):
    """The gateway answered with an error; its code, message and details are shown as they came."""

    def __init__(self, status: int, error: Mapping[str, Any]) -> None:
        self.status = status
        self.code = str(error.get("code", "UNKNOWN"))
        self.details = [f"{item['field']}: {item['message']}" for item in error.get("details", [])]
        super().__init__(f"{self.code} ({status}): {error.get('message', '')}")


class Client:
    """Calls the gateway and opens the envelope. Use as an async context manager."""

    def __init__(self, base_url: str) -> None:
        self._http = httpx.AsyncClient(base_url=base_url + API, timeout=TIMEOUT_S)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def get(self, path: str, token: str = "") -> Any:
        return await self._call("GET", path, token)

    async def post(self, path: str, body: Mapping[str, Any], token: str = "") -> Any:
        return await self._call("POST", path, token, json=body)

    async def upload(self, path: str, file: pathlib.Path, fields: Mapping[str, str], token: str) -> Any:
        """Send a file as multipart/form-data, streamed from the disk."""
        with file.open("rb") as content:
            return await self._call("POST", path, token, files={"file": (file.name, content)}, data=fields)

    async def _call(self, method: str, path: str, token: str, **request: Any) -> Any:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        answer = await self._http.request(method, path, headers=headers, **request)
        body = answer.json()
        if not body["success"]:
            raise Refused(answer.status_code, body["error"])
        return body["data"]
