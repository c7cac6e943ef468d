"""Lists of wallets, shops' payment services and cards: fees, pending parts, amounts in two currencies, cut files."""

# ruff: noqa: E501 (files of banks, as they write them)
from __future__ import annotations

from tests.support.statement_sample import Sample

_MANY_SHOPS = "".join(f"2024-03-{day:02d},Shop {day},-{day}.{day + 20}\n" for day in range(1, 25))

SAMPLES = (
    Sample(
        "net_of_the_fee_between_gross_and_net",
        """id,created,currency,gross,fee,net,category
b1,2024-03-02 09:12:00,sek,120.00,4.10,115.90,charge
b2,2024-03-05 10:30:00,sek,80.00,2.90,77.10,charge
b3,2024-03-07 18:01:00,sek,-40.00,0.00,-40.00,refund
""",
        3,
        "193.00",
        "40.00",
        "2024-03-02",
        "2024-03-07",
        "SEK",
    ),
    Sample(
        "amount_after_fees_with_a_direction",
        """ID,Status,Direction,Created on,Source fee amount,Source fee currency,Source name,Source amount (after fees),Source currency,Target name,Target amount (after fees),Target currency,Exchange rate
T-1,COMPLETED,IN,2024-03-02 09:12:00,0.00,EUR,Anna Berg,310.00,EUR,Eva Lund,310.00,EUR,1.0
T-2,COMPLETED,OUT,2024-03-04 12:00:00,0.00,EUR,Eva Lund,18.40,EUR,Book House,18.40,EUR,1.0
T-3,COMPLETED,OUT,2024-03-09 15:45:00,0.00,EUR,Eva Lund,65.10,EUR,Ola Nord,742.00,SEK,11.4
""",
        3,
        "310.00",
        "83.50",
        "2024-03-02",
        "2024-03-09",
        "EUR",
    ),
    Sample(
        "amount_after_fees_in_german",
        """ID;Status;Richtung;Erstellt am;Betrag der Ausgangsgebühr;Währung der Ausgangsgebühr;Ausgangsbetrag (nach Gebühren);Ausgangswährung;Name des Empfängers;Zielbetrag (nach Gebühren);Zielwährung
T-1;COMPLETED;OUT;2024-03-02;0,00;EUR;41,20;EUR;Buchhaus;41,20;EUR
T-2;COMPLETED;OUT;2024-03-05;0,00;EUR;12,80;EUR;Kiosk;12,80;EUR
T-3;COMPLETED;IN;2024-03-08;0,00;EUR;200,00;EUR;Eva Lund;200,00;EUR
""",
        3,
        "200.00",
        "54.00",
        "2024-03-02",
        "2024-03-08",
        "EUR",
    ),
    Sample(
        "expenses_with_numbered_categories",
        """Transaction started (UTC),Transaction completed (UTC),Card number,Payment currency,Amount (Payment currency),Fee,Expense ID,Expense description,Receipts,Expense category code
2024-03-02,2024-03-03,4111XXXXXXXX1212,EUR,14.20,0.00,901,Lunch,2,6100
2024-03-04,2024-03-05,4111XXXXXXXX1212,EUR,88.00,0.00,902,Train,1,6200
2024-03-09,2024-03-10,4111XXXXXXXX1212,EUR,7.35,0.00,903,Coffee,1,6100
""",
        3,
        "0",
        "109.55",
        "2024-03-02",
        "2024-03-09",
        "EUR",
    ),
    Sample(
        "sales_and_their_payouts_ask",
        """Email,Date,Transaction type,Customer name,Total,Payout ID
a@b.example,2024-03-02,Sale,Anna,22.65,
,2024-03-03,Payout,,22.65,771
c@d.example,2024-03-05,Sale,Ola,45.00,
,2024-03-06,Payout,,45.00,772
""",
        4,
        "135.30",
        "0",
        flagged=True,
    ),
    Sample(
        "recomputed_into_the_accounts_currency",
        """Номер карты;Дата операции;Сумма операции;Валюта операции;Сумма пересчитанная в валюту счета;Валюта счета;Основание;Статус
'****8812;2024-03-02 10:00:00;-150,00;KZT;-150,00;KZT;Кафе;Исполнено
'****8812;2024-03-05 11:00:00;-12,00;USD;-5400,00;KZT;Подписка;Исполнено
'****8812;2024-03-09 12:00:00;90000,00;KZT;90000,00;KZT;Зачисление;Исполнено
""",
        3,
        "90000.00",
        "5550.00",
        "2024-03-02",
        "2024-03-09",
        "KZT",
    ),
    Sample(
        "holder_masked_by_the_code_of_no_currency",
        """Intestatario conto:;XXX
Controvalore in:;EUR

Data contabile;Data valuta;Descrizione;Accrediti;Addebiti
02/03/24;01/03/24;COMMISSIONI;;-3,10
04/03/24;04/03/24;BONIFICO;250,00;
05/03/24;05/03/24;PAGAMENTO;;-41,90
""",
        3,
        "250.00",
        "45.00",
        "2024-03-02",
        "2024-03-05",
        "EUR",
    ),
    Sample(
        "closing_balances_of_several_kinds",
        """DATA;VALUTA;DARE;AVERE;DIVISA;DESCRIZIONE
29/02/2024;27/02/2024;100,00;;EUR;PAGAMENTO
04/03/2024;01/03/2024;;41,05;EUR;BONIFICO
04/03/2024;;;555,39;EUR;Saldo contabile
04/03/2024;;;555,39;EUR;Saldo liquido
04/03/2024;;;777,04;EUR;Disponibilità al
""",
        2,
        "41.05",
        "100.00",
        "2024-02-29",
        "2024-03-04",
        "EUR",
    ),
    Sample(
        "cut_before_the_last_cells",
        """Date,Amount,Text,Code
2024-03-02,-5.00,Bakery,POS
2024-03-04,-7.00,Kiosk,POS
2024-03-09,-12""",
        2,
        "0",
        "12.00",
        flagged=True,
    ),
    Sample(
        "cut_within_quotes",
        """"Date";"Text";"Amount"
"2024-03-02";"Bakery";"-5,00"
"2024-03-09";"Market";"-1""",
        1,
        "0",
        "5.00",
        flagged=True,
    ),
    Sample(
        "cut_before_a_cell_that_is_often_empty",
        """Date;Text;Debit;Credit
2024-03-02;Bakery;5,00;
2024-03-04;Pay;;90,00
2024-03-09;Market;12""",
        2,
        "90.00",
        "5.00",
        flagged=True,
    ),
    Sample(
        "cut_at_the_decimal_mark",
        """Date,Text,Amount
2024-03-02,Bakery,-5.00
2024-03-04,Kiosk,-7.00
2024-03-09,Market,-1.""",
        2,
        "0",
        "12.00",
        flagged=True,
    ),
    Sample(
        "cut_within_the_last_figure",
        f"Date,Text,Amount\n{_MANY_SHOPS}2024-03-28,Market,-3.5",
        24,
        "0",
        "307.80",
        flagged=True,
    ),
    Sample(
        "without_its_last_tabs_and_whole",
        "Datum\tText\tBetrag\tNotiz\n2024-03-02\tKiosk\t-5,00\t\n2024-03-04\tMarkt\t-7,00\t\n2024-03-09\tLohn\t90,00",
        3,
        "90.00",
        "12.00",
        "2024-03-02",
        "2024-03-09",
    ),
    Sample(
        "decimal_commas_without_quotes",
        """Date,Text,Amount,Balance
2024-03-02,Kiosk,-12,50,87,50
2024-03-04,Anna,900,00,987,50
2024-03-09,Bakery,-7,25,980,25
""",
        3,
        "900.00",
        "19.75",
        "2024-03-02",
        "2024-03-09",
    ),
    Sample(
        "thousands_without_quotes",
        """Date,Text,Amount
2024-03-02,Kiosk,-12.50
2024-03-04,Anna,1,900.00
2024-03-09,Bakery,-7.25
""",
        3,
        "1900.00",
        "19.75",
        "2024-03-02",
        "2024-03-09",
    ),
    Sample(
        "a_comma_within_one_text",
        """Date,Text,Amount
2024-03-02,Kiosk,12,-12.50
2024-03-04,Anna,900.00
2024-03-09,Bakery,-7.25
""",
        2,
        "900.00",
        "7.25",
        flagged=True,
    ),
    Sample(
        "the_heading_with_a_currency_names_the_accounts_amount",
        """Datum;Händler;Betrag;Betrag EUR;Kurs
02.03.2024;Kiosk;-12,50;-11,00;1,13
04.03.2024;Anna;900,00;850,00;1,05
""",
        2,
        "850.00",
        "11.00",
        "2024-03-02",
        "2024-03-04",
        "EUR",
    ),
    Sample(
        "two_tables_of_two_currencies",
        """EUR account
Date;Text;Amount
2024-03-02;Kiosk;-12,50
2024-03-04;Anna;900,00

SEK account
Date;Text;Amount
2024-03-02;Kiosk;-1,50
2024-03-04;Ola;90,00
""",
        4,
        "990.00",
        "14.00",
        "2024-03-02",
        "2024-03-04",
        "EUR/SEK",
    ),
    Sample(
        "one_link_of_balances_overturns_no_heading",
        """Date,Text,Withdrawal,Deposit,Balance
2024-03-26,Transfer,,400.00,400.00
2024-03-11,Machine,350.00,,50.00
""",
        2,
        "400.00",
        "350.00",
        "2024-03-11",
        "2024-03-26",
    ),
    Sample(
        "balances_before_their_rows_turn_no_sign",
        """17-06-2024,NL12EXMP0000000001,PAY,EUR,130.44,EUR,223.77
18-06-2024,NL12EXMP0000000001,CARD,EUR,354.21,EUR,-200.00
25-06-2024,NL12EXMP0000000001,FEE,EUR,154.21,EUR,-2.20
27-06-2024,NL12EXMP0000000001,DIVIDEND,EUR,152.01,EUR,503.15
28-06-2024,NL12EXMP0000000001,PAPER,EUR,655.16,EUR,-22.95
29-06-2024,NL12EXMP0000000001,FUND,EUR,632.21,EUR,-400.00
""",
        6,
        "726.92",
        "625.15",
        "2024-06-17",
        "2024-06-29",
        "EUR",
    ),
)
