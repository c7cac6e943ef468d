"""Events keep their shape on the way to a topic and back."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest
from credpass.analysis.v1 import analysis_events_pb2
from credpass.auth.v1 import account_events_pb2
from credpass.credential.v1 import credential_events_pb2
from credpass.ingestion.v1 import ingestion_events_pb2
from credpass.mesh.v1 import audit_events_pb2, call_context_pb2, event_envelope_pb2
from credpass.verification.v1 import verification_events_pb2
from google.protobuf import json_format, message

from mesh.events import codec, port, topics

NOW = datetime(2026, 2, 15, 10, 0, 0, 123000, tzinfo=UTC)
VERIFIED = verification_events_pb2.VerificationRequested(
    verification_id="ver_1", user_id="user_1", institution_id="inst_1", result="valid", share_link=True
)
ANALYSED = analysis_events_pb2.AnalysisCompleted(
    user_id="user_1", analysis_id="analysis_1", upload_ids=["a", "b"], trust_score=0, confidence=0.5, data_points=7
)


def _event(source: message.Message, version: int = 1) -> port.Event:
    return codec.event(source, aggregate_id="agg_1", version=version, clock_now=NOW, correlation_id="corr_1")


def _record(event: port.Event) -> port.Record:
    return port.Record(event.topic, 0, 0, event.key, codec.encode(event), {})


@pytest.mark.parametrize("source", [VERIFIED, ANALYSED])
def test_a_message_comes_back_as_it_was(source: message.Message) -> None:
    event = _event(source)
    decoded = codec.decode(_record(event))
    assert decoded == event
    assert codec.payload(decoded, type(source)) == source


@pytest.mark.parametrize("source", [VERIFIED, ANALYSED, verification_events_pb2.VerificationRequested()])
def test_the_payload_is_proto_json_with_every_field_printed(source: message.Message) -> None:
    expected = json_format.MessageToDict(source, always_print_fields_with_no_presence=True)
    assert _event(source).payload == expected


def test_topic_type_and_key_come_from_the_contract() -> None:
    event = _event(VERIFIED)
    assert (event.topic, event.type, event.key) == ("verification.requested", "verification.requested", "user_1")


def test_the_id_is_the_same_for_a_retry_and_another_for_the_next_version() -> None:
    assert _event(VERIFIED).id == _event(VERIFIED).id
    assert _event(VERIFIED).id != _event(VERIFIED, version=2).id
    assert _event(VERIFIED).id.startswith("evt_")


def test_the_bytes_are_the_envelope_of_the_contract() -> None:
    envelope = json_format.Parse(codec.encode(_event(VERIFIED)), event_envelope_pb2.EventEnvelope())
    assert envelope.event_type == "verification.requested"
    assert envelope.timestamp.ToJsonString() == "2026-02-15T10:00:00.123Z"
    assert envelope.metadata.correlation_id == "corr_1"
    assert envelope.payload["verificationId"] == "ver_1"


def test_a_field_of_a_newer_publisher_is_left_out() -> None:
    newer = {**_event(VERIFIED).payload, "newField": 1}
    event = port.Event("t", "k", "evt_1", "t", NOW, newer, "corr_1")
    assert codec.payload(event, verification_events_pb2.VerificationRequested) == VERIFIED


@pytest.mark.parametrize("payload", [{"userId": 7}, {"shareLink": "yes"}])
def test_a_payload_of_another_shape_is_malformed(payload: dict[str, object]) -> None:
    event = port.Event("t", "k", "evt_1", "t", NOW, payload, "corr_1")
    with pytest.raises(codec.MalformedEvent):
        codec.payload(event, verification_events_pb2.VerificationRequested)


@pytest.mark.parametrize("part", ["eventId", "eventType", "timestamp", "payload", "metadata"])
def test_an_envelope_without_a_part_is_malformed(part: str) -> None:
    record = _record(_event(VERIFIED))
    envelope = orjson.loads(record.value)
    for broken in ({key: value for key, value in envelope.items() if key != part}, {**envelope, part: 7}):
        damaged = port.Record(record.topic, 0, 0, record.key, orjson.dumps(broken), {})
        with pytest.raises(codec.MalformedEvent):
            codec.decode(damaged)


def test_a_message_that_is_no_event_is_refused() -> None:
    with pytest.raises(ValueError, match="no event"):
        _event(call_context_pb2.CallContext())


def test_every_event_of_the_contracts_goes_to_a_topic_that_exists() -> None:
    live = {topic.name for topic in topics.LIVE}
    files = (account_events_pb2, analysis_events_pb2, audit_events_pb2, credential_events_pb2, ingestion_events_pb2)
    for file in (*files, verification_events_pb2):
        for name in file.DESCRIPTOR.message_types_by_name:
            event = _event(getattr(file, name)())
            assert event.topic in live, name


def test_every_topic_has_its_dead_letters() -> None:
    names = {topic.name for topic in topics.TOPICS}
    assert {topics.dead_letter(topic.name) for topic in topics.LIVE} == names - {topic.name for topic in topics.LIVE}
