"""Parts of a table that a title calls pending, and what a list's notes say of fees it names beside the amounts."""

from __future__ import annotations

from analysis import statement

_BOOKED = """;;Conto:;12345
;;;Operazioni contabilizzate;;
Data contabile;Data valuta;Descrizione;Accrediti;Addebiti;Note
02/03/24;01/03/24;COMMISSIONI;;-3,10;a
04/03/24;04/03/24;BONIFICO;250,00;;b
;;;;;
;;;Operazioni non contabilizzate;;
"""
_FEES = """Date,Text,Amount,Fee,Currency
2024-03-02,Shop,-10.00,{fee},EUR
2024-03-04,Shop,-20.00,0.00,EUR
2024-03-09,Pay,90.00,0.00,EUR
"""


def _pending(text: str) -> list[bool]:
    return [row.pending for row in statement.parse(text.encode()).transactions]


def test_a_table_under_a_title_of_pending_rows_is_pending() -> None:
    other_header = ";Data;Descrizione;Accrediti;Addebiti;Note\n;29/03/24;PAGAMENTO POS;;-20,00;c\n"
    same_header = "Data contabile;Data valuta;Descrizione;Accrediti;Addebiti;Note\n29/03/24;29/03/24;POS;;-20,00;c\n"

    assert _pending(_BOOKED + other_header) == [False, False, True]
    assert _pending(_BOOKED + same_header) == [False, False, True]


def test_a_title_of_booked_and_pending_rows_says_nothing() -> None:
    text = "Gebuchte und vorgemerkte Umsätze\nDatum;Text;Betrag\n02.03.2024;Laden;-5,00\n04.03.2024;Lohn;90,00\n"

    assert _pending(text) == [False, False]
    assert _pending(text.replace("Gebuchte und v", "V")) == [True, True]


def test_fees_that_nothing_says_to_be_in_the_amounts_are_noted() -> None:
    notes = statement.parse(_FEES.format(fee="0.30").encode()).notes

    assert [note for note in notes if "Fee" in note]
    assert not [note for note in statement.parse(_FEES.format(fee="0.00").encode()).notes if "Fee" in note]
