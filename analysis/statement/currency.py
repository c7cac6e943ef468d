"""ISO 4217: which codes exist, how many decimals each has, and what signs stand for them."""

# ruff: noqa: RUF001, SIM905 (words and signs of other alphabets are the data here)
from __future__ import annotations

import functools
from decimal import ROUND_HALF_EVEN, Decimal

from analysis.statement import model

# ISO 4217 list one (2024): every active code whose minor unit is not two decimals ...
_EXPONENTS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF"), 0),
    **dict.fromkeys(("UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}
# ... and those with two. Historic euro predecessors are kept for old statements.
_TWO_DECIMALS = frozenset(
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP "
    "CRC CUC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HRK HTG HUF IDR ILS "
    "INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN "
    "NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN "
    "SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VES WST XCD YER ZAR ZMW ZWL "
    "ATS BEF DEM EEK ESP FIM FRF GRD IEP ITL LTL LVL NLG PTE SIT SKK ROL RUR BGL XXX".split()
)
# Signs and spellings that mean one currency wherever they stand. "$", "kr" and "¥" do not.
_SIGNS = {
    "€": "EUR", "euro": "EUR", "euros": "EUR", "euroa": "EUR", "cad$": "CAD", "usd$": "USD", "aud$": "AUD",
    "£": "GBP", "zł": "PLN", "zl": "PLN", "kč": "CZK", "kc": "CZK",
    "ft": "HUF", "₽": "RUB", "руб": "RUB", "руб.": "RUB", "р.": "RUB", "₴": "UAH", "грн": "UAH", "грн.": "UAH",
    "₺": "TRY", "tl": "TRY", "₹": "INR", "rs.": "INR", "₪": "ILS", "₩": "KRW", "원": "KRW", "r$": "BRL", "us$": "USD",
    "a$": "AUD", "nz$": "NZD", "c$": "CAD", "ca$": "CAD", "hk$": "HKD", "s$": "SGD", "nt$": "TWD", "mx$": "MXN",
    "лв": "BGN", "лв.": "BGN", "lei": "RON", "元": "CNY", "人民币": "CNY", "rmb": "CNY", "円": "JPY", "rp": "IDR",
    "฿": "THB", "₫": "VND", "₱": "PHP", "₦": "NGN", "₸": "KZT", "₾": "GEL", "sfr": "CHF", "sfr.": "CHF", "fr.": "CHF",
    "港元": "HKD", "港币": "HKD", "美元": "USD", "日元": "JPY", "欧元": "EUR", "英镑": "GBP", "cdn": "CAD",
    "台幣": "TWD", "新台幣": "TWD", "kn": "HRK", "din": "RSD", "ден": "MKD", "₼": "AZN", "br": "BYN",
}  # fmt: skip


def is_code(text: str) -> bool:
    """True for an ISO 4217 code in upper case."""
    return text in _TWO_DECIMALS or text in _EXPONENTS


@functools.lru_cache(maxsize=4096)
def code_of(text: str) -> str | None:
    """The ISO code that `text` (a code or an unambiguous sign, any case) stands for."""
    stripped = text.strip()
    if is_code(stripped.upper()):
        return stripped.upper()
    return _SIGNS.get(stripped.lower())


def exponent(code: str) -> int:
    """Decimals of the currency's minor unit; two for a code that is not known."""
    return _EXPONENTS.get(code, 2)


def to_minor(amount: Decimal, code: str) -> tuple[int, bool]:
    """`amount` in minor units, and whether it had to be rounded (half to even) to get there."""
    scaled = amount * _FACTORS[_EXPONENTS.get(code, 2)]
    minor = int(scaled)
    if minor == scaled:
        return minor, False
    return int(scaled.to_integral_value(ROUND_HALF_EVEN)), True


_FACTORS = tuple(Decimal(10) ** exponent for exponent in range(5))


def from_minor(amount_minor: int, code: str) -> Decimal:
    """The amount in major units, with exactly the currency's decimals."""
    return Decimal(amount_minor).scaleb(-exponent(code))


def or_none(code: str | None) -> str:
    return code or model.NO_CURRENCY
