"""The audit trail of a system that has worked: everything that happened is in it, and no change to it goes unseen."""

from __future__ import annotations

import contextlib
import re
import sqlite3
import subprocess
import sys

import pytest

from tests.support.rest import PASSWORD, Rest, until
from tests.support.statements import statement
from tests.support.system_process import ROOT, SystemProcess

pytestmark = [pytest.mark.slow, pytest.mark.one_stack("embedded", reason="it reads the SQLite files")]


def check(system: SystemProcess) -> tuple[int, str]:
    """Exit status and words of `credpass check-audit`."""
    command = [sys.executable, "-m", "cli.main", "check-audit", "--data", str(system.data)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout


def rows(system: SystemProcess, name: str, query: str) -> list[tuple[str | int, ...]]:
    with contextlib.closing(sqlite3.connect(f"file:{system.data / name}?mode=ro", uri=True)) as database:
        return database.execute(query).fetchall()


EVENTS = "SELECT count(*) FROM records JOIN partitions ON id = partition WHERE topic NOT LIKE '%.dlq'"
RECORDS = "SELECT count(*) FROM c_audit_records"


def test_everything_that_happened_is_in_the_trail_once(system: SystemProcess, rest: Rest) -> None:
    person, institution = rest.person(), rest.institution()
    credential = person.credential(statement(6))
    institution.verify(credential["verificationToken"])
    wrong = rest.call("POST", "/auth/login", json={"email": person.email, "password": f"not {PASSWORD}"})
    rest.data("DELETE", f"/credentials/{credential['credentialId']}", person.token)
    rest.data("DELETE", "/users/account", person.token)
    outbox = "SELECT count(*) FROM outbox"

    def look() -> bool | None:
        told = rows(system, "events.db", EVENTS) == rows(system, "credpass.db", RECORDS)
        return (told and rows(system, "credpass.db", outbox) == [(0,)]) or None

    until(look, "the last record")
    trail = str(rows(system, "credpass.db", "SELECT * FROM c_audit_records"))
    for kind in ("auth.register", "auth.login", "data.ingested", "analysis.completed", "credential.generated"):
        assert kind in trail
    for kind in ("verification.requested", "credential.revoked", "account.erased", "institution.register"):
        assert kind in trail
    assert wrong.headers["x-correlation-id"] in trail, "a refusal is in it too"
    for private in (person.email, institution.email, person.token, credential["verificationToken"], institution.key):
        assert private not in trail


def test_the_trail_is_intact_while_the_system_works_and_after_a_kill(system: SystemProcess, rest: Rest) -> None:
    status, words = check(system)
    assert status == 0, words
    assert int(re.findall(r"intact: ([0-9,]+) records", words)[0].replace(",", "")) > 10
    system.kill()
    assert check(system)[0] == 0


# The last of the file: it leaves a trail that nothing mends, of a system that does not run any more.
def test_a_change_behind_the_systems_back_is_found(system: SystemProcess) -> None:
    change = "DELETE FROM c_audit_records WHERE rowid IN (SELECT rowid FROM c_audit_records LIMIT 1 OFFSET 3)"
    with contextlib.closing(sqlite3.connect(system.data / "credpass.db")) as database:
        assert database.execute(change).rowcount == 1
        database.commit()
    status, words = check(system)
    assert status == 1
    assert "NOT intact" in words
