"""A statement's words and figures, marked so that they stand nowhere else, are nowhere in plain: not in any byte of any
file, not in the log, not in an event, not in what others are told.
"""

from __future__ import annotations

import base64
import gzip
import json
import pathlib
import sqlite3
from typing import Any

import pytest

from tests.support import scanning
from tests.support.rest import Person, Rest, until
from tests.support.statements import HEADER
from tests.support.system_process import SystemProcess

pytestmark = [pytest.mark.slow, pytest.mark.one_stack("embedded", reason="it reads the bytes of every file")]

TEXT, PARTNER, NAME, REFUSED = "QZCANARYTEXT", "QZCANARYPARTNER", "QZCANARYFILE", "QZCANARYREFUSED"
FIGURE, ACCOUNT = "7731559.37", "CZ6508000000192000145399"
FIRST, LAST = "QZCANARYFIRST", "QZCANARYLAST"
WORDS = (FIRST, LAST, TEXT, PARTNER, NAME, REFUSED, FIGURE, FIGURE.replace(".", ""), ACCOUNT)
# Mails go to the person; accounts belongs to `credpass run`, which keeps its own user's password there.
NOT_OURS = ("mail", "accounts")


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
def traces(system: SystemProcess, rest: Rest) -> dict[str, Any]:
    """Everything that a main job and its refusals leave, with what others were told meanwhile."""
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


def test_no_file_of_the_system_holds_a_word_in_plain(system: SystemProcess, traces: dict[str, Any]) -> None:
    finds, size_bytes = scanning.in_folder(system.data, WORDS, without=NOT_OURS)
    assert finds == []
    assert size_bytes > 100_000, "the scan has seen the databases"
    assert {path.name for path in system.data.iterdir()} >= {"credpass.db", "events.db", "blobs", "keys"}


def test_the_log_holds_no_word(system: SystemProcess, traces: dict[str, Any]) -> None:
    log = system.log.read_bytes()
    assert b"UploadStatement" in log
    assert scanning.in_bytes("log", log, WORDS) == []
    person: Person = traces["person"]
    assert scanning.in_bytes("log", log, (person.email, person.token, person.refresh_token)) == []


def payloads(system: SystemProcess) -> list[dict[str, Any]]:
    """Every event's envelope, as any consumer reads it."""
    database = sqlite3.connect(f"file:{system.data / 'events.db'}?mode=ro", uri=True)
    try:
        rows = database.execute("SELECT value FROM records").fetchall()
    finally:
        database.close()
    return [json.loads(value) for (value,) in rows]


def test_no_event_holds_a_word_or_a_figure_of_the_statement(system: SystemProcess, traces: dict[str, Any]) -> None:
    kinds = {"data.ingested", "analysis.completed", "credential.generated", "verification.requested", "call.audited"}

    def look() -> list[dict[str, Any]] | None:
        found = payloads(system)
        return found if kinds <= {event["eventType"] for event in found} else None

    events = until(look, "every kind of event")
    assert scanning.in_bytes("events", json.dumps(events).encode(), WORDS) == []
    person: Person = traces["person"]
    assert scanning.in_bytes("events", json.dumps(events).encode(), (person.email,)) == []


def test_an_institution_and_others_are_told_no_word(traces: dict[str, Any]) -> None:
    for told in ("answers", "dashboard", "told"):
        assert scanning.in_bytes(told, json.dumps(traces[told]).encode(), WORDS) == []


def test_a_refusal_repeats_nothing_of_the_statement(traces: dict[str, Any]) -> None:
    assert scanning.in_bytes("refusals", json.dumps(traces["refusals"]).encode(), WORDS) == []


def test_personal_fields_are_in_no_file_in_plain(system: SystemProcess, traces: dict[str, Any]) -> None:
    person: Person = traces["person"]
    finds, _ = scanning.in_folder(system.data, (person.email, person.token, person.refresh_token), without=NOT_OURS)
    assert finds == []


def test_the_scan_finds_a_planted_word_in_any_form(tmp_path: pathlib.Path) -> None:
    plain = f"before {TEXT} after".encode()
    planted = [plain, plain.lower(), plain.decode().encode("utf-16-le"), plain.hex().encode(), gzip.compress(plain)]
    planted += [base64.b64encode(b"\xff" * shift + plain) for shift in range(3)]
    for number, data in enumerate(planted):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "planted.bin").write_bytes(b"\x00\xff" + data if number != 4 else data)
        assert scanning.in_folder(folder, WORDS)[0], number
    database = sqlite3.connect(tmp_path / "planted.db")
    database.execute("CREATE TABLE t(x)")
    database.execute("INSERT INTO t VALUES (?)", (f"before {FIGURE} after",))
    database.commit()
    database.close()
    assert scanning.Find("planted.db", FIGURE, "text") in scanning.in_folder(tmp_path, WORDS)[0]


def test_the_scan_finds_what_does_lie_there(system: SystemProcess, traces: dict[str, Any]) -> None:
    """The same scan, with a word that must be there: it reads the databases as they are, journal included."""
    person: Person = traces["person"]
    places = {find.place for find in scanning.in_folder(system.data, (person.user_id,))[0]}
    assert any(place.startswith("credpass.db") for place in places)
    assert any(place.startswith("events.db") for place in places)
    mails = scanning.in_folder(system.data, (person.email,))[0]
    assert {find.place.split("/")[0] for find in mails} == {"mail"}
