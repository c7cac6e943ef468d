"""Consent, as a client sees it: nothing is processed without it, and withdrawing it stops what came of it."""

from __future__ import annotations

import pytest

from tests.support.rest import Institution, Person, Rest, until
from tests.support.statements import statement


def test_nobody_has_consented_before_they_say_so(rest: Rest) -> None:
    person = rest.person(consent=False)
    assert rest.data("GET", "/consent", person.token) == {
        "dataProcessing": False,
        "marketing": False,
        "consentVersion": "",
    }


def test_consent_is_given_read_and_withdrawn(rest: Rest) -> None:
    person = rest.person(consent=False)
    body = {"dataProcessing": True, "marketing": True, "consentVersion": "2.1"}
    given = rest.data("POST", "/consent", person.token, json=body)
    assert body.items() <= given.items()
    assert set(given) == {*body, "consentedAt"}
    assert rest.data("GET", "/consent", person.token) == given
    assert rest.data("POST", "/consent", person.token, json=body) == given, "saying the same again changes nothing"
    withdrawn = rest.data("DELETE", "/consent", person.token)
    assert (withdrawn["dataProcessing"], withdrawn["marketing"]) == (False, False)
    assert rest.data("DELETE", "/consent", person.token) == withdrawn
    assert rest.data("GET", "/consent", person.token) == withdrawn


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"dataProcessing": False}, "dataProcessing"),
        ({"consentVersion": ""}, "consentVersion"),
        ({"consentVersion": "x" * 21}, "consentVersion"),
        ({"marketing": "yes"}, "marketing"),
    ],
)
def test_half_a_consent_is_none(rest: Rest, change: dict[str, object], field: str) -> None:
    person = rest.person(consent=False)
    body = {"dataProcessing": True, "marketing": False, "consentVersion": "1.0", **change}
    error = rest.refused("POST", "/consent", person.token, json=body, status=400)
    assert [detail["field"] for detail in error["details"]] == [field]
    assert rest.data("GET", "/consent", person.token)["dataProcessing"] is False


def withdrawn_person(rest: Rest, institution: Institution) -> tuple[Person, list[str]]:
    """Somebody whose credential and link held until consent was withdrawn, and the tokens of both."""
    person = rest.person()
    credential = person.credential(statement())
    link = person.share(credential["credentialId"], maxUsage=9)
    tokens = [credential["verificationToken"], link["token"]]
    assert [institution.verify(token)["valid"] for token in tokens] == [True, True]
    rest.data("DELETE", "/consent", person.token)
    return person, tokens


def test_withdrawing_stops_credential_and_link_before_it_is_answered(rest: Rest, institution: Institution) -> None:
    person, tokens = withdrawn_person(rest, institution)
    for token in tokens:
        answer = institution.verify(token)
        assert (answer["valid"], answer["reason"]) == (False, "revoked")
    assert [credential["status"] for credential in person.credentials()] == ["revoked"]
    files = {"file": ("more.csv", statement(marker="more"))}
    refused = rest.refused("POST", "/data/upload", person.token, files=files, status=403)
    assert refused["code"] == "CONSENT_MISSING"


def test_consent_given_again_scores_again_with_a_new_credential(rest: Rest, institution: Institution) -> None:
    person, tokens = withdrawn_person(rest, institution)
    person.give_consent()

    def look() -> str | None:
        found = [each["credentialId"] for each in person.credentials() if each["status"] == "active"]
        return found[0] if found else None

    credential_id = until(look, "the new credential")
    credential = rest.data("GET", f"/credentials/{credential_id}", person.token)
    assert institution.verify(credential["verificationToken"])["valid"] is True
    assert [institution.verify(token)["valid"] for token in tokens] == [False, False]
