"""Pictures of text to words with places, by the models that come in rapidocr's wheel (the extra `credpass[ocr]`).

The only part of this package that reads files: the models, from where they were installed. Nothing is fetched: every
model is named by its path, which keeps rapidocr from looking for it elsewhere.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import math
import pathlib
import re
import statistics
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from analysis.statement import errors, pdf_text

INSTEAD = "send the bank's own CSV, XLSX or PDF with text instead"
NEEDS = f"a scan is read only where the extra credpass[ocr] is installed; {INSTEAD}"
MAX_SIDE = 2_000  # pixels: A4 at 170 dpi, enough for print of 6 points
_THREADS = 2
_DOUBT = 0.8  # of 1: words read with less certainty are counted
_STEEPEST = 0.15  # about nine degrees: a steeper page is no flat scan
_MAX_WORDS = 20_000
# The models know more alphabets than dashes.
_DASH = re.compile(r"^(?:\u4e00|\u30fc|\u2014|\u2013|\u2012|\u2212)(?=\s?[\d.,$€£¥])")


class Page(NamedTuple):
    """Words from the top, then from the left, in pixels with y upwards; how sure the reading is (0 to 1)."""

    words: list[pdf_text.Word]
    certainty: float
    doubtful: int


class _Box(NamedTuple):
    x0: float
    x1: float
    y: float  # of the middle, downwards
    height: float
    text: str


def available() -> bool:
    return all(importlib.util.find_spec(name) is not None for name in ("rapidocr", "onnxruntime", "PIL"))


def require() -> None:
    """Raises `ScannedDocument`, naming the extra, where it is not installed."""
    if not available():
        raise errors.ScannedDocument(f"the document holds pictures and no text: {NEEDS}")


def read(image: Any) -> Page:
    """The words of a PIL image of one page that stands upright, give or take some degrees."""
    seen = _seen(image)
    if seen.boxes is None or seen.txts is None:
        return Page([], 1.0, 0)
    scores = [float(score) for score in seen.scores]
    boxes = list(_straightened([[(float(x), float(y)) for x, y in box] for box in seen.boxes], seen.txts))
    words = [word for line in _lines(boxes) for word in _words(line)]
    if len(words) > _MAX_WORDS:
        raise errors.LimitExceeded("a page of the scan has too many words")
    return Page(words, statistics.fmean(scores), sum(score < _DOUBT for score in scores))


def _seen(image: Any) -> Any:
    """What rapidocr says; whatever goes wrong inside of three libraries is one refusal to the person."""
    try:
        return _engine()(image.convert("RGB"))
    except (errors.StatementRefused, MemoryError):
        raise
    except Exception as error:
        raise errors.ScannedDocument(f"the scan could not be read by OCR; {INSTEAD}") from error


@functools.cache
def _engine() -> Any:
    rapidocr = importlib.import_module("rapidocr")
    folder = pathlib.Path(str(rapidocr.__file__)).parent / "models"
    detector, reader = (next(iter(sorted(folder.glob(f"*_{kind}_*.onnx"))), None) for kind in ("det", "rec"))
    if detector is None or reader is None:
        raise errors.ScannedDocument("this installation's rapidocr came without its models: a scan cannot be read")
    settings = {
        "Global.use_cls": False, "Global.log_level": "critical", "Global.text_score": 0.0,  # nothing is dropped unseen
        "Global.max_side_len": MAX_SIDE, "Det.model_path": str(detector), "Rec.model_path": str(reader),
        "EngineConfig.onnxruntime.intra_op_num_threads": _THREADS,
        "EngineConfig.onnxruntime.inter_op_num_threads": 1,
    }  # fmt: skip
    return rapidocr.RapidOCR(params=settings)


Corners = Sequence[tuple[float, float]]  # from the upper left, clockwise


def _straightened(quads: Sequence[Corners], texts: Iterable[str]) -> Iterator[_Box]:
    """Boxes after the page's slope was taken out."""
    slope = _slope(quads)
    for quad, text in zip(quads, texts, strict=True):
        xs, ys = [x for x, _ in quad], [y - slope * x for x, y in quad]
        yield _Box(min(xs), max(xs), sum(ys) / len(ys), math.dist(quad[0], quad[3]), _mended(text))


def _slope(quads: Sequence[Corners]) -> float:
    wide = [
        (quad[1][1] - quad[0][1]) / (quad[1][0] - quad[0][0])
        for quad in quads
        if quad[1][0] - quad[0][0] > 3 * math.dist(quad[0], quad[3])
    ]
    slope = statistics.median(wide) if wide else 0.0
    return slope if abs(slope) <= _STEEPEST else 0.0


def _mended(text: str) -> str:
    return _DASH.sub("-", unicodedata.normalize("NFKC", text).strip())


def _lines(boxes: Iterable[_Box]) -> Iterator[list[_Box]]:
    """Boxes whose middles are at one height, from the top."""
    line: list[_Box] = []
    for box in sorted(boxes, key=lambda box: box.y):
        if line and box.y - statistics.fmean(other.y for other in line[-8:]) > 0.5 * min(box.height, line[-1].height):
            yield sorted(line)
            line = []
        line.append(box)
    if line:
        yield sorted(line)


def _words(line: Sequence[_Box]) -> Iterator[pdf_text.Word]:
    """A box may hold several words: each gets the part of its width that its characters take."""
    y, size = -statistics.fmean(box.y for box in line), 0.8 * statistics.median(box.height for box in line)
    for box in line:
        step = (box.x1 - box.x0) / max(len(box.text), 1)
        for match in re.finditer(r"\S+", box.text):
            x0, x1 = box.x0 + step * match.start(), box.x0 + step * match.end()
            yield pdf_text.Word(x0, x1, y, max(size, 1.0), match[0], "")
