"""The words of a PDF's pages with their places: text operators (ISO 32000-1, 9.4) run, everything drawn ignored."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from analysis.statement import errors, limits, pdf_fonts, pdf_objects

_MAX_OPERATORS = 2_000_000
_MAX_GLYPHS = 200_000  # a page full of small print has ten thousand
_WORD_CHARS = 200
_FORM_DEPTH = 6
_MAX_PICTURES = 500  # a page cut into strips has a hundred
_SPACE = 0.18  # of the font size: a wider gap between two characters ends a word

Matrix = tuple[float, float, float, float, float, float]
_UNIT: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


@dataclasses.dataclass(slots=True)
class Word:
    """x grows to the right, y upwards, both in points of the page."""

    x0: float
    x1: float
    y: float
    size: float
    text: str
    font: str


class Picture(NamedTuple):
    """An image drawn on a page: its unit square goes through `matrix`."""

    matrix: Matrix
    stream: pdf_objects.Stream


class Drawn(NamedTuple):
    """Pictures of one page in the order of drawing; the page is shown turned by `rotate` degrees, clockwise."""

    pictures: list[Picture]
    rotate: int


def pages(document: pdf_objects.Document, bounds: limits.Limits) -> Iterator[list[Word]]:
    """Words of each page in reading order; raises `LimitExceeded` beyond the page limit."""
    for _, machine in _run(document, bounds):
        yield _words(machine.glyphs)


def drawings(document: pdf_objects.Document, bounds: limits.Limits) -> Iterator[Drawn]:
    """Pictures of each page; raises `LimitExceeded` beyond the page limit."""
    for page, machine in _run(document, bounds):
        rotate = document.get(page.get("Rotate"))
        yield Drawn(machine.pictures, rotate % 360 if isinstance(rotate, int) else 0)


def _run(document: pdf_objects.Document, bounds: limits.Limits) -> Iterator[tuple[dict[str, Any], _Machine]]:
    for number, page in enumerate(_leaves(document), 1):
        if number > bounds.pages:
            raise errors.LimitExceeded(f"more than {bounds.pages} pages")
        machine = _Machine(document)
        machine.run(_contents(document, page), _resources(document, page), _UNIT, 0)
        yield page, machine


def _leaves(document: pdf_objects.Document) -> Iterator[dict[str, Any]]:
    root = document.get(document.trailer.get("Root"))
    top = document.get(root.get("Pages")) if isinstance(root, dict) else None
    waiting: list[tuple[Any, dict[str, Any]]] = [(top, {})]
    seen = 0
    while waiting and seen < 20_000:
        node, above = waiting.pop()
        seen += 1
        if not isinstance(node, dict):
            continue
        passed = {**above, **{key: node[key] for key in ("Resources", "Rotate") if key in node}}
        kids = document.get(node.get("Kids"))
        if isinstance(kids, list):
            waiting.extend((document.get(kid), passed) for kid in reversed(kids))
        else:
            yield {**passed, **node}


def _contents(document: pdf_objects.Document, page: dict[str, Any]) -> bytes:
    found = document.get(page.get("Contents"))
    streams = [document.get(item) for item in found] if isinstance(found, list) else [found]
    return b"\n".join(document.decoded(item) for item in streams if isinstance(item, pdf_objects.Stream))


def _resources(document: pdf_objects.Document, holder: dict[str, Any]) -> dict[str, Any]:
    found = document.get(holder.get("Resources"))
    return found if isinstance(found, dict) else {}


@dataclasses.dataclass(slots=True)
class _Glyph:
    x0: float
    x1: float
    y: float
    size: float
    text: str
    font: str


@dataclasses.dataclass(slots=True)
class _State:
    matrix: Matrix
    font: pdf_fonts.Font | None = None
    size: float = 12.0
    spacing: float = 0.0
    word_spacing: float = 0.0
    scale: float = 1.0
    leading: float = 0.0
    rise: float = 0.0


def _times(one: Matrix, other: Matrix) -> Matrix:
    a, b, c, d, e, f = one
    g, h, i, j, k, m = other
    return a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + m


class _Machine:
    def __init__(self, document: pdf_objects.Document) -> None:
        self._document = document
        self.glyphs: list[_Glyph] = []
        self.pictures: list[Picture] = []
        self._fonts: dict[int, pdf_fonts.Font] = {}
        self._line = self._text = _UNIT
        self._operators = 0
        self._state = _State(_UNIT)
        self._saved: list[_State] = []
        self._resources: dict[str, Any] = {}

    def run(self, content: bytes, resources: dict[str, Any], matrix: Matrix, depth: int) -> None:
        before = self._state, self._resources, self._saved
        self._state = dataclasses.replace(self._state, matrix=matrix)
        self._resources, self._saved = resources, []
        lexer, operands = pdf_objects.Lexer(content), []
        while (value := lexer.value()) is not lexer.END:
            if not isinstance(value, pdf_objects.Word):
                operands.append(value)
                del operands[:-64]
                continue
            self._operators += 1
            if self._operators > _MAX_OPERATORS:
                raise errors.LimitExceeded("a page of the PDF has too many operators")
            self._apply(str(value), operands, lexer, depth)
            operands = []
        self._state, self._resources, self._saved = before

    def _apply(self, operator: str, operands: list[Any], lexer: pdf_objects.Lexer, depth: int) -> None:
        if operator == "Do" and depth < _FORM_DEPTH and operands:
            self._form(operands[-1], depth)
        elif operator == "BI":
            _skip_inline_image(lexer)
        elif operator == "Tf" and len(operands) >= 2:
            self._state.font, self._state.size = self._font(operands[-2]), _number(operands[-1])
        elif operator in _OPERATORS:
            _OPERATORS[operator](self, operands)

    # Graphics and text state.

    def save(self, _: list[Any]) -> None:
        if len(self._saved) < 200:
            self._saved.append(dataclasses.replace(self._state))

    def restore(self, _: list[Any]) -> None:
        if self._saved:
            self._state = self._saved.pop()

    def concatenate(self, operands: list[Any]) -> None:
        self._state.matrix = _times(_matrix(operands), self._state.matrix)

    def begin(self, _: list[Any]) -> None:
        self._line = self._text = _UNIT

    def move(self, operands: list[Any]) -> None:
        if len(operands) >= 2:
            self._line = _times((1.0, 0.0, 0.0, 1.0, _number(operands[-2]), _number(operands[-1])), self._line)
            self._text = self._line

    def move_leading(self, operands: list[Any]) -> None:
        if len(operands) >= 2:
            self._state.leading = -_number(operands[-1])
            self.move(operands)

    def place(self, operands: list[Any]) -> None:
        self._line = self._text = _matrix(operands)

    def next_line(self, _: list[Any]) -> None:
        self.move([0, -self._state.leading])

    def setting(self, name: str, factor: float = 1.0) -> Callable[[list[Any]], None]:
        def apply(operands: list[Any]) -> None:
            setattr(self._state, name, (_number(operands[-1]) if operands else 0.0) * factor)

        return apply

    # Showing.

    def show(self, operands: list[Any]) -> None:
        if operands and isinstance(operands[-1], bytes):
            self._string(operands[-1])

    def show_many(self, operands: list[Any]) -> None:
        for item in operands[-1] if operands and isinstance(operands[-1], list) else ():
            if isinstance(item, bytes):
                self._string(item)
            elif isinstance(item, int | float):
                self._advance(-item / 1000.0 * self._state.size * self._state.scale)

    def show_next(self, operands: list[Any]) -> None:
        self.next_line([])
        self.show(operands)

    def _string(self, raw: bytes) -> None:
        state = self._state
        if state.font is None:
            return
        if len(self.glyphs) + len(raw) > _MAX_GLYPHS:
            raise errors.LimitExceeded(f"a page of the PDF has more than {_MAX_GLYPHS} characters")
        for text, width, spaced in state.font.decode(raw):
            step = (width / 1000.0 * state.size + state.spacing + (state.word_spacing if spaced else 0.0)) * state.scale
            full = _times(self._text, state.matrix)
            size = abs(state.size) * math.hypot(full[2], full[3]) or 1.0
            drawn = width / 1000.0 * state.size * state.scale * math.hypot(full[0], full[1])
            if text and abs(full[1]) <= abs(full[0]):  # text that runs from left to right
                self.glyphs.append(_Glyph(full[4], full[4] + drawn, full[5] + state.rise, size, text, state.font.name))
            self._advance(step)

    def _advance(self, by: float) -> None:
        self._text = _times((1.0, 0.0, 0.0, 1.0, by, 0.0), self._text)

    def _font(self, name: Any) -> pdf_fonts.Font | None:
        fonts = self._document.get(self._resources.get("Font"))
        info = self._document.get(fonts.get(str(name))) if isinstance(fonts, dict) else None
        if not isinstance(info, dict):
            return self._state.font
        if id(info) not in self._fonts:
            self._fonts[id(info)] = pdf_fonts.Font(self._document, info)
        return self._fonts[id(info)]

    def _form(self, name: Any, depth: int) -> None:
        objects = self._document.get(self._resources.get("XObject"))
        form = self._document.get(objects.get(str(name))) if isinstance(objects, dict) else None
        if not isinstance(form, pdf_objects.Stream):
            return
        if form.info.get("Subtype") == "Image" and len(self.pictures) < _MAX_PICTURES:
            self.pictures.append(Picture(self._state.matrix, form))
        elif form.info.get("Subtype") == "Form":
            own = self._document.get(form.info.get("Matrix"))
            matrix = _times(_matrix(own), self._state.matrix) if isinstance(own, list) else self._state.matrix
            resources = _resources(self._document, form.info) or self._resources
            self.run(self._document.decoded(form), resources, matrix, depth + 1)


_OPERATORS: dict[str, Callable[[_Machine, list[Any]], None]] = {
    "q": _Machine.save, "Q": _Machine.restore, "cm": _Machine.concatenate, "BT": _Machine.begin, "Td": _Machine.move,
    "TD": _Machine.move_leading, "Tm": _Machine.place, "T*": _Machine.next_line, "Tj": _Machine.show,
    "TJ": _Machine.show_many,
    "'": _Machine.show_next, '"': _Machine.show_next,
    "Tc": lambda machine, operands: machine.setting("spacing")(operands),
    "Tw": lambda machine, operands: machine.setting("word_spacing")(operands),
    "Tz": lambda machine, operands: machine.setting("scale", 0.01)(operands),
    "TL": lambda machine, operands: machine.setting("leading")(operands),
    "Ts": lambda machine, operands: machine.setting("rise")(operands),
}  # fmt: skip


def _skip_inline_image(lexer: pdf_objects.Lexer) -> None:
    lexer.skip_to(b"EI")


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _matrix(operands: list[Any]) -> Matrix:
    if len(operands) < 6:
        return _UNIT
    a, b, c, d, e, f = (_number(value) for value in operands[-6:])
    return a, b, c, d, e, f


def _words(glyphs: list[_Glyph]) -> list[Word]:
    """Characters of one baseline, from left to right, joined where there is no gap."""
    found: list[Word] = []
    for line in _baselines(glyphs):
        open_word: Word | None = None
        for glyph in sorted(line, key=lambda glyph: glyph.x0):
            if glyph.text.isspace():
                open_word = None
            elif (
                open_word is not None
                and len(open_word.text) < _WORD_CHARS
                and glyph.x0 - open_word.x1 <= _SPACE * glyph.size
            ):
                if glyph.x0 < open_word.x1 - 0.5 * glyph.size and open_word.text.endswith(glyph.text):
                    continue  # bold by drawing twice
                open_word.text += glyph.text
                open_word.x1 = max(open_word.x1, glyph.x1)
            else:
                open_word = Word(glyph.x0, glyph.x1, glyph.y, glyph.size, glyph.text, glyph.font)
                found.append(open_word)
    return found


def _baselines(glyphs: list[_Glyph]) -> Iterator[list[_Glyph]]:
    """Characters grouped by height on the page, from the top."""
    line: list[_Glyph] = []
    for glyph in sorted(glyphs, key=lambda glyph: (-glyph.y, glyph.x0)):
        if line and line[0].y - glyph.y > 0.35 * max(glyph.size, 1.0):
            yield line
            line = []
        line.append(glyph)
    if line:
        yield line
