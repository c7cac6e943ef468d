"""Code pages that share their bytes: the letters of one language tell which of them a file was written in."""

# ruff: noqa: RUF001 (letters of other alphabets are the data here)
from __future__ import annotations

import pytest

from analysis import statement

_TEXTS = (
    ("cp1257", "Data;Gavėjas;Suma", "UAB Šaltinis už būstą"),
    ("cp1257", "Datums;Saņēmējs;Summa", "SIA Ķīmija"),
    ("cp1257", "Kuupäev;Selgitus;Summa", "Jõe Šokolaad"),
    ("cp1250", "Datum;Opis;Iznos", "Plaćanje računa, Đuro Čačić"),
    ("cp1250", "Datum;Popis;Částka", "Platba kartou Říčany"),
    ("cp1250", "Dátum;Közlemény;Összeg", "Fűtés, villany, gőz"),
    ("cp1250", "Data;Descriere;Suma", "Plată factură Oraşul"),
    ("cp1250", "Data;Opis;Kwota", "Płatność kartą Śródmieście"),
    ("cp1252", "Fecha;Concepto;Importe", "Nómina año"),
    ("cp1252", "Date;Libellé;Montant", "Prélèvement à la Française"),
    ("cp1252", "Dato;Beskrivelse;Beløb", "Køb på Østerbro"),
    ("cp1252", "Datum;Verwendungszweck;Betrag", "Müller & Söhne Café"),
    ("cp1252", "Data;Descrição;Valor", "Transferência João"),
    ("cp1254", "Tarih;Açıklama;Tutar", "Maaş ödemesi İşbank"),
    ("iso8859-2", "Data;Opis;Kwota", "Płatność kartą Śródmieście"),
    ("cp852", "Datum;Popis;Částka", "Platba kartou Říčany"),
    ("cp1251", "Дата;Описание;Сумма", "Покупка в магазине"),
    ("cp1253", "Ημερομηνία;Περιγραφή;Ποσό", "Αγορά με κάρτα"),
)


@pytest.mark.parametrize(("encoding", "head", "text"), _TEXTS)
def test_letters_come_back_as_they_were_written(encoding: str, head: str, text: str) -> None:
    file = f"{head}\n13.01.2023;{text};-1,50\n14.01.2023;x;2,00\n".encode(encoding)

    parsed = statement.parse(file)

    said = {" ".join(filter(None, (row.text, row.counterparty))) for row in parsed.transactions}
    assert any(" ".join(text.split()) in one for one in said)


def test_a_space_that_does_not_break_is_no_letter_between_digits() -> None:
    file = "Date;Text;Amount\n13.01.2023;a;-1\u00a0234,50\n14.01.2023;b;2\u00a0000,00\n".encode("cp1252")

    assert [row.amount_minor for row in statement.parse(file).transactions] == [-123450, 200000]
