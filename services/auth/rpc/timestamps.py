"""Moments as protobuf has them."""

from __future__ import annotations

from datetime import datetime

from google.protobuf import timestamp_pb2


def of(moment: datetime) -> timestamp_pb2.Timestamp:
    message = timestamp_pb2.Timestamp()
    message.FromDatetime(moment)
    return message


def maybe(moment: datetime | None) -> timestamp_pb2.Timestamp | None:
    return None if moment is None else of(moment)
