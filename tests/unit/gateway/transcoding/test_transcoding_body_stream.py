"""Client streams in one body: cut anywhere, they give the same messages."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.transcoding import Match, StreamForm, Transcoder, TranscodingError, body_stream


def _names(transcoder: Transcoder, pieces: list[bytes], form: StreamForm) -> list[str]:
    match = transcoder.match("POST", "/v1/beds/b1:sow")
    assert isinstance(match, Match)
    stream = match.route.body_stream(match.variables, "", form)
    made: list[Any] = [m for piece in pieces for m in stream.feed(piece)] + list(stream.close())
    assert [m.bed for m in made] == ["b1"][: len(made)] + [""] * (len(made) - 1)
    return [m.name for m in made]


_NAMES = st.lists(st.text(alphabet='a"\\,[]{}:é\n ', max_size=5), max_size=5)
_LAW = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@_LAW
@given(names=_NAMES, size=st.integers(1, 9), blanks=st.sampled_from(["", " ", "\r\n\t"]))
def test_array_gives_its_elements_however_it_is_cut(
    transcoder: Transcoder, names: list[str], size: int, blanks: str
) -> None:
    items = [json.dumps({"name": name, "facts": {"[": "]"}}) for name in names]
    body = (blanks + "[" + blanks + f"{blanks},{blanks}".join(items) + blanks + "]" + blanks).encode()
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    assert _names(transcoder, pieces, StreamForm.ARRAY) == names


@_LAW
@given(names=_NAMES, size=st.integers(1, 9), last=st.sampled_from(["", "\n", "\r\n\n"]))
def test_lines_give_their_messages_however_they_are_cut(
    transcoder: Transcoder, names: list[str], size: int, last: str
) -> None:
    body = ("\n".join(json.dumps({"name": name}) for name in names) + last).encode()
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    assert _names(transcoder, pieces, StreamForm.LINES) == names


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{}",
        b"[",
        b"[{}",
        b"[{},]",
        b"[,{}]",
        b"[{}]x",
        b"[{}][",
        b"x[{}]",
        b"[{}}",
        b'["a',
        b"[{} {}]",
        b"[1]",
    ],
)
@pytest.mark.parametrize("size", [1, 100])
def test_what_is_no_list_of_messages_is_refused(transcoder: Transcoder, body: bytes, size: int) -> None:
    with pytest.raises(TranscodingError):
        _names(transcoder, [body[at : at + size] for at in range(0, len(body), size)], StreamForm.ARRAY)


@pytest.mark.parametrize("form", list(StreamForm))
def test_endless_message_is_refused_before_it_fills_the_memory(transcoder: Transcoder, form: StreamForm) -> None:
    piece = b'[{"name":"' + b"a" * 1024 * 1024
    with pytest.raises(TranscodingError, match="longer than"):
        _names(transcoder, [piece] + [b"a" * 1024 * 1024] * 5, form)


def test_content_type_names_the_form() -> None:
    assert body_stream.form_of("application/x-ndjson; charset=utf-8") is StreamForm.LINES
    assert body_stream.form_of("application/json") is StreamForm.ARRAY
    assert body_stream.form_of("") is StreamForm.ARRAY
