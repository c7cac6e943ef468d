"""What reading a file was like reaches the score: left-out rows, signs of tampering, kinds of account, overlaps."""

from __future__ import annotations

import pathlib
from collections.abc import AsyncIterator
from datetime import date

import orjson
import pytest
from credpass.analysis.v1 import analysis_service_pb2
from credpass.ingestion.v1 import ingestion_service_pb2

from services.ingestion import domain
from tests.support import clocks, made_statements, statement_formats, statement_path

USER, OTHER = "user_one", "user_two"
UNREAD = "could not be read"
CHANGED = "signs of having been changed"


@pytest.fixture
def clock() -> clocks.HandClock:
    return clocks.HandClock()


@pytest.fixture
async def path(tmp_path: pathlib.Path, clock: clocks.HandClock) -> AsyncIterator[statement_path.Path]:
    async with statement_path.opened(tmp_path, clock) as opened:
        for user_id in (USER, OTHER):
            await opened.stands_on.vault.create_subject(user_id)
        async with statement_path.flowing(opened):
            yield opened


def csv(lines: list[str]) -> bytes:
    return "\n".join([made_statements.HEADER, *lines, ""]).encode()


def others_csv(lines: list[str]) -> bytes:
    """The same movements as somebody else would pass them off: other names, another layout."""
    rows = [";".join(line.replace(made_statements.CANARY, "ELSEWHERE").split(",")[:4]) for line in lines]
    return "\n".join(["Datum;Text;Betrag EUR;Saldo EUR", *rows, ""]).encode()


async def analysed(
    path: statement_path.Path, *files: bytes, user_id: str = USER, **form: object
) -> analysis_service_pb2.Analysis:
    """The analysis once it covers all these files (and those before)."""
    receipts = [await path.upload(file, user_id, **form) for file in files]
    uploads = [await path.settled(receipt.upload_id, user_id) for receipt in receipts]
    return await covering(path, [upload.upload_id for upload in uploads], user_id)


async def covering(path: statement_path.Path, upload_ids: list[str], user_id: str) -> analysis_service_pb2.Analysis:
    async def found() -> analysis_service_pb2.Analysis:
        latest = (await path.status(upload_ids[-1], user_id)).result.analysis_id
        request = analysis_service_pb2.GetAnalysisRequest(user_id=user_id, analysis_id=latest)
        response = await path.analysis.GetAnalysis(request, None)
        assert isinstance(response, analysis_service_pb2.GetAnalysisResponse)
        return response.analysis

    async def covers_all() -> bool:
        return set((await found()).upload_ids) >= set(upload_ids)

    await statement_path.until(covers_all)
    return await found()


def reasons(analysis: analysis_service_pb2.Analysis, about: str) -> list[str]:
    return [reason for reason in analysis.credibility.reasons if about in reason]


async def test_rows_that_are_left_out_lower_the_credibility(path: statement_path.Path) -> None:
    whole = await analysed(path, csv(made_statements.rows()))
    broken = made_statements.rows(first=date(2024, 11, 1))
    for place in (4, 40, 80, 120):
        cells = broken[place].split(",")
        broken[place] = ",".join([cells[0], cells[1], "12.3.4x", cells[3], cells[4]])
    partial = await analysed(path, csv(broken), user_id=OTHER, accept_partial=True)
    assert partial.data_points == len(broken) - 4
    assert not reasons(whole, UNREAD)
    assert reasons(partial, UNREAD) == ["4 rows of the statement could not be read."]
    assert partial.credibility.factor < whole.credibility.factor


async def test_signs_of_tampering_lower_the_credibility(path: statement_path.Path) -> None:
    honest = await analysed(path, csv(made_statements.rows()))
    changed = made_statements.rows(first=date(2024, 11, 1))
    for place in (3, 30, 60):
        cells = changed[place].split(",")
        changed[place] = ",".join([cells[0], cells[1], f"{float(cells[2]) + 900:.2f}", cells[3], cells[4]])
    receipt = await path.upload(csv(changed), OTHER)
    assert [signal.code for signal in receipt.understanding.tamper.signals] == ["balance_breaks"]
    await path.settled(receipt.upload_id, OTHER)
    analysis = await covering(path, [receipt.upload_id], OTHER)
    assert not reasons(honest, CHANGED)
    assert reasons(analysis, CHANGED)
    assert analysis.credibility.factor < honest.credibility.factor


async def test_the_rows_of_another_owner_lower_only_the_later_credibility_and_nobody_is_told(
    path: statement_path.Path, clock: clocks.HandClock
) -> None:
    lines = made_statements.rows()
    first = await analysed(path, csv(lines))
    clock.move(seconds=1)
    receipt = await path.upload(others_csv(lines), OTHER)
    assert not receipt.understanding.tamper.signals
    assert not (await path.status(receipt.upload_id, OTHER)).understanding.tamper.score
    await path.settled(receipt.upload_id, OTHER)
    copied = await covering(path, [receipt.upload_id], OTHER)
    assert reasons(copied, CHANGED)
    assert domain.ROWS_OF_ANOTHER.code not in str(copied)
    again = await analysed(path, others_csv(lines))
    assert again.data_points == first.data_points
    for mine in (first, again):
        assert not reasons(mine, CHANGED)


async def test_the_rows_of_an_erased_owner_lower_nothing(path: statement_path.Path) -> None:
    lines = made_statements.rows()
    await analysed(path, csv(lines))
    path.consents.withdrawn.add(USER)
    await path.stands_on.vault.destroy_subject(USER)
    assert not reasons(await analysed(path, others_csv(lines), user_id=OTHER), CHANGED)


def with_accounts(kinds: tuple[str, str] | None) -> bytes:
    """The made statement in CredPass's own JSON, its loan on an account of its own."""
    accounts = [{"id": "A", "currency": "EUR"}, {"id": "B", "currency": "EUR"}]
    if kinds:
        accounts = [{**account, "type": kind} for account, kind in zip(accounts, kinds, strict=True)]
    transactions = [
        {
            "date": day,
            "description": text,
            "amount": amount,
            "currency": "EUR",
            "account": "B" if "LOAN" in text else "A",
        }
        for day, text, amount, *_ in (line.split(",") for line in made_statements.rows())
    ]
    return orjson.dumps({"accounts": accounts, "transactions": transactions})


async def test_kinds_of_account_reach_the_score(path: statement_path.Path) -> None:
    unnamed = await analysed(path, with_accounts(None))
    named = await analysed(path, with_accounts(("checking", "savings")), user_id=OTHER)
    assert named.dimensions["financialDiversity"].score > unnamed.dimensions["financialDiversity"].score


async def test_what_kind_an_account_is_stays_known_when_a_later_file_does_not_say(
    path: statement_path.Path, clock: clocks.HandClock
) -> None:
    named = await analysed(path, with_accounts(("checking", "savings")))
    clock.move(seconds=1)
    both = await analysed(path, with_accounts(None))
    assert (len(both.upload_ids), both.data_points) == (2, named.data_points)
    assert both.dimensions["financialDiversity"].score == named.dimensions["financialDiversity"].score


def twins(lines: list[str]) -> list[str]:
    """With a row on the 100th row's day that is truly there twice."""
    return [*lines[:100], lines[100].rsplit(",", 2)[0] + ",,EUR", lines[100].rsplit(",", 2)[0] + ",,EUR", *lines[101:]]


@pytest.mark.parametrize("cut", [(60, 120), (99, 103), (0, 182)], ids=["wide", "day", "inside"])
async def test_overlapping_files_of_an_account_are_one_history(path: statement_path.Path, cut: tuple[int, int]) -> None:
    lines = twins(made_statements.rows())
    start, end = cut
    one = await analysed(path, csv(lines))
    pieces = [csv(lines[: max(end, 1)]), csv([*lines[start:], ""])]
    merged = await analysed(path, *pieces, user_id=OTHER)
    assert merged.data_points == one.data_points == len(lines)
    assert {name: part.score for name, part in merged.dimensions.items()} == {
        name: part.score for name, part in one.dimensions.items()
    }


async def test_the_region_is_of_the_latest_uploads_bank(path: statement_path.Path, clock: clocks.HandClock) -> None:
    lines = made_statements.rows()
    await analysed(path, csv(lines[:91]), source_country="AT")
    clock.move(seconds=1)
    latest = await path.upload(csv(lines[91:]), source_country="DE")
    await path.settled(latest.upload_id)
    uploads: ingestion_service_pb2.ListAcceptedUploadsResponse = await path.ingestion.ListAcceptedUploads(
        ingestion_service_pb2.ListAcceptedUploadsRequest(user_id=USER), None
    )
    assert uploads.source_country == "DE"
    assert (await covering(path, list(uploads.upload_ids), USER)).region == "DE"


async def test_two_exports_of_an_account_of_which_one_names_it_are_one_history(path: statement_path.Path) -> None:
    movements = statement_formats.life()
    one = await analysed(path, statement_formats.camt(movements))
    files = [statement_formats.FORMATS[name][1](movements) for name in ("camt", "plain", "ofx-sgml", "french")]
    merged = await analysed(path, *files, user_id=OTHER)
    assert merged.data_points == one.data_points == len(movements)
    assert merged.dimensions["incomeStability"].score == one.dimensions["incomeStability"].score
