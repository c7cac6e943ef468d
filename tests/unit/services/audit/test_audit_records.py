"""What the trail says about what happened."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from credpass.analysis.v1 import analysis_events_pb2
from credpass.auth.v1 import account_events_pb2
from credpass.credential.v1 import credential_events_pb2
from credpass.ingestion.v1 import ingestion_events_pb2
from credpass.mesh.v1 import audit_events_pb2
from credpass.verification.v1 import verification_events_pb2
from google.protobuf import message
from hypothesis import given
from hypothesis import strategies as st

from mesh.events import codec
from services.audit.domain import records

NOW = datetime(2026, 2, 15, tzinfo=UTC)
EVENT_FILES = (
    account_events_pb2,
    analysis_events_pb2,
    credential_events_pb2,
    ingestion_events_pb2,
    verification_events_pb2,
)


def _facts(source: message.Message) -> records.Facts:
    event = codec.event(source, aggregate_id="a", version=1, clock_now=NOW, correlation_id="corr_1")
    happening = records.Happening(event.id, event.type, event.timestamp, event.payload, event.correlation_id)
    return records.describe(happening)


def test_an_audited_call_says_who_did_what_from_where() -> None:
    facts = _facts(
        audit_events_pb2.CallAudited(
            action="auth.login",
            actor_type="user",
            actor_id="user_1",
            resource_type="session",
            resource_id="sess_1",
            outcome="refused",
            reason="WRONG_CREDENTIALS",
            client_address="203.0.113.7",
            user_agent="curl/8",
        )
    )
    assert (facts.event_type, facts.action, facts.outcome) == ("auth.login", "auth.login", "refused")
    assert (facts.actor_type, facts.actor_id) == ("user", "user_1")
    assert (facts.resource_type, facts.resource_id) == ("session", "sess_1")
    assert facts.details == {"reason": "WRONG_CREDENTIALS"}
    assert (facts.ip_address, facts.user_agent, facts.correlation_id) == ("203.0.113.7", "curl/8", "corr_1")


def test_a_verification_is_the_institutions_act_on_a_credential() -> None:
    facts = _facts(
        verification_events_pb2.VerificationRequested(
            verification_id="ver_1", institution_id="inst_1", user_id="user_1", credential_id="cred_1", result="valid"
        )
    )
    assert (facts.actor_type, facts.actor_id) == ("institution", "inst_1")
    assert (facts.resource_type, facts.resource_id) == ("credential", "cred_1")
    assert facts.details["result"] == "valid"


def test_details_hold_no_score_and_nothing_it_is_made_of() -> None:
    facts = _facts(
        analysis_events_pb2.AnalysisCompleted(
            user_id="user_1",
            analysis_id="analysis_1",
            upload_ids=["u1", "u2"],
            trust_score=712,
            confidence=0.5,
            data_points=9,
        )
    )
    assert facts.details == {
        "analysisId": "analysis_1",
        "dataPoints": 9,
        "status": "",
        "uploadIds": ["u1", "u2"],
        "userId": "user_1",
    }
    generated = credential_events_pb2.CredentialGenerated(credential_id="cred_1", trust_score=712, tier="good")
    assert not {"trustScore", "tier"} & set(_facts(generated).details)


def test_every_domain_event_of_the_contracts_names_its_resource() -> None:
    for file in EVENT_FILES:
        for kind in file.DESCRIPTOR.message_types_by_name.values():
            event_type = codec.event(
                getattr(file, kind.name)(), aggregate_id="a", version=1, clock_now=NOW, correlation_id=""
            ).type
            _, field = records.RESOURCES[event_type]
            assert field in {each.json_name for each in kind.fields}, event_type


@given(
    st.dictionaries(
        st.sampled_from(["userId", "institutionId", "action", "uploadIds", "recordCount", "reason", "x"]),
        st.one_of(st.none(), st.booleans(), st.integers(), st.text(), st.lists(st.one_of(st.text(), st.none()))),
    ),
    st.sampled_from([*records.RESOURCES, records.AUDITED_CALL, "new.event"]),
)
def test_any_payload_gives_a_record(payload: dict[str, Any], event_type: str) -> None:
    facts = records.describe(records.Happening("evt_1", event_type, NOW, payload, "corr_1"))
    assert facts.event_id == "evt_1"
    assert "x" not in facts.details
    assert all(isinstance(value, str) for value in (facts.actor_id, facts.resource_id, facts.action))


@pytest.mark.parametrize("text", ["x" * 10_000])
def test_texts_are_cut(text: str) -> None:
    payload = {"cause": text, "userId": text}
    facts = records.describe(records.Happening("evt_1", "account.erased", NOW, payload, "corr_1"))
    assert len(facts.actor_id) == len(str(facts.details["cause"])) == records.TEXT_LIMIT
