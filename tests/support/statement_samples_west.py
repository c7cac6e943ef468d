"""Banks of Germany, the Low Countries, the British Isles, North America and Oceania."""

# ruff: noqa: E501, Q001 (files of banks, as they write them)
from __future__ import annotations

from tests.support.statement_sample import Sample

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
)  # fmt: skip
