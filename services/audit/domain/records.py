"""From what happened to what the trail says about it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from typing import Any

AUDITED_CALL = "call.audited"
TEXT_LIMIT = 200
LIST_LIMIT = 100

Detail = str | int | bool | list[str]


@dataclasses.dataclass(frozen=True, slots=True)
class Happening:
    """An event as it came: a domain event, which is its own record, or an audited call."""

    event_id: str
    event_type: str
    timestamp: datetime
    payload: Mapping[str, Any]
    correlation_id: str


@dataclasses.dataclass(frozen=True, slots=True)
class Facts:
    """What a record says (section 4 of the original design). `details` holds ids, counts and words of closed lists.

    `ip_address` and `user_agent` are never kept as they came: see `ports.Concealer`.
    """

    event_id: str
    timestamp: datetime
    event_type: str
    actor_type: str
    actor_id: str
    resource_type: str
    resource_id: str
    action: str
    outcome: str
    details: Mapping[str, Detail]
    ip_address: str
    user_agent: str
    correlation_id: str


# What an event is about, and the payload's field with its id.
RESOURCES: Mapping[str, tuple[str, str]] = {
    "data.ingested": ("upload", "uploadId"),
    "analysis.requested": ("user", "userId"),
    "analysis.completed": ("analysis", "analysisId"),
    "credential.generated": ("credential", "credentialId"),
    "credential.revoked": ("credential", "credentialId"),
    "credential.share_link_created": ("share_link", "linkId"),
    "credential.share_link_revoked": ("share_link", "linkId"),
    "verification.requested": ("credential", "credentialId"),
    "consent.given": ("user", "userId"),
    "consent.withdrawn": ("user", "userId"),
    "account.erased": ("user", "userId"),
}
# A payload's fields that may stand in a record, beside ids and counts. Scores and what they are made of may not.
WORDS = frozenset(
    {"cause", "consentVersion", "dataPoints", "dataType", "maxUsage", "reason", "result", "shareLink", "status"}
)
COUNTED = ("Id", "Ids", "Count")


def describe(happening: Happening) -> Facts:
    """What the trail says about something that happened. Total: any payload gives a record."""
    if happening.event_type == AUDITED_CALL:
        return _call(happening)
    actor_type, actor_id = _actor(happening.payload)
    resource_type, field = RESOURCES.get(happening.event_type, ("", ""))
    return Facts(
        event_id=happening.event_id,
        timestamp=happening.timestamp,
        event_type=happening.event_type,
        actor_type=actor_type,
        actor_id=actor_id,
        resource_type=resource_type,
        resource_id=_text(happening.payload, field),
        action=happening.event_type,
        outcome="success",
        details=_details(happening.payload),
        ip_address="",
        user_agent="",
        correlation_id=happening.correlation_id,
    )


def _call(happening: Happening) -> Facts:
    payload = happening.payload
    reason = _text(payload, "reason")
    return Facts(
        event_id=happening.event_id,
        timestamp=happening.timestamp,
        event_type=_text(payload, "action"),
        actor_type=_text(payload, "actorType"),
        actor_id=_text(payload, "actorId"),
        resource_type=_text(payload, "resourceType"),
        resource_id=_text(payload, "resourceId"),
        action=_text(payload, "action"),
        outcome=_text(payload, "outcome"),
        details={"reason": reason} if reason else {},
        ip_address=_text(payload, "clientAddress"),
        user_agent=_text(payload, "userAgent"),
        correlation_id=happening.correlation_id,
    )


def _actor(payload: Mapping[str, Any]) -> tuple[str, str]:
    """An institution where one is named, else the user; the mesh itself where neither is."""
    for kind, field in (("institution", "institutionId"), ("user", "userId")):
        if name := _text(payload, field):
            return kind, name
    return "service", ""


def _text(payload: Mapping[str, Any], field: str) -> str:
    value = payload.get(field, "")
    return value[:TEXT_LIMIT] if isinstance(value, str) else ""


def _details(payload: Mapping[str, Any]) -> dict[str, Detail]:
    allowed = (name for name in sorted(payload) if name in WORDS or name.endswith(COUNTED))
    return {name: detail for name in allowed if (detail := _detail(payload[name])) is not None}


def _detail(value: Any) -> Detail | None:
    if isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return value[:TEXT_LIMIT]
    if isinstance(value, list):
        return [item[:TEXT_LIMIT] for item in value[:LIST_LIMIT] if isinstance(item, str)]
    return None
