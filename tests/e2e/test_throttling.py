"""Limits as a client meets them, with budgets that a test can use up: failed log-ins, and requests by rate class."""

from __future__ import annotations

import re

import pytest

from tests.support.rest import PASSWORD, Rest, until

# Leases of such small budgets are of one request, so that they are exact. A window begins with its first request.
TIGHT = {"CREDPASS_RATE_READ": "4/minute", "CREDPASS_RATE_WRITE": "3/minute", "CREDPASS_RATE_VERIFY": "2/minute"}


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    """A system with tight budgets."""
    return TIGHT


def standing(header: str) -> tuple[str, int, int]:
    """Policy, what remains and seconds to the reset, of a RateLimit header."""
    found = re.fullmatch(r'"([a-z]+)";r=(\d+);t=(\d+)', header)
    assert found
    return found.group(1), int(found.group(2)), int(found.group(3))


def test_a_used_up_budget_is_429_and_says_when_to_come_back(rest: Rest) -> None:
    person = rest.person(consent=False)
    answers = [rest.call("GET", "/users/profile", person.token) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 429]
    assert [standing(answer.headers["ratelimit"])[:2] for answer in answers] == [
        ("read", 3),
        ("read", 2),
        ("read", 1),
        ("read", 0),
        ("read", 0),
    ]
    assert {answer.headers["ratelimit-policy"] for answer in answers} == {'"read";q=4;w=60'}
    refused = answers[-1]
    assert refused.json()["error"]["code"] == "RATE_LIMITED"
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.headers["retry-after"] == str(standing(refused.headers["ratelimit"])[2])


def test_a_budget_is_of_one_class_and_one_user(rest: Rest) -> None:
    heavy, light = rest.person(consent=False), rest.person(consent=False)
    for _ in range(4):
        rest.data("GET", "/users/profile", heavy.token)
    rest.refused("GET", "/consent", heavy.token, status=429)
    heavy.give_consent()
    rest.data("GET", "/users/profile", light.token)


def test_verifications_are_drawn_from_the_budget_of_the_key(rest: Rest) -> None:
    institution = rest.institution()
    other = institution.new_key("verify")["apiKey"]
    statuses = [rest.call("GET", "/verify/vt_unknown", institution.key).status_code for _ in range(3)]
    assert statuses == [404, 404, 429]
    assert rest.call("GET", "/verify/vt_unknown", other).status_code == 404


def test_a_refused_request_does_nothing(rest: Rest) -> None:
    person = rest.person(consent=False)
    for _ in range(3):
        person.give_consent()
    rest.refused("DELETE", "/consent", person.token, status=429)
    assert rest.data("GET", "/consent", person.token)["dataProcessing"] is True


# The last of the file: the failures of one address count together.
def test_failed_logins_slow_down_the_next_and_the_right_password_waits_too(rest: Rest) -> None:
    person, other = rest.person(consent=False), rest.person(consent=False)
    wrong = {"email": person.email, "password": "not the password"}
    for _ in range(5):
        rest.refused("POST", "/auth/login", json=wrong, status=401)
    answer = rest.call("POST", "/auth/login", json={"email": person.email, "password": PASSWORD})
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "LOGIN_THROTTLED")
    assert 1 <= int(answer.headers["retry-after"]) <= 2
    assert rest.login(other.email).token

    def look() -> bool | None:
        body = {"email": person.email, "password": PASSWORD}
        return rest.call("POST", "/auth/login", json=body).status_code == 200 or None

    until(look, "the end of the wait", timeout_s=5)
