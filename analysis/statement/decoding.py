"""Bytes to text: byte order marks, UTF-8, UTF-16, then the legacy encodings, judged by what the words look like."""

# ruff: noqa: RUF001, RUF002 (words and signs of other alphabets are the data here)
from __future__ import annotations

import codecs
import re
import unicodedata

from analysis.statement import alphabets, errors, words

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SINGLE_BYTE = (
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1257", "cp1255", "cp1256", "iso8859-2", "iso8859-15",
    "iso8859-9", "iso8859-7", "iso8859-5", "koi8-r", "cp866", "cp850", "cp852", "cp437", "mac-roman", "cp874",
)  # fmt: skip
_MULTI_BYTE = ("gb18030", "cp932", "euc-jp", "big5", "cp949")
_PADDING = b"\0" * 4
_SAMPLE_BYTES = 64 * 1024
_WORD = re.compile(r"[^\W\d_]+")
_COMMON_HAN = frozenset(
    "的日期交易金额時間时间账户余收入支出方式摘要对方名称号卡行银行人民币备注类型转账付款消费工资取引日残高入出金内容振込円額行預店用"
)
_COMMON_KANA = re.compile(r"[\u3040-\u30ff\uff66-\uff9f]")
# "BOKF\uff98RING", "L\uff96N": one sign between or beside Latin letters is a letter with a mark, misread.
_EASTERN = r"\uff61-\uff9f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3"
_LONE_EASTERN = re.compile(rf"(?<=[A-Za-z])[{_EASTERN}](?![{_EASTERN}])|(?<![{_EASTERN}])[{_EASTERN}](?=[A-Za-z])")
_AMID_DIGITS = re.compile(r"(?<=\d)[^\W\d_](?=\d{3})")  # "1\xe1234": a space between digits, misread
_MOST_WORDS = 12
_SURE_HEADING = 0.5  # less is a word amid others
_HANGUL = re.compile(r"[\uac00-\ud7a3]")


def decode(data: bytes, declared: str | None = None) -> tuple[str, str]:
    """The text and the name of its encoding; `declared` (by the format) is tried before the legacy ones are guessed.

    Raises `UnknownFormat` for bytes that are no text.
    """
    if not data.strip():
        raise errors.EmptyStatement("the file is empty")
    if data.endswith(_PADDING) and b"\n" in data:  # a file that was written into a larger one
        data = data.rstrip(b"\0")
    for mark, name in _MARKS:
        if data.startswith(mark):
            return _strict(data, name), "utf-16" if name == "utf-16" else name
    wide = _wide(data)
    if wide:
        return _strict(data, wide), wide
    _refuse_binary(data)
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError as error:
        if _cut_or_rare(data, error):
            return data.decode("utf-8", "replace"), "utf-8"
    if declared:
        try:
            return data.decode(declared), declared
        except (UnicodeDecodeError, LookupError):
            pass  # the header lies, as headers do
    return _legacy(data)


def _strict(data: bytes, name: str) -> str:
    try:
        return data.decode(name)
    except UnicodeDecodeError as error:
        raise errors.MalformedStatement(f"the text is not valid {name}") from error


def _wide(data: bytes) -> str | None:
    """UTF-16 without a mark: nearly every second byte of Latin text is zero."""
    head = data[:4096]
    odd, even = head[1::2].count(0), head[0::2].count(0)
    half = max(len(head) // 2, 1)
    if odd > 0.4 * half and even < 0.1 * half:
        return "utf-16-le"
    return "utf-16-be" if even > 0.4 * half and odd < 0.1 * half else None


def _refuse_binary(data: bytes) -> None:
    head = data[:8192]
    control = sum(head.count(byte) for byte in (*range(9), *range(14, 27), *range(28, 32)))
    if head.count(0) > 2 or control > max(8, len(head) // 100):
        raise errors.UnknownFormat("the content is not text and none of the document formats that are read here")


def _cut_or_rare(data: bytes, error: UnicodeDecodeError) -> bool:
    """UTF-8 with a character cut at the end, or with under one damaged character in twenty good ones."""
    if error.start >= len(data) - 3:
        return True
    text = data[:_SAMPLE_BYTES].decode("utf-8", "replace")
    good = sum(1 for char in text if ord(char) > 127 and char != "\ufffd")
    return good > 20 * text.count("\ufffd")


def _legacy(data: bytes) -> tuple[str, str]:
    sample = b"\n".join(line for line in data[:_SAMPLE_BYTES].split(b"\n") if not line.isascii())
    sample = sample or data[-_SAMPLE_BYTES:]
    best = max((*_MULTI_BYTE, *_SINGLE_BYTE), key=lambda name: _plausibility(sample, name))
    return data.decode(best, "replace"), best


def _plausibility(sample: bytes, name: str) -> float:
    try:
        text = codecs.getincrementaldecoder(name)().decode(sample)
    except UnicodeDecodeError:
        return -1e9
    strange = [char for char in text if ord(char) > 127]
    if not strange:
        return -1e9
    points = sum(_points(char) for char in strange) / len(strange)
    points -= 2.0 * sum(not char.isascii() for char in _AMID_DIGITS.findall(text)) / len(strange)
    points += _known_words(text) - 2.0 * _mixed_words(text) + alphabets.share_of_one(strange)
    if name in _MULTI_BYTE:
        points += _east_asian(strange, name) - 4.0 * len(_LONE_EASTERN.findall(text)) / len(strange)
    # Order breaks ties: the list runs from the most to the least used.
    return points - 0.001 * (*_MULTI_BYTE, *_SINGLE_BYTE).index(name)


def _points(char: str) -> float:
    category = unicodedata.category(char)
    if category in ("Ll", "Lo"):
        return 1.0
    if category == "Lu":
        return 0.8
    if char in "€£¥°§«»„“”’–—·…№ºª¡¿´\u00a0¤":
        return 0.7
    if char == "\ufffd" or "\u2500" <= char <= "\u25ff" or category in ("Cc", "Cn", "Co"):
        return -2.5
    return -0.6


def _known_words(text: str) -> float:
    """Vocabulary words that contain a letter beyond ASCII: the best witness of all."""
    cells = dict.fromkeys(cell.strip() for cell in re.split(r"[;,\t|\n\"]", text)[:4000] if not cell.isascii())
    spoken = [cell for cell in cells if 2 <= len(cell) <= 60]
    headed = sum(max(words.match_header(cell).scores.values(), default=0.0) >= _SURE_HEADING for cell in spoken)
    hits = headed + sum(words.flag_of(cell) is not None for cell in spoken)
    return 2.5 * min(hits, _MOST_WORDS)


def _mixed_words(text: str) -> float:
    """Share of words that mix scripts or have a capital inside ("pЕрвый", "MьLLer")."""
    odd = total = 0
    for word in _WORD.findall(text)[:4000]:
        if word.isascii():
            continue
        total += 1
        scripts = {unicodedata.name(char, "?").split()[0] for char in word}
        inner = word[1:]
        eastern = scripts & {"HANGUL", "CJK", "HIRAGANA", "KATAKANA", "HALFWIDTH"}
        odd += bool(eastern) and bool(re.search(r"[a-z]", word))
        odd += len(scripts & {"LATIN", "CYRILLIC", "GREEK", "HEBREW", "ARABIC", "THAI"}) > 1 or (
            not word.isupper() and any(char.isupper() for char in inner)
        )
    return odd / total if total else 0.0


def _east_asian(strange: list[str], name: str) -> float:
    count = len(strange)
    common = sum(char in _COMMON_HAN for char in strange) / count
    kana = sum(bool(_COMMON_KANA.match(char)) for char in strange) / count
    hangul = sum(bool(_HANGUL.match(char)) for char in strange) / count
    if name in ("cp932", "euc-jp"):
        return 3.0 * common + 2.0 * kana - 0.5
    if name == "cp949":
        return 2.0 * hangul - 0.7
    return 3.0 * common - 0.4 - kana - hangul
