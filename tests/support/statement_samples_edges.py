"""First and last rows that look like movements and are none."""

from __future__ import annotations

from tests.support.statement_sample import Sample

SAMPLES = (
    Sample(
        "first_row_sums_up_with_its_opening",
        """03-02-2023,31-01-2023,'11 2222 3333,ANNA NOWAK,PLN,"200,00","1 154,10",2,
31-01-2023,30-01-2023,SKLEP,,,"-45,90","1 154,10",2,
15-01-2023,15-01-2023,PENSJA,FIRMA,11 3333,"1 000,00","1 200,00",1,
""",
        2, "1000.00", "45.90", "2023-01-15", "2023-01-31", "PLN",
    ),
    Sample(
        "first_row_sums_up_dated_otherwise",
        """2023-02-03,31-01-2023,'11 2222 3333,ANNA NOWAK,PLN,"0,00","954,10",2,
31-01-2023,30-01-2023,SKLEP,,,"-45,90","954,10",2,
15-01-2023,15-01-2023,PENSJA,FIRMA,11 3333,"1 000,00","1 000,00",1,
""",
        2, "1000.00", "45.90", "2023-01-15", "2023-01-31", "PLN",
    ),
    Sample(
        "last_row_names_the_account",
        """25/01/2023;-45,90;Carte;;CB BOULANGERIE 24/01;;0;Divers
24/01/2023;2100,00;Virement;;SALAIRE;;0;Revenus
23/01/2023;-12,00;Prélèvement;;PRLV TELEPHONE;;0;Telecom
31/01/2023;4526,15;;00111 222333B
""",
        3, "2100.00", "57.90", "2023-01-23", "2023-01-25",
    ),
    Sample(
        "last_row_is_short_and_says_nothing",
        """25/01/2023;-45,90;Carte;;CB BOULANGERIE 24/01;;0;Divers
24/01/2023;2100,00;Virement;;SALAIRE;;0;Revenus
23/01/2023;-12,00;Prélèvement;;PRLV TELEPHONE;;0;Telecom
31/01/2023;4526,15
""",
        3, "2100.00", "57.90", "2023-01-23", "2023-01-25", None, True,
    ),
    Sample(
        "last_row_repeats_the_balance",
        """Date,Details,Amount,Balance
2023-01-13,SALARY,900.00,900.00
2023-01-14,SHOP,-100.00,800.00
2023-01-31,AS OF TODAY,800.00,800.00
""",
        2, "900.00", "100.00", "2023-01-13", "2023-01-14",
    ),
    Sample(
        "first_row_repeats_the_balance",
        """Date,Details,Amount,Balance
2023-01-31,AS OF TODAY,800.00,800.00
2023-01-14,SHOP,-100.00,800.00
2023-01-13,SALARY,900.00,900.00
""",
        2, "900.00", "100.00", "2023-01-13", "2023-01-14",
    ),
    Sample(
        "last_row_without_text_says_the_balance",
        """13.01.2023;SALARY;900,00;900,00
14.01.2023;SHOP;-100,00;800,00
31.01.2023;;800,00;
""",
        2, "900.00", "100.00", "2023-01-13", "2023-01-14",
    ),
    Sample(
        "first_row_without_text_says_the_balance",
        """Date,Details,Amount,Balance
2023-01-01,,100.00,100.00
2023-01-13,SALARY,900.00,1000.00
2023-01-14,SHOP,-100.00,900.00
""",
        2, "900.00", "100.00", "2023-01-13", "2023-01-14",
    ),
    Sample(
        "movements_without_texts_all_count",
        """Date,Amount,Balance
2023-01-01,100.00,100.00
2023-01-13,900.00,1000.00
2023-01-14,-100.00,900.00
""",
        3, "1000.00", "100.00", "2023-01-01", "2023-01-14",
    ),
    Sample(
        "first_deposit_is_the_first_balance",
        """2023-01-14,SHOP,-100.00,800.00
2023-01-13,FEE,0.00,900.00
2023-01-13,SALARY,900.00,900.00
""",
        3, "900.00", "100.00", "2023-01-13", "2023-01-14",
    ),
)  # fmt: skip
