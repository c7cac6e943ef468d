"""The main job, as a user sees it: a statement in, an explained score, a credential, a verification."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys

import pytest

from tests.support import berka
from tests.support.rest import Institution, Rest
from tests.support.system_process import ROOT

DIMENSIONS = {
    "paymentConsistency": 0.25,
    "incomeStability": 0.20,
    "spendingBehavior": 0.20,
    "savingsPattern": 0.15,
    "accountLongevity": 0.10,
    "financialDiversity": 0.10,
}
TIERS = ((0, "poor"), (400, "fair"), (600, "good"), (750, "excellent"))


def tier_of(score: int) -> str:
    return [name for least, name in TIERS if score >= least][-1]


def assert_explained(found: dict[str, object]) -> None:
    """Six weighted dimensions and the credibility line add up to the score, to the integer."""
    dimensions = found["dimensions"]
    credibility = found["credibility"]
    assert isinstance(dimensions, dict)
    assert isinstance(credibility, dict)
    assert {name: part["weight"] for name, part in dimensions.items()} == DIMENSIONS
    points = sum(part["contribution"] for part in dimensions.values()) + credibility["contribution"]
    assert points == found.get("score", found.get("trustScore"))
    assert credibility["contribution"] <= 0


@pytest.mark.slow
def test_the_demo_ends_with_one_json_object_and_status_0() -> None:
    command = [sys.executable, "-m", "cli.main", "demo", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120)
    (line,) = done.stdout.strip().splitlines()
    found = json.loads(line)
    assert_explained(found)
    assert found["tier"] == tier_of(found["score"])
    assert 0 <= found["confidence"] <= 1
    assert found["insights"]
    verification = found["verification"]
    assert verification["valid"] is True
    assert (verification["trustScore"], verification["tier"]) == (found["score"], found["tier"])
    assert found["credentialId"].startswith("cred_")
    assert set(found["seconds"]) == {"upload", "analysis", "credential", "verify"}
    assert all(seconds > 0 for seconds in found["seconds"].values())


@pytest.mark.slow
def test_real_statements_of_twenty_accounts_become_credentials(
    rest: Rest, institution: Institution, tmp_path: pathlib.Path
) -> None:
    scores = set()
    for path in berka.statements(tmp_path, least_rows=60, count=20):
        person = rest.person()
        upload = person.upload(path.read_bytes(), name=path.name)
        rows = len(path.read_text().splitlines()) - 1
        assert upload["recordCount"] == rows
        assert person.finished(upload["uploadId"])["result"]["outcome"] == "scored"
        credential = person.credential_of(upload["uploadId"])
        assert_explained(credential)
        assert credential["metadata"]["dataPoints"] == rows
        answer = institution.verify(credential["verificationToken"])
        assert (answer["valid"], answer["trustScore"]) == (True, credential["trustScore"])
        scores.add(credential["trustScore"])
    assert len(scores) >= 10, "twenty people are not all the same"


def test_too_short_a_history_is_said_and_gives_no_credential(rest: Rest) -> None:
    person = rest.person()
    content = (
        b"Date,Description,Amount,Balance,Currency\n2025-01-01,SALARY,10.00,10.00,EUR\n2025-01-02,RENT,-5.00,5.00,EUR\n"
    )
    upload = person.finished(person.upload(content)["uploadId"])
    assert (upload["status"], upload["result"]["outcome"]) == ("processed", "insufficient_data")
    assert upload["result"]["messages"]
    assert person.credentials() == []
