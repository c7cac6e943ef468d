"""An event log that fails when told to, over a real one."""

from __future__ import annotations

from collections.abc import Sequence

from mesh import errors
from mesh.events import port


class FlakyLog:
    """`mesh.events.port.EventLog` whose next `failures` publishes are refused."""

    def __init__(self, log: port.EventLog) -> None:
        self._log = log
        self.failures = 0
        self.error: Exception = errors.Unavailable()

    async def publish(self, records: Sequence[port.Publication]) -> None:
        if self.failures:
            self.failures -= 1
            raise self.error
        await self._log.publish(records)

    async def create_topics(self, topics: Sequence[port.Topic]) -> None:
        await self._log.create_topics(topics)

    async def check(self, topics: Sequence[port.Topic], groups: Sequence[str] = ()) -> None:
        await self._log.check(topics, groups)

    def consumer(self, group: str, topics: Sequence[str]) -> port.Consumer:
        return self._log.consumer(group, topics)

    async def sweep(self) -> int:
        return await self._log.sweep()

    async def ping(self) -> None:
        await self._log.ping()

    async def close(self) -> None:
        await self._log.close()
