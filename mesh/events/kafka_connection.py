"""What every client of a Kafka cluster shares: its names on the wire, and what its errors mean to us."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping

from aiokafka import errors as kafka_errors

from mesh import errors, settings
from mesh.events import kafka_url

RETRY_AFTER_S = 1.0
# What a process needs for its work, by what the cluster answers where it is missing.
RIGHTS: Mapping[type[kafka_errors.KafkaError], str] = {
    kafka_errors.TopicAuthorizationFailedError: "Describe, Read and Write on the topics",
    kafka_errors.GroupAuthorizationFailedError: "Read on the groups",
    kafka_errors.ClusterAuthorizationFailedError: "Write on the topics, or IdempotentWrite on the cluster",
}
REFUSALS = tuple(RIGHTS)


class RightMissing(errors.Unavailable):
    """The cluster refuses its user a right. It may be granted at any time, so that trying again makes sense."""


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
    """Turn whatever keeps the cluster from answering into `errors.Unavailable`; refusals are `RightMissing`."""
    try:
        yield
    except REFUSALS as refusal:
        raise RightMissing(right_missing(RIGHTS[type(refusal)]), retry_after_s=RETRY_AFTER_S) from None
    except (kafka_errors.KafkaError, OSError, TimeoutError):
        raise errors.Unavailable(retry_after_s=RETRY_AFTER_S) from None


@contextlib.contextmanager
def answering() -> Iterator[None]:
    """`reached` for what a start or an operator waits for: the one line that is left of it names the setting.

    Raises:
        settings.SettingsError: the user lacks a right.
        errors.Unavailable: anything else keeps the cluster from answering.
    """
    try:
        with reached():
            yield
    except RightMissing as refusal:
        raise settings.SettingsError(refusal.text) from None
    except errors.Unavailable as trouble:
        told = f"{kafka_url.VARIABLE}: Kafka cannot be reached, or does not finish in time."
        raise errors.Unavailable(told, retry_after_s=trouble.retry_after_s) from None


def right_missing(rights: str) -> str:
    """What is told of a refusal: the setting, and what its user lacks."""
    return f"{kafka_url.VARIABLE}: Kafka refuses its user a right that is needed: {rights}"
