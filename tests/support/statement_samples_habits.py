"""What is asked back, and habits that no country has for itself."""

# ruff: noqa: E501, Q001, RUF001 (files of banks, as they write them)
from __future__ import annotations

from tests.support.statement_sample import Sample

SAMPLES = (
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
    Sample(
        "balance_before_each_row",
        """13-02-2023,NL01,winkel,EUR,1000.00,EUR,-12.34,BEA
14-02-2023,NL01,werkgever,EUR,987.66,EUR,2000.00,OVB
15-02-2023,NL01,huur,EUR,2987.66,EUR,-700.00,INC
""",
        3, "2000.00", "712.34", "2023-02-13", "2023-02-15", "EUR",
    ),
    Sample(
        "order_of_days_broken_by_a_pending_row",
        """"Dato","Tekst","Beløb","Saldo","Status"
"31-01-2023","Brugsen","-99,95","900,05","Udført"
"30-01-2023","Overførsel","1.000,00","1.000,00","Udført"
"05-02-2023","Husleje","-500,00","","Venter"
""",
        3, "1000.00", "599.95", "2023-01-30", "2023-02-05",
    ),
    Sample(
        "headerless_constant_number",
        """HIST,20230125,,12000.00,SALARY,EMPLOYER,4321,0
HIST,20230131,##,-450.00,CHEQUE CARD PURCHASE,GROCER,4321,0
HIST,20230131,##,-10.00,FEE,,4321,0
""",
        3, "12000.00", "460.00", "2023-01-25", "2023-01-31",
    ),
    Sample(
        "todays_balance_on_every_row",
        """Date,Description,Amount,Balance
2023-01-13,SHOP,-10.00,540.00
2023-01-14,PAY,100.00,540.00
2023-01-15,GROCER,-5.00,540.00
""",
        3, "100.00", "15.00", "2023-01-13", "2023-01-15",
    ),
    Sample(
        "yuan_in_words",
        """序号,摘要,币别,交易日期,交易金额,账户余额
1,消费,人民币元,20230131,-45.10,954.90
2,工资,人民币元,20230125,"1,000.00","1,000.00"
""",
        2, "1000.00", "45.10", "2023-01-25", "2023-01-31", "CNY", False, "gb18030",
    ),
    Sample(
        "whole_kronur",
        """Dagsetning;Skýring;Upphæð;Staða
31.01.2023;Kaffi;-5.432;194.568
15.01.2023;Laun;200.000;200.000
""",
        2, "200000", "5432", "2023-01-15", "2023-01-31", "ISK",
    ),
)  # fmt: skip
