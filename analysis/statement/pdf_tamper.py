"""Signs of tampering that only a PDF can show: who wrote it, how often it was saved, fonts mixed within a line."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from analysis.statement import model, pdf_objects, pdf_text

EDITOR_WEIGHT = 0.4
REVISION_WEIGHT = 0.15
FONTS_WEIGHT = 0.35
_EDITORS = re.compile(
    rb"photoshop|illustrator|inkscape|gimp|pdfescape|sejda|smallpdf|ilovepdf|pdf-?xchange editor|"
    rb"foxit.{0,12}editor|nitro|"
    rb"pdffiller|canva|libreoffice draw|wondershare|pdfelement|soda pdf|dochub|acrobat.{0,6}pro|xodo|master pdf editor",
    re.IGNORECASE,
)


def signals(
    data: bytes, document: pdf_objects.Document, rows: Sequence[Sequence[pdf_text.Word]]
) -> list[model.TamperSignal]:
    """Signals of one file; `rows` are the words of its transaction lines."""
    return [*_editor(document), *_revisions(data), *_fonts(rows)]


def _editor(document: pdf_objects.Document) -> list[model.TamperSignal]:
    info = document.get(document.trailer.get("Info"))
    named: list[Any] = (
        [document.get(info.get(key)) for key in ("Producer", "Creator")] if isinstance(info, dict) else []
    )
    for value in named:
        match = _EDITORS.search(value.replace(b"\0", b"")) if isinstance(value, bytes) else None
        if match:
            evidence = f"written by {match[0].decode('latin-1').lower()}, which edits documents"
            return [model.TamperSignal("pdf_editor", EDITOR_WEIGHT, evidence)]
    return []


def _revisions(data: bytes) -> list[model.TamperSignal]:
    """More than one end mark: saved again after it was made. A linearised file has two from birth."""
    ends = len(re.findall(rb"%%EOF", data))
    usual = 2 if b"/Linearized" in data[:2048] else 1
    if ends <= usual:
        return []
    evidence = f"{ends - usual} later revisions were appended to the file"
    return [model.TamperSignal("pdf_revisions", REVISION_WEIGHT, evidence)]


def _fonts(rows: Sequence[Sequence[pdf_text.Word]]) -> list[model.TamperSignal]:
    """A figure in a font or size that hardly any other line has at its end."""
    styles = [(row[-1].font, round(row[-1].size, 1)) for row in rows if row]
    if len(styles) < 8:
        return []
    counted = Counter(styles)
    usual, many = counted.most_common(1)[0]
    odd = [index for index, style in enumerate(styles, 1) if style != usual]
    if not odd or many < 0.8 * len(styles):
        return []
    places = ", ".join(str(index) for index in odd[:10])
    return [
        model.TamperSignal(
            "mixed_fonts", FONTS_WEIGHT, f"figures in another font or size than the rest (transactions {places})"
        )
    ]
