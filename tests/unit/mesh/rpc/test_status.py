from __future__ import annotations

import grpc
import pytest
from google.rpc import status_pb2
from hypothesis import given
from hypothesis import strategies as st

from mesh import errors
from mesh.errors import Kind
from mesh.rpc import status

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
KNOWN: list[type[errors.ServiceError]] = [
    errors.NotFound,
    errors.RateLimited,
    errors.InvalidArgument,
    errors.Conflict,
]


@given(
    known=st.sampled_from(KNOWN),
    text=TEXT,
    metadata=st.dictionaries(TEXT, TEXT, max_size=3),
    fields=st.lists(st.tuples(TEXT, TEXT), max_size=4),
    retry_after_s=st.none() | st.floats(0, 1e6),
)
def test_known_error_comes_back_as_it_went(
    known: type[errors.ServiceError],
    text: str,
    metadata: dict[str, str],
    fields: list[tuple[str, str]],
    retry_after_s: float | None,
) -> None:
    violations = tuple(errors.FieldViolation(*field) for field in fields)
    error = known(text, metadata=metadata, violations=violations, retry_after_s=retry_after_s)
    back = status.from_status(status_pb2.Status.FromString(status.to_status(error).SerializeToString()))
    assert type(back) is known
    assert (back.text, back.metadata, back.violations) == (error.text, metadata, violations)
    assert back.retry_after_s == (None if retry_after_s is None else pytest.approx(retry_after_s, abs=1e-6))


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_has_a_code_of_its_own_and_survives_without_a_class(kind: Kind) -> None:
    error = errors.Unexplained(kind, "credpass.elsewhere.v1", "SOMETHING", "Something happened.")
    back = status.from_status(status.to_status(error))
    assert isinstance(back, errors.Unexplained)
    assert (back.kind, back.domain, back.reason) == (kind, "credpass.elsewhere.v1", "SOMETHING")


def test_status_that_is_not_ours_says_nothing() -> None:
    back = status.from_status(status_pb2.Status(code=5, message="row 7 of table users"))
    assert type(back) is errors.Internal
    assert "users" not in back.text


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (grpc.StatusCode.UNAVAILABLE, errors.Unavailable),
        (grpc.StatusCode.CANCELLED, errors.Unavailable),
        (grpc.StatusCode.DEADLINE_EXCEEDED, errors.DeadlineExceeded),
        (grpc.StatusCode.UNKNOWN, errors.Internal),
        (grpc.StatusCode.UNIMPLEMENTED, errors.Internal),
    ],
)
def test_what_the_transport_says_keeps_its_kind_and_loses_its_text(
    code: grpc.StatusCode, expected: type[errors.ServiceError]
) -> None:
    error = grpc.aio.AioRpcError(code, None, grpc.aio.Metadata(), details="connect 10.0.0.7:7101 failed")
    back = status.from_rpc_error(error)
    assert type(back) is expected
    assert "10.0.0.7" not in back.text


def test_details_that_cannot_be_read_are_no_details() -> None:
    metadata = grpc.aio.Metadata((status.DETAILS_KEY, b"\xff\xff"))
    error = grpc.aio.AioRpcError(grpc.StatusCode.NOT_FOUND, None, metadata)
    assert type(status.from_rpc_error(error)) is errors.Internal
