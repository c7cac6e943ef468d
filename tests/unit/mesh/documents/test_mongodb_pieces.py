"""The parts of the MongoDB store that need no server: values, shapes, numbers and what driver errors become."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import bson
import pytest
from bson import codec_options
from hypothesis import given, settings
from hypothesis import strategies as st
from pymongo import errors as driver

from mesh import errors
from mesh.documents import mongodb_errors as failures
from mesh.documents import mongodb_shape as shapes
from mesh.documents import mongodb_values as values
from mesh.documents.mongodb_outbox import Numbers
from mesh.documents.port import Collection, Index, Query

OPTIONS = codec_options.CodecOptions(document_class=dict[str, Any], tz_aware=True, tzinfo=UTC)
MOMENTS = st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001
TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)
KEYS = TEXTS.filter(lambda key: not key.startswith("$") and "\0" not in key)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(values.SMALLEST, values.LARGEST)
    | st.floats(allow_nan=False)
    | TEXTS
    | st.binary(max_size=8)
    | MOMENTS.map(lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000))
)
DATA = st.dictionaries(
    KEYS,
    st.recursive(
        LEAVES,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
        max_leaves=6,
    ),
    max_size=4,
)
THINGS = Collection(
    "things",
    (
        Index(("email",), unique=True),
        Index(("owner.id", "madeAt")),
        Index(("pair", "other"), unique=True),
        Index(("expiresAt",), ttl_s=60),
    ),
)


@given(DATA)
@settings(deadline=None, max_examples=50)
def test_what_went_through_bson_is_what_was_given(data: dict[str, Any]) -> None:
    stored = bson.encode({"data": values.frozen(data)})
    assert values.thawed(bson.decode(stored, OPTIONS)["data"]) == data


@given(DATA)
@settings(deadline=None, max_examples=50)
def test_no_stored_key_has_a_dot_and_no_list_lies_in_a_list(data: dict[str, Any]) -> None:
    def look(value: Any, *, in_list: bool = False) -> None:
        if isinstance(value, dict):
            assert all("." not in key for key in value)
            for item in value.values():
                look(item)
        if isinstance(value, list):
            assert not in_list
            for item in value:
                look(item, in_list=True)

    look(values.frozen(data))


def test_datetimes_become_utc_to_the_millisecond() -> None:
    moment = datetime(2026, 2, 15, 19, 0, 0, 123456, tzinfo=timezone(timedelta(hours=9)))
    assert values.frozen({"at": moment})["at"] == datetime(2026, 2, 15, 10, 0, 0, 123000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ({1: "x"}, TypeError),
        ({"a\0": 1}, ValueError),
        ({"deep": [{"$where": 1}]}, ValueError),
        ({"n": 2**63}, TypeError),
        ({"n": {1, 2}}, TypeError),
        ({"at": datetime(2026, 1, 1)}, ValueError),  # noqa: DTZ001 - that is the point
    ],
)
def test_what_bson_or_a_server_would_not_take_is_refused_before(data: dict[Any, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        values.frozen(data)


def test_a_null_in_a_unique_index_is_kept_aside() -> None:
    content = shapes.Shape(THINGS).content({"email": None, "other": None, "madeAt": None})
    assert content == {"data": {"madeAt": None}, "_nulls": ["email", "other"]}
    document = shapes.document({"_id": "t1", "version": 1, **content})
    assert document.data == {"email": None, "other": None, "madeAt": None}


def test_indexes_are_partial_so_that_absent_fields_and_waiting_events_are_left_out() -> None:
    specified = [model.document for index in THINGS.indexes for model in shapes.models(index)]
    by_name = {model["name"]: model for model in specified}
    assert by_name["u_email"]["unique"]
    assert by_name["u_email"]["partialFilterExpression"] == {"data.email": {"$exists": True}}
    assert by_name["u_pair+other"]["partialFilterExpression"].keys() == {"data.pair", "data.other"}
    assert by_name["i_pair+other"]["key"].keys() == {"data.pair": 1, "data.other": 1, "_id": 1}.keys()
    assert by_name["t_expiresAt"]["expireAfterSeconds"] == 60
    assert by_name["t_expiresAt"]["partialFilterExpression"] == {"_outbox": None}
    assert list(by_name["i_owner.id+madeAt"]["key"]) == ["data.owner.id", "data.madeAt", "_id"]


def test_a_query_never_sees_what_is_buried_and_names_indexed_fields_only() -> None:
    shape = shapes.Shape(THINGS)
    assert shape.match(Query())["version"] == {"$gt": 0}
    with pytest.raises(ValueError):
        shape.match(Query(equals={"colour": 1}))
    with pytest.raises(ValueError):
        shapes.Shape(Collection("things", (Index(("data'",)),)))


async def test_numbers_of_writes_that_wait_cost_one_round_trip_and_are_in_order() -> None:
    last, asked = 0, []

    async def advance(count: int) -> int:
        nonlocal last
        asked.append(count)
        await asyncio.sleep(0)
        last += count
        return last

    numbers = Numbers(advance)
    given = await asyncio.gather(*(numbers.take(count) for count in (1, 2, 3, 4)))
    assert given == [1, 2, 4, 7]
    assert len(asked) < 4
    assert await numbers.take(1) == 11


async def test_who_waits_for_a_number_does_not_fail_with_another() -> None:
    answers: list[int | Exception] = [errors.Unavailable(), 2]

    async def advance(count: int) -> int:
        await asyncio.sleep(0)
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    numbers = Numbers(advance)
    first, *others = await asyncio.gather(*(numbers.take(1) for _ in range(3)), return_exceptions=True)
    assert isinstance(first, errors.Unavailable)
    assert others == [1, 2]


@pytest.mark.parametrize(
    ("raised", "known"),
    [
        (driver.ServerSelectionTimeoutError("host:1 secret"), errors.Unavailable),
        (driver.AutoReconnect("secret"), errors.Unavailable),
        (driver.InvalidOperation("secret"), errors.Unavailable),
        (driver.WriteConcernError("secret", 64), errors.Unavailable),
        (driver.OperationFailure("secret", 13), errors.Unavailable),
        (driver.WaitQueueTimeoutError("secret"), errors.Overloaded),
        (driver.DocumentTooLarge("secret"), ValueError),
        (bson.errors.InvalidDocument("secret"), TypeError),
    ],
)
def test_driver_trouble_is_answered_neutral(raised: Exception, known: type[Exception]) -> None:
    with pytest.raises(known) as answer, failures.neutral():
        raise raised
    assert "secret" not in str(answer.value)


@pytest.mark.parametrize(
    ("error", "fields"),
    [
        (driver.DuplicateKeyError("E11000", 11000, {"code": 11000, "keyPattern": {"_id": 1}}), ("id",)),
        (driver.DuplicateKeyError("E11000", 11000, {"keyPattern": {"data.a": 1, "data.b": 1}}), ("a", "b")),
        (driver.DuplicateKeyError("E11000", 11000, {"errmsg": "E11000"}), ()),
        (driver.OperationFailure("x", 1, {"errmsg": "UNIQUE constraint failed: index 'u_email' (2067)"}), ()),
    ],
)
def test_a_duplicate_is_known_and_names_its_index_where_it_can(
    error: driver.OperationFailure, fields: tuple[str, ...]
) -> None:
    assert failures.is_duplicate(error)
    assert failures.key_pattern(error) == fields


def test_a_bulk_insert_in_which_more_than_a_duplicate_failed_is_no_success() -> None:
    taken = {"index": 3, "code": 11000, "errmsg": "E11000"}
    assert failures.only_duplicates(driver.BulkWriteError({"writeErrors": [taken]})) == [3]
    worse: list[dict[str, Any]] = [
        {"writeErrors": [taken, {"index": 4, "code": 10334, "errmsg": "too large"}]},
        {"writeErrors": [taken], "writeConcernErrors": [{"code": 64, "errmsg": "waiting for replication timed out"}]},
    ]
    for details in worse:
        with pytest.raises(errors.Unavailable):
            failures.only_duplicates(driver.BulkWriteError(details))
