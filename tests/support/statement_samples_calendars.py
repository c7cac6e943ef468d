"""Calendars, epochs and amounts in two currencies."""

from __future__ import annotations

from tests.support.statement_sample import Sample

SAMPLES = (
    Sample(
        "thai_years_of_two_digits",
        """วันที่,เวลา,รายการ,ช่องทาง,ถอนเงิน,ฝากเงิน,ยอดคงเหลือ,รายละเอียด
02/01/69,12:10,X2,ENET,450.00,,"11,550.00",7-ELEVEN
28/12/68,09:00,X1,BCMS,,"12,000.00","12,000.00",เงินเดือน
""",
        2, "12000.00", "450.00", "2025-12-28", "2026-01-02",
    ),
    Sample(
        "amount_of_the_purchase_and_in_the_account_currency",
        """Data transakcji;Szczegóły transakcji;Kwota operacji;Waluta operacji;Kwota w walucie rachunku;Waluta rachunku
30-01-2024;zakup;-10,00;EUR;-43,50;PLN
15-01-2024;pensja;3500,00;PLN;3500,00;PLN
""",
        2, "3500.00", "43.50", "2024-01-15", "2024-01-30", "PLN", encoding="cp1250",
    ),
    Sample(
        "moments_since_1970",
        '[{"id": "1", "amount": -45.1, "currencyCode": "EUR", "visibleTS": 1706700000000, "merchantName": "Shop"},'
        ' {"id": "2", "amount": 100, "currencyCode": "EUR", "visibleTS": 1706600000000, "partnerName": "Pay"}]',
        2, "100", "45.10", "2024-01-30", "2024-01-31", "EUR",
    ),
    Sample(
        "one_whole_amount_of_a_program_may_count_cents",
        '[{"id": "a", "time": 1706700000, "description": "Shop", "amount": -25015}]',
        1, "0", "25015", "2024-01-31", flagged=True,
    ),
    Sample(
        "balance_field_of_zeros",
        """Date,Description,Amount,Balance
2024-01-31,Shop,-10.00,0.00
2024-01-30,Fuel,-45.10,0.00
2024-01-25,Salary,1200.00,0.00
2024-01-13,Rent,-700.00,0.00
""",
        4, "1200.00", "755.10", "2024-01-13", "2024-01-31",
    ),
    Sample(
        "hindi_headings",
        """दिनांक,विवरण,निकासी,जमा,शेष
31/01/2024,दुकान,450.00,,11550.00
25/01/2024,वेतन,,12000.00,12000.00
""",
        2, "12000.00", "450.00", "2024-01-25", "2024-01-31",
    ),
    Sample(
        "swedish_capitals_are_not_japanese",
        """RADNR;BOKFÖRINGSDAG;TRANSAKTIONSDAG;BELOPP;SALDO;BESKRIVNING
1;2024-01-31;2024-01-31;-45,10;1154,90;KÖP ÅHLÉNS
2;2024-01-25;2024-01-25;1200,00;1200,00;LÖN
""",
        2, "1200.00", "45.10", "2024-01-25", "2024-01-31", encoding="cp1252",
    ),
)  # fmt: skip
