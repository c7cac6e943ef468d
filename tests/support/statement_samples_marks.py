"""Marks and habits that tell the direction, the day or the decimals, and rows that only add others up."""

# ruff: noqa: E501, RUF001 (files of banks, as they write them)
from __future__ import annotations

from tests.support.statement_sample import Sample

SAMPLES = (
    Sample(
        "only_money_in_is_marked_beside_the_amount",
        """Date,Description,Amount
15/01/2024,THANK YOU,1200.00 CR
16/01/2024,GARDEN CENTRE,50.00
17/01/2024,BAKERY,25.40
""",
        3,
        "1200.00",
        "75.40",
        "2024-01-15",
        "2024-01-17",
    ),
    Sample(
        "only_money_in_is_marked_in_a_column",
        """Date,Details,Amount,
15/01/2024,THANK YOU,1200.00,CR
16/01/2024,GARDEN CENTRE,50.00,
17/01/2024,BAKERY,25.40,
""",
        3,
        "1200.00",
        "75.40",
        "2024-01-15",
        "2024-01-17",
    ),
    Sample(
        "only_money_out_is_marked_in_a_column",
        """Date;Sign;Amount;Details
15/01/2024;;1200,00;QUARTERLY
16/01/2024;-;50,00;GARDEN CENTRE
17/01/2024;-;25,40;BAKERY
""",
        3,
        "1200.00",
        "75.40",
        "2024-01-15",
        "2024-01-17",
    ),
    Sample(
        "card_without_header_marks_against_its_signs",
        """2023/01/17,2023/01/16,77001,DEBIT,4411,"PREPAID PHONE    WELLINGTON",31.00
2023/01/18,2023/01/17,77002,DEBIT,4411,"CITY PARKING     WELLINGTON",4.50
2023/01/19,2023/01/19,77003,CREDIT,4411,"THANKS",-420.00
2023/01/26,2023/01/23,77004,DEBIT,4411,"MUSIC SHOP       CORK",17.99
""",
        4,
        "420.00",
        "53.49",
        "2023-01-17",
        "2023-01-26",
    ),
    Sample(
        "card_column_beside_positive_purchases",
        """Data;Descrizione;Carta;Valuta;Importo;Stato
16/11/2022;LIBRERIA;**4471;CHF;42.10;Registrato
14/11/2022;DROGHERIA;**4471;CHF;15.50;Registrato
11/11/2022;FERRAMENTA;**4471;CHF;60.00;Registrato
09/11/2022;FERRAMENTA;**4471;CHF;-12.00;Registrato
02/11/2022;CINEMA;**4471;CHF;19.00;Registrato
31/10/2022;AVERE;;CHF;-300.00;Registrato
20/10/2022;MUSEO;**4471;CHF;22.00;Registrato
""",
        7,
        "312.00",
        "158.60",
        "2022-10-20",
        "2022-11-16",
        "CHF",
    ),
    Sample(
        "card_list_without_any_sign",
        """"Merchant Name","Card Used","Date","Time","Amount"
"Fuel","**** 8812","01/14/2023","06:50 PM","36.10"
"Music","**** 9917","12/15/2022","05:08 PM","13.40"
""",
        2,
        "0",
        "49.50",
        "2022-12-15",
        "2023-01-14",
    ),
    Sample(
        "one_amount_without_header_or_sign_asks",
        """10 Feb 22," Shop, Anytown ",Visa,MR A NAME,Household,,20.59
""",
        1,
        "20.59",
        "0",
        None,
        None,
        None,
        True,
    ),
    Sample(
        "three_places_beside_a_rate_with_a_point",
        """Id,CardId,Date,Amount,Currency,OriginalAmount,OriginalCurrency,MerchantName,ExchangeRate
T1,0A1,2025-06-21 13:11:50,53.100,CHF,53.100,CHF,KIOSK,1.000000
T2,0A1,2025-06-20 12:43:28,412.000,CHF,412.000,CHF,GARAGE,1.000000
T3,0A1,2025-06-18 09:25:37,12.850,CHF,15.340,USD,BOOKS,0.837934
""",
        3,
        "0",
        "477.95",
        "2025-06-18",
        "2025-06-21",
        "CHF",
    ),
    Sample(
        "dinars_by_their_column",
        """Date,Description,Amount,Currency
2024-01-15,RENT,-1.250,KWD
2024-01-16,PAY,120.000,KWD
""",
        2,
        "120.000",
        "1.250",
        "2024-01-15",
        "2024-01-16",
        "KWD",
    ),
    Sample(
        "years_of_two_digits_first",
        """Date,Description,Amount
24-01-15,SHOP,-5.00
24-01-31,PAY,8.00
""",
        2,
        "8.00",
        "5.00",
        "2024-01-15",
        "2024-01-31",
    ),
    Sample(
        "marks_of_writing_direction",
        "תאריך,תיאור,סכום\n\u200f15/01/2024,א,\u200e-50.00\n\u200f16/01/2024,ב,\u200f100.00\u200e\n17/01/2024,ג,-\u200e7.00\n",
        3,
        "100.00",
        "57.00",
        "2024-01-15",
        "2024-01-17",
    ),
    Sample(
        "reign_named_by_its_letter",
        """日付,摘要,出金,入金,残高
R6/01/15,ガス,100,,900
R6.1.16,給与,,50,950
""",
        2,
        "50",
        "100",
        "2024-01-15",
        "2024-01-16",
        "JPY",
    ),
    Sample(
        "month_and_day_alone_in_japanese_and_a_backslash_for_yen",
        """"番号","取扱日付","お支払金額","お預り金額","残高","摘要"
"001","4月29日","","\\7,000","\\7,000","ﾔ"
"002","4月30日","\\4,600","","\\2,400","ﾃ"
""",
        2,
        "7000",
        "4600",
        None,
        None,
        "JPY",
        True,
    ),
    Sample(
        "cells_written_as_formulas_of_text",
        '''Date,Ref,Description,Amount
="2024-01-15",="000123",SHOP,="-5.00"
="2024-01-16","=""000124""",PAY,="8.00"
''',
        2,
        "8.00",
        "5.00",
        "2024-01-15",
        "2024-01-16",
    ),
    Sample(
        "currency_before_the_brackets",
        """Date,Description,Amount
15/01/2024,SHOP,$(25.00)
16/01/2024,PAY,$50.00
""",
        2,
        "50.00",
        "25.00",
        "2024-01-15",
        "2024-01-16",
        "USD",
    ),
    Sample(
        "total_that_only_its_figures_tell",
        """Date,Text,Debit,Credit
2024-01-15,A,5.00,
2024-01-16,B,,8.00
2024-02-17,C,3.00,
Abrechnungsergebnis,,8.00,8.00
""",
        3,
        "8.00",
        "8.00",
        "2024-01-15",
        "2024-02-17",
    ),
    Sample(
        "title_before_the_same_header_again",
        """Дата і час;Статус;Деталі;Сума списання;Сума зарахування
09.01.23 00:58;виконано;Комісія;-150,00;
25.01.23 12:12;виконано;Дохід;;10000,10
Операції за карткою 4111xxxxxxx1111
Дата і час;Статус;Деталі;Сума списання;Сума зарахування
24.01.23 11:49;виконано;Платежі;-140,00;
""",
        3,
        "10000.10",
        "290.00",
        "2023-01-09",
        "2023-01-25",
    ),
    Sample(
        "account_number_above_rows_without_header",
        """12-3456-0012345-00,,,,
27 Feb 2020,PAY A NAME ;living cost,,-500.00,1438.06
28 Feb 2020,PAY B NAME ;gift,,20.00,1458.06
""",
        2,
        "20.00",
        "500.00",
        "2020-02-27",
        "2020-02-28",
    ),
    Sample(
        "outgoing_and_incoming_payment_amounts",
        """Datum der Transaktion,Art der Transaktion,Referenz,Status,Rechnungsbetrag ausgehend,Rechnungsbetrag eingehend,Währung der Karte,Zahlungsbetrag ausgehend,Zahlungsbetrag eingehend,Zahlungswährung,Gebühr
"29.12.23, 13:56",Ausgehend,Miete,Genehmigt,840.10,0.00,EUR,840.10,0.00,EUR,0.00
"26.12.23, 16:30",Eingehend,Honorar,Genehmigt,0.00,910.00,EUR,0.00,910.00,EUR,0.00
""",
        2,
        "910.00",
        "840.10",
        "2023-12-26",
        "2023-12-29",
        "EUR",
    ),
    Sample(
        "card_whose_few_words_agree_against_its_signs",
        """交易日期,入账日期,交易摘要,入账金额,入账货币
2025/01/05,2025/01/06,（消费）书店,15.90,人民币
2025/01/04,2025/01/04,（退款）花店,-97.20,人民币
2025/01/03,2025/01/03,（分期）第三期,387.40,人民币
2024/12/25,2024/12/26,（还款）入账,-1130.60,人民币
""",
        4,
        "1227.80",
        "403.30",
        "2024-12-25",
        "2025-01-05",
        "CNY",
    ),
    Sample(
        "card_named_above_with_dates_of_a_named_month",
        """某银行信用卡对账单（2024年01月）
交易日,记账日,交易摘要,人民币金额,卡号末四位
12/29,12/29,还款,-1.20,1234
12/30,12/30,还款,-345.60,1234
01/02,01/03,电影票,56.70,1234
01/03,01/04,饭票,-3.90,1234
01/05,01/07,通信,"8,000.00",1234
""",
        5,
        "350.70",
        "8056.70",
        "2023-12-29",
        "2024-01-05",
        "CNY",
    ),
    Sample(
        "card_named_above_mostly_positive",
        """Kreditkarte:;4111XXXXXXXX1111
Buchungsdatum;Beschreibung;Betrag (EUR)
03.01.2024;BUCH;12,00
05.01.2024;BLUME;15,00
15.01.2024;BROT;22,00
25.01.2024;NACHLASS;-5,00
""",
        4,
        "5.00",
        "49.00",
        "2024-01-03",
        "2024-01-25",
        "EUR",
    ),
    Sample(
        "paid_beside_ordered",
        """交易时间,交易类型,收/支,订单金额,实付金额
2025-02-28 20:35:13,支付,支出,¥22.30,¥21.10
2025-02-27 07:04:17,退款,收入,¥20.00,¥20.00
""",
        2,
        "20.00",
        "21.10",
        "2025-02-27",
        "2025-02-28",
        "CNY",
    ),
    Sample(
        "newest_first_within_days_that_rise",
        """05/21/2023,SHOP,1.96,,13.04
05/21/2023,MARKET,12.10,,15.00
05/21/2023,TRANSFER,10.00,,27.10
05/21/2023,AGENT,35.00,,37.10
05/21/2023,SHOP,15.60,,72.10
05/22/2023,SENT,239.10,,87.70
05/23/2023,PAY,,326.80,326.80
""",
        7,
        "326.80",
        "313.76",
        "2023-05-21",
        "2023-05-23",
    ),
    Sample(
        "days_without_year_over_new_year_ask",
        """Statement 2024
Date;Text;Amount
30 Dec;SHOP;-5,00
31 Dec;SHOP;-6,00
02 Jan;PAY;7,00
""",
        3,
        "7.00",
        "11.00",
        None,
        None,
        None,
        True,
    ),
    Sample(
        "file_padded_with_zero_bytes",
        "Date,Payee,Amount\n2024-04-01,A,-25.50\n2024-04-22,B,60.00\n" + "\0" * 64,
        2,
        "60.00",
        "25.50",
        "2024-04-01",
        "2024-04-22",
    ),
    Sample(
        "qif_declares_its_order_of_dates",
        """!Option:MDY
!Type:Bank
D10.08.23
T200.00
PA
^
""",
        1,
        "200.00",
        "0",
        "2023-10-08",
        "2023-10-08",
    ),
    Sample(
        "ofx_currency_of_the_record",
        """OFXHEADER:100

<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF></CURDEF><BANKTRANLIST><STMTTRN><TRNTYPE>CREDIT</TRNTYPE><DTPOSTED>20180507</DTPOSTED><TRNAMT>12.30</TRNAMT><CURRENCY><CURRATE>1.0</CURRATE><CURSYM>AUD</CURSYM></CURRENCY></STMTTRN></BANKTRANLIST></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>
""",
        1,
        "12.30",
        "0",
        "2018-05-07",
        "2018-05-07",
        "AUD",
    ),
)
