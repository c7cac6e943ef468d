"""The topics of design section 5, a dead-letter topic for each, and the groups that read them."""

from __future__ import annotations

from collections.abc import Mapping

from mesh.events.port import Topic

DEAD_LETTER_SUFFIX = ".dlq"
DEAD_LETTER_PARTITIONS = 1
DEAD_LETTER_RETENTION_DAYS = 90

LIVE: tuple[Topic, ...] = (
    Topic("data.ingested", partitions=6, retention_days=7),
    Topic("analysis.requested", partitions=6, retention_days=7),
    Topic("analysis.completed", partitions=6, retention_days=7),
    Topic("credential.generated", partitions=3, retention_days=30),
    Topic("verification.requested", partitions=6, retention_days=3),
    Topic("account.events", partitions=3, retention_days=90),
    Topic("audit.events", partitions=3, retention_days=90),
)


def dead_letter(topic: str) -> str:
    """Where records of `topic` go that could not be handled."""
    return topic + DEAD_LETTER_SUFFIX


DEAD: tuple[Topic, ...] = tuple(
    Topic(dead_letter(topic.name), DEAD_LETTER_PARTITIONS, DEAD_LETTER_RETENTION_DAYS) for topic in LIVE
)
TOPICS: tuple[Topic, ...] = LIVE + DEAD

# What every process watches, so that the lag of a group is seen when all of its consumers are away.
READERS: Mapping[str, tuple[str, ...]] = {
    "analysis-workers": ("data.ingested", "analysis.requested", "account.events"),
    "audit-logger": tuple(topic.name for topic in LIVE),
    "credential-accounts": ("account.events",),
    "credential-generators": ("analysis.completed",),
    "credential-invalidation": ("credential.generated",),
    "ingestion-accounts": ("account.events",),
    "upload-status": ("analysis.completed",),
}
