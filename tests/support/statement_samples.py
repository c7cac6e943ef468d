"""Small statements in the manner of many banks, written for this project: name, text, and what is in it.

Each is a `Sample(name, text, rows, money_in, money_out, first, last)`; `flagged` says that a problem or a question is
due. Amounts are in major units as strings.
"""

# ruff: noqa: E501, Q001, RUF001 (files of banks, as they write them)
from __future__ import annotations

from typing import NamedTuple


class Sample(NamedTuple):
    name: str
    text: str
    rows: int
    money_in: str
    money_out: str
    first: str | None = None
    last: str | None = None
    currency: str | None = None
    flagged: bool = False
    encoding: str = "utf-8"


SAMPLES = (
    Sample(
        "revolut_fee_pending_reverted",
        """Type,Product,Started Date,Completed Date,Description,Amount,Fee,Currency,State,Balance
TOPUP,Current,2023-01-02 10:00:00,2023-01-02 10:00:05,Top-Up by *1234,100.00,0.00,EUR,COMPLETED,100.00
CARD_PAYMENT,Current,2023-01-03 11:00:00,2023-01-04 03:00:00,Shop,-10.00,0.00,EUR,COMPLETED,90.00
ATM,Current,2023-01-05 11:00:00,2023-01-05 12:00:00,Cash at Bank,-50.00,1.00,EUR,COMPLETED,39.00
CARD_PAYMENT,Current,2023-01-06 11:00:00,,Hotel,-20.00,0.00,EUR,REVERTED,
CARD_PAYMENT,Current,2023-01-07 11:00:00,,Taxi,-5.00,0.00,EUR,PENDING,
""",
        5, "100.00", "66.00", "2023-01-02", "2023-01-07", "EUR",
    ),
    Sample(
        "ing_nl",
        """"Datum";"Naam / Omschrijving";"Rekening";"Tegenrekening";"Code";"Af Bij";"Bedrag (EUR)";"Mutatiesoort";"Mededelingen";"Saldo na mutatie";"Tag"
"20230203";"Albert Heijn";"NL01INGB0001234567";"";"BA";"Af";"23,45";"Betaalautomaat";"Pasvolgnr: 001 02-02-2023 18:00";"976,55";""
"20230201";"Werkgever BV";"NL01INGB0001234567";"NL02RABO0123456789";"GT";"Bij";"1.000,00";"Online bankieren";"Salaris";"1.000,00";""
""",
        2, "1000.00", "23.45", "2023-02-01", "2023-02-03", "EUR",
    ),
    Sample(
        "rabobank",
        """"IBAN/BBAN","Munt","BIC","Volgnr","Datum","Rentedatum","Bedrag","Saldo na trn","Tegenrekening IBAN/BBAN","Naam tegenpartij","Omschrijving-1"
"NL10RABO0123456789","EUR","RABONL2U","000000000000000001","2023-03-01","2023-03-01","+1500,00","+1500,00","NL20INGB0001234567","Baas","salaris"
"NL10RABO0123456789","EUR","RABONL2U","000000000000000002","2023-03-02","2023-03-02","-25,50","+1474,50","NL20INGB0001234568","Winkel","boodschappen"
""",
        2, "1500.00", "25.50", "2023-03-01", "2023-03-02", "EUR",
    ),
    Sample(
        "dkb_old",
        """"Kontonummer:";"DE12345678901234567890 / Girokonto";

"Von:";"01.01.2018";
"Bis:";"31.01.2018";
"Kontostand vom 31.01.2018:";"1.234,56 EUR";

"Buchungstag";"Wertstellung";"Buchungstext";"Auftraggeber / Begünstigter";"Verwendungszweck";"Kontonummer";"BLZ";"Betrag (EUR)";"Gläubiger-ID";"Mandatsreferenz";"Kundenreferenz";
"22.01.2018";"22.01.2018";"Lastschrift";"Stadtwerke";"Abschlag Januar";"DE99500105175407324931";"BYLADEM1001";"-45,00";"DE00ZZZ00000000001";"M-1";"";
"15.01.2018";"15.01.2018";"Gutschrift";"Arbeitgeber GmbH";"Gehalt";"DE99500105175407324932";"BYLADEM1001";"2.100,00";"";"";"";
""",
        2, "2100.00", "45.00", "2018-01-15", "2018-01-22", "EUR",
        encoding="cp1252",
    ),
    Sample(
        "dkb_new",
        """"Girokonto";"DE12345678901234567890"
"Kontostand vom 30.06.2023:";"500,00 €"
""
"Buchungsdatum";"Wertstellung";"Status";"Zahlungspflichtige*r";"Zahlungsempfänger*in";"Verwendungszweck";"Umsatztyp";"IBAN";"Betrag (€)";"Gläubiger-ID";"Mandatsreferenz";"Kundenreferenz"
"30.06.23";"";"Vorgemerkt";"ISSUER";"Laden";"Einkauf";"Ausgang";"DE1";"-12,5";"";"";""
"28.06.23";"28.06.23";"Gebucht";"Firma";"Ich";"Lohn";"Eingang";"DE2";"1.500";"";"";""
""",
        2, "1500.00", "12.50", "2023-06-28", "2023-06-30", "EUR",
    ),
    Sample(
        "comdirect",
        """;
"Umsätze Girokonto";"Zeitraum: 01.03.2021 - 31.03.2021";
"Neuer Kontostand";"876,54 EUR";

"Buchungstag";"Wertstellung (Valuta)";"Vorgang";"Buchungstext";"Umsatz in EUR";
"offen";"--";"Kartenverfügung";" Supermarkt";"-20,00";
"03.03.2021";"03.03.2021";"Lastschrift / Belastung";" Auftraggeber: Netz AG Buchungstext: Strom";"-50,00";
"01.03.2021";"01.03.2021";"Übertrag / Überweisung";" Auftraggeber: Firma";"946,54";

"Alter Kontostand";"0,00 EUR";
""",
        2, "946.54", "50.00", "2021-03-01", "2021-03-03", "EUR", True,
    ),
    Sample(
        "volksbank_old",
        """Musterbank eG

Umsatzanzeige

;BLZ:;50010000;;Datum:;28.02.2017
;Konto:;1234567;;Uhrzeit:;12:00:00

Kontoinhaber:;Max Muster
"Buchungstag";"Valuta";"Auftraggeber/Zahlungsempfänger";"Empfänger/Zahlungspflichtiger";"Konto-Nr.";"IBAN";"BLZ";"BIC";"Vorgang/Verwendungszweck";"Kundenreferenz";"Währung";"Umsatz";" "
"28.02.2017";"28.02.2017";"Max Muster";"Versicherung AG";"";"DE02";"";"GENO";"Beitrag
EREF: 123";"";"EUR";"75,90";"S"
"27.02.2017";"27.02.2017";"Max Muster";"Arbeitgeber";"";"DE03";"";"GENO";"Gehalt";"";"EUR";"2.500,00";"H"

"01.02.2017";;;;;;;;;;"Anfangssaldo";"100,00";"H"
"28.02.2017";;;;;;;;;;"Endsaldo";"2.524,10";"H"
""",
        2, "2500.00", "75.90", "2017-02-27", "2017-02-28", "EUR",
        encoding="cp1252",
    ),
    Sample(
        "lloyds",
        """Transaction Date,Transaction Type,Sort Code,Account Number,Transaction Description,Debit Amount,Credit Amount,Balance
31/01/2023,DEB,'30-10-12,12345678,CORNER SHOP,12.50,,487.50
30/01/2023,BGC,'30-10-12,12345678,EMPLOYER LTD,,500.00,500.00
""",
        2, "500.00", "12.50", "2023-01-30", "2023-01-31",
    ),
    Sample(
        "natwest",
        """Date, Type, Description, Value, Balance, Account Name, Account Number

13/02/2023,POS,"'9999 12FEB23 , GROCER , LONDON GB",-20.00,80.00,"'CURRENT","'600001-12345678",
10/02/2023,BAC,"'SALARY",100.00,100.00,"'CURRENT","'600001-12345678",
""",
        2, "100.00", "20.00", "2023-02-10", "2023-02-13",
    ),
    Sample(
        "monzo",
        """Transaction ID,Date,Time,Type,Name,Emoji,Category,Amount,Currency,Local amount,Local currency,Notes and #tags,Address,Receipt,Description,Category split,Money Out,Money In
tx_1,13/09/2022,10:00:00,Card payment,Cafe,,Eating out,-3.50,GBP,-4.00,EUR,,,,CAFE PARIS,,-3.50,
tx_2,14/09/2022,11:00:00,Faster payment,Friend,,General,20.00,GBP,20.00,GBP,thanks,,,FRIEND,,,20.00
""",
        2, "20.00", "3.50", "2022-09-13", "2022-09-14", "GBP",
    ),
    Sample(
        "starling_opening",
        """Date,Counter Party,Reference,Type,Amount (GBP),Balance (GBP),Spending Category,Notes
03/01/2020,Opening Balance,,,0.00,0.00,,
20/01/2020,Employer,PAY,FASTER PAYMENT,1000.00,1000.00,INCOME,
21/01/2020,Shop,CARD,CONTACTLESS,-7.25,992.75,SHOPPING,
""",
        2, "1000.00", "7.25", "2020-01-20", "2020-01-21", "GBP",
    ),
    Sample(
        "chase_trailing_comma",
        """Details,Posting Date,Description,Amount,Type,Balance,Check or Slip #
DEBIT,01/31/2023,"GROCERY OUTLET",-45.10,DEBIT_CARD,954.90,,
CREDIT,01/30/2023,"PAYROLL ACME",1000.00,ACH_CREDIT,1000.00,,
""",
        2, "1000.00", "45.10", "2023-01-30", "2023-01-31",
    ),
    Sample(
        "amex_card",
        """Date,Description,Card Member,Account #,Amount
02/27/2023,WHOLE FOODS MARKET,J DOE,-11001,54.20
02/25/2023,AUTOPAY PAYMENT RECEIVED - THANK YOU,J DOE,-11001,-300.00
02/24/2023,NETFLIX.COM,J DOE,-11001,15.49
02/20/2023,UNITED AIRLINES,J DOE,-11001,230.31
""",
        4, "300.00", "300.00", "2023-02-20", "2023-02-27",
    ),
    Sample(
        "discover_card",
        """Trans. Date,Post Date,Description,Amount,Category
03/15/2023,03/15/2023,"INTERNET PAYMENT - THANK YOU",-120.00,"Payments and Credits"
03/14/2023,03/14/2023,"SHELL OIL",40.00,"Gasoline"
03/13/2023,03/13/2023,"AMAZON MKTPLACE",60.00,"Merchandise"
03/02/2023,03/02/2023,"TARGET",20.00,"Merchandise"
""",
        4, "120.00", "120.00", "2023-03-02", "2023-03-15",
    ),
    Sample(
        "bofa_summary",
        """Description,,Summary Amt.
Beginning balance as of 01/01/2023,,"1,000.00"
Total credits,,"500.00"
Total debits,,"-200.00"
Ending balance as of 01/31/2023,,"1,300.00"

Date,Description,Amount,Running Bal.
01/01/2023,Beginning balance as of 01/01/2023,,"1,000.00"
01/13/2023,"PAYROLL","500.00","1,500.00"
01/17/2023,"RENT","-200.00","1,300.00"
""",
        2, "500.00", "200.00", "2023-01-13", "2023-01-17",
    ),
    Sample(
        "wells_fargo_headerless",
        '''"01/31/2023","-12.34","*","","PURCHASE AUTHORIZED ON 01/30 COFFEE"
"01/30/2023","1500.00","*","","ACME PAYROLL"
"01/29/2023","-200.00","*","1024","CHECK # 1024"
''',
        3, "1500.00", "212.34", "2023-01-29", "2023-01-31",
    ),
    Sample(
        "capital_one_360",
        """Account Number,Transaction Description,Transaction Date,Transaction Type,Transaction Amount,Balance
1234,Interest Paid,01/31/23,Credit,0.51,100.51
1234,Withdrawal to CARD,01/15/23,Debit,50.00,100.00
1234,Deposit from EMPLOYER,01/02/23,Credit,150.00,150.00
""",
        3, "150.51", "50.00", "2023-01-02", "2023-01-31",
    ),
    Sample(
        "commbank_headerless",
        """31/01/2023,"-12.34","COFFEE SHOP SYDNEY","+487.66"
30/01/2023,"+500.00","Salary ACME","+500.00"
""",
        2, "500.00", "12.34", "2023-01-30", "2023-01-31",
    ),
    Sample(
        "nab_au",
        """Date,Amount,Account Number,,Transaction Type,Transaction Details,Balance
31 Jan 23,-9.90,123456789,,EFTPOS DEBIT,SHOP,90.10
02 Jan 23,100.00,123456789,,TRANSFER CREDIT,JOHN,100.00
""",
        2, "100.00", "9.90", "2023-01-02", "2023-01-31",
    ),
    Sample(
        "anz_nz",
        """Type,Details,Particulars,Code,Reference,Amount,Date,ForeignCurrencyAmount,ConversionCharge
Eft-Pos,Countdown,4835****,C,230113,-56.20,13/01/2023,,
Salary,Employer,WAGES,,,1200.00,11/01/2023,,
""",
        2, "1200.00", "56.20", "2023-01-11", "2023-01-13",
    ),
    Sample(
        "kiwibank",
        """Account number,Date,Memo/Description,Source Code (payment type),TP ref,TP part,TP code,OP ref,OP part,OP code,OP name,OP Bank Account Number,Amount (credit),Amount (debit),Amount,Balance
38-9000-0000000-00,2023-05-02,EFTPOS SHOP,,,,,,,,,,,12.00,-12.00,88.00
38-9000-0000000-00,2023-05-01,PAY,,,,,,,,,,100.00,,100.00,100.00
""",
        2, "100.00", "12.00", "2023-05-01", "2023-05-02",
    ),
    Sample(
        "rbc_currency_columns",
        """"Account Type","Account Number","Transaction Date","Cheque Number","Description 1","Description 2","CAD$","USD$"
Chequing,01234-5678901,1/31/2023,,"PAYROLL DEPOSIT","ACME",1000.00,,
Chequing,01234-5678901,1/30/2023,,"INTERAC PURCHASE","SHOP",-22.10,,
""",
        2, "1000.00", "22.10", "2023-01-30", "2023-01-31", "CAD",
    ),
    Sample(
        "td_ca_headerless",
        """01/31/2023,GROCER,12.34,,487.66
01/30/2023,PAYROLL,,500.00,500.00
""",
        2, "500.00", "12.34", "2023-01-30", "2023-01-31",
    ),
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
    Sample(
        "turkey",
        """Tarih;Açıklama;Tutar;Bakiye
31.01.2023;MARKET ALIŞVERİŞ;-1.250,75;8.749,25
15.01.2023;MAAŞ;10.000,00;10.000,00
""",
        2, "10000.00", "1250.75", "2023-01-15", "2023-01-31",
        encoding="cp1254",
    ),
    Sample(
        "hdfc_stars",
        """ Date     ,Narration                ,Chq./Ref.No.     ,Value Dt ,Withdrawal Amt.,Deposit Amt.,Closing Balance
********,****************,********,********,*******,*******,*******
13/01/23,UPI-SHOP,0000301312345678,13/01/23,250.00,,"99,750.00"
01/01/23,SALARY JAN,0000000000000000,01/01/23,,"1,00,000.00","1,00,000.00"
********,****************,********,********,*******,*******,*******
""",
        2, "100000.00", "250.00", "2023-01-01", "2023-01-13",
    ),
    Sample(
        "sbi_tab",
        """Account Name\tMR X
Start Date\t1 Jan 2023
Balance as on 1 Jan 2023\t5,000.00

Txn Date\tValue Date\tDescription\tRef No./Cheque No.\t        Debit\tCredit\tBalance
2 Jan 2023\t2 Jan 2023\tTO TRANSFER-UPI\tTRANSFER TO 123\t1,200.50\t \t3,799.50
9 Jan 2023\t9 Jan 2023\tBY TRANSFER-NEFT\tTRANSFER FROM 456\t \t1,25,000.00\t1,28,799.50
""",
        2, "125000.00", "1200.50", "2023-01-02", "2023-01-09",
    ),
    Sample(
        "dbs_sg",
        """Account Details For:,DBS Savings 123-4-567890
Statement as at:,31 Jan 2023
Available Balance:,1000.00
Ledger Balance:,1000.00

Transaction Date,Reference,Debit Amount,Credit Amount,Transaction Ref1,Transaction Ref2,Transaction Ref3

31 Jan 2023,ICT,25.00, ,PayNow Transfer,To: X,OTHR,
30 Jan 2023,SAL, ,1025.00,ACME,,,
""",
        2, "1025.00", "25.00", "2023-01-30", "2023-01-31",
    ),
    Sample(
        "smbc_jp",
        """年月日,お引出し,お預入れ,お取り扱い内容,残高
2023/1/31,"5,000",,カード,"195,000"
2023/1/25,,"200,000",給料振込,"200,000"
""",
        2, "200000", "5000", "2023-01-25", "2023-01-31", "JPY",
        encoding="cp932",
    ),
    Sample(
        "mufg_jp",
        """"日付","摘要","摘要内容","支払い金額","預かり金額","差引残高","メモ","未資金化区分","入払区分"
"2023/1/27","給料","カイシャ","","250,000","260,000","","","振替入金"
"2023/1/30","口座振替","デンキ","8,400","","251,600","","","振替支払い"
""",
        2, "250000", "8400", "2023-01-27", "2023-01-30", "JPY",
        encoding="cp932",
    ),
    Sample(
        "fnb_za",
        """2,12345678901,MR X,'CHEQUE'

Account:,62000000000,[Cheque]
Balance:,1500.00,1500.00

Date, Amount, Balance, Description
2023/01/31, -250.00, 1500.00, POS PURCHASE WOOLWORTHS
2023/01/25, 1750.00, 1750.00, SALARY
""",
        2, "1750.00", "250.00", "2023-01-25", "2023-01-31",
    ),
    Sample(
        "mint_flag",
        '''"Date","Description","Original Description","Amount","Transaction Type","Category","Account Name","Labels","Notes"
"1/31/2023","Coffee","COFFEE 123","4.50","debit","Coffee Shops","Checking","",""
"1/15/2023","Paycheck","ACME","2000.00","credit","Paycheck","Checking","",""
''',
        2, "2000.00", "4.50", "2023-01-15", "2023-01-31",
    ),
    Sample(
        "ynab_zero_filled",
        '''"Account","Flag","Date","Payee","Category Group/Category","Memo","Outflow","Inflow","Cleared"
"Checking","","01/31/2023","Shop","Everyday: Food","",$12.00,$0.00,"Cleared"
"Checking","","01/15/2023","Work","Inflow: Ready to Assign","",$0.00,$900.00,"Cleared"
''',
        2, "900.00", "12.00", "2023-01-15", "2023-01-31",
    ),
    Sample(
        "venmo",
        """Account Statement - (@someone) ,,,,,,,,,,,,,,,,,
Account Activity,,,,,,,,,,,,,,,,,
,ID,Datetime,Type,Status,Note,From,To,Amount (total),Amount (tip),Amount (tax),Amount (fee),Tax Rate,Tax Exempt,Funding Source,Destination,Beginning Balance,Ending Balance
,,,,,,,,,,,,,,,,$0.00,
,3712345678901234567,2023-01-31T10:00:00,Payment,Complete,pizza,Me,Friend,- $12.00,,0,,0,,Bank,,,
,3712345678901234568,2023-01-30T10:00:00,Payment,Complete,rent,Mate,Me,+ $500.00,,0,,0,,,Venmo balance,,
,,,,,,,,,,,,,,,,,$488.00
""",
        2, "500.00", "12.00", "2023-01-30", "2023-01-31", "USD",
    ),
    Sample(
        "apple_card",
        """Transaction Date,Clearing Date,Description,Merchant,Category,Type,Amount (USD),Purchased By
01/31/2023,02/01/2023,"COFFEE CO","Coffee Co","Restaurants","Purchase","5.25","J Doe"
01/30/2023,01/31/2023,"ACH DEPOSIT INTERNET TRANSFER FROM ACCOUNT ENDING IN 1","Ach Deposit","Payment","Payment","-100.00","J Doe"
01/20/2023,01/21/2023,"GROCER","Grocer","Grocery","Purchase","44.75","J Doe"
""",
        3, "100.00", "50.00", "2023-01-20", "2023-01-31", "USD",
    ),
    Sample(
        "citi_negative_credit",
        """Status,Date,Description,Debit,Credit,Member Name
Cleared,01/31/2023,"SHOP",25.00,,J DOE
Cleared,01/28/2023,"ONLINE PAYMENT, THANK YOU",,-225.00,J DOE
""",
        2, "225.00", "25.00", "2023-01-28", "2023-01-31",
    ),
    Sample(
        "kbc_be_both",
        """Rekeningnummer;Rubrieknaam;Naam;Munt;Afschriftnummer;Datum;Omschrijving;Valuta;Bedrag;Saldo;credit;debet;rekeningnummer tegenpartij;BIC tegenpartij;Naam tegenpartij;Adres tegenpartij;gestructureerde mededeling;Vrije mededeling
BE68539007547034;Zicht;X;EUR;02023001;31/01/2023;BETALING;31/01/2023;-40,00;960,00;;-40,00;;;SHOP;;;
BE68539007547034;Zicht;X;EUR;02023001;25/01/2023;LOON;25/01/2023;1000,00;1000,00;1000,00;;BE1;KRED;ACME;;;
""",
        2, "1000.00", "40.00", "2023-01-25", "2023-01-31", "EUR",
    ),
    Sample(
        "neon_ch",
        """"Date";"Amount";"Original amount";"Original currency";"Exchange rate";"Description";"Subject";"Category";"Tags";"Wise";"Spaces"
"2023-01-31";"-12.95";"-12.00";"EUR";"1.0792";"SHOP";;"shopping";"";"no";"no"
"2023-01-25";"5000.00";;;;"ACME AG";"Lohn";"income";"";"no";"no"
""",
        2, "5000.00", "12.95", "2023-01-25", "2023-01-31",
    ),
    Sample(
        "ambiguous_dates",
        """Date,Details,Amount
01/02/2023,SHOP,-10.00
03/02/2023,PAY,100.00
02/02/2023,GROCER,-5.00
""",
        3, "100.00", "15.00", None, None, None, True,
    ),
    Sample(
        "ambiguous_decimal",
        """Date;Description;Amount;Currency
2023-01-31;SHOP;-1.234;EUR
2023-01-30;PAY;2.345;EUR
""",
        2, "2345.00", "1234.00", "2023-01-30", "2023-01-31", "EUR", True,
    ),
    Sample(
        "no_year",
        """Date,Description,Amount
31 Jan,SHOP,-10.00
30 Jan,PAY,20.00
""",
        2, "20.00", "10.00", None, None, None, True,
    ),
    Sample(
        "semicolon_utf16",
        """Buchungstag;Verwendungszweck;Betrag;Währung
31.01.2023;Miete;-800,00;EUR
30.01.2023;Lohn;1.900,00;EUR
""",
        2, "1900.00", "800.00", "2023-01-30", "2023-01-31", "EUR",
        encoding="utf-16",
    ),
    Sample(
        "greek",
        """Α/Α;Ημερομηνία;Αιτιολογία;Κατάστημα;Τοκισμός από;Ποσό;Πρόσημο ποσού;Υπόλοιπο
1;31/01/2023;ΑΓΟΡΑ;0141;31/01/2023;35,40;Χ;1.164,60
2;25/01/2023;ΜΙΣΘΟΔΟΣΙΑ;0141;25/01/2023;1.200,00;Π;1.200,00
""",
        2, "1200.00", "35.40", "2023-01-25", "2023-01-31",
        encoding="cp1253",
    ),
    Sample(
        "bulgarian",
        """Дата;Вальор;Дебит;Кредит;Основание;Контрагент;Салдо
31.01.2023;31.01.2023;45.10;;Плащане ток;ЕВН;1454.90
25.01.2023;25.01.2023;;1500.00;Заплата;ФИРМА;1500.00
""",
        2, "1500.00", "45.10", "2023-01-25", "2023-01-31",
        encoding="cp1251",
    ),
    Sample(
        "hebrew",
        """תאריך,תיאור,אסמכתא,חובה,זכות,יתרה בש"ח
31/01/2023,סופר,1234,250.00,,9750.00
25/01/2023,משכורת,5678,,10000.00,10000.00
""",
        2, "10000.00", "250.00", "2023-01-25", "2023-01-31",
        encoding="cp1255",
    ),
    Sample(
        "korean",
        """거래일시,적요,출금액,입금액,잔액,거래점
2023-01-31 10:00:00,편의점,"5,000",0,"995,000",강남
2023-01-25 09:00:00,급여,0,"1,000,000","1,000,000",본점
""",
        2, "1000000", "5000", "2023-01-25", "2023-01-31",
        encoding="cp949",
    ),
    Sample(
        "icbc_cn",
        """明细查询文件下载

卡号:,6222****1234,账号:,1234****5678
交易日期,摘要,交易场所,记账金额(收入),记账金额(支出),余额,对方户名
2023-01-31,消费,超市,,"128.50","4,871.50",超市
2023-01-15,工资,公司,"5,000.00",,"5,000.00",公司
合计笔数:2
""",
        2, "5000.00", "128.50", "2023-01-15", "2023-01-31",
        encoding="gb18030",
    ),
    Sample(
        "romanian_bt",
        """Numar cont:,RO49AAAA1B31007593840000
Perioada:,01.01.2023 - 31.01.2023

Data tranzactie,Data valuta,Descriere,Referinta tranzactiei,Debit,Credit,Sold contabil
31.01.2023,31.01.2023,Plata la POS,ABC1,"-120.50","","3,379.50"
15.01.2023,15.01.2023,Incasare salariu,ABC2,"","3,500.00","3,500.00"
""",
        2, "3500.00", "120.50", "2023-01-15", "2023-01-31",
    ),
    Sample(
        "croatian",
        """Datum;Opis plaćanja;Isplata;Uplata;Stanje
31.01.2023.;Kupnja;55,30;;1.144,70
20.01.2023.;Plaća;;1.200,00;1.200,00
""",
        2, "1200.00", "55.30", "2023-01-20", "2023-01-31",
        encoding="cp1250",
    ),
    Sample(
        "headerless_id_columns",
        """1000123;2023-01-31;SHOP LTD;000451;-45,20;EUR;2.954,80
1000122;2023-01-25;EMPLOYER;000450;3.000,00;EUR;3.000,00
""",
        2, "3000.00", "45.20", "2023-01-25", "2023-01-31", "EUR",
    ),
    Sample(
        "two_sections",
        """Account;111-1
Date;Description;Amount;Balance
2023-01-02;PAY;100.00;100.00
2023-01-03;SHOP;-10.00;90.00

Account;222-2
Date;Description;Amount;Balance
2023-01-04;INTEREST;1.00;501.00
2023-01-05;FEE;-2.00;499.00
""",
        4, "101.00", "12.00", "2023-01-02", "2023-01-05",
    ),
    Sample(
        "parentheses_negative",
        """Date,Description,Amount
2023-01-31,SHOP,"(1,045.20)"
2023-01-25,PAY,"3,000.00"
""",
        2, "3000.00", "1045.20", "2023-01-25", "2023-01-31",
    ),
    Sample(
        "trailing_minus_and_crdr",
        """Date,Description,Amount,Balance
2023-01-31,SHOP,45.20 DR,54.80 CR
2023-01-25,PAY,100.00 CR,100.00 CR
""",
        2, "100.00", "45.20", "2023-01-25", "2023-01-31",
    ),
    Sample(
        "unsigned_by_words",
        """Date,Description,Amount
2023-01-31,Card purchase SHOP,45.20
2023-01-30,ATM withdrawal,20.00
2023-01-28,Direct debit POWER CO,60.00
2023-01-25,Salary ACME,3000.00
""",
        4, "3000.00", "125.20", "2023-01-25", "2023-01-31",
    ),
    Sample(
        "unsigned_by_balance_newest_first",
        """Date,Description,Amount,Balance
2023-01-31,SHOP,45.20,2954.80
2023-01-30,X,20.00,3000.00
2023-01-25,ACME,3020.00,3020.00
""",
        3, "3020.00", "65.20", "2023-01-25", "2023-01-31",
    ),
    Sample(
        "schwab_titles",
        """"Transactions  for Checking account XXXXXX-123456 as of 09/26/2016"
"Date","Type","Check #","Description","Withdrawal (-)","Deposit (+)","RunningBalance"
"Pending Transactions"
"Total Pending Check and other Credit(s)","","","","",""
"09/26/2016","VISA","","COFFEE","$3.10","",""
"Posted Transactions"
"09/23/2016","ACH","","ACME PAYROLL","","$1,000.00","$1,000.00"
""",
        2, "1000.00", "3.10", "2016-09-23", "2016-09-26",
    ),
    Sample(
        "nationwide_headerless",
        """"07 Nov 2013","Bank credit","Bank credit","","£500.00","£500.00"
"09 Nov 2013","ATM Withdrawal","Withdrawal","£20.00","","£480.00"
"12 Nov 2013","Visa purchase","Shop","£30.00","","£450.00"
""",
        3, "500.00", "50.00", "2013-11-07", "2013-11-12", "GBP",
    ),
    Sample(
        "sparkasse_camt_pending",
        """"Auftragskonto";"Buchungstag";"Valutadatum";"Buchungstext";"Verwendungszweck";"Glaeubiger ID";"Mandatsreferenz";"Kundenreferenz (End-to-End)";"Sammlerreferenz";"Lastschrift Ursprungsbetrag";"Auslagenersatz Ruecklastschrift";"Beguenstigter/Zahlungspflichtiger";"Kontonummer/IBAN";"BIC (SWIFT-Code)";"Betrag";"Waehrung";"Info"
"DE11";"30.01.23";"30.01.23";"KARTENZAHLUNG";"Einkauf";"";"";"";"";"";"";"REWE";"DE22";"GENODEF";"-21,50";"EUR";"Umsatz vorgemerkt"
"DE11";"27.01.23";"27.01.23";"GUTSCHRIFT";"Gehalt";"";"";"";"";"";"";"ACME";"DE33";"GENODEF";"2000,00";"EUR";"Umsatz gebucht"
""",
        2, "2000.00", "21.50", "2023-01-27", "2023-01-30", "EUR",
    ),
    Sample(
        "hypovereinsbank_tab",
        """Kontonummer\tBuchungsdatum\tValuta\tEmpfaenger 1\tEmpfaenger 2\tVerwendungszweck\tBetrag\tWaehrung
123456\t28.02.2023\t28.02.2023\tStadtwerke\t\tAbschlag\t-55,00\tEUR
123456\t15.02.2023\t15.02.2023\tArbeitgeber\t\tLohn\t1.800,00\tEUR
""",
        2, "1800.00", "55.00", "2023-02-15", "2023-02-28", "EUR",
        encoding="utf-16",
    ),
    Sample(
        "currency_code_before_figure",
        """Date,Narrative,Amount,Balance
Mon 13 Mar 2023,SHOP,AUD -12.50,AUD 87.50
Fri 10 Mar 2023,PAY,AUD 100.00,AUD 100.00
""",
        2, "100.00", "12.50", "2023-03-10", "2023-03-13", "AUD",
    ),
    Sample(
        "narrow_spaces_and_french_months",
        """Date;Libellé;Montant;Solde
31 janv. 2023;LOYER;−1\u202f050,00\u00a0€;2\u202f450,00\u00a0€
02 févr. 2023;SALAIRE;2\u202f000,00\u00a0€;4\u202f450,00\u00a0€
""",
        2, "2000.00", "1050.00", "2023-01-31", "2023-02-02", "EUR",
    ),
    Sample(
        "lines_quoted_whole",
        '''"Date,Description,Amount"
"2023-01-31,""Shop, big"",-5.00"
"2023-01-30,Pay,10.00"
''',
        2, "10.00", "5.00", "2023-01-30", "2023-01-31",
    ),
    Sample(
        "two_accounts_in_rows",
        """Account Number,Date,Description,Amount,Balance,Currency
11112222,13/01/2023,PAY,100.00,100.00,GBP
33334444,13/01/2023,INTEREST,1.00,501.00,EUR
11112222,14/01/2023,SHOP,-10.00,90.00,GBP
33334444,15/01/2023,FEE,-2.00,499.00,EUR
""",
        4, "101.00", "12.00", "2023-01-13", "2023-01-15",
    ),
    Sample(
        "japanese_era",
        """年月日,摘要,お支払金額,お預り金額,差引残高
5.01.25,給料,,200000,250000
5.01.31,電気,5000,,245000
""",
        2, "200000", "5000", None, None, None,
        flagged=True,
        encoding="cp932",
    ),
    Sample(
        "taiwan_years",
        """交易日期,摘要,支出金額,存入金額,餘額
112/01/31,轉帳,500,,9500
112/01/15,薪資,,10000,10000
""",
        2, "10000", "500", "2023-01-15", "2023-01-31",
        encoding="big5",
    ),
    Sample(
        "thai_buddhist_years",
        """วันที่,รายการ,ถอนเงิน,ฝากเงิน,ยอดคงเหลือ
31/01/2566,ซื้อสินค้า,250.00,,9750.00
15/01/2566,เงินเดือน,,10000.00,10000.00
""",
        2, "10000.00", "250.00", "2023-01-15", "2023-01-31",
        encoding="cp874",
    ),
    Sample(
        "arabic",
        """التاريخ,البيان,مدين,دائن,الرصيد
31/01/2023,شراء,150.00,,850.00
15/01/2023,راتب,,1000.00,1000.00
""",
        2, "1000.00", "150.00", "2023-01-15", "2023-01-31",
        encoding="cp1256",
    ),
    Sample(
        "vietnamese",
        """Ngày giao dịch,Diễn giải,Ghi nợ,Ghi có,Số dư
31/01/2023,Mua hàng,"150,000",,"850,000"
15/01/2023,Lương,,"1,000,000","1,000,000"
""",
        2, "1000000", "150000", "2023-01-15", "2023-01-31",
    ),
    Sample(
        "brazil_bb_opening",
        """"Data","Dependencia Origem","Histórico","Data do Balancete","Número do documento","Valor",
"31/10/2012","","Saldo Anterior","","0","100.00",
"01/11/2012","0000-9","Transferência on line","","224631","-290.00",
"05/11/2012","0000-9","Proventos","","731350","2000.00",
"12/11/2012","","S A L D O","","0","1810.00",
""",
        2, "2000.00", "290.00", "2012-11-01", "2012-11-05",
        encoding="cp1252",
    ),
    Sample(
        "card_all_positive_asks",
        """Transaction Date,Description,Merchant Category,Amount
01/31/2023,COFFEE CO,Restaurants,5.25
01/28/2023,GROCER,Groceries,44.75
01/20/2023,AIRLINE,Travel,310.00
""",
        3, "360.00", "0.00", "2023-01-20", "2023-01-31", None, True,
    ),
    Sample(
        "debit_and_credit_on_one_row",
        """Date,Description,Debit,Credit
2023-01-13,both,5.00,7.00
2023-01-14,out,5.00,
2023-01-15,in,,9.00
""",
        2, "9.00", "5.00", "2023-01-14", "2023-01-15", None, True,
    ),
    Sample(
        "continuation_lines",
        """Date;Text;Amount;Balance
13.01.2023;Order 1;-10,00;90,00
;to John Smith;;
;12345 Somewhere;;
14.01.2023;Pay;50,00;140,00
""",
        2, "50.00", "10.00", "2023-01-13", "2023-01-14",
    ),
    Sample(
        "sub_rows_of_a_batch",
        """Datum;Buchungstext;Betrag;Valuta
31.01.2023;Sammelauftrag (2);-300,00;31.01.2023
;Empfänger A;-100,00;
;Empfänger B;-200,00;
25.01.2023;Gutschrift;1000,00;25.01.2023
""",
        2, "1000.00", "300.00", "2023-01-25", "2023-01-31",
    ),
    Sample(
        "repeated_header_on_each_page",
        """Date,Description,Amount,Balance
2023-01-13,A,-5.00,95.00
2023-01-14,B,-5.00,90.00
Date,Description,Amount,Balance
2023-01-15,C,20.00,110.00
""",
        3, "20.00", "10.00", "2023-01-13", "2023-01-15",
    ),
    Sample(
        "n_of_rows_and_total_lines",
        """Buchungstag;Text;Soll;Haben
13.01.2023;Miete;500,00;
14.01.2023;Lohn;;900,00
Summe;;500,00;900,00
""",
        2, "900.00", "500.00", "2023-01-13", "2023-01-14",
    ),
    Sample(
        "date_once_a_day",
        """Date,Description,Paid out,Paid in,Balance
31 Jan 2023,BALANCE BROUGHT FORWARD,,,100.00
01 Feb 2023,SHOP,10.00,,
,CAFE,5.00,,85.00
03 Feb 2023,PAY,,50.00,135.00
""",
        3, "50.00", "15.00", "2023-02-01", "2023-02-03",
    ),
)  # fmt: skip
