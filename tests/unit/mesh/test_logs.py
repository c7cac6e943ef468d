from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from credpass.auth.v1 import auth_service_pb2
from credpass.verification.v1 import verification_service_pb2

from mesh import errors, logs
from mesh.rpc import context
from tests.support.clocks import HandClock


class Output:
    """What has been logged."""

    def __init__(self) -> None:
        self.stream = io.BytesIO()

    def lines(self) -> list[dict[str, Any]]:
        logs.flush()
        return [orjson.loads(line) for line in self.stream.getvalue().splitlines()]


@pytest.fixture
def output() -> Iterator[Output]:
    made = Output()
    logs.configure("info", made.stream, HandClock())
    yield made
    logs.flush()
    logs.configure("warning", io.BytesIO())


def test_line_has_the_six_parts(output: Output) -> None:
    with context.bind_event("corr_1", service="audit"):
        logs.get().info("record kept", count=3)
    assert output.lines() == [
        {
            "timestamp": "2026-02-15T10:00:00Z",
            "level": "info",
            "service": "audit",
            "correlationId": "corr_1",
            "message": "record kept",
            "metadata": {"count": 3},
        }
    ]


def test_level_is_kept(output: Output) -> None:
    logs.get("auth").debug("unheard")
    logs.write("debug", "auth", "", "unheard", {})
    logs.get("auth").warning("heard")
    assert [line["message"] for line in output.lines()] == ["heard"]


def test_messages_are_masked_at_any_depth(output: Output) -> None:
    register = auth_service_pb2.RegisterRequest(email="a@example.org", password="hunter2", country="DE")
    logs.get("auth").info("seen", request=register, several=[register])
    metadata = output.lines()[0]["metadata"]
    assert metadata["request"] == {"email": "***", "password": "***", "country": "DE"}
    assert metadata["several"] == [metadata["request"]]
    text = output.stream.getvalue()
    assert b"hunter2" not in text
    assert b"example.org" not in text


def test_fields_of_nested_messages_are_masked(output: Output) -> None:
    batch = verification_service_pb2.BatchVerifyTokensRequest()
    batch.items.add(api_key="cp_live_secret", correlation_id="corr_1").request.token = "vt_secret"
    logs.get("verification").info("seen", batch=batch)
    item = {"request": {"token": "***"}, "api_key": "***", "correlation_id": "corr_1"}
    assert output.lines()[0]["metadata"]["batch"] == {"items": [item]}


def test_metadata_under_telling_names_is_masked(output: Output) -> None:
    logs.get("auth").info("seen", token="vt_secret", password="p", email="e", count=1)
    assert output.lines()[0]["metadata"] == {"token": "***", "password": "***", "email": "***", "count": 1}


def test_exceptions_show_their_place_and_only_texts_of_ours(output: Output) -> None:
    try:
        int("DE00 1234")
    except ValueError:
        logs.get("auth").exception("failed", step=1)
    logs.get("auth").error("refused", error=errors.NotFound("No such upload."))
    first, second = (line["metadata"] for line in output.lines())
    assert first["error"]["type"] == "ValueError"
    assert "test_logs.py" in first["error"]["where"][0]
    assert b"DE00" not in output.stream.getvalue()
    assert second["error"]["text"] == "No such upload."


def test_values_without_a_json_form_show_their_type_only(output: Output) -> None:
    class Account:
        def __repr__(self) -> str:
            return "DE00 1234"

    logs.get("auth").info("seen", account=Account(), data=b"DE00")
    assert output.lines()[0]["metadata"] == {"account": "<Account>", "data": "4 bytes"}


def test_libraries_logs_are_json_without_their_arguments(output: Output) -> None:
    library = logging.getLogger("some.library")
    library.warning("cannot parse %s", "DE00 1234")
    try:
        raise ValueError("DE00")
    except ValueError:
        library.exception("unexpected")
    library.info("unheard")
    lines = output.lines()
    assert [(line["level"], line["metadata"]["logger"]) for line in lines] == [
        ("warning", "some.library"),
        ("error", "some.library"),
    ]
    assert b"DE00" not in output.stream.getvalue()


async def test_lines_of_a_running_loop_are_written_soon(output: Output) -> None:
    logs.get("auth").info("one")
    logs.get("auth").info("two")
    async with asyncio.timeout(5):
        while output.stream.getvalue().count(b"\n") < 2:  # noqa: ASYNC110 - a stream sets no event
            await asyncio.sleep(0.005)


def test_lines_of_a_loop_that_closed_are_not_stuck(output: Output) -> None:
    async def log(text: str) -> None:
        logs.get("auth").info(text)

    asyncio.run(log("one"))
    asyncio.run(log("two"))
    logs.get("auth").info("three")
    assert output.stream.getvalue().count(b"\n") == 3


def test_broken_output_breaks_nothing() -> None:
    class Gone(io.BytesIO):
        def write(self, _data: Any) -> int:
            raise BrokenPipeError

    logs.configure("info", Gone())
    logs.get("auth").info("unheard")
    logs.configure("warning", io.BytesIO())
