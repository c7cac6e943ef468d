"""PDF statements with text: lines become table rows (dates in front, figures behind, words between)."""

from __future__ import annotations

import dataclasses
import itertools
import re
import statistics
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from analysis.statement import (
    dates,
    draft,
    errors,
    headers,
    limits,
    model,
    money,
    ocr,
    pdf_objects,
    pdf_pictures,
    pdf_tamper,
    pdf_text,
    table,
    tabular,
    words,
)  # fmt: skip

_MAX_DATE_WORDS = 4
_MAX_AMOUNT_WORDS = 3
_MAX_COLUMNS = 8
_FAR = 8  # font sizes: a heading farther from a column of figures is not its own
_SCAN_CONFIDENCE = 0.8  # at most, of what the same layout has as text
_HEADING = 2.0  # points of a line that reads like a header
_FEW_LETTERS = 20  # a document with fewer holds pictures of its text


class _Line(NamedTuple):
    """One printed line, told apart. `amounts` are (right edge of the digits, text), left to right; `text` is before."""

    number: int
    dates: tuple[str, ...]
    text: str
    amounts: tuple[tuple[float, str], ...]
    words: tuple[pdf_text.Word, ...]
    left: float  # where the first word behind the dates begins


def looks_like(data: bytes) -> bool:
    return b"%PDF-" in data[:1024]


def read(data: bytes, hints: model.Hints, bounds: limits.Limits, problems: draft.Problems) -> draft.Draft:
    """Raises `PasswordProtected`, `ScannedDocument`, or `NoTransactionsFound` where no line is a transaction."""
    document = pdf_objects.Document(data, bounds)
    pages = list(pdf_text.pages(document, bounds))
    if sum(len(word.text) for page in pages for word in page) < _FEW_LETTERS:
        ocr.require()
        result = read_scan(_scanned(document, bounds), "pdf", hints, bounds, problems)
        result.signals.extend(pdf_tamper.signals(data, document, []))
        return result
    lines = _told(pages)
    result = _of_lines(lines, "pdf", hints, bounds, problems)
    result.signals.extend(
        pdf_tamper.signals(data, document, [line.words for line in lines if line.dates and line.amounts])
    )
    return result


def read_scan(
    pages: Sequence[ocr.Page], kind: str, hints: model.Hints, bounds: limits.Limits, problems: draft.Problems
) -> draft.Draft:
    """The same for pages read by OCR: with a note, and with as little confidence as the reading had."""
    result = _of_lines(_told([page.words for page in pages]), kind, hints, bounds, problems)
    certainty = _SCAN_CONFIDENCE * statistics.fmean(page.certainty for page in pages)
    result.layout = dataclasses.replace(result.layout, confidence=round(result.layout.confidence * certainty, 3))
    result.notes.append("the file is a scan that was read by OCR: compare the figures with it")
    if doubtful := sum(page.doubtful for page in pages):
        result.notes.append(f"{doubtful} words of the scan were hard to read")
    return result


def read_words(
    lines: Sequence[Sequence[pdf_text.Word]],
    kind: str,
    hints: model.Hints,
    bounds: limits.Limits,
    problems: draft.Problems,
) -> draft.Draft:
    """The same for lines of words that come from elsewhere."""
    return _of_lines(
        [_told_apart(number, list(line)) for number, line in enumerate(lines, 1) if line], kind, hints, bounds, problems
    )


def _scanned(document: pdf_objects.Document, bounds: limits.Limits) -> list[ocr.Page]:
    pages = [ocr.read(image) for image in pdf_pictures.pages(document, bounds)]
    if not pages:
        raise errors.NoTransactionsFound("the PDF holds neither text nor pictures large enough to hold some")
    return pages


def _told(pages: Sequence[Sequence[pdf_text.Word]]) -> list[_Line]:
    return [_told_apart(number, line) for number, line in enumerate(_lines(pages), 1)]


def _of_lines(
    lines: Sequence[_Line], kind: str, hints: model.Hints, bounds: limits.Limits, problems: draft.Problems
) -> draft.Draft:
    rows = list(_rows(_completed(lines)))
    if len(rows) < 2:
        raise errors.NoTransactionsFound("no line begins with a date and ends with an amount")
    return tabular.read(table.Table(kind, lambda: table.bounded(iter(rows), bounds)), hints, problems)


def _lines(pages: Sequence[Sequence[pdf_text.Word]]) -> Iterator[list[pdf_text.Word]]:
    for page in pages:
        line: list[pdf_text.Word] = []
        for word in page:
            if line and abs(line[0].y - word.y) > 0.35 * max(word.size, 1.0):
                yield line
                line = []
            line.append(word)
        if line:
            yield line


def _told_apart(number: int, line: list[pdf_text.Word]) -> _Line:
    found: list[str] = []
    start = 0
    while len(found) < 2 and (size := _date_words(line, start)):
        found.append(" ".join(word.text for word in line[start : start + size]))
        start += size
    end, amounts = len(line), []
    while end > start and (size := _amount_words(line, start, end)):
        figure = line[end - size : end]
        edge = max(word.x1 for word in figure if any(char.isdigit() for char in word.text))  # not that of a CR behind
        amounts.append((edge, " ".join(word.text for word in figure)))
        end -= size
    text = " ".join(word.text for word in line[start:end])
    return _Line(number, tuple(found), text, tuple(reversed(amounts)), tuple(line), line[min(start, len(line) - 1)].x0)


def _date_words(line: Sequence[pdf_text.Word], start: int) -> int:
    """How many words from `start` are a date; the longest reading wins ("31 Jan 2023" over "31 Jan")."""
    for size in range(min(_MAX_DATE_WORDS, len(line) - start), 0, -1):
        if dates.read(" ".join(word.text for word in line[start : start + size])):
            return size
    return 0


_SHOWN = re.compile(r"[.,]\d{2}(?!\d)|^[+\-(]|[€$£¥₹₽]|\d['.,\s]\d{3}(?!\d)")


def _amount_words(line: Sequence[pdf_text.Word], start: int, end: int) -> int:
    """How many words before `end` are one amount. A bare integer is none: it is a reference far more often."""
    for size in range(min(_MAX_AMOUNT_WORDS, end - start), 0, -1):
        words_ = line[end - size : end]
        text = " ".join(word.text for word in words_)
        gaps = [two.x0 - one.x1 for one, two in itertools.pairwise(words_)]
        near = all(gap < 0.6 * words_[0].size for gap in gaps)
        if near and _SHOWN.search(text) and money.read(text) is not None and not _two_figures(text):
            return size
    return 0


def _two_figures(text: str) -> bool:
    """Whether "12.00 345.00" reads as one figure grouped by a space; it is two."""
    return sum(bool(_CENTS.search(part)) for part in text.split()) > 1


_CENTS = re.compile(r"[.,]\d{2}(?!\d)")


def _rows(lines: Sequence[_Line]) -> Iterator[table.Row]:
    """What stands above, a header of its own, then a row a line: dates, text, one cell a column of figures."""
    core = [line for line in lines if line.dates and line.amounts]
    if not core:
        return
    first = core[0].number
    heading = _heading(lines, first)
    for line in lines:
        if line.number < first and line is not heading and not _is_balance(line):
            yield table.Row(line.number, [" ".join(word.text for word in line.words)])
    named = sum(_money_name(cell.text) for cell in _cells(heading.words)) if heading else 0
    more = _undated(lines, core) if heading and _has_balance(heading) else []
    in_order = all(len(line.amounts) == named for line in core)
    edges = _in_order(core) if in_order else _columns([*core, *more])
    by_edge = not in_order and _apart(core, edges)
    of_day = {line.number for line in more if not in_order and _lined_up(line, edges)}
    names = _names(heading, edges, core)
    yield table.Row(heading.number if heading else 0, ["Date", "Value date", "Description", *names])
    for line in lines:
        if line.number >= first or _is_balance(line):
            yield _row(line, edges, by_edge, counts=bool(line.dates) or _is_balance(line) or line.number in of_day)


def _completed(lines: Sequence[_Line]) -> list[_Line]:
    """Below a heading, a day and a text without a figure go on in the lines below, until one that ends with figures."""
    heading = next((line.number for line in lines if not line.amounts and _heading_score(line) >= _HEADING), None)
    found: list[_Line] = []
    for line in lines:
        before = found[-1] if found else None
        if heading is not None and before and before.number > heading and _goes_on(before, line):
            text = f"{before.text} {line.text}".strip()
            found[-1] = before._replace(text=text, amounts=line.amounts, words=before.words + line.words)
        else:
            found.append(line)
    return found


def _goes_on(before: _Line, line: _Line) -> bool:
    unfinished = bool(before.dates and before.text) and not before.amounts
    beside = not line.dates and abs(line.left - before.left) < line.words[0].size
    return unfinished and beside and not _is_balance(line) and not words.starts_with([line.text], words.TOTALS)


def _undated(lines: Sequence[_Line], core: Sequence[_Line]) -> list[_Line]:
    """Lines under a day that is printed once: text and figures where those of the dated lines stand.

    Totals and boxes beside the table have figures and no date as well, and are no movements.
    """
    left, size = statistics.median(line.left for line in core), core[0].words[0].size
    return [
        line for line in lines
        if not line.dates and line.amounts and line.number > core[0].number
        and abs(line.left - left) < size and not _is_balance(line) and not words.starts_with([line.text], words.TOTALS)
    ]  # fmt: skip


def _has_balance(heading: _Line) -> bool:
    return any("balance" in words.match_header(cell.text).scores for cell in _cells(heading.words))


def _lined_up(line: _Line, edges: Sequence[float]) -> bool:
    size = line.words[0].size
    return len(edges) > 1 and all(abs(edges[_nearest(edges, edge)] - edge) < size for edge, _ in line.amounts)


def _row(line: _Line, edges: Sequence[float], by_edge: bool, *, counts: bool) -> table.Row:
    cells = [""] * len(edges)
    if counts:
        for index, (edge, text) in enumerate(line.amounts[-len(edges) :]):
            cells[_nearest(edges, edge) if by_edge else index] = text
    booked = line.dates[0] if line.dates else ""
    valued = line.dates[1] if len(line.dates) > 1 else ""
    return table.Row(line.number, [booked, valued, line.text, *cells])


def _nearest(edges: Sequence[float], edge: float) -> int:
    return min(range(len(edges)), key=lambda index: abs(edges[index] - edge))


def _apart(core: Sequence[_Line], edges: Sequence[float]) -> bool:
    """Figures line up: hardly any line has two of them at one edge."""
    clashes = sum(len({_nearest(edges, edge) for edge, _ in line.amounts}) < len(line.amounts) for line in core)
    return clashes * 20 <= len(core)


def _is_balance(line: _Line) -> bool:
    return bool(line.amounts) and words.starts_with([line.text], words.OPENING | words.CLOSING)


def _columns(core: Sequence[_Line]) -> list[float]:
    """Right edges at which figures line up, from left to right; stray ones join the nearest."""
    edges = sorted(edge for line in core for edge, _ in line.amounts)
    tolerance = 0.9 * core[0].words[0].size
    groups: list[list[float]] = []
    for edge in edges:
        if groups and edge - groups[-1][-1] <= tolerance:
            groups[-1].append(edge)
        else:
            groups.append([edge])
    enough = max(1, len(core) // 25)
    kept = [sum(group) / len(group) for group in groups if len(group) >= enough][:_MAX_COLUMNS]
    counts = [len(line.amounts) for line in core]
    return kept if _apart(core, kept) or len(set(counts)) > 1 else _in_order(core)


def _in_order(core: Sequence[_Line]) -> list[float]:
    """The mean edge of the first, second ... figure of lines that all have as many."""
    return [
        sum(column) / len(core) for column in zip(*([edge for edge, _ in line.amounts] for line in core), strict=True)
    ]


def _heading(lines: Sequence[_Line], first: int) -> _Line | None:
    """The line above the first transaction that reads most like a header."""
    above = [line for line in lines if first - 12 <= line.number < first and not line.amounts]
    best = max(above, key=_heading_score, default=None)
    return best if best is not None and _heading_score(best) >= _HEADING else None


def _heading_score(line: _Line) -> float:
    return headers.header_score(table.Row(line.number, [cell.text for cell in _cells(line.words)]))


def _cells(line: Sequence[pdf_text.Word]) -> list[pdf_text.Word]:
    """Words of a heading joined into cells: a known phrase of up to three words, else word by word."""
    cells: list[pdf_text.Word] = []
    at = 0
    while at < len(line):
        size = next((n for n in (3, 2) if at + n <= len(line) and _known(line[at : at + n])), 1)
        group = line[at : at + size]
        text = " ".join(word.text for word in group)
        cells.append(pdf_text.Word(group[0].x0, group[-1].x1, group[0].y, group[0].size, text, group[0].font))
        at += size
    return cells


def _known(group: Sequence[pdf_text.Word]) -> bool:
    near = all(two.x0 - one.x1 < 1.0 * one.size for one, two in itertools.pairwise(group))
    return near and words.normalise(" ".join(word.text for word in group)) in words.HEADER_PHRASES


def _names(heading: _Line | None, edges: Sequence[float], core: Sequence[_Line]) -> list[str]:
    """The heading's cell over each column of figures, else what the columns are by their number."""
    if heading is None:
        return _unnamed(len(edges), core)
    cells = [cell for cell in _cells(heading.words) if _money_name(cell.text)]
    if len(cells) == len(edges):
        return [cell.text for cell in cells]
    names = [""] * len(edges)
    distances = sorted(
        (min(abs(cell.x1 - edge), abs((cell.x0 + cell.x1) / 2 - edge)), index, cell.text)
        for index, edge in enumerate(edges) for cell in cells
    )  # fmt: skip
    for distance, index, text in distances:
        if distance < _FAR * core[0].words[0].size and not names[index] and text not in names:
            names[index] = text
    return names if any(names) else _unnamed(len(edges), core)


def _money_name(text: str) -> bool:
    return bool(words.match_header(text).scores.keys() & {"amount", "debit", "credit", "balance", "fee", "orig_amount"})


def _unnamed(count: int, core: Sequence[_Line]) -> list[str]:
    """Without a heading: one figure a line is the amount, two are amount and balance; more is left to the figures."""
    most = max(len(line.amounts) for line in core)
    if count == 1:
        return ["Amount"]
    if count == 2 and most == 2:
        return ["Amount", "Balance"]
    return [""] * count
