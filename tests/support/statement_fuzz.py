# ruff: noqa: T201 (a command: it prints what it found)
"""`python -m tests.support.statement_fuzz SECONDS [SEED]`: damaged statements of every format against every parser.

Whatever the bytes, parsing ends with rows or with `StatementRefused`, and soon. Exit status 1 where it does not; the
offending bytes are written to `statement_fuzz_<n>.bin` in the working directory.
"""

from __future__ import annotations

import json
import pathlib
import random
import sys
import time
from collections.abc import Callable

from analysis import statement
from tests.support import statement_samples
from tests.support import statement_writer as writer

_SLOW_S = 5.0
_TOKENS = (b'"', b";", b",", b"\n", b"<", b">", b"(", b"[", b"{", b"\\", b"-", b"0", b"/", b"\x00", b"\xff", b"9" * 30)
_MT940 = b":20:A\n:25:1\n:60F:C230101EUR1,00\n:61:2301020102D0,25NMSC\n:86:106?00A?20B?32C\n:62F:C230102EUR0,75\n-\n"
_OFX = (
    b"OFXHEADER:100\n\n<OFX><STMTRS><CURDEF>EUR<ACCTID>1<BANKTRANLIST><STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20230131"
    b"<TRNAMT>-1.5<FITID>1<NAME>A</STMTTRN></BANKTRANLIST></STMTRS></OFX>"
)
_QIF = b"!Type:Bank\nD1/31'23\nT-1.50\nPShop\n^\n"
_CAMT = (
    b'<Document><BkToCstmrStmt><Stmt><Acct><Id><IBAN>DE1</IBAN></Id></Acct><Ntry><Amt Ccy="EUR">1.00</Amt>'
    b"<CdtDbtInd>DBIT</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>2023-01-02</Dt></BookgDt></Ntry></Stmt></BkToCstmrStmt></Document>"
)
_JSON = json.dumps({"transactions": [{"date": "2024-01-31", "amount": "-1.5", "currency": "EUR"}]}).encode()
_LINES = [
    [(40.0, "Date"), (510.0, "Amount")],
    *[[(40.0, f"{day} Jan 2023"), (110.0, "Shop"), (510.0, "-1.50")] for day in range(13, 20)],
]


def seeds() -> list[bytes]:
    """One whole statement of each format and habit."""
    tables = [sample.text.encode(sample.encoding) for sample in statement_samples.SAMPLES]
    book = writer.workbook([("Date", "Text", "Amount"), *[("2023-01-13", "Shop", -1.5)] * 9])
    return [*tables, _MT940, _OFX, _QIF, _CAMT, _JSON, writer.pdf(_LINES), book] + [
        _MT940,
        _OFX,
        _QIF,
        _CAMT,
        _JSON,
        writer.pdf(_LINES),
        book,
    ] * 5


def damaged(data: bytes, dice: random.Random) -> bytes:
    """The bytes after one to six blows."""
    out = bytearray(data)
    for _ in range(dice.randint(1, 6)):
        start = dice.randrange(len(out) + 1)
        end = min(len(out), start + dice.randint(1, 200))
        dice.choice(_BLOWS)(out, start, end, dice)
    return bytes(out)


def _flip(out: bytearray, start: int, end: int, dice: random.Random) -> None:
    out[start : start + 1] = bytes([dice.randrange(256)])


def _insert(out: bytearray, start: int, end: int, dice: random.Random) -> None:
    out[start:start] = dice.choice(_TOKENS)


def _delete(out: bytearray, start: int, end: int, dice: random.Random) -> None:
    del out[start:end]


def _double(out: bytearray, start: int, end: int, dice: random.Random) -> None:
    out[start:start] = out[start:end]


_BLOWS: tuple[Callable[[bytearray, int, int, random.Random], None], ...] = (_flip, _insert, _delete, _double)


def fuzz(seconds: float, seed: int = 0) -> tuple[int, list[tuple[str, bytes]]]:
    """(runs, what went wrong): an undocumented exception, or a parse of more than five seconds of CPU."""
    dice, whole = random.Random(seed), seeds()
    found: list[tuple[str, bytes]] = []
    runs, until = 0, time.monotonic() + seconds
    while time.monotonic() < until and len(found) < 10:
        data = damaged(dice.choice(whole), dice)
        runs += 1
        started = time.process_time()
        try:
            parsed = statement.parse(data)
            statement.deserialise_rows(statement.serialise_rows(parsed))
        except statement.StatementRefused:
            pass
        except Exception as error:  # noqa: BLE001 (the very thing that is looked for)
            found.append((f"{type(error).__name__}: {error}", data))
        if time.process_time() - started > _SLOW_S:
            found.append(("too slow", data))
    return runs, found


def main(arguments: list[str]) -> int:
    seconds = float(arguments[0]) if arguments else 60.0
    runs, found = fuzz(seconds, int(arguments[1]) if len(arguments) > 1 else 0)
    for number, (reason, data) in enumerate(found):
        path = pathlib.Path(f"statement_fuzz_{number}.bin")
        path.write_bytes(data)
        print(f"{path}: {reason}")
    print(f"{runs} damaged statements, {len(found)} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
