"""Write `demo_statement.csv`: two years in the account of a person who does not exist.

Everything is made up here, from fixed rules and a fixed sequence of pseudo-random numbers, so that the file comes out
the same everywhere. Run it from anywhere: `python make_demo_statement.py`.
"""

# ruff: noqa: INP001 - a script beside its output, no module of the command
from __future__ import annotations

import calendar
import csv
import dataclasses
import datetime as dt
import pathlib
from collections.abc import Iterator

FIRST_MONTH = (2024, 1)
MONTHS = 24
OPENING_CENTS = 196_350
CURRENCY = "EUR"
# Months (counted from 0) in which life was dearer than planned.
CAR_BROKE, BOILER_BROKE, ILL = 6, 13, 18
HOLIDAYS = (7, 19)
RAISE_FROM = 12


class Dice:
    """A small linear congruential generator (Knuth, MMIX): the same numbers on every machine and version."""

    def __init__(self, seed: int) -> None:
        self._state = seed

    def below(self, bound: int) -> int:
        """A number in 0..bound-1."""
        self._state = (self._state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self._state >> 33) % bound

    def cents(self, low: int, high: int) -> int:
        """An amount from `low` to `high`, both in cents."""
        return low + self.below(high - low + 1)


@dataclasses.dataclass(frozen=True)
class Booking:
    """`cents` is signed: money in is positive."""

    day: dt.date
    text: str
    cents: int
    counterparty: str


@dataclasses.dataclass(frozen=True)
class Month:
    """`number` counts from 0; `working_day` moves a date off a weekend, onwards or back."""

    number: int
    year: int
    month: int

    @property
    def length(self) -> int:
        return calendar.monthrange(self.year, self.month)[1]

    def on(self, day: int) -> dt.date:
        return dt.date(self.year, self.month, min(day, self.length))

    def working_day(self, day: int, step: int = 1) -> dt.date:
        date = self.on(day)
        while date.weekday() > 4:
            date += dt.timedelta(days=step)
        return date if date.month == self.month else self.working_day(day, -step)


def months() -> Iterator[Month]:
    first_year, first = FIRST_MONTH
    for number in range(MONTHS):
        yield Month(number, first_year + (first - 1 + number) // 12, (first - 1 + number) % 12 + 1)


def income(month: Month, dice: Dice) -> Iterator[Booking]:
    salary = 291_840 if month.number < RAISE_FROM else 302_915
    if month.number == ILL:
        salary = 246_500
    yield Booking(
        month.working_day(27, -1), f"SALARY {month.year}-{month.month:02d}", salary, "Nordlicht Logistik GmbH"
    )
    if month.month == 11:
        yield Booking(month.working_day(27, -1), "SALARY CHRISTMAS BONUS", 120_000, "Nordlicht Logistik GmbH")
    if month.number % 2 == 0:
        yield Booking(month.working_day(12), "Tutoring invoice", dice.cents(14_000, 21_000), "Musikschule Amsel")
    if month.month == 5:
        yield Booking(month.working_day(20), "Tax refund", dice.cents(38_000, 46_000), "Finanzamt Musterstadt")


def obligations(month: Month) -> Iterator[Booking]:
    yield Booking(month.working_day(1), "RENT flat 12", -89_500, "Hausverwaltung Linden")
    yield Booking(
        month.working_day(3),
        "Electricity and heating",
        -11_800 if month.number < 12 else -12_600,
        "Stadtwerke Musterstadt",
    )
    yield Booking(month.working_day(5), "Broadband internet bill", -3_999, "Kabelnetz Muster")
    if month.number not in (CAR_BROKE, BOILER_BROKE):  # the direct debit came back: see `events`
        yield Booking(month.working_day(8), "Mobile phone contract", -1_999, "Funknetz Muster")
    yield Booking(month.working_day(10), "Car insurance", -6_240, "Muster Versicherung AG")
    yield Booking(month.working_day(15), "Car loan instalment", -18_450, "Muster Autobank")
    yield Booking(month.working_day(16), "Music streaming subscription", -1_099, "Tonwelle")
    yield Booking(month.working_day(18), "Gym membership fee", -2_990, "Fitwerk")
    yield Booking(month.on(month.length), "Account fee", -490, "")


def savings(month: Month) -> Iterator[Booking]:
    if month.number not in (CAR_BROKE, BOILER_BROKE):
        yield Booking(
            month.working_day(2),
            "Savings plan transfer",
            -20_000 if month.number < RAISE_FROM else -25_000,
            "Own savings account",
        )


GROCERS = ("Supermarket Grün", "Supermarket Korb", "Bakery Stern", "Grocery Markt am Platz")
EATING = ("Restaurant Olive", "Cafe Morgenrot", "Takeaway Bao", "Canteen Hafen")
SHOPS = ("Clothing Faden", "Electronics Volt", "Furniture Kiefer", "Books Seite")


def daily_life(month: Month, dice: Dice) -> Iterator[Booking]:
    for _ in range(20 + dice.below(3)):
        place = GROCERS[dice.below(len(GROCERS))]
        yield Booking(month.on(1 + dice.below(month.length)), f"CARD {place}", -dice.cents(580, 4_900), place)
    for _ in range(8 + dice.below(3)):
        place = EATING[dice.below(len(EATING))]
        yield Booking(month.on(1 + dice.below(month.length)), f"CARD {place}", -dice.cents(350, 3_300), place)
    for _ in range(4 + dice.below(2)):
        yield Booking(
            month.on(1 + dice.below(month.length)), "CARD Petrol station", -dice.cents(3_200, 6_100), "Tank Nord"
        )
    for _ in range(2 + dice.below(2)):
        place = SHOPS[dice.below(len(SHOPS))]
        yield Booking(month.on(1 + dice.below(month.length)), f"CARD {place}", -dice.cents(1_500, 8_900), place)
    for day in (6, 21):
        yield Booking(month.on(day + dice.below(4)), "ATM cash withdrawal", -dice.cents(2, 5) * 2_000, "")
    if dice.below(2):
        yield Booking(month.on(9 + dice.below(12)), "CARD Pharmacy", -dice.cents(600, 3_400), "Apotheke am Tor")


def events(month: Month) -> Iterator[Booking]:
    if month.number == CAR_BROKE:
        yield Booking(month.working_day(11), "Car repair invoice", -148_700, "Werkstatt Kolben")
    if month.number == BOILER_BROKE:
        yield Booking(month.working_day(9), "Electronics washing machine", -64_900, "Electronics Volt")
    if month.number == ILL:
        yield Booking(month.working_day(22), "Dentist invoice", -61_230, "Praxis Dr. Muster")
    if month.number in HOLIDAYS:
        yield Booking(month.working_day(4), "Holiday flat, travel", -92_000, "Reisen Kompass")
    if month.number in (CAR_BROKE, BOILER_BROKE):
        yield Booking(month.working_day(14), "Returned direct debit, fee", -600, "")
        yield Booking(month.on(month.length), "Overdraft interest", -412, "")
    if month.number == 4:
        yield Booking(month.working_day(13), "CARD Clothing Faden", -7_990, "Clothing Faden")
        yield Booking(month.working_day(23), "Refund Clothing Faden", 7_990, "Clothing Faden")
    if month.month == 12:
        yield Booking(month.working_day(14), "CARD Gifts department store", -21_400, "Kaufhaus am Markt")


def bookings() -> list[Booking]:
    """All bookings by day; those of one day in the order of the account's life: income first, then the rest."""
    dice = Dice(84)
    rows: list[Booking] = []
    for month in months():
        rows += [*income(month, dice), *obligations(month), *savings(month), *daily_life(month, dice), *events(month)]
    return sorted(rows, key=lambda row: (row.day, row.cents < 0))


def euros(cents: int) -> str:
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def main() -> None:
    """Write the file beside this script."""
    balance = OPENING_CENTS
    with (pathlib.Path(__file__).parent / "demo_statement.csv").open("w", newline="", encoding="utf-8") as target:
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(("Date", "Description", "Amount", "Balance", "Currency", "Counterparty"))
        for row in bookings():
            balance += row.cents
            writer.writerow((row.day, row.text, euros(row.cents), euros(balance), CURRENCY, row.counterparty))


if __name__ == "__main__":
    main()
