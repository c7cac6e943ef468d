"""Institutions, as they see themselves: registration, API keys, dashboard and history."""

from __future__ import annotations

from typing import Any

import pytest

from mesh import apikeys
from tests.support.rest import Institution, Person, Rest, new_email

KEY = {"keyId", "name", "prefix", "scopes", "status", "createdAt"}
TEST_REASONS = {
    "vt_test_expired": "expired",
    "vt_test_revoked": "revoked",
    "vt_test_superseded": "superseded",
    "vt_test_used_up": "used_up",
}


@pytest.fixture
def fresh(rest: Rest) -> Institution:
    """An institution, for tests that change it."""
    return rest.institution()


def keys(institution: Institution) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = institution.rest.data("GET", "/institutions/api-keys", institution.key)["apiKeys"]
    return found


def test_an_institution_registers_and_its_key_works_once_the_e_mail_is_confirmed(rest: Rest) -> None:
    email = new_email("bank")
    answer = rest.call("POST", "/institutions/register", json={"name": "A Bank", "type": "bank", "email": email})
    assert answer.status_code == 201
    registered = answer.json()["data"]
    assert set(registered) == {"institutionId", "name", "type", "status", "apiKey", "key"}
    assert (registered["name"], registered["type"], registered["status"]) == ("A Bank", "bank", "pending")
    text = apikeys.parse(registered["apiKey"])
    assert (text.environment, text.prefix) == ("live", registered["key"]["prefix"])
    assert registered["key"]["scopes"] == ["manage", "verify"]
    for path in ("/institutions/dashboard", "/verify/vt_unknown"):
        early = rest.refused("GET", path, registered["apiKey"], status=403)
        assert early["code"] == "INSTITUTION_NOT_CONFIRMED"
    rest.data("POST", "/auth/verify-email", json={"token": rest.mailed_token(email)})
    dashboard = rest.data("GET", "/institutions/dashboard", registered["apiKey"])
    assert dashboard["status"] == "active"


@pytest.mark.parametrize(
    ("change", "field"), [({"name": ""}, "name"), ({"type": "casino"}, "type"), ({"email": "nobody"}, "email")]
)
def test_a_registration_that_breaks_a_rule_names_the_field(rest: Rest, change: dict[str, str], field: str) -> None:
    body = {"name": "A Bank", "type": "bank", "email": new_email("bank"), **change}
    error = rest.refused("POST", "/institutions/register", json=body, status=400)
    assert [detail["field"] for detail in error["details"]] == [field]


def test_a_key_is_shown_in_full_once(fresh: Institution) -> None:
    created = fresh.new_key("verify", name="Branch", expiresInDays=30)
    assert set(created) == {"apiKey", "key"}
    assert set(created["key"]) == KEY | {"expiresAt"}
    listed = fresh.rest.call("GET", "/institutions/api-keys", fresh.key)
    assert [key["name"] for key in listed.json()["data"]["apiKeys"]] == ["Branch", "First key"]
    for text in (created["apiKey"], fresh.key):
        assert text not in listed.text
        assert text[:16] in listed.text


def test_a_key_does_what_its_scopes_say(fresh: Institution) -> None:
    rest = fresh.rest
    verify, manage = fresh.new_key("verify")["apiKey"], fresh.new_key("manage")["apiKey"]
    assert rest.call("GET", "/verify/vt_unknown", verify).status_code == 404
    assert rest.refused("GET", "/institutions/dashboard", verify, status=403)["code"] == "PERMISSION_DENIED"
    assert rest.refused("POST", "/institutions/api-keys", verify, json={}, status=403)["code"] == "PERMISSION_DENIED"
    assert rest.refused("GET", "/verify/vt_unknown", manage, status=403)["code"] == "PERMISSION_DENIED"
    rest.data("GET", "/institutions/dashboard", manage)


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"scopes": []}, "scopes"),
        ({"scopes": ["verify", "verify"]}, "scopes"),
        ({"scopes": ["admin"]}, "scopes[0]"),
        ({"environment": "staging"}, "environment"),
        ({"expiresInDays": 0}, "expiresInDays"),
        ({"expiresInDays": 3651}, "expiresInDays"),
        ({"name": ""}, "name"),
    ],
)
def test_a_wish_beyond_its_bounds_is_400_and_makes_no_key(
    institution: Institution, wish: dict[str, object], field: str
) -> None:
    before = len(keys(institution))
    body = {"name": "Another", "scopes": ["verify"], **wish}
    error = institution.rest.refused("POST", "/institutions/api-keys", institution.key, json=body, status=400)
    assert [detail["field"] for detail in error["details"]] == [field]
    assert len(keys(institution)) == before


def test_a_revoked_key_stops_at_once_and_no_other(fresh: Institution, scored: tuple[Person, dict[str, Any]]) -> None:
    rest, token = fresh.rest, scored[1]["verificationToken"]
    created = fresh.new_key("verify", "manage")
    assert rest.data("GET", f"/verify/{token}", created["apiKey"])["valid"] is True
    path = f"/institutions/api-keys/{created['key']['keyId']}"
    revoked = rest.data("DELETE", path, fresh.key)
    for used in ("/institutions/dashboard", f"/verify/{token}"):
        assert rest.refused("GET", used, created["apiKey"], status=401)["code"] == "INVALID_CREDENTIALS"
    assert fresh.verify(token)["valid"] is True
    assert rest.data("DELETE", path, fresh.key) == revoked
    assert [key["status"] for key in keys(fresh)] == ["revoked", "active"]


def test_a_key_may_revoke_itself(fresh: Institution) -> None:
    (first,) = keys(fresh)
    fresh.rest.data("DELETE", f"/institutions/api-keys/{first['keyId']}", fresh.key)
    fresh.rest.refused("GET", "/institutions/api-keys", fresh.key, status=401)


def test_an_institution_has_at_most_fifty_active_keys(fresh: Institution) -> None:
    for _ in range(49):
        fresh.new_key("verify")
    body = {"name": "One too many", "scopes": ["verify"]}
    error = fresh.rest.refused("POST", "/institutions/api-keys", fresh.key, json=body, status=409)
    assert error["code"] == "TOO_MANY_API_KEYS"
    assert len(keys(fresh)) == 50


def test_a_test_key_verifies_documented_test_tokens_and_nothing_else(
    fresh: Institution, scored: tuple[Person, dict[str, Any]]
) -> None:
    rest, key = fresh.rest, fresh.new_key("verify", environment="test")["apiKey"]
    assert key.startswith("cp_test_")
    valid = rest.data("GET", "/verify/vt_test_valid", key)
    assert (valid["valid"], valid["trustScore"], valid["tier"]) == (True, 782, "excellent")
    for token, reason in TEST_REASONS.items():
        answer = rest.data("GET", f"/verify/{token}", key)
        assert (answer["valid"], answer["reason"]) == (False, reason)
        assert "trustScore" not in answer
    for token in (scored[1]["verificationToken"], "vt_test_unknown"):
        assert rest.refused("GET", f"/verify/{token}", key, status=404)["code"] == "TOKEN_NOT_FOUND"
    assert fresh.rest.refused("GET", "/verify/vt_test_valid", fresh.key, status=404)["code"] == "TOKEN_NOT_FOUND"


def test_dashboard_and_history_tell_what_was_answered(
    fresh: Institution, scored: tuple[Person, dict[str, Any]]
) -> None:
    rest, (person, credential) = fresh.rest, scored
    link = person.share(credential["credentialId"], maxUsage=1)
    tokens = [credential["verificationToken"], link["token"], link["token"]]
    assert [fresh.verify(token)["valid"] for token in tokens] == [True, True, False]
    rest.refused("GET", "/verify/vt_unknown", fresh.key, status=404)
    dashboard = rest.data("GET", "/institutions/dashboard", fresh.key)
    counts = {"total": 3, "valid": 2, "invalid": 1}
    assert (dashboard["allTime"], dashboard["last30Days"]) == (counts, counts)
    assert (dashboard["institutionId"], dashboard["name"], dashboard["type"], dashboard["activeApiKeys"]) == (
        fresh.institution_id,
        "Sample Lender",
        "lender",
        1,
    )
    assert [each["result"] for each in dashboard["recent"]] == ["used_up", "valid", "valid"]
    history = rest.data("GET", "/institutions/verifications", fresh.key)["verifications"]
    assert history == dashboard["recent"]
    for verification in history:
        assert set(verification) == {"verificationId", "credentialId", "valid", "result", "verifiedAt"}
        assert verification["credentialId"] == credential["credentialId"]
    other = rest.institution()
    assert rest.data("GET", "/institutions/verifications", other.key)["verifications"] == []


def test_the_history_is_listed_newest_first_page_by_page(
    fresh: Institution, scored: tuple[Person, dict[str, Any]]
) -> None:
    rest, token = fresh.rest, scored[1]["verificationToken"]
    answered = [fresh.verify(token)["verifiedAt"] for _ in range(5)]
    seen, page_token = [], ""
    for size in (2, 2, 1):
        params = {"pageSize": "2", "pageToken": page_token}
        page = rest.data("GET", "/institutions/verifications", fresh.key, params=params)
        assert len(page["verifications"]) == size
        seen += [each["verifiedAt"] for each in page["verifications"]]
        page_token = page["nextPageToken"]
    assert (seen, page_token) == (answered[::-1], "")
    other = rest.institution()
    params = {"pageToken": rest.data("GET", "/institutions/verifications?pageSize=2", fresh.key)["nextPageToken"]}
    rest.refused("GET", "/institutions/verifications", other.key, params=params, status=400)
