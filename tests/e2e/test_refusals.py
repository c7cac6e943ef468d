"""What every route refuses, walked over the description of all routes, so that none is forgotten."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import pytest
from credpass.mesh.v1 import call_context_pb2

from tests.support import openapi
from tests.support.rest import Institution, Person, Rest

pytestmark = pytest.mark.one_stack("embedded", reason="the gateway answers alone, before any backend is asked")

OPERATIONS = openapi.operations()
USERS = [each for each in OPERATIONS if each.caller == "user"]
INSTITUTIONS = [each for each in OPERATIONS if each.caller == "institution"]
GUARDED = USERS + INSTITUTIONS
WITH_JSON = [each for each in OPERATIONS if each.body == openapi.JSON]
WITHOUT_BODY = [each for each in OPERATIONS if not each.body]
PATHS = sorted({each.path for each in OPERATIONS})


def named(operations: list[openapi.Operation]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("operation", operations, ids=str)


@pytest.fixture(scope="module")
def tokens(rest: Rest, institution: Institution) -> dict[str, str]:
    """What each kind of caller shows."""
    return {"user": rest.person().token, "institution": institution.key, "public": ""}


def test_the_walk_is_over_what_is_served(rest: Rest) -> None:
    assert rest.http.get("/openapi.json").content == openapi.FILE.read_bytes()
    assert len(OPERATIONS) >= 28


@named(GUARDED)
def test_nobody_calls_without_credentials(rest: Rest, operation: openapi.Operation) -> None:
    answer = rest.call(operation.method, operation.url())
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "UNAUTHENTICATED")
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("garbage", ["garbage", "a.b.c", "cp_live_" + "0" * 38, "cp_live_short", "é", "Bearer x"])
@named(GUARDED)
def test_nobody_calls_with_garbage(rest: Rest, operation: openapi.Operation, garbage: str) -> None:
    headers = {"authorization": f"Bearer {garbage}".encode()}
    answer = rest.call(operation.method, operation.url(), headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "INVALID_CREDENTIALS")
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("scheme", ["Basic", "Token", ""])
def test_another_scheme_than_bearer_is_no_credential(rest: Rest, tokens: dict[str, str], scheme: str) -> None:
    headers = {"authorization": f"{scheme} {tokens['user']}".strip()}
    assert rest.refused("GET", "/users/profile", headers=headers, status=401)["code"] == "UNAUTHENTICATED"


@named(INSTITUTIONS)
def test_a_user_is_no_institution(rest: Rest, tokens: dict[str, str], operation: openapi.Operation) -> None:
    error = rest.refused(operation.method, operation.url(), tokens["user"], status=403)
    assert error["code"] == "PERMISSION_DENIED"


@named(USERS)
def test_an_institution_is_no_user(rest: Rest, tokens: dict[str, str], operation: openapi.Operation) -> None:
    error = rest.refused(operation.method, operation.url(), tokens["institution"], status=403)
    assert error["code"] == "PERMISSION_DENIED"


@named(INSTITUTIONS)
def test_a_key_without_the_scope_is_refused(rest: Rest, institution: Institution, operation: openapi.Operation) -> None:
    other = "manage" if operation.name == "verifyToken" else "verify"
    key = institution.new_key(other)["apiKey"]
    body = {"json": {"name": "x", "scopes": ["verify"]}} if operation.body else {}
    error = rest.refused(operation.method, operation.url(), key, status=403, **body)
    assert error["code"] == "PERMISSION_DENIED"
    rest.data("DELETE", f"/institutions/api-keys/{_id_of(institution, key)}", institution.key)


def _id_of(institution: Institution, key: str) -> str:
    listed = institution.rest.data("GET", "/institutions/api-keys", institution.key)["apiKeys"]
    (found,) = [each["keyId"] for each in listed if each["prefix"] == key[:16]]
    return str(found)


@pytest.fixture(scope="module")
def owned(rest: Rest, scored: tuple[Person, dict[str, Any]]) -> dict[str, str]:
    """Ids that exist and are another's."""
    person, credential = scored
    other = rest.institution()
    (upload,) = rest.data("GET", "/data/uploads", person.token)["uploads"]
    return {
        "credentialId": credential["credentialId"],
        "linkId": person.share(credential["credentialId"])["linkId"],
        "uploadId": upload["uploadId"],
        "keyId": rest.data("GET", "/institutions/api-keys", other.key)["apiKeys"][0]["keyId"],
    }


@named([each for each in OPERATIONS if each.variables and each.name != "verifyToken"])
def test_what_is_anothers_answers_like_what_does_not_exist(
    rest: Rest, tokens: dict[str, str], owned: dict[str, str], operation: openapi.Operation
) -> None:
    body: dict[str, Any] = {"json": {}} if operation.body else {}
    token = tokens[operation.caller]
    theirs = rest.call(operation.method, operation.url(**owned), token, **body)
    nobodys = rest.call(operation.method, operation.url(), token, **body)
    assert (theirs.status_code, nobodys.status_code) == (404, 404)
    assert _told(theirs) == _told(nobodys)


def _told(answer: httpx.Response) -> dict[str, Any]:
    """The answer less what is new each time."""
    body: dict[str, Any] = answer.json()
    assert body.pop("requestId")
    return body


def test_what_was_tried_on_anothers_things_changed_nothing(
    rest: Rest, scored: tuple[Person, dict[str, Any]], owned: dict[str, str]
) -> None:
    person, credential = scored
    after = rest.data("GET", f"/credentials/{owned['credentialId']}", person.token)
    assert after["status"] == "active"
    assert [link["status"] for link in after["sharingLinks"]] == ["active"]
    assert credential["credentialId"] == owned["credentialId"]


@named(WITH_JSON)
def test_an_unknown_field_is_400_and_named(rest: Rest, tokens: dict[str, str], operation: openapi.Operation) -> None:
    error = rest.refused(
        operation.method, operation.url(), tokens[operation.caller], json={"colourOfHair": 1}, status=400
    )
    assert [detail["field"] for detail in error["details"]] == ["colourOfHair"]


@named(WITHOUT_BODY)
def test_an_unknown_query_field_is_400_and_named(
    rest: Rest, tokens: dict[str, str], operation: openapi.Operation
) -> None:
    path = f"{operation.url()}?colourOfHair=1"
    error = rest.refused(operation.method, path, tokens[operation.caller], status=400)
    assert [detail["field"] for detail in error["details"]] == ["colourOfHair"]


@named(WITHOUT_BODY)
def test_a_body_where_none_is_taken_is_400(rest: Rest, tokens: dict[str, str], operation: openapi.Operation) -> None:
    rest.refused(operation.method, operation.url(), tokens[operation.caller], json={}, status=400)


@named(WITH_JSON)
def test_malformed_json_is_400(rest: Rest, tokens: dict[str, str], operation: openapi.Operation) -> None:
    headers = {"content-type": "application/json"}
    for content in (b"{", b"[]", b"{}{}", b'{"a":1,"a":1}', b"\xff"):
        error = rest.refused(
            operation.method,
            operation.url(),
            tokens[operation.caller],
            content=content,
            headers=headers,
            status=400,
        )
        assert error["code"] in {"MALFORMED_JSON", "VALIDATION_ERROR"}


@pytest.mark.parametrize(
    "content",
    [
        b'{"email":"a@example.com","email":"b@example.com","password":"x"}',
        b'{"email":"a@example.com","password":NaN}',
        b'{"email":"a@example.com","password":"x",}',
        b"{'email':'a@example.com'}",
        b'"text"',
        b"12",
        b"\xef\xbb\xbf{}",
        b'{"email":"\\ud800","password":"x"}',
        b"[" * 5000 + b"]" * 5000,
        b'{"email":' * 500 + b"1" + b"}" * 500,
        b'{"email":{"a":1},"password":"x"}',
        b'{"email":["a"],"password":"x"}',
        b'{"email":true,"password":"x"}',
    ],
    ids=range(13),
)
def test_what_is_not_the_json_of_the_route_is_400(rest: Rest, content: bytes) -> None:
    headers = {"content-type": "application/json"}
    error = rest.refused("POST", "/auth/login", content=content, headers=headers, status=400)
    assert error["code"] in {"MALFORMED_JSON", "VALIDATION_ERROR"}
    assert "Traceback" not in json.dumps(error)


@named(WITH_JSON)
def test_another_media_type_is_415(rest: Rest, tokens: dict[str, str], operation: openapi.Operation) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/xml", ""):
        headers = {"content-type": kind} if kind else {}
        error = rest.refused(
            operation.method, operation.url(), tokens[operation.caller], content=b"{}", headers=headers, status=415
        )
        assert error["code"] == "UNSUPPORTED_MEDIA_TYPE"


@named(WITH_JSON)
def test_an_oversized_body_is_413(rest: Rest, tokens: dict[str, str], operation: openapi.Operation) -> None:
    large = b" " * ((1 << 20) + 1)
    headers = {"content-type": "application/json"}
    for content in (large, iter([large[: 1 << 19], large[1 << 19 :]])):
        error = rest.refused(
            operation.method, operation.url(), tokens[operation.caller], content=content, headers=headers, status=413
        )
        assert error["code"] == "PAYLOAD_TOO_LARGE"


@pytest.mark.parametrize("path", PATHS)
def test_a_wrong_method_is_405_and_names_the_right_ones(rest: Rest, path: str) -> None:
    known = {each.method for each in OPERATIONS if each.path == path}
    operation = next(each for each in OPERATIONS if each.path == path)
    for method in {"GET", "PUT", "POST", "PATCH", "DELETE", "QUERY"} - known:
        answer = rest.call(method, operation.url())
        assert (answer.status_code, answer.json()["error"]["code"]) == (405, "METHOD_NOT_ALLOWED")
        assert set(answer.headers["allow"].split(", ")) - {"HEAD"} == known | {"OPTIONS"}


@pytest.mark.parametrize(
    "path",
    ["", "/", "/unknown", "/auth/login/", "/auth//login", "/AUTH/LOGIN", "/credentials/", "/verify/", "/verify/a/b"],
)
def test_an_unknown_path_is_404_in_the_envelope(rest: Rest, path: str) -> None:
    assert rest.refused("GET", path, status=404)["code"] == "NOT_FOUND"


def test_context_from_outside_reaches_nobody(rest: Rest, tokens: dict[str, str], institution: Institution) -> None:
    """The principal travels between services in metadata: what a client puts there must have no effect."""
    victim = rest.person()
    forged = call_context_pb2.CallContext()
    user = forged.principal.user
    user.user_id, user.role, user.session_id = victim.user_id, "user", "sess_1"
    text = base64.b64encode(forged.SerializeToString()).decode().rstrip("=")
    smuggled = {
        "x-credpass-context-bin": text,
        "x-credpass-principal": victim.user_id,
        "x-credpass-user-id": victim.user_id,
        "grpc-metadata-x-credpass-context-bin": text,
        "grpc-status": "0",
        "grpc-message": "fine",
        "x-request-id": "req_mine",
        "x-correlation-id": "corr_mine",
    }
    rest.refused("GET", "/users/profile", headers=smuggled, status=401)
    mine = rest.call("GET", "/users/profile", tokens["user"], headers=smuggled)
    assert mine.json()["data"]["userId"] not in ("", victim.user_id)
    assert mine.headers["x-request-id"] != "req_mine"
    assert mine.headers["x-correlation-id"] != "corr_mine"
    dashboard = rest.call("GET", "/institutions/dashboard", institution.key, headers=smuggled)
    assert dashboard.json()["data"]["institutionId"] == institution.institution_id


@pytest.mark.parametrize("value", ["", "5", "S", "-1S", "1.5S", "123456789S", "1 S", "1s", "1S, 1S"])
def test_a_malformed_timeout_is_400(rest: Rest, tokens: dict[str, str], institution: Institution, value: str) -> None:
    headers = {"grpc-timeout": value}
    for path, token in (("/users/profile", tokens["user"]), ("/verify/vt_unknown", institution.key)):
        error = rest.refused("GET", path, token, headers=headers, status=400)
        assert [detail["field"] for detail in error["details"]] == ["grpc-timeout"]


def test_a_timeout_from_outside_may_shorten_the_deadline_only(
    rest: Rest, tokens: dict[str, str], institution: Institution
) -> None:
    for path, token in (("/users/profile", tokens["user"]), ("/verify/vt_unknown", institution.key)):
        error = rest.refused("GET", path, token, headers={"grpc-timeout": "1n"}, status=504)
        assert error["code"] == "DEADLINE_EXCEEDED"
    rest.data("GET", "/users/profile", tokens["user"], headers={"grpc-timeout": "99999999H"})
