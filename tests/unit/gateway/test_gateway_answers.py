"""Whatever stands behind a route says, the gateway answers in the envelope, neutrally, with the right status."""

from __future__ import annotations

import asyncio
import json
import pathlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from credpass.auth.v1 import auth_service_pb2
from credpass.ingestion.v1 import ingestion_service_pb2
from credpass.verification.v1 import verification_service_pb2
from google.rpc import error_details_pb2, status_pb2

from mesh import errors
from mesh.rpc import context
from services.auth.errors import LoginThrottled
from tests.support import gateway_world
from tests.support.gateway_world import World

LOGIN = {"email": "a@example.com", "password": "a password"}


@pytest.fixture
async def world(tmp_path: pathlib.Path) -> AsyncIterator[World]:
    async with gateway_world.world(tmp_path) as running:
        yield running


async def login(world: World, **more: Any) -> httpx.Response:
    return await world.client.post("/api/v1/auth/login", json=LOGIN, **more)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("Authorization", ("Bearer a", "Bearer b")),
        ("Content-Type", ("application/json", "text/plain")),
        ("grpc-timeout", ("1S", "2S")),
        ("Host", ("a.example", "b.example")),
        ("Idempotency-Key", ('"one"', '"two"')),
        ("traceparent", ("00-1", "00-2")),
    ],
)
@pytest.mark.parametrize("path", ["/api/v1/auth/login", "/healthz", "/nowhere"])
async def test_a_header_sent_twice_that_must_be_sent_once_is_refused_by_name(
    world: World, path: str, name: str, values: tuple[str, str]
) -> None:
    body = json.dumps(LOGIN)
    answer = await world.client.post(path, content=body, headers=[(name, value) for value in values])
    assert answer.status_code == 400
    assert [detail["field"] for detail in answer.json()["error"]["details"]] == [name]
    assert world.auth.asked == []


class Stranger(errors.ServiceError):
    kind = errors.Kind.FAILED_PRECONDITION
    domain = "credpass.tomorrow.v1"
    reason = "NOT_KNOWN_HERE"
    message = "A newer service says this."


async def test_an_answer_stands_in_the_envelope(world: World) -> None:
    world.auth.login = auth_service_pb2.LoginResponse(user_id="user_1", expires_in=900)
    answer = await login(world)
    assert answer.status_code == 200
    assert answer.json() == {
        "success": True,
        "data": {"userId": "user_1", "accessToken": "", "refreshToken": "", "tokenType": "", "expiresIn": 900},
    }
    assert [(each.email, each.password) for each in world.auth.asked] == [("a@example.com", "a password")]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (errors.InvalidArgument(), 400, "VALIDATION_ERROR"),
        (errors.InvalidCredentials(), 401, "INVALID_CREDENTIALS"),
        (errors.PermissionDenied(), 403, "PERMISSION_DENIED"),
        (errors.NotFound(), 404, "NOT_FOUND"),
        (errors.Conflict(), 409, "CONFLICT"),
        (errors.RateLimited(retry_after_s=2.1), 429, "RATE_LIMITED"),
        (LoginThrottled(retry_after_s=0.2), 429, "LOGIN_THROTTLED"),
        (errors.Overloaded(retry_after_s=1), 503, "OVERLOADED"),
        (errors.Unavailable(), 503, "UNAVAILABLE"),
        (errors.DeadlineExceeded(), 504, "DEADLINE_EXCEEDED"),
        (errors.Internal(), 500, "INTERNAL"),
        (Stranger(), 400, "NOT_KNOWN_HERE"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
async def test_an_error_keeps_its_reason_and_gets_its_status(
    world: World, error: errors.ServiceError, status: int, code: str
) -> None:
    world.auth.login = error
    answer = await login(world)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert answer.json()["requestId"] == answer.headers["x-request-id"]
    assert ("retry-after" in answer.headers) == (error.retry_after_s is not None or status == 503)
    assert ("www-authenticate" in answer.headers) == (status == 401)


@pytest.mark.parametrize(("wait_s", "header"), [(0.0, "1"), (0.2, "1"), (2.1, "3"), (None, "1")])
async def test_a_wait_is_told_in_whole_seconds_never_too_short(world: World, wait_s: float | None, header: str) -> None:
    world.auth.login = errors.Unavailable(retry_after_s=wait_s)
    assert (await login(world)).headers["retry-after"] == header


async def test_what_nobody_raised_on_purpose_is_500_and_says_nothing(world: World) -> None:
    world.auth.login = RuntimeError("a secret of the house")
    answer = await login(world)
    assert answer.status_code == 500
    assert answer.json()["error"] == {"code": "INTERNAL", "message": errors.Internal.message, "details": []}
    assert "secret" not in answer.text


async def test_fields_are_named_as_clients_know_them(world: World) -> None:
    violations = tuple(errors.FieldViolation(name, "is wrong") for name in ("first_name", "rows[3].booking_date", ""))
    world.auth.login = errors.InvalidArgument(violations=violations)
    details = (await login(world)).json()["error"]["details"]
    assert [detail["field"] for detail in details] == ["firstName", "rows[3].bookingDate", ""]


async def test_the_context_that_travels_is_the_gateways_own(world: World) -> None:
    seen: list[context.CallInfo] = []

    class Consent:
        async def GetConsent(self, _: Any, __: Any) -> Any:  # noqa: N802
            from credpass.auth.v1 import consent_service_pb2

            seen.append(context.current())
            return consent_service_pb2.GetConsentResponse()

    world.links.servicers["ConsentService"] = Consent()
    headers = {
        "authorization": f"bearer {world.signer.token(world.clock)}",
        "user-agent": "a browser",
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "x-request-id": "req_mine",
        "x-forwarded-for": "203.0.113.9",
    }
    answer = await world.client.get("/api/v1/consent", headers=headers)
    assert answer.status_code == 200
    (info,) = seen
    assert info.principal == context.UserPrincipal("user_1", "user", "sess_1")
    assert (info.client_address, info.user_agent) == ("192.0.2.7", "a browser")
    assert info.traceparent == headers["traceparent"]
    assert info.request_id == answer.headers["x-request-id"] != "req_mine"
    assert info.correlation_id == answer.headers["x-correlation-id"]


class Verifications:
    """VerificationService: counts batches, answers each item by its token."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.open, self.entered = asyncio.Event(), asyncio.Event()
        self.open.set()

    async def BatchVerifyTokens(  # noqa: N802
        self, request: verification_service_pb2.BatchVerifyTokensRequest, _: Any
    ) -> verification_service_pb2.BatchVerifyTokensResponse:
        self.batches.append([item.request.token for item in request.items])
        self.entered.set()
        await self.open.wait()
        return verification_service_pb2.BatchVerifyTokensResponse(
            results=[self._result(each) for each in request.items]
        )

    def _result(
        self, item: verification_service_pb2.BatchVerifyTokensRequest.Item
    ) -> verification_service_pb2.BatchVerifyTokensResponse.Result:
        kind = verification_service_pb2.BatchVerifyTokensResponse.Result
        if item.request.token == "vt_empty":
            return kind()
        if item.request.token == "vt_unknown":
            info = error_details_pb2.ErrorInfo(reason="TOKEN_NOT_FOUND", domain="credpass.verification.v1")
            status = status_pb2.Status(code=5, message="No such token.")
            status.details.add().Pack(info)
            return kind(error=status)
        return kind(response=verification_service_pb2.VerifyTokenResponse(valid=True, insights=[item.request.token]))


@pytest.fixture
def verifications(world: World) -> Verifications:
    servicer = Verifications()
    world.links.servicers["VerificationService"] = servicer
    return servicer


async def verify(world: World, token: str, key: str, **headers: str) -> httpx.Response:
    return await world.client.get(f"/api/v1/verify/{token}", headers={"authorization": f"Bearer {key}", **headers})


async def test_calls_that_arrive_together_leave_together_and_each_gets_its_own_answer(
    world: World, verifications: Verifications
) -> None:
    key = world.institutions.key("valid", "verify")
    verifications.open.clear()
    first = asyncio.create_task(verify(world, "vt_first", key))
    await verifications.entered.wait()
    tokens = ["vt_1", "vt_unknown", "vt_2", "vt_empty", "x" * 201]
    later = [asyncio.create_task(verify(world, token, key)) for token in tokens]
    await later[-1]  # refused at the door, behind all others
    verifications.open.set()
    answers = [await each for each in (first, *later)]
    assert [answer.status_code for answer in answers] == [200, 200, 404, 200, 500, 400]
    assert answers[0].json()["data"]["insights"] == ["vt_first"]
    assert [answers[place].json()["data"]["insights"] for place in (1, 3)] == [["vt_1"], ["vt_2"]]
    assert answers[2].json()["error"]["code"] == "TOKEN_NOT_FOUND"
    assert verifications.batches == [["vt_first"], ["vt_1", "vt_unknown", "vt_2", "vt_empty"]]


async def test_a_client_that_waits_for_less_is_let_go_and_takes_nobody_along(
    world: World, verifications: Verifications
) -> None:
    key = world.institutions.key("valid", "verify")
    verifications.open.clear()
    patient = asyncio.create_task(verify(world, "vt_patient", key))
    hasty = await verify(world, "vt_hasty", key, **{"grpc-timeout": "20m"})
    assert hasty.status_code == 504
    verifications.open.set()
    assert (await patient).json()["data"]["insights"] == ["vt_patient"]


class Ingestion:
    """IngestionService: reads a form, or refuses before it has."""

    def __init__(self, refusal: errors.ServiceError | None = None) -> None:
        self.refusal = refusal
        self.seen: list[tuple[str, Any]] = []

    async def UploadStatement(  # noqa: N802
        self, pieces: AsyncIterator[ingestion_service_pb2.UploadStatementRequest], _: Any
    ) -> ingestion_service_pb2.UploadStatementResponse:
        if self.refusal is not None:
            raise self.refusal
        async for piece in pieces:
            part = piece.WhichOneof("part")
            if part == "form":
                self.seen += [(field.name, value) for field, value in piece.form.ListFields()]
            else:
                self.seen.append(("chunk", piece.chunk))
        return ingestion_service_pb2.UploadStatementResponse(upload_id="upload_1")


async def upload(world: World, ingestion: Ingestion, **form: Any) -> httpx.Response:
    world.links.servicers["IngestionService"] = ingestion
    headers = {"authorization": f"Bearer {world.signer.token(world.clock)}"}
    return await world.client.post("/api/v1/data/upload", headers=headers, **form)


async def test_a_form_becomes_the_stream_that_the_contract_says(world: World) -> None:
    ingestion = Ingestion()
    fields = {"accept_partial": "true", "sourceCountry": "DE"}
    files = {"file": ("C:\\statements\\mine.csv", b"a,b\n")}
    answer = await upload(world, ingestion, data=fields, files=files)
    assert (answer.status_code, answer.headers["location"]) == (202, "/api/v1/data/uploads/upload_1/status")
    assert ingestion.seen == [
        ("accept_partial", True),
        ("source_country", "DE"),
        ("file_name", "mine.csv"),
        ("chunk", b"a,b\n"),
    ]


async def test_a_refused_form_field_is_named_as_the_form_has_it(world: World) -> None:
    violation = errors.FieldViolation("form.data_type", "is none of those")
    refusal = errors.InvalidArgument(violations=(violation,))
    answer = await upload(world, Ingestion(refusal), files={"file": ("a.csv", b"x")})
    assert answer.status_code == 400
    assert answer.json()["error"]["details"] == [{"field": "dataType", "message": "is none of those"}]


async def test_a_cache_out_of_reach_is_503_everywhere(tmp_path: pathlib.Path) -> None:
    """Budgets and ended sessions are in the cache: without it nobody is let in unseen."""
    async with gateway_world.world(tmp_path, cache_url="redis://127.0.0.1:1/0") as world:
        answers = [
            await login(world),
            await world.client.get(
                "/api/v1/consent", headers={"authorization": f"Bearer {world.signer.token(world.clock)}"}
            ),
            await world.client.get("/readyz"),
        ]
        assert [answer.status_code for answer in answers] == [503, 503, 503]
        assert all(int(answer.headers["retry-after"]) >= 1 for answer in answers)
        assert (await world.client.get("/healthz")).status_code == 200
