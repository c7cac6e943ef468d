"""Verification, as an institution sees it: the answer's exact shape, what stops it, and uses counted to the last."""

from __future__ import annotations

import concurrent.futures
import datetime as dt
from typing import Any

import httpx
import pytest

from tests.support.rest import API, Institution, Person

Scored = tuple[Person, dict[str, Any]]


def test_the_answer_tells_what_it_should_and_no_more(scored: Scored, institution: Institution) -> None:
    _, credential = scored
    before = dt.datetime.now(dt.UTC)
    answer = institution.verify(credential["verificationToken"])
    verified_at = dt.datetime.fromisoformat(answer.pop("verifiedAt"))
    assert before - dt.timedelta(seconds=1) <= verified_at <= dt.datetime.now(dt.UTC) + dt.timedelta(seconds=1)
    assert answer == {
        "valid": True,
        "trustScore": credential["trustScore"],
        "tier": credential["tier"],
        "issuedAt": credential["issuedAt"],
        "insights": credential["publicInsights"],
        "dataThrough": credential["metadata"]["dataThrough"],
        "expiresAt": credential["expiresAt"],
    }


def test_a_link_answers_like_its_credential(scored: Scored, institution: Institution) -> None:
    person, credential = scored
    link = person.share(credential["credentialId"])
    answers = [institution.verify(token) for token in (credential["verificationToken"], link["token"])]
    assert [answer.pop("verifiedAt") < "3" for answer in answers] == [True, True]
    assert answers[0] == answers[1]


def test_a_second_answer_is_of_its_own_moment(scored: Scored, institution: Institution) -> None:
    answers = [institution.verify(scored[1]["verificationToken"])["verifiedAt"] for _ in range(3)]
    assert sorted(set(answers)) == answers


@pytest.mark.parametrize(
    "token", ["vt_unknown", "vt_" + "0" * 32, "vt_share_" + "0" * 32, "cred_1", "%F0%9F%94%92", "vt_%00", "x" * 200]
)
def test_an_unknown_token_is_404(institution: Institution, token: str) -> None:
    error = institution.rest.refused("GET", f"/verify/{token}", institution.key, status=404)
    assert error["code"] == "TOKEN_NOT_FOUND"
    assert error["details"] == []


@pytest.mark.parametrize("token", ["x" * 201, "%FF", "vt_%ZZ"])
def test_what_can_be_no_token_is_400(institution: Institution, token: str) -> None:
    institution.rest.refused("GET", f"/verify/{token}", institution.key, status=400)


def test_a_stopped_credential_answers_without_score_or_insights(scored: Scored, institution: Institution) -> None:
    person, credential = scored
    link = person.share(credential["credentialId"], maxUsage=1)
    institution.verify(link["token"])
    answer = institution.verify(link["token"])
    assert answer.pop("verifiedAt")
    assert answer == {"valid": False, "issuedAt": credential["issuedAt"], "insights": [], "reason": "used_up"}


def test_nothing_may_store_an_answer(scored: Scored, institution: Institution) -> None:
    path = f"/verify/{scored[1]['verificationToken']}"
    first = institution.rest.call("GET", path, institution.key)
    assert first.headers["cache-control"] == "no-store"
    assert "etag" not in first.headers
    conditional = institution.rest.call("GET", path, institution.key, headers={"if-none-match": "*"})
    assert conditional.status_code == 200


def test_a_head_request_uses_nothing(scored: Scored, institution: Institution) -> None:
    person, credential = scored
    link = person.share(credential["credentialId"], maxUsage=1)
    refused = institution.rest.call("HEAD", f"/verify/{link['token']}", institution.key)
    assert refused.status_code == 405
    assert refused.headers["allow"].split(", ") == ["GET", "OPTIONS"]
    assert refused.content == b""
    assert institution.verify(link["token"])["valid"] is True


def test_a_refused_key_uses_nothing(scored: Scored, institution: Institution) -> None:
    person, credential = scored
    link, rest = person.share(credential["credentialId"], maxUsage=1), institution.rest
    manage = institution.new_key("manage")["apiKey"]
    test = institution.new_key("verify", environment="test")["apiKey"]
    path = f"/verify/{link['token']}"
    statuses = [rest.call("GET", path, key).status_code for key in ("", "cp_live_x", manage, test, person.token)]
    assert statuses == [401, 401, 403, 404, 403]
    assert institution.verify(link["token"])["valid"] is True


def test_fifty_parallel_uses_of_a_five_use_link_give_exactly_five(scored: Scored, institution: Institution) -> None:
    person, credential = scored
    link = person.share(credential["credentialId"], maxUsage=5)
    headers = {"authorization": f"Bearer {institution.key}"}
    limits = httpx.Limits(max_connections=50)
    with (
        httpx.Client(base_url=institution.rest.url, headers=headers, limits=limits, timeout=60) as client,
        concurrent.futures.ThreadPoolExecutor(50) as threads,
    ):
        answers = list(threads.map(lambda _: client.get(f"{API}/verify/{link['token']}"), range(50)))
    assert [answer.status_code for answer in answers] == [200] * 50
    results = [answer.json()["data"] for answer in answers]
    assert sum(result["valid"] for result in results) == 5
    assert {result["reason"] for result in results if not result["valid"]} == {"used_up"}
    (shown,) = [
        each
        for each in person.rest.data("GET", f"/credentials/{credential['credentialId']}", person.token)["sharingLinks"]
        if each["linkId"] == link["linkId"]
    ]
    assert (shown["usageCount"], shown["status"]) == (5, "used_up")


def test_parallel_callers_each_get_their_own_answer(scored: Scored, institution: Institution) -> None:
    """Calls that leave together: good and bad keys and tokens in one batch, and nobody sees another's answer."""
    person, credential = scored
    rest, token = institution.rest, credential["verificationToken"]
    manage = institution.new_key("manage")["apiKey"]
    kinds = {
        (institution.key, token): 200,
        (institution.key, "vt_unknown"): 404,
        (manage, token): 403,
        ("cp_live_" + "0" * 38, token): 401,
        (person.token, token): 403,
        (institution.key, "x" * 201): 400,
    }
    calls = list(kinds) * 15
    with concurrent.futures.ThreadPoolExecutor(30) as threads:
        answers = list(threads.map(lambda call: rest.call("GET", f"/verify/{call[1]}", call[0]), calls))
    assert [answer.status_code for answer in answers] == [kinds[call] for call in calls]
    assert len({answer.headers["x-request-id"] for answer in answers}) == len(calls)
