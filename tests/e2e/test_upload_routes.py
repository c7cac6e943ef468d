"""Uploads, as a client sees them: what is taken, what is refused and why, and that a refusal leaves nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.rest import API, Person, Rest
from tests.support.statements import HEADER, statement

LIMIT_BYTES = 200_000
BROKEN = b"2025-02-30,GROCERIES,-10.00,590.00,EUR,MARKET\n2025-02-03,GROCERIES,ten,580.00,EUR,MARKET\n"


@pytest.fixture(scope="module")
def environment() -> dict[str, str]:
    """A system that takes small files only."""
    return {"CREDPASS_UPLOAD_LIMIT_BYTES": str(LIMIT_BYTES)}


@pytest.fixture(scope="module")
def person(rest: Rest) -> Person:
    return rest.person()


def refused(person: Person, content: bytes, status: int, name: str = "statement.csv", **fields: str) -> dict[str, Any]:
    """The error of a refused upload, which must leave nothing."""
    before = uploads(person)
    error = person.rest.refused(
        "POST", "/data/upload", person.token, files={"file": (name, content)}, data=fields, status=status
    )
    assert uploads(person) == before
    return error


def uploads(person: Person) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = person.rest.data("GET", "/data/uploads?pageSize=100", person.token)["uploads"]
    return found


def test_a_csv_statement_is_taken_and_processed(rest: Rest) -> None:
    person = rest.person()
    answer = rest.call("POST", "/data/upload", person.token, files={"file": ("mine.csv", statement(6))})
    assert answer.status_code == 202
    assert answer.json()["message"] == "Statement accepted. The analysis is under way."
    upload = answer.json()["data"]
    upload_id, understanding = upload.pop("uploadId"), upload.pop("understanding")
    assert (understanding["transactionCount"], understanding["sumCredits"]) == (36, {"EUR": "18000.00"})
    assert upload == {
        "status": "pending",
        "recordCount": 36,
        "rejectedCount": 0,
        "firstDate": "2025-01-01",
        "lastDate": "2025-06-26",
        "currencies": ["EUR"],
        "duplicate": False,
    }
    assert answer.headers["location"] == f"{API}/data/uploads/{upload_id}/status"
    followed = rest.http.get(answer.headers["location"], headers={"authorization": f"Bearer {person.token}"})
    assert followed.json()["data"]["uploadId"] == upload_id
    finished = person.finished(upload_id)
    assert (finished["status"], finished["dataType"], finished["sourceCountry"]) == (
        "processed",
        "bank_statement",
        "CZ",
    )
    assert finished["result"]["outcome"] == "scored"
    assert finished["result"]["messages"] == []
    assert finished.pop("understanding") == understanding
    assert uploads(person) == [finished], "the list leaves out what was understood"


def test_a_json_statement_is_taken(rest: Rest) -> None:
    person = rest.person()
    rows = [line.split(",") for line in statement(6).decode().splitlines()[1:]]
    document = [
        {"date": day, "description": text, "amount": amount, "currency": currency}
        for day, text, amount, _, currency, _ in rows
    ]
    upload = person.upload(json.dumps(document).encode(), name="mine.json", data_type="transaction_history")
    assert (upload["recordCount"], upload["firstDate"], upload["currencies"]) == (36, "2025-01-01", ["EUR"])
    finished = person.finished(upload["uploadId"])
    assert (finished["dataType"], finished["result"]["outcome"]) == ("transaction_history", "scored")


def test_the_same_bytes_are_the_same_upload_for_one_user_and_not_for_another(rest: Rest) -> None:
    person, other, content = rest.person(), rest.person(), statement(6, marker="same")
    first = person.upload(content)
    person.finished(first["uploadId"])
    again = person.upload(content, name="another-name.csv")
    assert (again["uploadId"], again["duplicate"], again["status"]) == (first["uploadId"], True, "processed")
    assert len(uploads(person)) == 1
    assert other.upload(content)["duplicate"] is False
    assert len(person.credentials()) == 1


def test_rows_that_cannot_be_taken_are_all_listed_and_nothing_is_kept(person: Person) -> None:
    error = refused(person, statement(4, marker="rows") + BROKEN, 422)
    assert error["code"] == "INVALID_ROWS"
    assert [detail["field"] for detail in error["details"]] == ["rows[26].date", "rows[27].amount"]
    assert all(detail["message"] for detail in error["details"])
    assert "2025-02-30" not in json.dumps(error), "what stands in the file is not repeated"
    assert "GROCERIES" not in json.dumps(error)


def test_the_clean_rows_are_taken_when_the_form_says_so(rest: Rest) -> None:
    person = rest.person()
    upload = person.upload(statement(6, marker="partial") + BROKEN, accept_partial="true")
    assert (upload["recordCount"], upload["rejectedCount"]) == (36, 2)
    assert person.finished(upload["uploadId"])["result"]["outcome"] == "scored"


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 400, "INVALID_FORM"),
        (b"\n \n", 422, "UNREADABLE_STATEMENT"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20, 422, "UNREADABLE_STATEMENT"),
        (b"<html><body>Not found</body></html>", 422, "UNREADABLE_STATEMENT"),
        (b"Dear Sir or Madam,\nplease find my statement attached.\n", 422, "UNREADABLE_STATEMENT"),
        (b'{"transactions": [', 422, "UNREADABLE_STATEMENT"),
        (HEADER.encode() + b"\n", 422, "UNREADABLE_STATEMENT"),
    ],
    ids=["empty", "blank", "picture", "page", "letter", "half-json", "no-rows"],
)
def test_what_is_no_statement_is_said_to_be_none(person: Person, content: bytes, status: int, code: str) -> None:
    assert refused(person, content, status)["code"] == code


def test_a_statement_that_leaves_something_open_names_the_field_to_send(rest: Rest) -> None:
    person = rest.person()
    days = ("03/04", "05/06", "07/02", "09/01", "04/04", "02/08", "01/12", "06/05")
    rows = [f"{day}/2025,SHOP,-{number}.00,EUR" for number, day in enumerate(days, 100)]
    content = "\n".join(["Date,Description,Amount,Currency", *rows]).encode()
    error = refused(person, content, 422)
    assert error["code"] == "OPEN_QUESTION"
    (detail,) = error["details"]
    assert detail["field"] == "dateOrder"
    assert "dmy" in detail["message"]
    assert "mdy" in detail["message"]
    settled = person.upload(content, date_order="dmy")
    assert (settled["firstDate"], settled["lastDate"]) == ("2025-01-09", "2025-12-01")


def test_a_file_over_the_limit_is_413_and_leaves_nothing(person: Person) -> None:
    content = statement(6) + b" " * LIMIT_BYTES
    assert refused(person, content, 413)["code"] in {"STATEMENT_TOO_LARGE", "PAYLOAD_TOO_LARGE"}


def test_a_body_far_over_the_limit_is_413_before_it_is_read(person: Person) -> None:
    error = person.rest.refused(
        "POST",
        "/data/upload",
        person.token,
        content=bytes(LIMIT_BYTES + (2 << 20)),
        headers={"content-type": "multipart/form-data; boundary=b"},
        status=413,
    )
    assert error["code"] == "PAYLOAD_TOO_LARGE"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"colour": "green"}, "colour"),
        ({"data_type": "diary"}, "dataType"),
        ({"accept_partial": "perhaps"}, "acceptPartial"),
        ({"source_country": "Czechia"}, "sourceCountry"),
        ({"currency": "euro"}, "currency"),
        ({"sign": "plus"}, "sign"),
    ],
)
@pytest.mark.parametrize("first", ["field", "file"])
def test_a_wrong_field_is_400_and_named(person: Person, fields: dict[str, str], field: str, first: str) -> None:
    content = statement(3, marker="fields")
    parts: list[tuple[str, Any]] = [("file", ("statement.csv", content))]
    parts += [(name, (None, value)) for name, value in fields.items()]
    before = uploads(person)
    ordered = parts if first == "file" else parts[::-1]
    error = person.rest.refused("POST", "/data/upload", person.token, files=ordered, status=400)
    assert [detail["field"] for detail in error["details"]] == [field]
    assert uploads(person) == before


@pytest.mark.parametrize(
    "parts",
    [
        [("file", ("a.csv", b"x")), ("file", ("b.csv", b"y"))],
        [("attachment", ("a.csv", b"x"))],
        [("file", (None, "not a file part"))],
        [("data_type", (None, "bank_statement"))],
        [("sign", (None, "credit")), ("sign", (None, "credit")), ("file", ("a.csv", b"x"))],
    ],
    ids=["two-files", "other-name", "plain-field", "no-file", "field-twice"],
)
def test_a_form_without_exactly_one_file_is_400(person: Person, parts: list[tuple[str, Any]]) -> None:
    error = person.rest.refused("POST", "/data/upload", person.token, files=parts, status=400)
    assert error["code"] in {"INVALID_FORM", "VALIDATION_ERROR"}
    assert error["details"]


@pytest.mark.parametrize(
    "content_type", ["application/json", "text/csv", "multipart/form-data", "multipart/mixed; boundary=b", ""]
)
def test_a_body_that_is_no_form_is_415(person: Person, content_type: str) -> None:
    headers = {"content-type": content_type} if content_type else {}
    error = person.rest.refused("POST", "/data/upload", person.token, content=statement(3), headers=headers, status=415)
    assert error["code"] == "UNSUPPORTED_MEDIA_TYPE"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no boundary at all",
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nDate,Am',
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nDate\r\n--b',
        b"--b\r\nContent-Type: text/csv\r\n\r\nDate\r\n--b--\r\n",
    ],
    ids=["empty", "garbage", "cut-in-file", "cut-in-boundary", "no-name"],
)
def test_a_broken_form_is_400(person: Person, body: bytes) -> None:
    before = uploads(person)
    headers = {"content-type": "multipart/form-data; boundary=b"}
    error = person.rest.refused("POST", "/data/upload", person.token, content=body, headers=headers, status=400)
    assert error["code"] in {"VALIDATION_ERROR", "INVALID_FORM"}
    assert uploads(person) == before


def test_nothing_is_taken_without_consent(rest: Rest) -> None:
    person = rest.person(consent=False)
    assert refused(person, statement(6), 403)["code"] == "CONSENT_MISSING"
    large = statement(6) + b" " * (LIMIT_BYTES // 2)
    assert refused(person, large, 403)["code"] == "CONSENT_MISSING"


def test_a_connection_serves_on_after_an_upload_that_was_refused_unread(rest: Rest) -> None:
    person = rest.person(consent=False)
    for _ in range(40):
        assert refused(person, statement(6) + b" " * (LIMIT_BYTES // 2), 403)["code"] == "CONSENT_MISSING"
        assert rest.data("GET", "/consent", person.token)["dataProcessing"] is False


def test_uploads_are_listed_newest_first_page_by_page(rest: Rest) -> None:
    person = rest.person()
    ids = [person.upload(statement(3, marker=f"page {number}"))["uploadId"] for number in range(5)]
    pages, token = [], ""
    for _ in range(3):
        page = rest.data("GET", "/data/uploads", person.token, params={"pageSize": 2, "pageToken": token})
        pages.append([upload["uploadId"] for upload in page["uploads"]])
        token = page["nextPageToken"]
    assert [len(page) for page in pages] == [2, 2, 1]
    assert [upload_id for page in pages for upload_id in page] == ids[::-1]
    assert token == ""


@pytest.mark.parametrize(
    ("query", "field"),
    [("pageSize=101", "pageSize"), ("pageSize=-1", "pageSize"), ("pageSize=two", "pageSize"), ("page=2", "page")],
)
def test_a_wrong_page_is_400_and_named(person: Person, query: str, field: str) -> None:
    error = person.rest.refused("GET", f"/data/uploads?{query}", person.token, status=400)
    assert [detail["field"] for detail in error["details"]] == [field]


@pytest.mark.parametrize("token", ["made up", "AAAA", "WzFd", "WzFlMzA4LCJ4Il0=", "é", "x" * 201])
def test_an_invented_page_token_is_400(person: Person, token: str) -> None:
    error = person.rest.refused("GET", "/data/uploads", person.token, params={"pageToken": token}, status=400)
    assert [detail["field"] for detail in error["details"]] == ["pageToken"]
