"""Accounts and sessions, as a client sees them: every route of auth and users, and what each refuses."""

from __future__ import annotations

import jwt
import pytest

from tests.support.rest import PASSWORD, Institution, Person, Rest, new_email
from tests.support.statements import statement

NEW_PASSWORD = "another horse, another battery"


def registration(email: str) -> dict[str, str]:
    return {"email": email, "password": PASSWORD, "firstName": "Ada", "lastName": "Sample", "country": "CZ"}


@pytest.fixture
def person(rest: Rest) -> Person:
    return rest.person(consent=False)


def test_a_person_registers_verifies_and_logs_in(rest: Rest) -> None:
    email = new_email("ada")
    answer = rest.call("POST", "/auth/register", json=registration(email))
    assert answer.status_code == 201
    assert answer.json()["message"] == "Registration successful. Please verify your email."
    user_id = answer.json()["data"]["userId"]
    assert user_id.startswith("user_")
    assert answer.json()["data"] == {"userId": user_id, "email": email}
    token = rest.mailed_token(email)
    assert rest.data("POST", "/auth/verify-email", json={"token": token}) == {"verified": True}
    session = rest.data("POST", "/auth/login", json={"email": email, "password": PASSWORD})
    assert set(session) == {"userId", "accessToken", "refreshToken", "tokenType", "expiresIn"}
    assert (session["userId"], session["tokenType"], session["expiresIn"]) == (user_id, "Bearer", 900)


def test_an_e_mail_is_one_account_whatever_its_case(rest: Rest, person: Person) -> None:
    assert rest.login(person.email.upper()).user_id == person.user_id


def test_a_mailed_token_works_once(rest: Rest) -> None:
    email = new_email("once")
    rest.register(email)
    token = rest.mailed_token(email)
    rest.data("POST", "/auth/verify-email", json={"token": token})
    assert rest.refused("POST", "/auth/verify-email", json={"token": token}, status=400)["code"] == "INVALID_MAIL_TOKEN"


def test_a_mailed_token_is_good_for_its_purpose_only(rest: Rest) -> None:
    email = new_email("purpose")
    rest.register(email)
    body = {"token": rest.mailed_token(email), "password": NEW_PASSWORD}
    assert rest.refused("POST", "/auth/reset-password", json=body, status=400)["code"] == "INVALID_MAIL_TOKEN"


def test_registering_a_known_e_mail_answers_alike_and_leads_nowhere(rest: Rest, person: Person) -> None:
    known = rest.call("POST", "/auth/register", json=registration(person.email))
    unknown = rest.call("POST", "/auth/register", json=registration(new_email("nobody")))
    assert (known.status_code, unknown.status_code) == (201, 201)
    assert known.json().keys() == unknown.json().keys()
    assert known.json()["message"] == unknown.json()["message"]
    ids = [answer.json()["data"]["userId"] for answer in (known, unknown)]
    assert len(set(map(len, ids))) == 1
    assert person.user_id not in ids
    assert rest.login(person.email).user_id == person.user_id


def test_a_forgotten_password_answers_alike_for_known_and_unknown_e_mails(rest: Rest, person: Person) -> None:
    answers = [
        rest.call("POST", "/auth/forgot-password", json={"email": email})
        for email in (person.email, new_email("nobody"))
    ]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json() == answers[1].json()


def test_a_wrong_password_answers_alike_for_known_and_unknown_e_mails(rest: Rest, person: Person) -> None:
    bodies = [{"email": email, "password": "not the password"} for email in (person.email, new_email("nobody"))]
    refusals = [rest.refused("POST", "/auth/login", json=body, status=401) for body in bodies]
    assert refusals[0] == refusals[1]
    assert refusals[0]["code"] == "WRONG_CREDENTIALS"


def test_an_unverified_e_mail_is_told_only_after_the_right_password(rest: Rest) -> None:
    email = new_email("unverified")
    rest.register(email)
    wrong = rest.refused("POST", "/auth/login", json={"email": email, "password": "not the password"}, status=401)
    assert wrong["code"] == "WRONG_CREDENTIALS"
    right = rest.refused("POST", "/auth/login", json={"email": email, "password": PASSWORD}, status=403)
    assert right["code"] == "EMAIL_NOT_VERIFIED"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": "no address"}, "email"),
        ({"password": "short"}, "password"),
        ({"password": "x" * 129}, "password"),
        ({"firstName": ""}, "firstName"),
        ({"country": "Czechia"}, "country"),
    ],
)
def test_a_registration_that_breaks_a_rule_names_the_field(rest: Rest, change: dict[str, str], field: str) -> None:
    body = registration(new_email("rules")) | change
    error = rest.refused("POST", "/auth/register", json=body, status=400)
    assert error["code"] == "VALIDATION_ERROR"
    assert [detail["field"] for detail in error["details"]] == [field]


def test_a_password_may_hold_any_text_and_counts_to_the_last_character(rest: Rest) -> None:
    email, password = new_email("unicode"), "pässwörd \N{LOCK} " + "x" * 100
    rest.register(email, password)
    rest.data("POST", "/auth/verify-email", json={"token": rest.mailed_token(email)})
    assert rest.login(email, password).token
    rest.refused("POST", "/auth/login", json={"email": email, "password": password[:-1]}, status=401)


def test_refreshing_rotates_and_a_replayed_token_ends_the_family(rest: Rest, person: Person) -> None:
    fresh = rest.data("POST", "/auth/refresh", json={"refreshToken": person.refresh_token})
    assert fresh["userId"] == person.user_id
    assert fresh["refreshToken"] != person.refresh_token
    rest.data("GET", "/users/profile", fresh["accessToken"])
    replayed = rest.refused("POST", "/auth/refresh", json={"refreshToken": person.refresh_token}, status=401)
    assert replayed["code"] == "REFRESH_TOKEN_REUSED"
    after = rest.refused("POST", "/auth/refresh", json={"refreshToken": fresh["refreshToken"]}, status=401)
    assert after["code"] == "INVALID_REFRESH_TOKEN"
    for access in (person.token, fresh["accessToken"]):
        assert rest.refused("GET", "/users/profile", access, status=401)["code"] == "INVALID_CREDENTIALS"
    assert rest.login(person.email).user_id == person.user_id


def test_an_invented_refresh_token_is_refused_and_ends_nothing(rest: Rest, person: Person) -> None:
    invented = person.refresh_token[:-4] + "0000"
    error = rest.refused("POST", "/auth/refresh", json={"refreshToken": invented}, status=401)
    assert error["code"] == "INVALID_REFRESH_TOKEN"
    rest.data("GET", "/users/profile", person.token)


def test_logging_out_ends_this_session_and_no_other(rest: Rest, person: Person) -> None:
    other = rest.login(person.email)
    rest.data("POST", "/auth/logout", person.token)
    rest.refused("GET", "/users/profile", person.token, status=401)
    rest.refused("POST", "/auth/logout", person.token, status=401)
    rest.refused("POST", "/auth/refresh", json={"refreshToken": person.refresh_token}, status=401)
    rest.data("GET", "/users/profile", other.token)


def test_a_new_password_ends_every_session_and_the_old_password(rest: Rest, person: Person) -> None:
    rest.data("POST", "/auth/forgot-password", json={"email": person.email}, status=202)
    token = rest.mailed_token(person.email, nth=2)
    rest.data("POST", "/auth/reset-password", json={"token": token, "password": NEW_PASSWORD})
    rest.refused("GET", "/users/profile", person.token, status=401)
    rest.refused("POST", "/auth/refresh", json={"refreshToken": person.refresh_token}, status=401)
    rest.refused("POST", "/auth/login", json={"email": person.email, "password": PASSWORD}, status=401)
    assert rest.login(person.email, NEW_PASSWORD).user_id == person.user_id
    again = {"token": token, "password": PASSWORD}
    assert rest.refused("POST", "/auth/reset-password", json=again, status=400)["code"] == "INVALID_MAIL_TOKEN"


def test_access_tokens_verify_with_the_published_keys_alone(rest: Rest, person: Person) -> None:
    answer = rest.http.get("/.well-known/jwks.json")
    assert answer.headers["content-type"] == "application/jwk-set+json"
    keys = {key["kid"]: key for key in answer.json()["keys"]}
    assert all(set(key) == {"kty", "crv", "use", "alg", "kid", "x", "y"} for key in keys.values())
    kid = jwt.get_unverified_header(person.token)["kid"]
    claims = jwt.decode(person.token, jwt.PyJWK(keys[kid]), algorithms=["ES256"], options={"verify_aud": False})
    assert set(claims) == {"sub", "type", "role", "sid", "iat", "exp", "iss", "aud", "jti"}
    assert (claims["sub"], claims["type"], claims["exp"] - claims["iat"]) == (person.user_id, "user", 900)


def test_a_forged_access_token_is_refused(rest: Rest, person: Person) -> None:
    claims = jwt.decode(person.token, options={"verify_signature": False})
    header = jwt.get_unverified_header(person.token)
    unsigned = jwt.encode(claims, "", algorithm="none", headers={"kid": header["kid"]})
    symmetric = jwt.encode(claims, "x" * 32, algorithm="HS256", headers={"kid": header["kid"]})
    body, signature = person.token.rsplit(".", 1)
    turned = f"{body}.{signature[::-1]}"
    for forged in (unsigned, symmetric, turned, person.token + "x", body + "."):
        assert rest.refused("GET", "/users/profile", forged, status=401)["code"] == "INVALID_CREDENTIALS"


def test_the_profile_is_read_and_replaced(rest: Rest, person: Person) -> None:
    before = rest.data("GET", "/users/profile", person.token)
    assert "dateOfBirth" not in before
    assert (before["userId"], before["email"]) == (person.user_id, person.email)
    wish = {"firstName": "Grace", "lastName": "Example", "country": "DE", "dateOfBirth": "1990-02-03"}
    after = rest.data("PUT", "/users/profile", person.token, json=wish)
    assert wish.items() <= after.items()
    assert rest.data("GET", "/users/profile", person.token) == after
    assert after["createdAt"] == before["createdAt"]
    rest.data("PUT", "/users/profile", person.token, json={**wish, "dateOfBirth": None})
    assert "dateOfBirth" not in rest.data("GET", "/users/profile", person.token)


def test_a_profile_that_breaks_a_rule_changes_nothing(rest: Rest, person: Person) -> None:
    before = rest.data("GET", "/users/profile", person.token)
    wish = {"firstName": "Grace", "lastName": "Example", "country": "DE", "dateOfBirth": "1990-02-31"}
    error = rest.refused("PUT", "/users/profile", person.token, json=wish, status=400)
    assert [detail["field"] for detail in error["details"]] == ["dateOfBirth"]
    assert rest.data("GET", "/users/profile", person.token) == before


def test_an_erased_account_is_gone_everywhere_and_its_e_mail_free(rest: Rest, institution: Institution) -> None:
    person = rest.person()
    credential = person.credential(statement())
    link = person.share(credential["credentialId"], maxUsage=5)
    tokens = [credential["verificationToken"], link["token"]]
    assert [institution.verify(token)["valid"] for token in tokens] == [True, True]
    erased = rest.data("DELETE", "/users/account", person.token)
    assert set(erased) == {"erasedAt"}
    for token in tokens:
        answer = institution.verify(token)
        assert (answer["valid"], answer["reason"]) == (False, "revoked")
        assert "trustScore" not in answer
    rest.refused("GET", "/users/profile", person.token, status=401)
    rest.refused("POST", "/auth/refresh", json={"refreshToken": person.refresh_token}, status=401)
    login = rest.refused("POST", "/auth/login", json={"email": person.email, "password": PASSWORD}, status=401)
    assert login["code"] == "WRONG_CREDENTIALS"
    rest.register(person.email)
    rest.data("POST", "/auth/verify-email", json={"token": rest.mailed_token(person.email, nth=2)})
    again = rest.login(person.email)
    assert again.user_id != person.user_id
    assert rest.data("GET", "/data/uploads", again.token)["uploads"] == []
    assert again.credentials() == []
