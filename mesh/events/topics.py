"""The topics of design section 5, and a dead-letter topic for each."""

from __future__ import annotations

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
