"""An upload that stops half-way, so that a test can do something in the middle of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import httpx

from tests.support.rest import API, Person


class SlowUpload:
    """An upload whose second half waits until it is let go; `key`: its Idempotency-Key, if any."""

    def __init__(self, person: Person, content: bytes, key: str = "") -> None:
        self._person, self._content, self._key = person, content, key
        self._go, self._half_sent = threading.Event(), threading.Event()
        self.outcome: httpx.Response | Exception | None = None
        self._thread = threading.Thread(target=self._send)
        self._thread.start()
        assert self._half_sent.wait(10)

    def _body(self) -> Iterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="s.csv"\r\n\r\n'
        half = len(self._content) // 2
        yield self._content[:half]
        self._half_sent.set()
        self._go.wait(30)
        yield self._content[half:] + b"\r\n--b--\r\n"

    def _send(self) -> None:
        headers = {
            "authorization": f"Bearer {self._person.token}",
            "content-type": "multipart/form-data; boundary=b",
            **({"idempotency-key": self._key} if self._key else {}),
        }
        try:
            url = self._person.rest.url + f"{API}/data/upload"
            self.outcome = httpx.post(url, content=self._body(), headers=headers, timeout=60)
        except httpx.HTTPError as error:
            self.outcome = error

    def finish(self) -> httpx.Response | Exception:
        """Send the rest, and say what came of it."""
        self._go.set()
        self._thread.join(60)
        assert self.outcome is not None
        return self.outcome
