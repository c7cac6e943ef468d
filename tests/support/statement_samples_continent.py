"""Banks of France, the south, the middle, the north and the east of Europe."""

# ruff: noqa: E501, RUF001 (files of banks, as they write them)
from __future__ import annotations

from tests.support.statement_sample import Sample

SAMPLES = (
    Sample(
        "boursorama_constant_balance",
        """dateOp;dateVal;label;category;categoryParent;supplierFound;amount;comment;accountNum;accountLabel;accountbalance
2023-01-31;2023-01-31;"CARTE 30/01/23 SHOP";"Alimentation";"Vie quotidienne";shop;-12,34;;00012345678;BoursoBank;1234.56
2023-01-30;2023-01-30;"VIR SEPA ACME";"Salaires";"Revenus";acme;"1 500,00";;00012345678;BoursoBank;1234.56
2023-01-28;2023-01-28;"PRLV SEPA EDF";"Energie";"Logement";edf;-60,00;;00012345678;BoursoBank;1234.56
""",
        3, "1500.00", "72.34", "2023-01-28", "2023-01-31",
    ),
    Sample(
        "credit_agricole",
        """Téléchargement du 05/02/2023;

M. MARTIN JEAN
Compte de Dépôt carte n° 12345678901;
Solde au 05/02/2023 1 234,56 €
Liste des opérations du compte entre le 01/01/2023 et le 05/02/2023;

Date;Libellé;Débit euros;Crédit euros;
03/02/2023;"PAIEMENT PAR CARTE
SUPERMARCHE  02/02 ";45,20;;
31/01/2023;"VIREMENT EN VOTRE FAVEUR
SALAIRE ";;1 800,00;
""",
        2, "1800.00", "45.20", "2023-01-31", "2023-02-03", "EUR",
        encoding="cp1252",
    ),
    Sample(
        "caisse_epargne",
        """Code de la banque : 11315;Code de l'agence : 00001;Date de début de téléchargement : 01/01/2023;Date de fin de téléchargement : 31/01/2023;;
Numéro de compte : 12345678901;Nom du compte : CCP;Devise : EUR;;;
;;;;;
Solde en fin de période;;;;954,30;
Date;Numéro d'opération;Libellé;Débit;Crédit;Détail;
31/01/23;ABC123;PRLV EDF;-45,70;;;
02/01/23;DEF456;VIR SALAIRE;;+1000,00;;
Solde en début de période;;;;0,00;
""",
        2, "1000.00", "45.70", "2023-01-02", "2023-01-31", "EUR",
    ),
    Sample(
        "banque_postale_francs",
        """Numéro Compte   ;1234567A020;
Type         ;CCP;
Compte tenu en  ;euros;
Date            ;31/01/2023;
Solde (EUROS)   ;950,00;
Solde (FRANCS)  ;6231,59;

Date;Libellé;Montant(EUROS);Montant(FRANCS)
30/01/2023;"ACHAT CB SHOP 29.01.23";-50,00;-327,98
15/01/2023;"VIREMENT DE ACME";1000,00;6559,57
""",
        2, "1000.00", "50.00", "2023-01-15", "2023-01-30", "EUR",
        encoding="cp1252",
    ),
    Sample(
        "caixabank_suffix",
        """Concepto;Fecha;Importe;Saldo
BIZUM ENVIADO;30/01/2023;-20,00EUR;+980,00EUR
NOMINA;28/01/2023;+1.000,00EUR;+1.000,00EUR
""",
        2, "1000.00", "20.00", "2023-01-28", "2023-01-30", "EUR",
    ),
    Sample(
        "fineco",
        """Conto Corrente: 1234567
Intestazione Conto Corrente: ROSSI MARIO

Data,Entrate,Uscite,Descrizione,Descrizione_Completa,Stato
31/01/2023,,-35.5,PagoBancomat POS,Pag. del 30/01/23 Supermercato,Contabilizzato
27/01/2023,1500,,Stipendio,Bonifico Stipendio,Contabilizzato
""",
        2, "1500.00", "35.50", "2023-01-27", "2023-01-31",
    ),
    Sample(
        "cgd_pt",
        """Consultar saldos e movimentos à ordem - 31-01-2023

Conta ;0123456789000 - EUR - Conta Extracto
Data de início ;01-01-2023
Data de fim ;31-01-2023

Data mov. ;Data valor ;Descrição ;Débito ;Crédito ;Saldo contabilístico ;Saldo disponível ;Categoria ;
31-01-2023 ;31-01-2023 ;COMPRA LOJA ;12,30 ; ;1.187,70 ;1.187,70 ;Compras ;
20-01-2023 ;20-01-2023 ;TRF ORDENADO ; ;1.200,00 ;1.200,00 ;1.200,00 ;Rendimentos ;
 ; ; ; ;Saldo contabilístico ;1.187,70 ;
""",
        2, "1200.00", "12.30", "2023-01-20", "2023-01-31", "EUR",
        encoding="cp1252",
    ),
    Sample(
        "nubank_card",
        """date,title,amount
2023-01-30,Mercado Livre,120.50
2023-01-25,Uber *Trip,18.90
2023-01-20,Pagamento recebido,-500.00
2023-01-15,Netflix.Com,39.90
2023-01-10,Posto Shell,200.00
""",
        5, "500.00", "379.30", "2023-01-10", "2023-01-30",
    ),
    Sample(
        "itau_headerless",
        """31/01/2023;RSHOP-MERCADO-31/01;-52,30
30/01/2023;SALARIO;3.000,00
25/01/2023;TAR PACOTE ITAU;-12,90
""",
        3, "3000.00", "65.20", "2023-01-25", "2023-01-31",
    ),
    Sample(
        "mbank_hash_headers",
        """mBank S.A. Bankowość Detaliczna;
#Klient;
JAN KOWALSKI;

#Za okres:;
01.01.2023;31.01.2023;

#Waluta;
PLN;

#Numer rachunku;
12 1140 2004 0000 1234 5678 9012;

#Saldo początkowe;100,00 PLN;

#Data operacji;#Data księgowania;#Opis operacji;#Tytuł;#Nadawca/Odbiorca;#Numer konta;#Kwota;#Saldo po operacji;
2023-01-05;2023-01-05;PRZELEW WYCHODZĄCY;"CZYNSZ";"SPÓŁDZIELNIA";'12345678901234567890123456';-80,50;19,50;
2023-01-28;2023-01-28;PRZELEW PRZYCHODZĄCY;"WYNAGRODZENIE";"FIRMA";'12345678901234567890123457';4 500,00;4 519,50;
;;;;;;#Saldo końcowe;4 519,50 PLN;
""",
        2, "4500.00", "80.50", "2023-01-05", "2023-01-28", "PLN",
        encoding="cp1250",
    ),
    Sample(
        "pko_unnamed_columns",
        """"Data operacji","Data waluty","Typ transakcji","Kwota","Waluta","Saldo po transakcji","Opis transakcji","","",""
"2023-01-31","2023-01-30","Płatność kartą","-25.99","PLN","+974.01","Tytuł: 010012345","Lokalizacja: Adres: SKLEP","Data i czas operacji: 2023-01-30",""
"2023-01-15","2023-01-15","Przelew na konto","+1000.00","PLN","+1000.00","Nadawca: FIRMA","Tytuł: PENSJA","",""
""",
        2, "1000.00", "25.99", "2023-01-15", "2023-01-31", "PLN",
        encoding="cp1250",
    ),
    Sample(
        "ing_pl_blocked",
        """"Lista transakcji";;"ING Bank Śląski";
"Dokument nr 1 z dnia 01.02.2023"

"Data transakcji";"Data księgowania";"Dane kontrahenta";"Tytuł";"Nr rachunku";"Nazwa banku";"Szczegóły";"Nr transakcji";"Kwota transakcji (waluta rachunku)";"Waluta";"Kwota blokady/zwolnienie blokady";"Waluta";"Kwota płatności w walucie";"Waluta";"Konto";"Saldo po transakcji";"Waluta"
2023-01-31;;"SKLEP";"Płatność kartą";'';;;'';;;-15,00;PLN;;;"Konto";;
2023-01-30;2023-01-30;"FIRMA";"PENSJA";'123 ';"BANK";"PRZELEW";'1';3000,00;PLN;;;;;"Konto";3000,00;PLN
"Dokument ma charakter informacyjny"
""",
        1, "3000.00", "0.00", "2023-01-30", "2023-01-30", "PLN",
        encoding="cp1250",
    ),
    Sample(
        "fio_cz",
        """"Výpis č. 1/2023 z účtu 2000000000/2010"
"Majitel účtu: Jan Novák, Praha"
"Období: 01.01.2023 - 31.01.2023"
"Počáteční stav účtu k 01.01.2023: 100,00 CZK"
"Koncový stav účtu k 31.01.2023: 900,00 CZK"
"Suma příjmů: +1000,00 CZK"
"Suma výdajů: -200,00 CZK"

"ID operace";"Datum";"Objem";"Měna";"Protiúčet";"Název protiúčtu";"Kód banky";"Název banky";"KS";"VS";"SS";"Poznámka";"Zpráva pro příjemce";"Typ"
"26962199069";"02.01.2023";"1000,00";"CZK";"1000000000";"Firma";"0100";"KB";"";"";"";"";"mzda";"Bezhotovostní příjem"
"26962448650";"13.01.2023";"-200,00";"CZK";"";"Obchod";"";"";"";"";"";"Nákup";"";"Platba kartou"
""",
        2, "1000.00", "200.00", "2023-01-02", "2023-01-13", "CZK",
    ),
    Sample(
        "otp_hu_headerless",
        """"11773000-00000000","T",-2500,"HUF",20230131,20230131,97500,"","BOLT","","","VASARLAS"
"11773000-00000000","J",100000,"HUF",20230105,20230105,100000,"11700000","CEG KFT","FIZETES","","ATUTALAS"
""",
        2, "100000", "2500", "2023-01-05", "2023-01-31", "HUF",
    ),
    Sample(
        "danske_dk",
        """"Dato";"Tekst";"Beløb";"Saldo";"Status";"Afstemt"
"13.01.2023";"Netto";"-123,45";"876,55";"Udført";"Nej"
"02.01.2023";"Løn";"1.000,00";"1.000,00";"Udført";"Nej"
""",
        2, "1000.00", "123.45", "2023-01-02", "2023-01-13",
        encoding="cp1252",
    ),
    Sample(
        "swedbank_se",
        """* Transaktionsrapport Period 2023-01-01 – 2023-01-31 Skapad 2023-02-01 10:00 CET
Radnummer,Clearingnummer,Kontonummer,Produkt,Valuta,Bokföringsdag,Transaktionsdag,Valutadag,Referens,Beskrivning,Belopp,Bokfört saldo
1,82149,1234567890,"Privatkonto",SEK,2023-01-31,2023-01-30,2023-01-31,"ICA","ICA",-250.00,750.00
2,82149,1234567890,"Privatkonto",SEK,2023-01-25,2023-01-25,2023-01-25,"LÖN","LÖN",1000.00,1000.00
""",
        2, "1000.00", "250.00", "2023-01-25", "2023-01-31", "SEK",
        encoding="cp1252",
    ),
    Sample(
        "nordea_se_reserved",
        """Bokföringsdag;Belopp;Avsändare;Mottagare;Namn;Rubrik;Saldo;Valuta
Reserverat;-99,00;1234 56 78901;;;Kortköp SPOTIFY;;SEK
2023/01/30;-150,00;1234 56 78901;;;Kortköp ICA;850,00;SEK
2023/01/25;1000,00;;1234 56 78901;;Lön;1000,00;SEK
""",
        2, "1000.00", "150.00", "2023-01-25", "2023-01-30", "SEK", True,
    ),
    Sample(
        "dnb_no",
        """"Dato";"Forklaring";"Rentedato";"Ut fra konto";"Inn på konto"
"31.01.2023";"Varekjøp Rema";"31.01.2023";"345,60";""
"20.01.2023";"Lønn";"20.01.2023";"";"25000"
"18.01.2023";"Husleie";"18.01.2023";"9000";""
""",
        3, "25000.00", "9345.60", "2023-01-18", "2023-01-31",
        encoding="cp1252",
    ),
    Sample(
        "op_fi",
        """"Kirjauspäivä";"Arvopäivä";"Määrä EUROA";"Laji";"Selitys";"Saaja/Maksaja";"Saajan tilinumero ja pankin BIC";"Viite";"Viesti";"Arkistointitunnus"
"2023-01-31";"2023-01-31";"-34,90";"162";"PKORTTIMAKSU";"K-MARKET";"";"";"Viesti: ";"20230131/5UTH01/000001"
"2023-01-15";"2023-01-15";"2100,00";"710";"PALKKA";"FIRMA OY";"";"ref=";"";"20230115/5UTH01/000002"
""",
        2, "2100.00", "34.90", "2023-01-15", "2023-01-31", "EUR",
    ),
    Sample(
        "swedbank_ee_row_types",
        """"Kliendi konto";"Reatüüp";"Kuupäev";"Saaja/Maksja";"Selgitus";"Summa";"Valuuta";"Deebet/Kreedit";"Arhiveerimistunnus";"Tehingu tüüp";"Viitenumber";"Dokumendi number";
"EE382200221020145685";"10";"01.01.2023";"";"Algsaldo";"100,00";"EUR";"K";"";"AS";"";"";
"EE382200221020145685";"20";"13.01.2023";"POOD OÜ";"Ost kaardiga";"12,00";"EUR";"D";"2023011300001";"K";"";"";
"EE382200221020145685";"20";"20.01.2023";"FIRMA AS";"Palk";"900,00";"EUR";"K";"2023012000001";"MK";"";"";
"EE382200221020145685";"82";"31.01.2023";"";"Käive";"12,00";"EUR";"D";"";"K2";"";"";
"EE382200221020145685";"82";"31.01.2023";"";"Käive";"900,00";"EUR";"K";"";"K2";"";"";
"EE382200221020145685";"86";"31.01.2023";"";"Lõppsaldo";"988,00";"EUR";"K";"";"LS";"";"";
""",
        2, "900.00", "12.00", "2023-01-13", "2023-01-20", "EUR",
    ),
    Sample(
        "tinkoff",
        """"Дата операции";"Дата платежа";"Номер карты";"Статус";"Сумма операции";"Валюта операции";"Сумма платежа";"Валюта платежа";"Кэшбэк";"Категория";"MCC";"Описание";"Бонусы (включая кэшбэк)";"Округление на инвесткопилку";"Сумма операции с округлением"
"31.01.2023 12:00:00";"01.02.2023";"*1234";"OK";"-500,00";"RUB";"-500,00";"RUB";"";"Супермаркеты";"5411";"Магазин";"5,00";"0,00";"500,00"
"30.01.2023 12:00:00";"";"*1234";"FAILED";"-900,00";"RUB";"-900,00";"RUB";"";"Другое";"";"Отказ";"0,00";"0,00";"900,00"
"25.01.2023 10:00:00";"25.01.2023";"*1234";"OK";"50000,00";"RUB";"50000,00";"RUB";"";"Зарплата";"";"Зарплата";"0,00";"0,00";"50000,00"
""",
        3, "50000.00", "500.00", None, None, "RUB",
        encoding="cp1251",
    ),
    Sample(
        "monobank_header_currency",
        """"Дата i час операції","Деталі операції",MCC,"Сума в валюті картки (UAH)","Сума в валюті операції",Валюта,Курс,"Сума комісій (UAH)","Сума кешбеку (UAH)","Залишок після операції"
"31.01.2023 10:00:00","Netflix",4899,-330.00,-8.99,USD,36.7,—,—,670.00
"15.01.2023 10:00:00","Від: Іван",4829,1000.00,1000.00,UAH,—,—,—,1000.00
""",
        2, "1000.00", "330.00", "2023-01-15", "2023-01-31", "UAH",
    ),
)  # fmt: skip
