"""What every client of a Kafka cluster shares: its names on the wire, and what its errors mean to us."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator

from aiokafka import errors as kafka_errors

from mesh import errors

RETRY_AFTER_S = 1.0


@dataclasses.dataclass(frozen=True, slots=True)
class Names:
    """Topics and groups as the cluster knows them: with the prefix of the URL."""

    prefix: str

    def wire(self, name: str) -> str:
        return self.prefix + name

    def ours(self, wire: str) -> str:
        return wire.removeprefix(self.prefix)


@contextlib.contextmanager
def reached() -> Iterator[None]:
    """Turn whatever keeps the cluster from answering into `errors.Unavailable`."""
    try:
        yield
    except (kafka_errors.KafkaError, OSError, TimeoutError):
        raise errors.Unavailable(retry_after_s=RETRY_AFTER_S) from None
