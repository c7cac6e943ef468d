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
from analysis.statement import ocr
from mesh import processes
from services.ingestion import domain, errors, ports
from services.ingestion.adapters import fingerprint, reading, reading_work, wording
from services.ingestion.understanding import RowProblem, Understanding
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

    async with reader.read(source, domain.Form(**form), wants_rows=True) as found:
        assert isinstance(found, ports.Reading)
        return found.report, b"".join([chunk async for chunk in found.rows])


async def test_rows_are_read_sanitised_and_serialised(reader: reading.PooledReader) -> None:
    lines = made_statements.rows(months=3)
    lines[3] = lines[3].replace("GROCERY", "=GROCERY\x1b")
    report, rows = await read(reader, "\n".join([made_statements.HEADER, *lines]).encode())
    understood = report.understanding
    assert (understood.transaction_count, understood.first_date, understood.currencies) == (39, "2024-12-01", ("EUR",))
    stored = statement.deserialise_rows([rows])
    assert len(stored.transactions) == 39
    assert stored.transactions[3].text.startswith("'=GROCERY ")


async def test_the_reports_of_a_real_banks_statements_cover_every_row(
    reader: reading.PooledReader, berka: list[pathlib.Path]
) -> None:
    for file in berka:
        report, rows = await read(reader, file.read_bytes())
        understood = report.understanding
        assert (understood.transaction_count, understood.problem_count) == (len(file.read_text().splitlines()) - 1, 0)
        assert understood.currencies == ("CZK",)
        assert rows.count(b"\n") == understood.transaction_count + 1


async def test_a_hint_settles_what_was_open(reader: reading.PooledReader) -> None:
    lines = ["Date,Description,Amount,Currency", *(f"0{day}/0{day + 1}/2025,SHOP,-1.00,EUR" for day in range(1, 8))]
    data = "\n".join(lines).encode()
    report, rows = await read(reader, data)
    assert [point.field for point in report.open_points] == ["date_order"]
    assert report.understanding.first_date == "", "a date that is not settled is not told"
    assert (report.understanding.transaction_count, report.understanding.sum_debits) == (7, {"EUR": "7.00"})
    assert not rows
    report, rows = await read(reader, data, date_order="dmy")
    assert (report.open_points, report.understanding.first_date) == ((), "2025-02-01")


async def test_a_year_settles_dates_that_carry_none(reader: reading.PooledReader) -> None:
    data = b"Date,Description,Amount,Currency\n30 Jan,PAY,20.00,EUR\n31 Jan,SHOP,-10.00,EUR\n"
    report, _ = await read(reader, data)
    assert [(point.field, point.candidates) for point in report.open_points] == [("year", ())]
    report, _ = await read(reader, data, year=2023)
    assert (report.open_points, report.understanding.last_date) == ((), "2023-01-31")


def test_hints_and_questions_speak_the_forms_words() -> None:
    question = statement.Question("decimal", "decimal", ("comma", "point"), "both marks fit")
    assert wording.open_point(question).candidates == (",", ".")
    assert wording.decimal_hint("minor") == "minor"
    question = statement.Question("sign", "sign", ("signed", "inverted"), "no sign")
    assert wording.open_point(question).candidates == ("credit", "debit")


@pytest.mark.skipif(ocr.available(), reason="the extra credpass[ocr] is installed")
async def test_a_scan_is_refused_naming_the_extra_that_reads_it(reader: reading.PooledReader) -> None:
    with pytest.raises(errors.UnreadableStatement, match=r"credpass\[ocr\]"):
        await read(reader, b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(200))


async def test_rows_of_a_statement_that_is_not_taken_are_not_sent(reader: reading.PooledReader) -> None:
    lines = made_statements.rows(months=3)
    lines[5] = lines[5].replace(lines[5].split(",")[2], "12.3.4x")
    report, rows = await read(reader, "\n".join([made_statements.HEADER, *lines]).encode())
    assert (report.rejected_count, rows) == (1, b"")
    (problem,) = report.understanding.problems
    assert (problem.row, problem.column, problem.value) == (7, "Amount", "12.3.4x")


async def test_rows_that_nobody_wants_are_not_sent(reader: reading.PooledReader) -> None:
    def source() -> AsyncIterator[bytes]:
        return channels.stream(made_statements.statement(months=3))

    async with reader.read(source, domain.Form(), wants_rows=False) as found:
        assert domain.is_taken(found.report, accept_partial=False)
        assert [chunk async for chunk in found.rows] == []


async def test_everything_about_a_file_is_told(reader: reading.PooledReader) -> None:
    lines = made_statements.rows(months=3)
    cells = lines[5].split(",")
    lines[5] = ",".join([*cells[:3], "99999.00", cells[4]])
    report, _ = await read(reader, "\n".join([made_statements.HEADER, *lines]).encode())
    understood = report.understanding
    assert (understood.account_count, understood.transaction_count) == (1, 39)
    assert (understood.first_date, understood.last_date) == ("2024-12-01", "2025-02-24")
    assert (understood.sum_credits, understood.sum_debits) == ({"EUR": "9600.00"}, {"EUR": "5587.95"})
    assert (understood.layout.format, understood.layout.delimiter, understood.layout.decimal) == ("csv", "comma", ".")
    assert understood.layout.date_format == "%Y-%m-%d"
    assert 0 < understood.layout.confidence <= 1
    assert understood.reconciliation.status == "breaks"
    assert understood.reconciliation.links_checked - understood.reconciliation.links_held == 2
    assert (understood.reconciliation.breaks[0].row, understood.reconciliation.breaks[0].found) == (7, "99999.00")
    assert [signal.code for signal in understood.tamper.signals] == ["balance_breaks"]
    assert understood.tamper.signals[0].evidence


async def test_a_fingerprint_is_of_what_moved_and_not_of_names_order_or_format(reader: reading.PooledReader) -> None:
    lines = made_statements.rows(months=3)
    first, _ = await read(reader, "\n".join([made_statements.HEADER, *lines]).encode())
    other = [";".join(line.replace(made_statements.CANARY, "SOMEBODY").split(",")[:3]) for line in lines[::-1]]
    second, _ = await read(reader, "\n".join(["Datum;Text;Betrag EUR", *other]).encode())
    assert first.understanding.layout.delimiter != second.understanding.layout.delimiter
    assert first.rows_digest == second.rows_digest != b""
    shorter, _ = await read(reader, "\n".join([made_statements.HEADER, *lines[1:]]).encode())
    assert shorter.rows_digest not in (first.rows_digest, b"")
    few, _ = await read(reader, "\n".join([made_statements.HEADER, *lines[: fingerprint.LEAST_ROWS - 1]]).encode())
    assert few.rows_digest == b"", "few rows may be alike by chance"


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
        Understanding(transaction_count=2, currencies=("EUR",), problems=(RowProblem(3, "Amount", "No.", "x"),)),
        rejected_count=1,
        open_points=(domain.OpenPoint("sign", ("credit", "debit"), "Why."),),
        rows_digest=bytes(range(32)),
    )
    assert reading._report(orjson.loads(orjson.dumps(reading_work._fields_of(report)))) == report
