"""The reader over real worker processes: bank statements of a real bank, hints, and files made to hurt."""

from __future__ import annotations

import pathlib
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest

from analysis import statement
from mesh import processes
from services.ingestion import domain, errors, ports
from services.ingestion.adapters import reading, reading_work
from tests.fakes import channels
from tests.support import clocks, made_statements

SHARED = pathlib.Path(__file__).parents[4] / ".." / "shared"
BERKA = SHARED / "data" / "berka" / "trans_all_accounts_19930101_19940331.csv.gz"
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def berka(tmp_path_factory: pytest.TempPathFactory) -> list[pathlib.Path]:
    """Statements of a real bank, some of them."""
    if not BERKA.exists():
        pytest.skip("the bank's table is not here")
    folder = tmp_path_factory.mktemp("berka")
    tool = SHARED / "tools" / "berka_statement.py"
    subprocess.run([sys.executable, tool, BERKA, folder, "--min-rows", "100"], check=True, timeout=60)
    return sorted(folder.glob("*.csv"))[:20]


@pytest.fixture
async def reader() -> AsyncIterator[reading.PooledReader]:
    limits = processes.Limits(workers=1, time_s=20.0)
    async with processes.Pool(limits, preload=(reading.WORK_MODULE,)) as pool:
        yield reading.PooledReader(pool, clocks.HandClock(), 25 * MIB)


async def read(reader: reading.PooledReader, data: bytes, **form: Any) -> tuple[domain.Report, bytes]:
    def source() -> AsyncIterator[bytes]:
        return channels.stream(*(data[start : start + 65_536] for start in range(0, len(data), 65_536)))

    async with reader.read(source, domain.Form(**form)) as found:
        assert isinstance(found, ports.Reading)
        return found.report, b"".join([chunk async for chunk in found.rows])


async def test_rows_are_read_sanitised_and_serialised(reader: reading.PooledReader) -> None:
    lines = made_statements.rows(months=3)
    lines[3] = lines[3].replace("GROCERY", "=GROCERY\x1b")
    report, rows = await read(reader, "\n".join([made_statements.HEADER, *lines]).encode())
    assert (report.record_count, report.first_date, report.currencies) == (39, "2024-12-01", ("EUR",))
    stored = statement.deserialise_rows([rows])
    assert len(stored.transactions) == 39
    assert stored.transactions[3].text.startswith("'=GROCERY ")


async def test_the_reports_of_a_real_banks_statements_cover_every_row(
    reader: reading.PooledReader, berka: list[pathlib.Path]
) -> None:
    for file in berka:
        report, rows = await read(reader, file.read_bytes())
        assert (report.record_count, report.problem_count) == (len(file.read_text().splitlines()) - 1, 0)
        assert report.currencies == ("CZK",)
        assert rows.count(b"\n") == report.record_count + 1


async def test_a_hint_settles_what_was_open(reader: reading.PooledReader) -> None:
    lines = ["Date,Description,Amount,Currency", *(f"0{day}/0{day + 1}/2025,SHOP,-1.00,EUR" for day in range(1, 8))]
    data = "\n".join(lines).encode()
    report, rows = await read(reader, data)
    assert [point.field for point in report.open_points] == ["date_order"]
    assert not rows
    report, rows = await read(reader, data, date_order="dmy")
    assert (report.open_points, report.first_date) == ((), "2025-02-01")


def test_hints_and_questions_speak_the_forms_words() -> None:
    question = statement.Question("decimal", "decimal", ("comma", "point"), "both marks fit")
    assert reading_work._open_point(question).candidates == (",", ".")
    question = statement.Question("sign", "sign", ("signed", "inverted"), "no sign")
    assert reading_work._open_point(question).candidates == ("credit", "debit")


async def test_rows_of_a_statement_that_is_not_taken_are_not_sent(reader: reading.PooledReader) -> None:
    lines = made_statements.rows(months=3)
    lines[5] = lines[5].replace(lines[5].split(",")[2], "12.3.4x")
    report, rows = await read(reader, "\n".join([made_statements.HEADER, *lines]).encode())
    assert (report.rejected_count, rows) == (1, b"")
    assert [(problem.row, problem.column) for problem in report.problems] == [(7, "amount")]


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff\xfe\x00", b"PK\x03\x04 no archive", b"[" * 100_000, b'{"transactions": [{}]}', b"\n" * 10_000],
    ids=["empty", "half-bom", "archive", "nesting", "json", "blank"],
)
async def test_a_file_that_is_no_statement_is_unreadable_and_says_so(reader: reading.PooledReader, data: bytes) -> None:
    try:
        report, rows = await read(reader, data)
    except errors.UnreadableStatement as refused:
        assert str(refused)  # noqa: PT017 - a file may also be read, with nothing in it that is taken
    else:
        assert not domain.is_taken(report, accept_partial=True)
        assert not rows


async def test_a_file_that_takes_too_long_or_too_much_is_refused() -> None:
    data = "\n".join([made_statements.HEADER, *made_statements.rows(months=600)]).encode()
    limits = processes.Limits(workers=1, time_s=0.05)
    async with processes.Pool(limits, preload=(reading.WORK_MODULE,)) as pool:
        await pool.ready()
        with pytest.raises(errors.UnreadableStatement, match="too long"):
            await read(reading.PooledReader(pool, clocks.HandClock(), 25 * MIB), data)


def test_the_workers_report_survives_the_way_back() -> None:
    report = domain.Report(
        record_count=2, rejected_count=1, problem_count=1, first_date="2025-01-01", last_date="2025-01-02",
        currencies=("EUR",), problems=(domain.RowProblem(3, "amount", "No."),),
        open_points=(domain.OpenPoint("sign", ("credit", "debit"), "Why."),),
    )  # fmt: skip
    assert reading._report(orjson.loads(orjson.dumps(report))) == report
