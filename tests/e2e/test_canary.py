"""A statement's words and figures, marked so that they stand nowhere else, are nowhere in plain: not in any byte of any
file or server, not in a log, not in an event, not in what others are told.
"""

from __future__ import annotations

import base64
import gzip
import json
import pathlib
import sqlite3
from typing import Any

import pytest

from tests.support import remains, scanning
from tests.support.remains import Remains
from tests.support.rest import Person, Rest, until
from tests.support.statements import HEADER

pytestmark = pytest.mark.slow

TEXT, PARTNER, NAME, REFUSED = "QZCANARYTEXT", "QZCANARYPARTNER", "QZCANARYFILE", "QZCANARYREFUSED"
FIGURE, ACCOUNT = "7731559.37", "CZ6508000000192000145399"
FIRST, LAST = "QZCANARYFIRST", "QZCANARYLAST"
WORDS = (FIRST, LAST, TEXT, PARTNER, NAME, REFUSED, FIGURE, FIGURE.replace(".", ""), ACCOUNT)
KINDS = frozenset(
    {"data.ingested", "analysis.completed", "credential.generated", "verification.requested", "call.audited"}
)


def content() -> bytes:
    rows, balance = [f"{HEADER},Account"], 7_731_559_37
    for month in range(1, 13):
        for day, text, cents in ((1, "SALARY", 300_000), (3, "RENT", -90_000), (9, "GROCERIES", -20_000)):
            balance += cents
            amount = f"{cents / 100:.2f}"
            rows.append(
                f"2025-{month:02}-{day:02},{text} {TEXT},{amount},{balance / 100:.2f},EUR,{PARTNER} LTD,{ACCOUNT}"
            )
    rows.append(f"2025-12-28,GIFT {TEXT},{FIGURE},{(balance + 773155937) / 100:.2f},EUR,{PARTNER} LTD,{ACCOUNT}")
    return ("\n".join(rows) + "\n").encode()


@pytest.fixture(scope="module")
def left(stack: str, request: pytest.FixtureRequest) -> Remains:
    """What the system leaves, to be looked at after `traces`."""
    if stack == "cluster":
        return remains.OfServers(request.getfixturevalue("cluster"))
    return remains.OfFiles(request.getfixturevalue("system"))


@pytest.fixture(scope="module")
def traces(left: Remains, rest: Rest) -> dict[str, Any]:
    """Everything that a main job and its refusals leave, with what others were told meanwhile; their events are out."""
    person, other, institution = rest.person(), rest.person(), rest.institution()
    names = {"firstName": FIRST, "lastName": LAST, "country": "DE"}
    rest.data("PUT", "/users/profile", person.token, json=names)
    credential = person.credential_of(person.upload(content(), name=f"{NAME}.csv")["uploadId"])
    link = person.share(credential["credentialId"], maxUsage=1)
    answers = [institution.verify(token) for token in (credential["verificationToken"], link["token"], link["token"])]
    dashboard = rest.data("GET", "/institutions/dashboard", institution.key)
    refusals = refused(person)
    told = [
        rest.call("GET", f"/credentials/{credential['credentialId']}", other.token).text,
        rest.call("GET", "/credentials", other.token).text,
        rest.call("GET", "/data/uploads", other.token).text,
        rest.call("GET", f"/verify/{credential['verificationToken']}", other.token).text,
        rest.http.get("/healthz").text,
    ]
    until(lambda: {event["eventType"] for event in left.envelopes()} >= KINDS or None, "every kind of event")
    return {"answers": answers, "dashboard": dashboard, "refusals": refusals, "told": told, "person": person}


def refused(person: Person) -> list[str]:
    """What is said of statements that are not taken."""
    bad = {
        "rows": content() + f"2025-02-31,{REFUSED},{FIGURE},1.00,EUR,{PARTNER},{ACCOUNT}\n".encode(),
        "amount": content() + f"2025-12-30,{TEXT},{REFUSED},1.00,EUR,{PARTNER},{ACCOUNT}\n".encode(),
        "letter": f"Dear {REFUSED}, about {ACCOUNT}: {FIGURE}.\n".encode(),
        "json": f'{{"transactions": [{{"text": "{REFUSED}"'.encode(),
        "headers": f"{REFUSED},{PARTNER}\n{FIGURE},{ACCOUNT}\n".encode(),
    }
    said = []
    for name, statement in bad.items():
        files = {"file": (f"{NAME}-{name}.csv", statement)}
        answer = person.rest.call("POST", "/data/upload", person.token, files=files)
        assert answer.status_code == 422, answer.text
        said.append(answer.text)
    answer = person.rest.call(
        "POST", "/data/upload", person.token, data={REFUSED: FIGURE}, files={"file": (NAME, b"x")}
    )
    assert answer.status_code == 400
    return said


def test_no_store_holds_a_word_in_plain(left: Remains, traces: dict[str, Any]) -> None:
    places = list(left.places())
    assert {name.partition("/")[0] for name, _ in places} >= left.stores
    assert scanning.in_places(places, WORDS) == []


def test_no_log_holds_a_word(left: Remains, traces: dict[str, Any]) -> None:
    log = left.logs()
    assert b"UploadStatement" in log
    assert scanning.in_bytes("log", log, WORDS) == []
    person: Person = traces["person"]
    assert scanning.in_bytes("log", log, (person.email, person.token, person.refresh_token)) == []


def test_no_event_holds_a_word_or_a_figure_of_the_statement(left: Remains, traces: dict[str, Any]) -> None:
    events = json.dumps(left.envelopes()).encode()
    person: Person = traces["person"]
    assert scanning.in_bytes("events", events, (*WORDS, person.email)) == []


def test_an_institution_and_others_are_told_no_word(traces: dict[str, Any]) -> None:
    for told in ("answers", "dashboard", "told"):
        assert scanning.in_bytes(told, json.dumps(traces[told]).encode(), WORDS) == []


def test_a_refusal_repeats_nothing_of_the_statement(traces: dict[str, Any]) -> None:
    assert scanning.in_bytes("refusals", json.dumps(traces["refusals"]).encode(), WORDS) == []


def test_personal_fields_are_in_no_store_in_plain(left: Remains, traces: dict[str, Any]) -> None:
    person: Person = traces["person"]
    assert scanning.in_places(left.places(), (person.email, person.token, person.refresh_token)) == []


def test_the_scan_finds_a_planted_word_in_any_form(tmp_path: pathlib.Path) -> None:
    plain = f"before {TEXT} after".encode()
    planted = [plain, plain.lower(), plain.decode().encode("utf-16-le"), plain.hex().encode(), gzip.compress(plain)]
    planted += [base64.b64encode(b"\xff" * shift + plain) for shift in range(3)]
    for number, data in enumerate(planted):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "planted.bin").write_bytes(b"\x00\xff" + data if number != 4 else data)
        assert scanning.in_places(scanning.files(folder), WORDS), number
    database = sqlite3.connect(tmp_path / "planted.db")
    database.execute("CREATE TABLE t(x)")
    database.execute("INSERT INTO t VALUES (?)", (f"before {FIGURE} after",))
    database.commit()
    database.close()
    assert scanning.Find("planted.db", FIGURE, "text") in scanning.in_places(scanning.files(tmp_path), WORDS)


def test_the_scan_finds_what_does_lie_there(left: Remains, traces: dict[str, Any]) -> None:
    """The same scan, with a word that must be there: it reads the stores as they are, a database's journal included."""
    person: Person = traces["person"]
    finds = scanning.in_places(left.places(), (person.user_id,))
    found = {find.place.partition("/")[0].removesuffix("-wal") for find in finds}
    assert found >= {left.documents, left.events, left.blobs}
    letters = scanning.files(person.rest.mailbox)
    assert scanning.in_places(letters, (person.email,)), "mails go to the person"
