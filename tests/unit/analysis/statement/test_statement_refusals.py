"""What is refused, what is reported row by row, and what is asked back."""

from __future__ import annotations

import datetime
import io
import pickle
import re
import zipfile

import pytest

from analysis import statement
from tests.support import statement_fuzz_parsers
from tests.support import statement_writer as writer


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", statement.EmptyStatement),
        (b" \n\n", statement.EmptyStatement),
        (b"GIF89a" + bytes(200), statement.UnknownFormat),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), statement.UnknownFormat),
        (b"PK\x03\x04 no zip", statement.MalformedStatement),
        (b"Dear bank, this is a letter.\nRegards\n", statement.NoTransactionsFound),
        (b"Date,Description,Amount\n", statement.NoTransactionsFound),
        (b"Name,Age\nAnn,32\nBob,45\n", statement.NoTransactionsFound),
    ],
)
def test_what_is_no_statement_is_refused_with_a_reason(data: bytes, kind: type[statement.StatementRefused]) -> None:
    with pytest.raises(kind) as caught:
        statement.parse(data, file_name="statement.csv")
    assert caught.value.reason


def _zipped(name: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr(name, "x")
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "save it as XLSX or CSV"),
        (_zipped("content.xml"), "unpack it, or save a sheet as XLSX or CSV"),
        (_zipped("xl/workbook.bin"), "save it as XLSX or CSV"),
        (writer.pdf([], extra=b"/Encrypt << /Filter /Standard >>"), "save it without a password"),
    ],
)
def test_a_refusal_names_what_the_person_can_do(data: bytes, said: str) -> None:
    with pytest.raises(statement.StatementRefused) as caught:
        statement.parse(data)
    assert said in caught.value.reason


def test_a_refusal_survives_the_way_back_from_a_worker_process() -> None:
    refusal = pickle.loads(pickle.dumps(statement.LimitExceeded("too many rows", row=7, column="x")))

    assert (type(refusal), refusal.reason, refusal.row, refusal.column) == (
        statement.LimitExceeded, "too many rows", 7, "x",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("bounds", "text"),
    [
        (statement.Limits(size_bytes=10), "Date,Amount\n2023-01-13,5\n"),
        (statement.Limits(rows=2), "Date,Amount\n2023-01-13,5\n2023-01-14,6\n"),
        (statement.Limits(columns=2), "Date,Text,Amount\n2023-01-13,a,5\n"),
        (statement.Limits(cell_chars=20), "Date,Text,Amount\n2023-01-13," + "a" * 30 + ",5\n"),
    ],
)
def test_limits_are_kept(bounds: statement.Limits, text: str) -> None:
    with pytest.raises(statement.LimitExceeded):
        statement.parse(text.encode(), limits=bounds)


def test_unreadable_rows_are_named_and_the_clean_ones_kept() -> None:
    text = (
        "Date,Description,Amount\n2023-01-13,ok,5.00\n2023-13-45,bad day,6.00\n"
        "2023-01-15,bad figure,12..34\n2023-01-16,ok,-7.00\n"
    )

    parsed = statement.parse(text.encode(), file_name="mine.csv")

    assert [row.amount_minor for row in parsed.transactions] == [500, -700]
    assert [(p.file, p.row, p.column, p.value) for p in parsed.problems] == [
        ("mine.csv", 3, "Date", "2023-13-45"),
        ("mine.csv", 4, "Amount", "12..34"),
    ]


def test_problems_beyond_the_limit_are_counted() -> None:
    text = "Date,Amount\n" + "2023-01-13,1.00\n" * 50 + "2023-01-13,x1x\n" * 40

    parsed = statement.parse(text.encode(), limits=statement.Limits(problems=5))

    assert (len(parsed.problems), parsed.n_problems) == (5, 40)


def test_each_question_is_answered_by_its_hint() -> None:
    text = "Date,Description,Amount\n01/02/2023,a,-1.234\n02/03/2023,b,2.345\n"

    asked = statement.parse(text.encode())
    told = statement.parse(
        text.encode(), hints=statement.Hints(date_order="dmy", decimal="point", currency="KWD", sign="inverted")
    )

    assert {question.kind for question in asked.questions} == {"date_order", "decimal"}
    assert not told.questions
    assert [(row.booked, row.amount_minor, row.currency) for row in told.transactions] == [
        (datetime.date(2023, 2, 1), 1234, "KWD"),
        (datetime.date(2023, 3, 2), -2345, "KWD"),
    ]


def test_the_balance_settles_what_nothing_else_does() -> None:
    text = "01/02/2023;first;1.234;1.234\n02/02/2023;second;1.000;234\n03/02/2023;third;500;734\n"

    parsed = statement.parse(text.encode(), hints=statement.Hints(date_order="dmy", decimal="comma"))

    assert [row.amount_minor for row in parsed.transactions] == [123400, -100000, 50000]
    assert parsed.layout.sign_convention == "unsigned, direction by balance"


def test_an_altered_figure_breaks_the_chain_where_it_stands() -> None:
    text = "Date,Text,Amount,Balance\n" + "".join(
        f"2023-01-{day:02d},t,{10.0 if day != 20 else 510.0:.2f},{day * 10:.2f}\n" for day in range(1, 29)
    )

    parsed = statement.parse(text.encode())

    assert [gap.row for gap in parsed.reconciliation.breaks] == [21]
    assert parsed.tamper.score > 0


def test_booked_rows_in_the_future_are_a_sign_of_tampering() -> None:
    text = "Date,Amount\n2023-01-13,5.00\n2023-02-13,-6.00\n"

    parsed = statement.parse(text.encode(), as_of=datetime.date(2023, 2, 1))

    assert [signal.code for signal in parsed.tamper.signals] == ["future_dates"]
    assert not statement.parse(text.encode(), as_of=datetime.date(2023, 2, 13)).tamper.signals


def test_canonical_rows_of_another_version_are_not_read() -> None:
    parsed = statement.parse(b"Date,Amount\n2023-01-13,5.00\n")
    whole = b"".join(statement.serialise_rows(parsed))

    with pytest.raises(statement.UnknownRowFormat):
        statement.deserialise_rows([whole.replace(b'"v":1', b'"v":2')])
    with pytest.raises(statement.UnknownRowFormat):
        statement.deserialise_rows([b"not rows"])


def test_days_that_no_calendar_has_are_a_sign_of_tampering() -> None:
    text = "Date,Text,Amount\n30.03.2023,a,5.00\n31.04.2023,b,6.00\n02.05.2023,c,-7.00\n"

    parsed = statement.parse(text.encode())

    assert [problem.code for problem in parsed.problems] == ["bad_date"]
    assert [signal.code for signal in parsed.tamper.signals] == ["impossible_days"]


def test_the_same_rows_have_the_same_fingerprint_whatever_their_words() -> None:
    def month(text: str, step: int) -> bytes:
        rows = "".join(f"2023-01-{day:02d},{text} {day},{day * step}.50,EUR\n" for day in range(10, 20))
        return b"Date,Text,Amount,Currency\n" + rows.encode()

    mine, copied, other = (
        statement.fingerprints(statement.parse(data).transactions)
        for data in (month("Shop", 1), month("Laden", 1), month("Shop", 2))
    )

    assert mine == copied
    assert mine != other
    report = statement.tamper_report([statement.foreign_rows(list(mine))])
    assert report.score == 0.8


_ENTITY = (
    '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE a [<!ENTITY e "2023-01-13">]>'
    "<worksheet><sheetData>{}</sheetData></worksheet>"
)


@pytest.mark.parametrize(
    "sheet",
    [
        b'<?xml version="1.0" encoding="UTF-4"?><worksheet/>',
        _ENTITY.format('<row><c t="inlineStr"><is><t>&e;</t></is></c><c><v>-1.5</v></c></row>' * 3).encode("utf-16"),
    ],
)
def test_sheets_of_odd_encodings_are_refused_and_hide_no_document_type(sheet: bytes) -> None:
    with pytest.raises(statement.MalformedStatement):
        statement.parse(statement_fuzz_parsers.workbook_of(sheet))


def test_a_pdf_stream_whose_length_is_the_stream_itself_is_read_to_its_end() -> None:
    whole = statement_fuzz_parsers.PARSERS["pdf"].seeds[0]
    length = re.search(rb"/Length \d+", whole)
    assert length is not None

    parsed = statement.parse(whole.replace(length[0], b"/Length 4 0 R"))

    assert parsed.transactions == statement.parse(whole).transactions


@pytest.mark.parametrize(
    ("days", "asked"),
    [
        (["24-01-15"], ("dmy", "ymd")),
        (["24-01-15", "24-02-16"], ("dmy", "ymd")),
        (["13-01-24", "14-01-24", "20-01-24"], None),
        (["24/01/15"], None),
        (["24-01-15", "24-01-19", "24-01-27", "24-01-31"], None),
    ],
)
@pytest.mark.parametrize("currency", ["EUR", "USD"])
def test_short_years_behind_dashes_are_asked_for_where_the_days_do_not_tell(
    days: list[str], asked: tuple[str, ...] | None, currency: str
) -> None:
    text = "Date,Text,Amount,Currency\n" + "".join(f"{day},shop,-5.25,{currency}\n" for day in days)

    questions = statement.parse(text.encode()).questions

    assert [question.field for question in questions] == (["date_order"] if asked else [])
    assert all(question.candidates == asked for question in questions)
