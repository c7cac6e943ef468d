"""One file of each structured format, written here, and the traps of each."""

# ruff: noqa: E501 (files of banks, as they write them)
from __future__ import annotations

import base64
import datetime
import json
from decimal import Decimal

import pytest

from analysis import statement
from tests.support import statement_writer as writer
from tests.support.statement_encrypted import ENCRYPTED_PDFS

_OFX = """OFXHEADER:100
DATA:OFXSGML
VERSION:102
ENCODING:USASCII
CHARSET:1252

<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>EUR
<BANKACCTFROM><BANKID>1<ACCTID>998877<ACCTTYPE>CHECKING</BANKACCTFROM>
<BANKTRANLIST>
<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20230131120000[0:GMT]<TRNAMT>-12.34<FITID>1<NAME>Fish & Chips<MEMO>Caf\u00e9</STMTTRN>
<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20230131<TRNAMT>-12.34<FITID>1<NAME>Fish & Chips<MEMO>again</STMTTRN>
<STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20230130<TRNAMT>100,5<FITID>2<NAME>A &lt; B</STMTTRN>
<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>2023<TRNAMT>-1.00<FITID>3</STMTTRN>
</BANKTRANLIST><LEDGERBAL><BALAMT>75.82<DTASOF>20230131</LEDGERBAL></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>
"""


MT940_PAGE = ":20:X\n:25:123/456\n:28C:1/1\n:60F:C240101EUR100,00\n:61:2401020102D80,00NTRFNONREF\n:86:RENT\n"
_OFX_RECORD = "<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20240102<TRNAMT>-80.00<FITID>1<NAME>RENT</STMTTRN>"
_OFX_HEAD = "OFXHEADER:100\n\n<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>EUR<BANKTRANLIST>"
CUT = (
    _OFX_HEAD + _OFX_RECORD + "<STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20240103<TRNAMT>200.5",
    _OFX_HEAD + _OFX_RECORD + "\n",
    "!Type:Bank\nD01/28/2024\nT-80.00\nPRENT\n^\nD01/29/2024\nT-20",
    MT940_PAGE + ":61:2401030103C1200,",
)


def test_ofx_keeps_two_rows_of_one_id_and_reports_the_row_without_a_date() -> None:
    parsed = statement.parse(_OFX.encode("cp1252"))

    assert [row.amount_minor for row in parsed.transactions] == [10050, -1234, -1234]
    assert parsed.transactions[2].text == "Fish & Chips Café"
    assert parsed.transactions[0].text == "A < B"
    assert [(problem.column, problem.value) for problem in parsed.problems] == [("DTPOSTED", "2023")]
    assert parsed.accounts[0].kind == "checking"
    assert parsed.closing_balances[0].amount_minor == 7582


def test_ofx_without_signs_follows_the_transaction_types_and_says_so() -> None:
    text = _OFX.replace("-12.34", "12.34").replace("-1.00", "1.00")

    parsed = statement.parse(text.encode("cp1252"))

    assert parsed.sums_minor() == {"EUR": (10050, 2468)}
    assert any("transaction types" in note for note in parsed.notes)


_QIF = """!Account
NChecking
TBank
^
!Type:Bank
D1/31'23
T-1,234.50
PLandlord
MRent
^
D12/ 1'22
T20.00
PFriend
^
!Type:Cat
NFood
^
"""


def test_qif_reads_quicken_years_and_skips_category_lists() -> None:
    parsed = statement.parse(_QIF.encode())

    assert [(str(row.booked), row.amount_minor, row.account) for row in parsed.transactions] == [
        ("2022-12-01", 2000, "Checking"),
        ("2023-01-31", -123450, "Checking"),
    ]


def test_qif_of_ambiguous_dates_asks_and_the_hint_answers() -> None:
    text = "!Type:Bank\nD01/02/2023\nT-5.00\nPShop\n^\n"

    asked = statement.parse(text.encode())
    told = statement.parse(text.encode(), hints=statement.Hints(date_order="mdy"))

    assert [question.field for question in asked.questions] == ["date_order"]
    assert not told.questions
    assert told.transactions[0].booked == datetime.date(2023, 1, 2)


_MT940 = """:20:STARTUMS
:25:50010000/1234567
:28C:1/1
:60F:C230101EUR1000,00
:61:2301020102D50,25NMSCNONREF//BANK1
:86:106?00KARTENZAHLUNG?20Einkauf?21 im Laden?32Super?33markt
:61:2301030103RC10,00NMSCNONREF
:86:reversal of a credit
:61:2301040104RD5,00NMSCNONREF
:86:reversal of a debit
:61:23010x0104D5,00NMSCNONREF
:62F:C230104EUR944,75
-
"""


@pytest.mark.parametrize("text", CUT, ids=("ofx in a record", "ofx behind a record", "qif", "mt940"))
def test_a_file_that_ends_too_early_says_so_and_keeps_what_is_whole(text: str) -> None:
    parsed = statement.parse(text.encode())

    assert [row.amount_minor for row in parsed.transactions] == [-8000]
    assert [problem.code for problem in parsed.problems] == ["cut_off"]


def test_mt940_movements_behind_the_closing_balance_are_of_no_page() -> None:
    behind = MT940_PAGE + ":62F:C240102EUR20,00\n-\n:61:2401030103C119,NMSCX\n"

    parsed = statement.parse(behind.encode())

    assert [row.amount_minor for row in parsed.transactions] == [-8000, 11900]
    assert parsed.reconciliation.status == "chains"


def test_mt940_thirtieth_of_february_falls_back_to_the_entry_date() -> None:
    parsed = statement.parse(b":61:1602300301DR6,00N024NONREF\n")

    assert [str(row.booked) for row in parsed.transactions] == ["2016-03-01"]


def test_mt940_turns_reversals_round_and_checks_the_balances() -> None:
    parsed = statement.parse(_MT940.encode())

    assert [row.amount_minor for row in parsed.transactions] == [-5025, -1000, 500]
    assert parsed.transactions[0].counterparty == "Supermarkt"
    assert parsed.transactions[0].text == "KARTENZAHLUNG Einkauf im Laden"
    assert parsed.reconciliation.status == "chains"
    assert [problem.code for problem in parsed.problems] == ["bad_movement"]


def _camt(version: str, entries: str, closing: str = "90.00") -> bytes:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}"><BkToCstmrStmt><GrpHdr><MsgId>1</MsgId></GrpHdr><Stmt>
<Id>1</Id><Acct><Id><IBAN>DE02120300000000202051</IBAN></Id><Ccy>EUR</Ccy></Acct>
<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">100.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2023-01-01</Dt></Dt></Bal>
<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">{closing}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2023-01-31</Dt></Dt></Bal>
{entries}</Stmt></BkToCstmrStmt></Document>""".encode()


_ENTRY = """<Ntry><Amt Ccy="EUR">10.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts>{status}</Sts><BookgDt><Dt>2023-01-05</Dt></BookgDt>
<NtryDtls><TxDtls><RltdPties><Cdtr>{party}</Cdtr></RltdPties><RmtInf><Ustrd>Rent</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"""


@pytest.mark.parametrize(
    ("version", "status", "party"),
    [("02", "BOOK", "<Nm>Landlord</Nm>"), ("08", "<Cd>BOOK</Cd>", "<Pty><Nm>Landlord</Nm></Pty>")],
)
def test_camt_of_old_and_new_versions_gives_the_same_entry(version: str, status: str, party: str) -> None:
    parsed = statement.parse(_camt(version, _ENTRY.format(status=status, party=party)))

    row = parsed.transactions[0]
    assert (row.amount_minor, row.counterparty, row.text, row.pending) == (-1000, "Landlord", "Rent", False)
    assert parsed.reconciliation.status == "chains"


def test_camt_pending_entries_are_pending_and_information_is_set_aside() -> None:
    entries = _ENTRY.format(status="PDNG", party="<Nm>A</Nm>") + _ENTRY.format(status="INFO", party="<Nm>B</Nm>")

    parsed = statement.parse(_camt("02", entries, closing="100.00"))

    assert [row.pending for row in parsed.transactions] == [True]
    assert len(parsed.set_aside) == 1
    assert parsed.reconciliation.status == "chains"


def test_camt_closing_balance_that_does_not_follow_is_a_break_and_a_sign_of_tampering() -> None:
    parsed = statement.parse(_camt("02", _ENTRY.format(status="BOOK", party="<Nm>A</Nm>"), closing="9990.00"))

    assert parsed.reconciliation.status == "breaks"
    assert parsed.reconciliation.breaks[0].difference_minor == 990000
    assert [signal.code for signal in parsed.tamper.signals] == ["balance_breaks"]


_SUMMARY = """<TxsSummry><TtlNtries><NbOfNtries>{count}</NbOfNtries><Sum>{total}</Sum></TtlNtries>
<TtlDbtNtries><NbOfNtries>{count}</NbOfNtries><Sum>{total}</Sum></TtlDbtNtries>
<TtlCdtNtries><NbOfNtries>0</NbOfNtries><Sum>0</Sum></TtlCdtNtries></TxsSummry>"""


def _summed_up(count: str, total: str, before: str = "") -> list[tuple[str, str]]:
    entries = _ENTRY.format(status="BOOK", party="<Nm>A</Nm>") * 2 + _ENTRY.format(status="PDNG", party="<Nm>A</Nm>")
    written = _camt("02", before + _SUMMARY.format(count=count, total=total) + entries, closing="80.00")
    parsed = statement.parse(written)
    assert {problem.code for problem in parsed.problems} <= {"summary_mismatch"}
    return [(problem.column, problem.value) for problem in parsed.problems]


@pytest.mark.parametrize(("count", "total"), [("3", "30"), ("2", "20.00"), ("2", "-20.00"), ("3", "20")])
def test_camt_entries_that_add_up_to_their_summary_are_no_problem(count: str, total: str) -> None:
    assert _summed_up(count, total) == []


def test_camt_entries_that_contradict_their_summary_are_problems_that_name_the_figure() -> None:
    assert _summed_up("4", "30") == [("TtlNtries/NbOfNtries", "4"), ("TtlDbtNtries/NbOfNtries", "4")]
    assert _summed_up("3", "30.01") == [("TtlNtries/Sum", "30.01"), ("TtlDbtNtries/Sum", "30.01")]


def test_camt_summary_on_one_page_of_several_may_be_of_them_all() -> None:
    page = "<StmtPgntn><PgNb>1</PgNb><LastPgInd>{}</LastPgInd></StmtPgntn>"

    assert _summed_up("9", "90", page.format("false")) == []
    assert len(_summed_up("9", "90", page.format("true"))) == 4


def test_camt_entries_missing_by_balances_and_summary_are_a_break_with_the_declared_figures_beside_it() -> None:
    entry = _ENTRY.format(status="BOOK", party="<Nm>A</Nm>")

    parsed = statement.parse(_camt("02", _SUMMARY.format(count="5", total="50") + entry, closing="50.00"))

    assert (parsed.reconciliation.status, parsed.problems) == ("breaks", ())
    assert [note.partition(":")[0] for note in parsed.notes if "TtlNtries" in note] == [
        "TtlNtries/NbOfNtries is 5", "TtlNtries/Sum is 50",
    ]  # fmt: skip


def test_camt_batch_counts_as_one_entry_or_as_its_transactions() -> None:
    batch = _ENTRY.format(status="BOOK", party="<Nm>A</Nm>").replace(
        "<NtryDtls>", "<NtryDtls><Btch><NbOfTxs>12</NbOfTxs></Btch>"
    )

    for count, held in (("1", True), ("12", True), ("2", False)):
        parsed = statement.parse(_camt("02", _SUMMARY.format(count=count, total="10") + batch, closing="90.00"))
        assert (not parsed.problems) is held


def test_xml_with_a_document_type_is_refused() -> None:
    bomb = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "x">]><Document><BkToCstmrStmt>&b;</BkToCstmrStmt></Document>'

    with pytest.raises(statement.MalformedStatement):
        statement.parse(bomb)


def test_own_json_schema_is_read_with_its_accounts_and_balances() -> None:
    document = {
        "accounts": [
            {"id": "A1", "currency": "JPY", "type": "savings", "openingBalance": 1000, "closingBalance": "1500"}
        ],
        "transactions": [
            {
                "date": "2024-01-31",
                "amount": 500,
                "currency": "JPY",
                "description": "Interest",
                "account": "A1",
                "id": "x",
            }
        ],
    }

    parsed = statement.parse(json.dumps(document).encode())

    assert parsed.transactions[0].amount_minor == 500
    assert parsed.accounts[0].kind == "savings"
    assert parsed.opening_balances[0].amount_minor == 1000
    assert parsed.layout.roles == {"dialect": "credpass"}


def test_json_dialects_know_which_way_their_money_goes() -> None:
    plaid = {
        "added": [{"account_id": "a", "amount": 12.5, "date": "2024-02-01", "iso_currency_code": "USD", "name": "Cab"}]
    }
    berlin = {
        "transactions": {
            "booked": [{"transactionAmount": {"amount": "-3.50", "currency": "EUR"}, "bookingDate": "2024-02-01"}],
            "pending": [{"transactionAmount": {"amount": "-1.00", "currency": "EUR"}, "valueDate": "2024-02-02"}],
        }
    }
    uk = {
        "Data": {
            "Transaction": [
                {
                    "AccountId": "1",
                    "Amount": {"Amount": "10.00", "Currency": "GBP"},
                    "CreditDebitIndicator": "Debit",
                    "Status": "Booked",
                    "BookingDateTime": "2024-02-01T10:00:00+00:00",
                }
            ]
        }
    }

    found = [statement.parse(json.dumps(document).encode()).transactions for document in (plaid, berlin, uk)]

    assert [[row.amount_minor for row in rows] for rows in found] == [[-1250], [-350, -100], [-1000]]
    assert [row.pending for row in found[1]] == [False, True]


def test_json_amounts_in_minor_units_are_scaled_or_asked_about() -> None:
    named = [
        {
            "amount": {"currency": "GBP", "minorUnits": 1234},
            "direction": "OUT",
            "transactionTime": "2024-02-13T10:00:00Z",
        }
    ]
    bare = [{"date": f"2024-02-{day}", "amount": -day * 100, "currency": "GBP", "payee": "x"} for day in (13, 14, 15)]

    assert [row.amount_minor for row in statement.parse(json.dumps(named).encode()).transactions] == [-1234]
    assert [question.field for question in statement.parse(json.dumps(bare).encode()).questions] == ["decimal"]
    assert [
        [row.amount_minor for row in told.transactions]
        for unit in ("point", "minor")
        if not (told := statement.parse(json.dumps(bare).encode(), hints=statement.Hints(decimal=unit))).questions
    ] == [[-130000, -140000, -150000], [-1300, -1400, -1500]]


_DOCUMENTED = (
    {
        "created": "2024-02-13T10:00:00Z", "description": "Cab", "amount": -770, "currency": "GBP",
        "account_balance": 1230, "settled": "2024-02-14T05:00:00Z", "id": "tx_1",
    },
    {
        "time": 1707820000, "description": "Cab", "mcc": 4111, "amount": -770, "operationAmount": -770,
        "currencyCode": 980, "cashbackAmount": 0, "balance": 1230, "id": "a",
    },
)  # fmt: skip


@pytest.mark.parametrize(("item", "code"), list(zip(_DOCUMENTED, ("GBP", "UAH"), strict=True)))
def test_json_of_a_source_that_documents_minor_units_needs_no_question(item: dict[str, object], code: str) -> None:
    parsed = statement.parse(json.dumps([item]).encode())

    assert [(row.amount_minor, row.balance_minor, row.currency) for row in parsed.transactions] == [(-770, 1230, code)]
    assert not parsed.questions


def test_json_amounts_of_digits_and_scale_or_within_a_list_of_one_are_found() -> None:
    scaled = [
        {"amount": {"value": {"unscaledValue": digits, "scale": scale}, "currencyCode": "SEK"}, "booked": "2024-02-13"}
        for digits, scale in (("-1300", "1"), ("25005", "2"))
    ]
    legs = [
        {"created_at": f"2024-02-{day}T10:00:00Z", "legs": [{"amount": amount, "currency": "EUR", "description": "a"}]}
        for day, amount in ((13, -1.5), (14, 20))
    ]

    found = [statement.parse(json.dumps(one).encode()) for one in (scaled, legs)]

    assert [[row.amount_minor for row in one.transactions] for one in found] == [[-13000, 25005], [-150, 2000]]
    assert not any(one.questions or one.problems for one in found)


def test_of_several_moments_in_json_the_booking_date_counts() -> None:
    item = {"amount": -1.5, "postedDate": 1705276800, "createdDate": 1705363200, "description": "a"}

    assert str(statement.parse(json.dumps([item]).encode()).first_date) == "2024-01-15"


@pytest.mark.parametrize(("unit", "amounts"), [(100, [-450, 99950]), (1, [-45000, 9995000])])
def test_a_balance_with_decimals_settles_what_whole_json_amounts_count(unit: int, amounts: list[int]) -> None:
    rows = [
        {
            "date": "2024-02-14",
            "amount": -450,
            "currency": "EUR",
            "balance": f"{100_000 - 450 / unit:.2f}",
            "text": "a",
        },
        {"date": "2024-02-13", "amount": 99950, "currency": "EUR", "balance": "100000.00", "text": "b"},
    ]

    parsed = statement.parse(json.dumps(rows).encode())

    assert sorted(row.amount_minor for row in parsed.transactions) == amounts
    assert not parsed.questions


def test_the_hint_of_minor_units_never_shifts_amounts_that_have_decimals() -> None:
    data = b"Date,Text,Amount,Currency\n2024-02-13,a,-4.50,EUR\n2024-02-14,b,12,EUR\n"
    whole = b"Date,Text,Amount,Currency\n2024-02-13,a,-450,EUR\n2024-02-14,b,1200,JPY\n"

    found = [statement.parse(one, hints=statement.Hints(decimal="minor")).transactions for one in (data, whole)]

    assert [[row.amount_minor for row in rows] for rows in found] == [[-450, 1200], [-450, 1200]]


@pytest.mark.parametrize(
    "text",
    [
        '{"transactions": [{"date": "2024-01-01", "amount": 1, "amount": 2}]}',
        '{"transactions": [{"date": "2024-01-01", "amount": NaN}]}',
        '{"transactions": ' + "[" * 200 + "]" * 200 + "}",
        '{"transactions": [',
    ],
)
def test_json_with_duplicate_keys_nan_or_endless_nesting_is_refused(text: str) -> None:
    with pytest.raises(statement.StatementRefused):
        statement.parse(text.encode())


def test_xlsx_dates_and_figures_are_read_as_they_are_stored() -> None:
    day = datetime.date(2023, 1, 31)
    book = writer.workbook(
        [["Date", "Description", "Amount", "Balance"], [day, "Shop", -1.234, 98.766], [day, "=1+1", 1e3, 1098.766]]
    )

    parsed = statement.parse(book)

    assert [(row.booked, row.amount_minor, row.text) for row in parsed.transactions] == [
        (day, -123, "Shop"),
        (day, 100000, "=1+1"),
    ]


def test_xlsx_days_without_a_date_format_are_dates_where_the_heading_says_so() -> None:
    head = ("Date", "Description", "Debit", "Credit", "Balance")

    parsed = statement.parse(
        writer.workbook([head, (44957, "Shop", 45.1, None, 54.9), (44951.5, "Pay", None, 30000, 100)])
    )

    assert [(str(row.booked), row.amount_minor) for row in parsed.transactions] == [
        ("2023-01-25", 3000000),
        ("2023-01-31", -4510),
    ]


def test_xlsx_that_inflates_beyond_the_limit_is_refused() -> None:
    book = writer.workbook([("Date", "Text", "Amount"), *[("x" * 1000, "y" * 1000, 1)] * 2000])

    with pytest.raises(statement.LimitExceeded):
        statement.parse(book, limits=statement.Limits(inflated_bytes=100_000))


_PDF_HEAD = [
    [(40.0, "Example Bank")],
    [(40.0, "Date"), (110.0, "Details"), (360.0, "Paid out"), (430.0, "Paid in"), (510.0, "Balance")],
]


def _pdf_line(day: str, text: str, paid_out: str, paid_in: str, balance: str) -> list[tuple[float, str]]:
    cells = [writer.right(x, figure) for x, figure in ((400, paid_out), (470, paid_in), (550, balance)) if figure]
    return [(40.0, day), (110.0, text), *cells]


def test_pdf_columns_are_told_apart_by_where_their_figures_end() -> None:
    lines = [
        *_PDF_HEAD,
        _pdf_line("13 Jan 2023", "SHOP", "12.50", "", "987.50"),
        [(110.0, "London")],
        _pdf_line("14 Jan 2023", "PAY", "", "1,000.00", "1,987.50"),
    ]

    parsed = statement.parse(writer.pdf(lines))

    assert [row.amount_minor for row in parsed.transactions] == [-1250, 100000]
    assert parsed.transactions[0].text == "SHOP London"
    assert parsed.reconciliation.status == "chains"
    assert parsed.tamper.score == 0.0


def test_pdf_saved_again_by_an_editor_shows_signs_of_tampering() -> None:
    lines = [*_PDF_HEAD, _pdf_line("13 Jan 2023", "SHOP", "12.50", "", "987.50")]
    data = writer.pdf(lines, extra=b"/Info << /Producer (Sejda PDF) >>") + b"%%EOF\n"

    parsed = statement.parse(data)

    assert {signal.code for signal in parsed.tamper.signals} == {"pdf_editor", "pdf_revisions"}


def test_pdf_without_text_is_called_a_scan_and_an_encrypted_one_protected() -> None:
    with pytest.raises(statement.ScannedDocument):
        statement.parse(writer.pdf([]))
    with pytest.raises(statement.PasswordProtected):
        statement.parse(writer.pdf(_PDF_HEAD, extra=b"/Encrypt << /Filter /Standard >>"))


@pytest.mark.parametrize("scheme", ENCRYPTED_PDFS)
def test_pdf_encrypted_without_a_password_is_read(scheme: str) -> None:
    parsed = statement.parse(base64.b64decode(ENCRYPTED_PDFS[scheme]))

    assert [row.amount_minor for row in parsed.transactions] == [-1250, 9900]


def test_minor_units_follow_the_currency() -> None:
    text = "Date,Amount,Currency\n2023-01-13,-5,JPY\n2023-01-14,1.234,KWD\n2023-01-15,-1.5,EUR\n"

    parsed = statement.parse(text.encode())

    assert [(row.amount_minor, row.currency) for row in parsed.transactions] == [
        (-5, "JPY"),
        (1234, "KWD"),
        (-150, "EUR"),
    ]
    assert statement.currency.from_minor(1234, "KWD") == Decimal("1.234")
