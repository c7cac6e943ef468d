"""Credentials and share links, as their owner sees them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from tests.support.rest import API, Institution, Person, Rest, until
from tests.support.statements import statement

SUMMARY = {"credentialId", "trustScore", "tier", "status", "issuedAt", "expiresAt", "dataThrough"}
WHOLE = {
    "credentialId",
    "userId",
    "trustScore",
    "tier",
    "status",
    "issuedAt",
    "expiresAt",
    "verificationToken",
    "confidence",
    "dimensions",
    "credibility",
    "insights",
    "recommendations",
    "publicInsights",
    "sharingLinks",
    "metadata",
}
LINK = {"linkId", "token", "url", "expiresAt", "usageCount", "maxUsage", "status", "createdAt"}


@pytest.fixture
def fresh(rest: Rest) -> tuple[Person, dict[str, Any]]:
    """Somebody with a credential, for tests that change it."""
    person = rest.person()
    return person, person.credential(statement(6))


def instant(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def days(link: dict[str, Any]) -> float:
    return (instant(link["expiresAt"]) - instant(link["createdAt"])) / dt.timedelta(days=1)


def test_the_owner_sees_the_credential_in_full(scored: tuple[Person, dict[str, Any]]) -> None:
    person, credential = scored
    assert set(credential) == WHOLE
    assert (credential["userId"], credential["status"]) == (person.user_id, "active")
    assert credential["credentialId"].startswith("cred_")
    assert credential["verificationToken"].startswith("vt_")
    lifetime = instant(credential["expiresAt"]) - instant(credential["issuedAt"])
    assert lifetime in (dt.timedelta(days=365), dt.timedelta(days=366))
    assert credential["metadata"].keys() == {
        "dataPoints",
        "analysisVersion",
        "region",
        "dataThrough",
        "stalenessDays",
        "analysisId",
    }
    assert credential["metadata"]["dataThrough"] == "2025-12-26"
    for insight in credential["insights"]:
        assert set(insight) == {"factor", "code", "impact", "score_contribution", "explanation"}


def test_the_list_has_what_the_credential_has(scored: tuple[Person, dict[str, Any]]) -> None:
    person, credential = scored
    (summary,) = person.credentials()
    assert set(summary) == SUMMARY
    data_through = credential["metadata"]["dataThrough"]
    assert summary == {**{name: credential[name] for name in SUMMARY - {"dataThrough"}}, "dataThrough": data_through}


def test_what_an_institution_is_told_holds_no_figure(scored: tuple[Person, dict[str, Any]]) -> None:
    _, credential = scored
    assert credential["publicInsights"]
    for phrase in credential["publicInsights"]:
        assert not any(character.isdigit() for character in phrase)


def test_a_revoked_credential_and_its_links_stop_at_once(
    fresh: tuple[Person, dict[str, Any]], institution: Institution
) -> None:
    person, credential = fresh
    path = f"/credentials/{credential['credentialId']}"
    link = person.share(credential["credentialId"], maxUsage=9)
    tokens = [credential["verificationToken"], link["token"]]
    assert [institution.verify(token)["valid"] for token in tokens] == [True, True]
    revoked = person.rest.data("DELETE", path, person.token)
    assert (revoked["credentialId"], revoked["status"]) == (credential["credentialId"], "revoked")
    assert [institution.verify(token)["reason"] for token in tokens] == ["revoked", "revoked"]
    assert person.rest.data("DELETE", path, person.token) == revoked, "revoking again changes nothing"
    after = person.rest.data("GET", path, person.token)
    assert after["status"] == "revoked"
    assert [each["status"] for each in after["sharingLinks"]] == ["revoked"]
    error = person.rest.refused("POST", f"{path}/share", person.token, json={}, status=409)
    assert error["code"] == "CREDENTIAL_NOT_ACTIVE"


def test_a_link_is_shown_and_works_as_often_as_it_says(
    fresh: tuple[Person, dict[str, Any]], institution: Institution
) -> None:
    person, credential = fresh
    answer = person.rest.call(
        "POST", f"/credentials/{credential['credentialId']}/share", person.token, json={"maxUsage": 2}
    )
    assert answer.status_code == 201
    link = answer.json()["data"]
    assert set(link) == LINK
    assert link["token"].startswith("vt_")
    assert link["url"] == f"{API}/verify/{link['token']}"
    assert (link["usageCount"], link["maxUsage"], link["status"], days(link)) == (0, 2, "active", 7)
    assert [institution.verify(link["token"]).get("reason") for _ in range(3)] == [None, None, "used_up"]
    (shown,) = person.rest.data("GET", f"/credentials/{credential['credentialId']}", person.token)["sharingLinks"]
    assert (shown["usageCount"], shown["status"]) == (2, "used_up")
    assert institution.verify(credential["verificationToken"])["valid"] is True


@pytest.mark.parametrize(
    ("wish", "expected_days", "uses"),
    [({}, 7, 1), ({"expiresInDays": 1, "maxUsage": 1000}, 1, 1000), ({"expiresInDays": 90}, 90, 1)],
)
def test_a_link_lasts_as_long_as_it_was_asked_to(
    scored: tuple[Person, dict[str, Any]], wish: dict[str, int], expected_days: int, uses: int
) -> None:
    person, credential = scored
    link = person.share(credential["credentialId"], **wish)
    assert (days(link), link["maxUsage"]) == (expected_days, uses)


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"expiresInDays": 91}, "expiresInDays"),
        ({"maxUsage": 1001}, "maxUsage"),
        ({"maxUsage": -1}, "maxUsage"),
        ({"maxUsage": 1.5}, "maxUsage"),
        ({"credentialId": "cred_other"}, "credentialId"),
    ],
)
def test_a_link_beyond_its_bounds_is_400_and_named(
    scored: tuple[Person, dict[str, Any]], wish: dict[str, object], field: str
) -> None:
    person, credential = scored
    path = f"/credentials/{credential['credentialId']}/share"
    error = person.rest.refused("POST", path, person.token, json=wish, status=400)
    assert [detail["field"] for detail in error["details"]] == [field]


def test_a_revoked_link_stops_at_once_and_no_other(
    fresh: tuple[Person, dict[str, Any]], institution: Institution
) -> None:
    person, credential = fresh
    first, second = (person.share(credential["credentialId"], maxUsage=9) for _ in range(2))
    assert institution.verify(first["token"])["valid"] is True
    path = f"/credentials/{credential['credentialId']}/share/{first['linkId']}"
    revoked = person.rest.data("DELETE", path, person.token)
    assert (revoked["linkId"], revoked["status"]) == (first["linkId"], "revoked")
    assert institution.verify(first["token"])["reason"] == "revoked"
    assert institution.verify(second["token"])["valid"] is True
    assert person.rest.data("DELETE", path, person.token) == revoked
    shown = person.rest.data("GET", f"/credentials/{credential['credentialId']}", person.token)["sharingLinks"]
    assert [(each["linkId"], each["status"]) for each in shown] == [
        (second["linkId"], "active"),
        (first["linkId"], "revoked"),
    ]


def test_a_link_is_found_under_its_own_credential_only(rest: Rest, fresh: tuple[Person, dict[str, Any]]) -> None:
    person, credential = fresh
    link = person.share(credential["credentialId"])
    later = person.credential(statement(6, marker="later"))
    error = rest.refused(
        "DELETE", f"/credentials/{later['credentialId']}/share/{link['linkId']}", person.token, status=404
    )
    assert error["code"] == "SHARE_LINK_NOT_FOUND"


def test_a_credential_has_at_most_twenty_active_links(fresh: tuple[Person, dict[str, Any]]) -> None:
    person, credential = fresh
    links = [person.share(credential["credentialId"]) for _ in range(20)]
    path = f"/credentials/{credential['credentialId']}/share"
    error = person.rest.refused("POST", path, person.token, json={}, status=409)
    assert error["code"] == "TOO_MANY_SHARE_LINKS"
    person.rest.data("DELETE", f"{path}/{links[0]['linkId']}", person.token)
    assert person.share(credential["credentialId"])["status"] == "active"


def test_a_new_credential_supersedes_the_old_one_and_its_links(
    fresh: tuple[Person, dict[str, Any]], institution: Institution
) -> None:
    person, old = fresh
    link = person.share(old["credentialId"], maxUsage=9)
    assert institution.verify(link["token"])["valid"] is True
    new = person.credential(statement(12, marker="newer"))
    assert new["credentialId"] != old["credentialId"]

    def look() -> bool | None:
        return [each["status"] for each in person.credentials()] == ["active", "superseded"] or None

    until(look, "the end of the old credential")
    assert [each["credentialId"] for each in person.credentials()] == [new["credentialId"], old["credentialId"]]
    assert institution.verify(new["verificationToken"])["valid"] is True
    for token in (old["verificationToken"], link["token"]):
        answer = institution.verify(token)
        assert (answer["valid"], answer["reason"]) == (False, "superseded")


def test_credentials_are_listed_page_by_page(rest: Rest) -> None:
    person = rest.person()
    ids = [person.credential(statement(6, marker=f"page {number}"))["credentialId"] for number in range(3)]
    first = rest.data("GET", "/credentials?pageSize=2", person.token)
    rest_of_it = rest.data("GET", f"/credentials?pageSize=2&pageToken={first['nextPageToken']}", person.token)
    assert [each["credentialId"] for each in first["credentials"] + rest_of_it["credentials"]] == ids[::-1]
    assert rest_of_it["nextPageToken"] == ""
    other = rest.person(consent=False)
    path = f"/credentials?pageToken={first['nextPageToken']}"
    error = rest.refused("GET", path, other.token, status=400)
    assert [detail["field"] for detail in error["details"]] == ["pageToken"]
