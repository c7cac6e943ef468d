"""One life, written as a statement of every format: what tests of the whole way send."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from tests.support.statement_writer import (
    Convention,
    Movement,
    csv_statement,
    html_table,
    pdf,
    right,
    spreadsheet_xml,
    workbook,
)

IBAN = "DE02120300000000202051"
OPENING_CENTS = 150_000
OFX_XML_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<?OFX OFXHEADER="200" VERSION="211" SECURITY="NONE" OLDFILEUID="NONE" NEWFILEUID="NONE"?>
"""
OFX_SGML_HEAD = """OFXHEADER:100
DATA:OFXSGML
VERSION:102
SECURITY:NONE
ENCODING:USASCII
CHARSET:1252
COMPRESSION:NONE
OLDFILEUID:NONE
NEWFILEUID:NONE

"""
Write = Callable[[Sequence[Movement]], bytes]


def life(months: int = 12) -> list[Movement]:
    """Salary, rent, power and shopping of so many months, oldest first."""
    movements = []
    for month in range(months):
        year, at = 2025 + month // 12, month % 12 + 1
        for day, cents, text in (
            (1, 310_000, "SALARY ACME"),
            (3, -95_000, "RENT LANDLORD"),
            (7, -8_215, "GROCERIES MARKET"),
            (12, -7_350, "ELECTRICITY POWER CO"),
            (14, -9_140, "GROCERIES MARKET"),
            (21, -7_805, "GROCERIES MARKET"),
            (27, -4_500, "RESTAURANT BISTRO"),
        ):
            movements.append(Movement(dt.date(year, at, day), cents - month if cents < 0 else cents, text))
    return movements


def major(cents: int) -> str:
    return f"{Decimal(cents).scaleb(-2):.2f}"


def comma(cents: int) -> str:
    return major(abs(cents)).replace(".", ",")


def balances(movements: Sequence[Movement]) -> list[int]:
    """After each movement, in cents."""
    found, balance = [], OPENING_CENTS
    for movement in movements:
        balance += movement.cents
        found.append(balance)
    return found


def csv(**convention: Any) -> Write:
    return lambda movements: csv_statement(movements, Convention(**convention), OPENING_CENTS)


def credpass_json(movements: Sequence[Movement]) -> bytes:
    rows = [
        {
            "date": str(one.booked),
            "description": one.text,
            "amount": major(one.cents),
            "currency": "EUR",
            "account": IBAN,
        }
        for one in movements
    ]
    return json.dumps(
        {"accounts": [{"id": IBAN, "currency": "EUR", "type": "checking"}], "transactions": rows}
    ).encode()


def gocardless_json(movements: Sequence[Movement]) -> bytes:
    booked = [
        {
            "transactionId": f"t{number}",
            "bookingDate": str(one.booked),
            "transactionAmount": {"amount": major(one.cents), "currency": "EUR"},
            "remittanceInformationUnstructured": one.text,
        }
        for number, one in enumerate(movements)
    ]
    return json.dumps({"transactions": {"booked": booked, "pending": []}}).encode()


def ofx(movements: Sequence[Movement], *, is_xml: bool) -> bytes:
    def leaf(name: str, value: str) -> str:
        return f"<{name}>{value}" + (f"</{name}>" if is_xml else "")

    rows = "\n".join(
        "<STMTTRN>"
        + leaf("TRNTYPE", "CREDIT" if one.cents > 0 else "DEBIT")
        + leaf("DTPOSTED", f"{one.booked:%Y%m%d}120000")
        + leaf("TRNAMT", major(one.cents))
        + leaf("FITID", f"f{number}")
        + leaf("NAME", one.text)
        + "</STMTTRN>"
        for number, one in enumerate(movements)
    )
    account = (
        f"<BANKACCTFROM>{leaf('BANKID', '12030000')}{leaf('ACCTID', IBAN)}{leaf('ACCTTYPE', 'CHECKING')}</BANKACCTFROM>"
    )
    closing = f"<LEDGERBAL>{leaf('BALAMT', major(balances(movements)[-1]))}{leaf('DTASOF', '20260101')}</LEDGERBAL>"
    head = OFX_XML_HEAD if is_xml else OFX_SGML_HEAD
    body = f"{leaf('CURDEF', 'EUR')}{account}<BANKTRANLIST>{rows}</BANKTRANLIST>{closing}"
    return f"{head}<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS>{body}</STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>".encode()


def qif(movements: Sequence[Movement]) -> bytes:
    rows = [f"D{one.booked:%d/%m/%Y}\nT{major(one.cents)}\nP{one.text}\n^" for one in movements]
    return ("!Type:Bank\n" + "\n".join(rows) + "\n").encode()


def mt940(movements: Sequence[Movement]) -> bytes:
    lines = [":20:STATEMENT", f":25:{IBAN}", ":28C:1/1", f":60F:C250101EUR{comma(OPENING_CENTS)}"]
    for one in movements:
        lines += [f":61:{one.booked:%y%m%d%m%d}{'C' if one.cents > 0 else 'D'}{comma(one.cents)}NTRFNONREF"]
        lines += [f":86:{one.text}"]
    return "\r\n".join([*lines, f":62F:C260101EUR{comma(balances(movements)[-1])}", "-", ""]).encode()


def camt(movements: Sequence[Movement]) -> bytes:
    def amount(cents: int) -> str:
        side = "CRDT" if cents > 0 else "DBIT"
        return f'<Amt Ccy="EUR">{major(abs(cents))}</Amt><CdtDbtInd>{side}</CdtDbtInd>'

    def balance(kind: str, cents: int, day: str) -> str:
        return f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>{amount(cents)}<Dt><Dt>{day}</Dt></Dt></Bal>"

    entries = "".join(
        f"<Ntry>{amount(one.cents)}<Sts>BOOK</Sts><BookgDt><Dt>{one.booked}</Dt></BookgDt><NtryDtls><TxDtls><RmtInf>"
        f"<Ustrd>{one.text}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
        for one in movements
    )
    first = balance("OPBD", OPENING_CENTS, "2025-01-01")
    last = balance("CLBD", balances(movements)[-1], "2026-01-01")
    statement = f"<Stmt><Id>1</Id><Acct><Id><IBAN>{IBAN}</IBAN></Id><Ccy>EUR</Ccy></Acct>{first}{last}{entries}</Stmt>"
    space = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"
    head = f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="{space}">'
    return f"{head}<BkToCstmrStmt><GrpHdr><MsgId>1</MsgId></GrpHdr>{statement}</BkToCstmrStmt></Document>".encode()


def xlsx(movements: Sequence[Movement]) -> bytes:
    rows: list[list[str | float | dt.date | None]] = [
        [one.booked, one.text, one.cents / 100, balance / 100, "EUR"]
        for one, balance in zip(movements, balances(movements), strict=True)
    ]
    return workbook([["Date", "Description", "Amount", "Balance", "Currency"], *rows])


def _listed(movements: Sequence[Movement]) -> list[list[str]]:
    rows = [
        [f"{one.booked:%d/%m/%Y}", one.text, major(one.cents), major(balance), "EUR"]
        for one, balance in zip(movements, balances(movements), strict=True)
    ]
    return [["Date", "Description", "Amount", "Balance", "Currency"], *rows]


def html_xls(movements: Sequence[Movement]) -> bytes:
    return html_table(_listed(movements))


def xml_xls(movements: Sequence[Movement]) -> bytes:
    return spreadsheet_xml(_listed(movements))


def json_lines(movements: Sequence[Movement]) -> bytes:
    return "\n".join(
        json.dumps({"date": str(one.booked), "amount": one.cents / 100, "currency": "EUR", "description": one.text})
        for one in movements
    ).encode()


def fixed_width(movements: Sequence[Movement]) -> bytes:
    """Columns of spaces, as printed on a terminal."""
    head, *rows = _listed(movements)
    lines = [
        f"{day:<12}{text:<30}{amount:>14}{balance:>14}  {code}"[:72].rstrip()
        for day, text, amount, balance, code in rows
    ]
    return "\n".join(["All amounts in EUR", f"{head[0]:<12}{head[1]:<30}{head[2]:>14}{head[3]:>14}", *lines]).encode()


def labelled(movements: Sequence[Movement]) -> bytes:
    """A block of labelled lines a movement."""
    head, *rows = _listed(movements)
    blocks = ("\n".join(f"{label}: {cell}" for label, cell in zip(head, row, strict=True)) for row in rows)
    return "\n\n".join(["Account: 1234", *blocks]).encode()


def printed(movements: Sequence[Movement]) -> bytes:
    """A PDF of one page, as much as goes on one."""
    lines = [[(40.0, f"Account {IBAN}"), (300.0, "All amounts in EUR")]]
    lines.append([(40.0, "Date"), (120.0, "Description"), right(400.0, "Amount"), right(500.0, "Balance")])
    for one, balance in zip(movements, balances(movements), strict=True):
        figures = [right(400.0, major(one.cents)), right(500.0, major(balance))]
        lines.append([(40.0, f"{one.booked:%d.%m.%Y}"), (120.0, one.text), *figures])
    return pdf(lines)


FORMATS: dict[str, tuple[str, Write, dict[str, str]]] = {
    "plain": ("csv", csv(), {}),
    "german": (
        "csv",
        csv(
            delimiter=";", decimal="comma", thousands=True, date_format="%d.%m.%Y", sign="flag", encoding="cp1252",
            preamble=True, newest_first=True, language="de", footer=True,
        ),
        {},
    ),
    "french": (
        "csv",
        csv(delimiter=";", decimal="comma", date_format="%d/%m/%Y", sign="columns", encoding="latin-1", language="fr"),
        {},
    ),
    "polish": (
        "csv",
        csv(delimiter="\t", decimal="comma", encoding="utf-16", language="pl", newest_first=True, line_end="\r\n"),
        {},
    ),
    "american": ("csv", csv(date_format="%m/%d/%Y", thousands=True, sign="crdr", balance=False), {}),
    "credpass-json": ("json", credpass_json, {}),
    "gocardless-json": ("json", gocardless_json, {}),
    "ofx-sgml": ("ofx", lambda movements: ofx(movements, is_xml=False), {}),
    "ofx-xml": ("ofx", lambda movements: ofx(movements, is_xml=True), {}),
    "qif": ("qif", qif, {"currency": "EUR"}),
    "mt940": ("mt940", mt940, {}),
    "camt": ("camt", camt, {}),
    "xlsx": ("xlsx", xlsx, {}),
    "html-xls": ("html", html_xls, {}),
    "xml-xls": ("xml-spreadsheet", xml_xls, {}),
    "json-lines": ("json", json_lines, {}),
    "labelled": ("text", labelled, {}),
}  # fmt: skip
