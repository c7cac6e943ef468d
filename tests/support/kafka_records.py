"""What a test does to a broker's records behind the back of the event log."""

from __future__ import annotations

from pathlib import Path

import aiokafka
from aiokafka import admin as kafka_admin

from mesh.events import kafka_connection, kafka_url

_END = -1


async def delete_all(url: str, topic: str) -> None:
    """Take every record out of a topic, as retention does."""
    cluster = kafka_url.parse(url, Path())
    name = kafka_connection.Names(cluster.prefix).wire(topic)
    admin = kafka_admin.AIOKafkaAdminClient(**cluster.connection())
    await admin.start()
    try:
        (found,) = await admin.describe_topics([name])
        places = [aiokafka.TopicPartition(name, each["partition"]) for each in found["partitions"]]
        await admin.delete_records({place: kafka_admin.RecordsToDelete(_END) for place in places})
    finally:
        await admin.close()
