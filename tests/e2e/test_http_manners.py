"""The gateway as HTTP clients and browsers meet it: HEAD, OPTIONS, CORS, caching, security headers, documentation."""

from __future__ import annotations

import contextlib
import re
import socket

import pytest

from tests.support import openapi
from tests.support.rest import API, Rest

pytestmark = pytest.mark.one_stack("embedded", reason="the gateway answers alone, before any backend is asked")

ORIGIN = "https://app.example"
PAGES = ("/healthz", "/readyz", "/openapi.json", "/docs", "/docs/start.js", "/.well-known/jwks.json")
CACHED = ("/openapi.json", "/docs", "/docs/swagger-ui.css", "/docs/swagger-ui-bundle.js", "/.well-known/jwks.json")
OPERATIONS = openapi.operations()
PATHS = sorted({each.path for each in OPERATIONS})


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    """A system whose web app lives elsewhere."""
    return {"CREDPASS_CORS_ORIGINS": f"{ORIGIN}, https://b.example"}


@pytest.mark.parametrize("path", [*PAGES, f"{API}/users/profile", f"{API}/unknown", f"{API}/auth/login"])
def test_every_answer_carries_the_security_headers(rest: Rest, path: str) -> None:
    headers = rest.http.get(path).headers
    assert re.fullmatch(r"max-age=\d{8,}; includeSubDomains", headers["strict-transport-security"])
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert re.fullmatch(r"req_[0-9A-Za-z]{22}", headers["x-request-id"])
    assert re.fullmatch(r"corr_[0-9A-Za-z]{22}", headers["x-correlation-id"])
    assert "server" not in headers or "/" not in headers["server"], "no version is told"


@pytest.mark.parametrize("name", ["Authorization", "Content-Type", "grpc-timeout", "Idempotency-Key", "traceparent"])
def test_a_header_that_must_be_sent_once_is_refused_twice(rest: Rest, name: str) -> None:
    for values in (("1S", "2S"), ("1S", "1S")):
        answer = rest.http.get(f"{API}/users/profile", headers=[(name, value) for value in values])
        assert answer.status_code == 400, answer.text
        assert [detail["field"] for detail in answer.json()["error"]["details"]] == [name]


def test_a_request_for_two_hosts_is_refused(rest: Rest) -> None:
    answer = exchange(rest.url, b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400"), answer


def test_personal_data_is_stored_nowhere_on_its_way(rest: Rest) -> None:
    person = rest.person(consent=False)
    for path in ("/users/profile", "/consent", "/data/uploads", "/credentials"):
        answer = rest.call("GET", path, person.token)
        assert answer.headers["cache-control"] == "no-store"
        assert "etag" not in answer.headers


@pytest.mark.parametrize("path", CACHED)
def test_what_may_be_kept_is_validated_by_its_etag(rest: Rest, path: str) -> None:
    first = rest.http.get(path)
    tag = first.headers["etag"]
    assert re.fullmatch(r'"[0-9a-f]{32}"', tag)
    assert "no-store" not in first.headers["cache-control"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = rest.http.get(path, headers={"if-none-match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert again.headers.get("content-length", str(len(first.content))) == str(len(first.content))
    assert rest.http.get(path, headers={"if-none-match": '"other"'}).status_code == 200


@pytest.mark.parametrize("path", [*PAGES, f"{API}/users/profile"])
def test_head_is_get_without_the_body(rest: Rest, path: str) -> None:
    headers = {"authorization": f"Bearer {rest.person(consent=False).token}"} if path.startswith(API) else {}
    head, get = rest.http.head(path, headers=headers), rest.http.get(path, headers=headers)
    assert (head.status_code, head.content) == (get.status_code, b"") == (200, b"")
    for name in ("content-type", "content-length", "cache-control"):
        assert head.headers[name] == get.headers[name]


@pytest.mark.parametrize("path", PATHS)
def test_options_tells_what_a_path_takes(rest: Rest, path: str) -> None:
    known = {each.method for each in OPERATIONS if each.path == path}
    url = next(each.url() for each in OPERATIONS if each.path == path)
    answer = rest.call("OPTIONS", url)
    assert (answer.status_code, answer.content) == (204, b"")
    allowed = set(answer.headers["allow"].split(", "))
    assert allowed - {"HEAD"} == known | {"OPTIONS"}
    assert ("HEAD" in allowed) == ("GET" in known and not path.startswith("/verify"))
    assert "access-control-allow-methods" not in answer.headers


def test_options_of_an_unknown_path_is_404(rest: Rest) -> None:
    assert rest.refused("OPTIONS", "/unknown", status=404)["code"] == "NOT_FOUND"


@pytest.mark.parametrize("path", PATHS)
def test_a_page_of_a_known_origin_may_call_every_route(rest: Rest, path: str) -> None:
    for operation in (each for each in OPERATIONS if each.path == path):
        asked = {
            "origin": ORIGIN,
            "access-control-request-method": operation.method,
            "access-control-request-headers": "authorization,content-type",
        }
        answer = rest.call("OPTIONS", operation.url(), headers=asked)
        assert answer.status_code == 204
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert operation.method in answer.headers["access-control-allow-methods"].split(", ")
        allowed = answer.headers["access-control-allow-headers"].lower()
        assert {"authorization", "content-type"} <= set(allowed.split(", "))
        assert "access-control-allow-credentials" not in answer.headers


def test_a_page_of_a_known_origin_may_read_answers_and_refusals(rest: Rest) -> None:
    for path in ("/openapi.json", f"{API}/users/profile", f"{API}/unknown"):
        answer = rest.http.get(path, headers={"origin": ORIGIN})
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert {"Retry-After", "X-Request-Id", "Location"} <= set(
            answer.headers["access-control-expose-headers"].split(", ")
        )
        assert "Origin" in answer.headers["vary"]


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "https://app.example.evil", "http://app.example", "*"]
)
def test_a_page_of_another_origin_reads_nothing(rest: Rest, origin: str) -> None:
    asked = {"origin": origin, "access-control-request-method": "GET"}
    for answer in (
        rest.call("OPTIONS", "/users/profile", headers=asked),
        rest.http.get("/openapi.json", headers={"origin": origin}),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control-")]
        assert "Origin" in answer.headers["vary"], "what a cache keeps of this answer is not for other origins"


def test_health_tells_alive_and_ready(rest: Rest) -> None:
    assert rest.http.get("/healthz").json() == {"status": "alive"}
    assert rest.http.get("/readyz").json() == {"status": "ready"}
    refused = rest.http.post("/healthz")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


def test_the_documentation_comes_from_this_host_alone(rest: Rest) -> None:
    page = rest.http.get("/docs")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    sources = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert sources
    for source in sources:
        assert source.startswith(("/docs/", "data:"))
        if source.startswith("/"):
            answer = rest.http.get(source)
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith(("text/css", "text/javascript"))
    assert "<script>" not in page.text, "the policy forbids scripts in the page"
    assert not re.search(r"\son\w+=", page.text)
    policy = dict(rule.split(" ", 1) for rule in page.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert "http" not in page.headers["content-security-policy"]
    assert '"/openapi.json"' in rest.http.get("/docs/start.js").text


def exchange(url: str, request: bytes, *, hang_up: bool = False) -> bytes:
    """The answer to bytes that no client library would send. Whoever has hung up may get none."""
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(request)
        if hang_up:
            with contextlib.suppress(OSError):  # so may have the other side
                connection.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    return answer


@pytest.mark.parametrize(
    "line",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /../../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET http://elsewhere/healthz HTTP/1.1\r\nHost: a\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /healthz\x00 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"POST /api/v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST /api/v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{",
    ],
    ids=range(9),
)
def test_strange_requests_do_no_harm(rest: Rest, line: bytes) -> None:
    answer = exchange(rest.url, line, hang_up=True)
    assert not answer.startswith(b"HTTP/1.1 5"), answer
    assert rest.http.get("/healthz").status_code == 200
