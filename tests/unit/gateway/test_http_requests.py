"""Requests as they come over ASGI: who sent them as far as proxies are believed, and bodies in bounded memory."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest

from gateway.http import DISCARD_BYTES, SINGLE, ClientGone, RepeatedHeader, Request, Response, send_response
from gateway.multipart import PayloadTooLarge

TRUSTED = tuple(ipaddress.ip_network(text) for text in ("10.0.0.0/8", "fd00::/8"))


def request(
    *messages: dict[str, Any], client: str = "10.0.0.1", lines: tuple[tuple[str, str], ...] = (), **headers: str
) -> Request:
    """A request whose body arrives as these messages; `lines`: of its head, before those of `headers`."""
    lines += tuple((name.replace("_", "-"), value) for name, value in headers.items())
    waiting = list(messages)

    async def receive() -> dict[str, Any]:
        return waiting.pop(0)

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "raw_path": b"/a%2Fb?x=1",
        "query_string": b"x=1",
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in lines],
        "client": (client, 1),
    }
    return Request(scope, receive, "suffix")


def piece(body: bytes, *, more: bool = True) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


GONE = {"type": "http.disconnect"}


def test_the_path_stays_as_it_came() -> None:
    assert (request().path, request().query) == ("/a%2Fb", "x=1")


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer abc", "abc"),
        ("bearer abc", "abc"),
        ("BEARER  abc ", "abc"),
        ("Bearer", ""),
        ("Basic abc", ""),
        ("abc", ""),
        ("", ""),
    ],
)
def test_only_bearer_shows_a_token(header: str, token: str) -> None:
    assert request(authorization=header).bearer() == token


@pytest.mark.parametrize("name", sorted(SINGLE))
@pytest.mark.parametrize("values", [("a", "b"), ("a", "a"), ("a", ""), ('"a', 'b"')])
def test_a_header_that_must_be_one_line_is_refused_as_two(name: str, values: tuple[str, str]) -> None:
    twice = request(lines=((name, values[0]), ("accept", "*/*"), (name, values[1])))
    with pytest.raises(RepeatedHeader) as refused:
        twice.check_headers()
    assert [violation.field.lower() for violation in refused.value.violations] == [name]


def test_a_header_that_may_be_a_list_is_read_over_all_its_lines() -> None:
    arrived = request(lines=(("accept", "text/html"), ("x-other", "1"), ("accept", "*/*")))
    arrived.check_headers()
    assert (arrived.headers["accept"], arrived.headers["x-other"]) == ("text/html, */*", "1")


def test_proxies_may_write_a_line_each() -> None:
    arrived = request(lines=(("x-forwarded-for", "203.0.113.9"), ("x-forwarded-for", "10.0.0.2")))
    arrived.believe_proxies(TRUSTED)
    assert arrived.client_address == "203.0.113.9"


@pytest.mark.parametrize(
    ("client", "forwarded", "address"),
    [
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),
        ("10.0.0.1", "no address", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1, no address, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", " , ,", "10.0.0.1"),
        ("fd00::1", "2001:db8::9", "2001:db8::9"),
        ("", "203.0.113.9", ""),
    ],
)
def test_a_client_is_believed_only_as_far_as_trusted_proxies_have_written(
    client: str, forwarded: str, address: str
) -> None:
    arrived = request(client=client, x_forwarded_for=forwarded)
    arrived.believe_proxies(TRUSTED)
    assert arrived.client_address == address


async def test_a_body_comes_together_from_its_pieces() -> None:
    arrived = request(piece(b"ab"), piece(b""), piece(b"cd"), piece(b"", more=False))
    assert await arrived.body(4) == b"abcd"


async def test_what_is_beyond_the_limit_is_not_read() -> None:
    arrived = request(piece(b"abc"), piece(b"de"), GONE)
    with pytest.raises(PayloadTooLarge) as refused:
        await arrived.body(4)
    assert refused.value.metadata == {"limit_bytes": "4"}


async def test_a_length_beyond_the_limit_is_refused_before_anything_is_read() -> None:
    with pytest.raises(PayloadTooLarge):
        await request(content_length="5").body(4)


@pytest.mark.parametrize("length", ["", "-1", "x", "4"])
async def test_a_length_that_says_nothing_wrong_is_no_reason_to_refuse(length: str) -> None:
    assert await request(piece(b"abcd", more=False), content_length=length).body(4) == b"abcd"


async def test_a_client_that_goes_away_is_told_apart_from_the_end_of_its_body() -> None:
    with pytest.raises(ClientGone):
        await request(piece(b"ab"), GONE).body(4)


async def sent(response: Response, *, head_only: bool = False) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        messages.append(message)

    await send_response(send, response, [], head_only=head_only)
    return messages


def named(message: dict[str, Any]) -> dict[bytes, bytes]:
    return dict(message["headers"])


async def test_the_head_of_an_answer_tells_the_length_of_its_body() -> None:
    whole, head = await sent(Response(200, b"body")), await sent(Response(200, b"body"), head_only=True)
    assert named(whole[0]) == named(head[0])
    assert named(head[0])[b"content-length"] == b"4"
    assert [message.get("body") for message in (whole[1], head[1])] == [b"body", b""]


@pytest.mark.parametrize("status", [204, 304])
async def test_an_answer_without_body_tells_no_length_or_type(status: int) -> None:
    start, _ = await sent(Response(status, headers=[("etag", '"x"')]))
    assert named(start) == {b"etag": b'"x"'}


async def test_a_stream_is_sent_piece_by_piece_without_a_length() -> None:
    async def pieces() -> Any:
        yield b"a"
        yield b"b"

    start, *bodies = await sent(Response(200, stream=pieces(), content_type="application/x-ndjson"))
    assert b"content-length" not in named(start)
    assert [(message["body"], message.get("more_body", False)) for message in bodies] == [
        (b"a", True),
        (b"b", True),
        (b"", False),
    ]


async def test_what_is_left_of_a_body_is_read_before_the_answer() -> None:
    arrived = request(piece(b"a"), piece(b"b"), piece(b"c", more=False), content_length="3")
    assert await anext(arrived.pieces()) == b"a"
    assert await arrived.discard_rest() is True
    assert await arrived.discard_rest() is True, "nothing more is asked for"


async def test_a_request_without_a_body_is_not_read() -> None:
    assert await request().discard_rest() is True


@pytest.mark.parametrize(
    "arrived",
    [
        request(piece(b"a"), GONE, content_length="9"),
        request(*(piece(b"x" * (DISCARD_BYTES // 2)) for _ in range(3)), transfer_encoding="chunked"),
        request(content_length="9", expect="100-continue"),
    ],
    ids=["the client went", "too much", "the client waits to be asked"],
)
async def test_a_body_that_does_not_end_within_the_bounds_ends_the_connection(arrived: Request) -> None:
    assert await arrived.discard_rest() is False
    assert arrived.close_headers() == [("connection", "close")]
