"""The main job on a statement of every format, from the upload to its outcome; what is told of it on the way."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from analysis.statement import ocr
from tests.support.rest import Institution, Person, Rest
from tests.support.statement_formats import FORMATS, csv, life, major, printed
from tests.support.statement_writer import Movement


def sums(movements: Sequence[Movement]) -> tuple[dict[str, str], dict[str, str]]:
    money_in = sum(one.cents for one in movements if one.cents > 0)
    money_out = -sum(one.cents for one in movements if one.cents < 0)
    return {"EUR": major(money_in)}, {"EUR": major(money_out)}


def assert_understood(found: dict[str, Any], kind: str, movements: Sequence[Movement]) -> None:
    assert found["layout"]["format"].startswith(kind)
    assert (found["transactionCount"], found["accountCount"], found["problemCount"]) == (len(movements), 1, 0)
    assert (found["firstDate"], found["lastDate"]) == (str(movements[0].booked), str(movements[-1].booked))
    assert (found["sumCredits"], found["sumDebits"]) == sums(movements)
    assert found["currencies"] == ["EUR"]
    assert found["problems"] == []
    assert found["reconciliation"]["status"] in {"chains", "no_balances"}
    assert found["tamper"] == {"score": 0, "signals": []}


def preview(person: Person, content: bytes, **fields: str) -> dict[str, Any]:
    """What is understood of a file; nothing may be left of it."""
    before = person.rest.data("GET", "/data/uploads", person.token)
    found: dict[str, Any] = person.rest.data(
        "POST", "/data/preview", person.token, files={"file": ("any-name.bin", content)}, data=fields
    )
    assert person.rest.data("GET", "/data/uploads", person.token) == before
    return found


@pytest.mark.parametrize("name", FORMATS)
def test_a_statement_of_every_format_becomes_a_verified_credential(
    rest: Rest, institution: Institution, name: str
) -> None:
    kind, write, fields = FORMATS[name]
    person, movements = rest.person(), life()
    content = write(movements)
    looked = preview(person, content, **fields)
    assert_understood(looked["understanding"], kind, movements)
    assert (looked["questions"], looked["rejectedCount"]) == ([], 0)
    upload = person.upload(content, name="any-name.bin", **fields)
    assert upload["understanding"] == looked["understanding"]
    finished = person.finished(upload["uploadId"])
    assert finished["understanding"] == looked["understanding"]
    assert (finished["status"], finished["result"]["outcome"]) == ("processed", "scored")
    credential = person.credential_of(upload["uploadId"])
    assert credential["metadata"]["dataPoints"] == len(movements)
    answer = institution.verify(credential["verificationToken"])
    assert (answer["valid"], answer["trustScore"]) == (True, credential["trustScore"])


def test_a_printed_statement_of_few_weeks_says_what_is_missing(rest: Rest) -> None:
    person, movements = rest.person(), life(2)
    upload = person.upload(printed(movements), name="statement.pdf")
    assert_understood(upload["understanding"], "pdf", movements)
    assert upload["understanding"]["reconciliation"]["status"] == "chains"
    finished = person.finished(upload["uploadId"])
    assert (finished["status"], finished["result"]["outcome"]) == ("processed", "insufficient_data")
    assert finished["result"]["messages"]


def test_the_way_a_file_is_written_does_not_change_its_score(rest: Rest) -> None:
    scores: dict[str, dict[str, int]] = {}
    for name in ("plain", "german", "xlsx"):
        credential = rest.person().credential(FORMATS[name][1](life()))
        scores[name] = {dimension: part["score"] for dimension, part in credential["dimensions"].items()}
    assert scores["plain"] == scores["german"] == scores["xlsx"]


UNSIGNED = "\n".join(
    [
        "Date,Description,Amount,Currency",
        *(f"2025-01-{day:02d},ITEM {day * 7},{day * 3}.50,EUR" for day in range(1, 20)),
    ]
).encode()
YEARLESS = csv(date_format="%d %b", balance=False)(life())
EITHER_WAY = "\n".join(
    ["Date,Description,Amount,Currency"]
    + [
        f"{day}/2025,SHOP,-{number}.00,EUR"
        for number, day in enumerate(("03/04", "05/06", "07/02", "09/01", "04/04"), 100)
    ]
).encode()
WHOLE = json.dumps(
    [
        {"date": f"2025-01-{day}", "amount": -day * 150, "currency": "EUR", "description": f"ITEM {day}"}
        for day in range(13, 20)
    ]
).encode()


@pytest.mark.parametrize(
    ("content", "field", "answer", "candidates"),
    [
        (EITHER_WAY, "dateOrder", "dmy", "dmy mdy"),
        (YEARLESS, "year", "2025", ""),
        (
            b"Date;Description;Amount;Currency\n2025-01-31;SHOP;-1.234;EUR\n2025-01-30;PAY;2.345;EUR\n",
            "decimal",
            ".",
            ", .",
        ),
        (WHOLE, "decimal", "minor", "minor ."),
        (UNSIGNED, "sign", "debit", "credit debit"),
    ],
    ids=["date-order", "year", "decimal", "minor-units", "sign"],
)
def test_what_is_left_open_is_asked_and_the_answer_settles_it(
    rest: Rest, content: bytes, field: str, answer: str, candidates: str
) -> None:
    person = rest.person()
    (question,) = preview(person, content)["questions"]
    assert (question["field"], " ".join(question["candidates"])) == (field, candidates)
    error = person.rest.refused("POST", "/data/upload", person.token, files={"file": ("open.csv", content)}, status=422)
    assert error["code"] == "OPEN_QUESTION"
    (detail,) = error["details"]
    assert detail["field"] == field
    assert all(candidate in detail["message"] for candidate in question["candidates"])
    assert person.rest.data("GET", "/data/uploads", person.token)["uploads"] == []
    settled = preview(person, content, **{field: answer})
    assert settled["questions"] == []
    assert settled["understanding"]["firstDate"].startswith("2025-01-")
    assert person.upload(content, **{field: answer})["understanding"] == settled["understanding"]


def test_an_open_question_does_not_keep_the_figures_from_being_shown(rest: Rest) -> None:
    found = preview(rest.person(), YEARLESS)["understanding"]
    assert (found["sumCredits"], found["sumDebits"]) == sums(life())
    assert (found["firstDate"], found["lastDate"]) == ("", "")


def test_clean_rows_are_shown_beside_the_problems_and_taken_when_the_form_says_so(rest: Rest) -> None:
    person, movements = rest.person(), life()
    content = csv()(movements) + b"2025-02-30,GROCERIES,-10.00,590.00,EUR\n2025-12-28,GROCERIES,ten,580.00,EUR\n"
    looked = preview(person, content)
    found = looked["understanding"]
    assert (found["transactionCount"], found["problemCount"], looked["rejectedCount"]) == (len(movements), 2, 2)
    assert (found["sumCredits"], found["sumDebits"]) == sums(movements)
    assert [(one["row"], one["value"]) for one in found["problems"]] == [
        (len(movements) + 2, "2025-02-30"),
        (len(movements) + 3, "ten"),
    ]
    assert all(one["reason"] and one["column"] for one in found["problems"])
    error = person.rest.refused("POST", "/data/upload", person.token, files={"file": ("a.csv", content)}, status=422)
    assert error["code"] == "INVALID_ROWS"
    upload = person.upload(content, accept_partial="true")
    assert upload["understanding"] == found
    credential = person.credential_of(upload["uploadId"])
    assert "2 rows of the statement could not be read." in credential["credibility"]["reasons"]


def test_a_preview_shows_signs_of_tampering_with_their_evidence(rest: Rest) -> None:
    movements = life()
    lines = csv()(movements).decode().splitlines()
    lines[30] = lines[30].replace("-95", "-15")
    found = preview(rest.person(), "\n".join(lines).encode())["understanding"]
    assert found["reconciliation"]["status"] == "breaks"
    assert found["reconciliation"]["breaks"][0]["row"] in {31, 32}
    assert found["tamper"]["score"] > 0
    assert [signal["code"] for signal in found["tamper"]["signals"]] == ["balance_breaks"]
    assert found["tamper"]["signals"][0]["evidence"]


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 400, "INVALID_FORM"),
        (b"Dear Sir or Madam,\nplease find my statement attached.\n", 422, "UNREADABLE_STATEMENT"),
        (b"%PDF-1.4\nnothing in it\n%%EOF", 422, "UNREADABLE_STATEMENT"),
    ],
    ids=["empty", "letter", "pdf"],
)
def test_a_preview_of_no_statement_is_refused_as_its_upload_would_be(
    rest: Rest, content: bytes, status: int, code: str
) -> None:
    person = rest.person()
    for path in ("/data/preview", "/data/upload"):
        error = rest.refused("POST", path, person.token, files={"file": ("a.csv", content)}, status=status)
        assert error["code"] == code


@pytest.mark.skipif(ocr.available(), reason="the extra credpass[ocr] is installed")
def test_a_scan_is_refused_with_the_extra_that_reads_it_and_what_to_send_instead(rest: Rest) -> None:
    person = rest.person()
    files = {"file": ("scan.png", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(200))}
    for path in ("/data/preview", "/data/upload"):
        error = rest.refused("POST", path, person.token, files=files, status=422)
        assert error["code"] == "UNREADABLE_STATEMENT"
        assert "credpass[ocr]" in error["message"]
        assert "CSV" in error["message"]


@pytest.mark.parametrize("year", ["1969", "2101", "soon"])
def test_a_year_that_no_statement_has_is_400_and_named(rest: Rest, year: str) -> None:
    person = rest.person()
    for path in ("/data/preview", "/data/upload"):
        files = {"file": ("a.csv", csv()(life(1)))}
        error = rest.refused("POST", path, person.token, files=files, data={"year": year}, status=400)
        assert [detail["field"] for detail in error["details"]] == ["year"]


def test_nothing_is_looked_at_without_consent(rest: Rest) -> None:
    person = rest.person(consent=False)
    error = rest.refused("POST", "/data/preview", person.token, files={"file": ("a.csv", csv()(life()))}, status=403)
    assert error["code"] == "CONSENT_MISSING"
    files = {"file": ("a.csv", csv()(life()))}
    assert rest.refused("POST", "/data/preview", files=files, status=401)["code"]
