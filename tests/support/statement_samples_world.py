"""Banks of Asia and Africa, wallets, and alphabets beyond the Latin one."""

# ruff: noqa: E501, Q001, RUF001 (files of banks, as they write them)
from __future__ import annotations

from tests.support.statement_sample import Sample

SAMPLES = (
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
)  # fmt: skip
