"""Forms arrive in pieces of any size, and what is not a form is refused without a library's words."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import multipart

BOUNDARY = "frontier"
CONTENT_TYPE = f"multipart/form-data; boundary={BOUNDARY}"


def form(*parts: tuple[str, str | None, bytes]) -> bytes:
    """(name, file name or None, content) as a multipart body."""
    body = b""
    for name, file_name, content in parts:
        disposition = f'form-data; name="{name}"' + (f'; filename="{file_name}"' if file_name is not None else "")
        body += f"--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\n\r\n".encode() + content + b"\r\n"
    return body + f"--{BOUNDARY}--\r\n".encode()


async def in_pieces(body: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


async def read(
    body: bytes, *, size: int = 1 << 16, limit: int = 1 << 24, kind: str = CONTENT_TYPE
) -> list[multipart.Part]:
    return [part async for part in multipart.read_form(in_pieces(body, size), kind, limit)]


@given(content=st.binary(max_size=400), size=st.integers(1, 97), value=st.text(max_size=40))
async def test_any_file_and_field_arrive_whole_however_the_body_is_cut(content: bytes, size: int, value: str) -> None:
    parts = await read(form(("note", None, value.encode()), ("file", "a.csv", content)), size=size)
    assert parts[0] == multipart.Field("note", value)
    assert parts[1] == multipart.FileStart("a.csv")
    assert b"".join(part.data for part in parts[2:] if isinstance(part, multipart.FileChunk)) == content


async def test_fields_may_follow_the_file() -> None:
    parts = await read(form(("file", "a.csv", b"x"), ("accept_partial", None, b"true")))
    assert parts[-1] == multipart.Field("accept_partial", "true")


async def test_a_file_name_loses_its_folders() -> None:
    parts = await read(form(("file", "C:\\\\bank\\\\my statement.csv", b"x")))
    assert parts[0] == multipart.FileStart("my statement.csv")


async def test_a_body_over_the_limit_is_refused_with_the_limit() -> None:
    with pytest.raises(multipart.PayloadTooLarge) as refused:
        await read(form(("file", "a.csv", b"x" * 5000)), limit=1000)
    assert refused.value.metadata == {"limit_bytes": "1000"}


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data", "", "multipart/mixed; boundary=x"])
async def test_anything_but_a_form_is_an_unsupported_media_type(kind: str) -> None:
    with pytest.raises(multipart.UnsupportedMediaType):
        await read(b"{}", kind=kind)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no boundary at all",
        form(("file", "a.csv", b"x"))[:-10],
        form(("", None, b"x")),
        form(("file", None, b"\xff\xfe")),
        form(("other", "a.csv", b"x")),
        form(("long", None, b"x" * (multipart.MAX_FIELD_BYTES + 1))),
        form(*((f"f{n}", None, b"x") for n in range(multipart.MAX_FIELDS + 1))),
    ],
)
async def test_a_broken_form_is_refused(body: bytes) -> None:
    with pytest.raises(multipart.MalformedForm):
        await read(body)


async def test_a_file_under_another_name_is_named_in_the_refusal() -> None:
    with pytest.raises(multipart.MalformedForm) as refused:
        await read(form(("statement", "a.csv", b"x")))
    assert refused.value.violations[0].field == "statement"
