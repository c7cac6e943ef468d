"""ISO 4217: which codes exist, how many decimals each has, and what signs stand for them."""

# ruff: noqa: RUF001, SIM905 (words and signs of other alphabets are the data here)
from __future__ import annotations

import functools
from decimal import ROUND_HALF_EVEN, Decimal

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
    "лв": "BGN", "лв.": "BGN", "lei": "RON", "元": "CNY", "人民币": "CNY", "人民币元": "CNY", "rmb": "CNY", "円": "JPY",
    "rp": "IDR",
    "฿": "THB", "₫": "VND", "₱": "PHP", "₦": "NGN", "₸": "KZT", "₾": "GEL", "sfr": "CHF", "sfr.": "CHF", "fr.": "CHF",
    "港元": "HKD", "港币": "HKD", "美元": "USD", "日元": "JPY", "欧元": "EUR", "英镑": "GBP", "cdn": "CAD",
    "台幣": "TWD", "新台幣": "TWD", "kn": "HRK", "din": "RSD", "ден": "MKD", "₼": "AZN", "br": "BYN",
}  # fmt: skip


# ISO 4217 list one: each code and its number.
_NUMBERED = (
    "AED784 AFN971 ALL008 AMD051 ANG532 AOA973 ARS032 AUD036 AWG533 AZN944 BAM977 BBD052 BDT050 BGN975 BHD048 BIF108 "
    "BMD060 BND096 BOB068 BRL986 BSD044 BTN064 BWP072 BYN933 BZD084 CAD124 CDF976 CHF756 CLF990 CLP152 CNY156 COP170 "
    "CRC188 CUC931 CUP192 CVE132 CZK203 DJF262 DKK208 DOP214 DZD012 EGP818 ERN232 ETB230 EUR978 FJD242 FKP238 GBP826 "
    "GEL981 GHS936 GIP292 GMD270 GNF324 GTQ320 GYD328 HKD344 HNL340 HRK191 HTG332 HUF348 IDR360 ILS376 INR356 IQD368 "
    "IRR364 ISK352 JMD388 JOD400 JPY392 KES404 KGS417 KHR116 KMF174 KPW408 KRW410 KWD414 KYD136 KZT398 LAK418 LBP422 "
    "LKR144 LRD430 LSL426 LYD434 MAD504 MDL498 MGA969 MKD807 MMK104 MNT496 MOP446 MRU929 MUR480 MVR462 MWK454 MXN484 "
    "MYR458 MZN943 NAD516 NGN566 NIO558 NOK578 NPR524 NZD554 OMR512 PAB590 PEN604 PGK598 PHP608 PKR586 PLN985 PYG600 "
    "QAR634 RON946 RSD941 RUB643 RWF646 SAR682 SBD090 SCR690 SDG938 SEK752 SGD702 SHP654 SLE925 SOS706 SRD968 SSP728 "
    "STN930 SVC222 SYP760 SZL748 THB764 TJS972 TMT934 TND788 TOP776 TRY949 TTD780 TWD901 TZS834 UAH980 UGX800 USD840 "
    "UYI940 UYU858 UYW927 UZS860 VES928 VND704 VUV548 WST882 XAF950 XCD951 XOF952 XPF953 YER886 ZAR710 ZMW967 ZWL932"
)
_BY_NUMBER = {pair[3:]: pair[:3] for pair in _NUMBERED.split()}


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


def by_number(text: str) -> str | None:
    """The ISO code of a number of the same standard ("980" is UAH, "8" is ALL)."""
    return _BY_NUMBER.get(text.strip().zfill(3))


def exponent(code: str) -> int:
    """Decimals of the currency's minor unit; two for a code that is not known."""
    return _EXPONENTS.get(code, 2)


def to_minor(amount: Decimal, code: str) -> tuple[int, bool]:
    """`amount` in minor units, and whether it had to be rounded (half to even) to get there."""
    scaled = amount * _FACTORS[_EXPONENTS.get(code, 2)]
    minor = int(scaled)
    return (minor, False) if minor == scaled else rounded(scaled)  # nearly always the first: a call is saved


def rounded(minor: Decimal) -> tuple[int, bool]:
    """Minor units as a whole number, and whether they had to be rounded (half to even) to be one."""
    whole = int(minor)
    if whole == minor:
        return whole, False
    return int(minor.to_integral_value(ROUND_HALF_EVEN)), True


_FACTORS = tuple(Decimal(10) ** exponent for exponent in range(5))


def from_minor(amount_minor: int, code: str) -> Decimal:
    """The amount in major units, with exactly the currency's decimals."""
    return Decimal(amount_minor).scaleb(-exponent(code))
