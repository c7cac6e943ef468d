"""The pages of a scanned PDF as pictures: the images each page draws, put where it draws them.

Read are JPEG (DCTDecode) and plain samples (FlateDecode, also predicted), which PIL decodes.
"""

from __future__ import annotations

import importlib
import io
import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from analysis.statement import errors, limits, ocr, pdf_objects, pdf_text

_NOT_READ = {
    "JPXDecode": "JPEG 2000",
    "CCITTFaxDecode": "CCITT fax",
    "CCF": "CCITT fax",
    "JBIG2Decode": "JBIG2",
}
_ENCODED = frozenset({"DCTDecode", "DCT", *_NOT_READ})
_LEAST_SIDE = 200  # pixels: smaller ones are logos and rules
_PNG_KINDS = {"L": 0, "RGB": 2, "P": 3}
_CHANNELS = {"L": 1, "P": 1, "RGB": 3, "CMYK": 4}


class _Placed(NamedTuple):
    image: Any
    x0: float
    y0: float
    x1: float
    y1: float


def pages(document: pdf_objects.Document, bounds: limits.Limits) -> Iterator[Any]:
    """A PIL image of each page that draws pictures, upright by what the PDF says.

    Raises `ScannedDocument` for pictures in an encoding that is not read, `LimitExceeded`, `MalformedStatement`.
    """
    count = 0
    for drawn in pdf_text.drawings(document, bounds):
        large = [picture for picture in drawn.pictures if _is_large(document, picture.stream)]
        if not large:
            continue
        count += 1
        if count > bounds.scanned_pages:
            raise errors.LimitExceeded(f"more than {bounds.scanned_pages} scanned pages")
        if sum(_pixels(document, picture.stream) for picture in large) > bounds.page_pixels:
            raise errors.LimitExceeded(f"the pictures of a page have more than {bounds.page_pixels} pixels")
        page = _together([_placed(document, picture, bounds) for picture in large])
        yield page.rotate(-drawn.rotate, expand=True) if drawn.rotate % 90 == 0 else page


def opened(data: bytes, kinds: Sequence[str], bounds: limits.Limits) -> Any:
    """A PIL image of an encoded picture, grey, turned as its camera says. Raises `MalformedStatement`."""
    pil, ops = importlib.import_module("PIL.Image"), importlib.import_module("PIL.ImageOps")
    try:
        with pil.open(io.BytesIO(data), formats=kinds) as image:
            if image.width * image.height > bounds.page_pixels:
                raise errors.LimitExceeded(f"the picture has more than {bounds.page_pixels} pixels")
            return ops.exif_transpose(image).convert("L")
    except (pil.DecompressionBombError, pil.DecompressionBombWarning) as error:
        raise errors.LimitExceeded(f"the picture has more than {bounds.page_pixels} pixels") from error
    except (OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, struct.error, zlib.error) as error:
        raise errors.MalformedStatement("the picture is damaged") from error


def _side(document: pdf_objects.Document, stream: pdf_objects.Stream, name: str) -> int:
    value = document.get(stream.info.get(name))
    return value if isinstance(value, int) and value > 0 else 0


def _pixels(document: pdf_objects.Document, stream: pdf_objects.Stream) -> int:
    return _side(document, stream, "Width") * _side(document, stream, "Height")


def _is_large(document: pdf_objects.Document, stream: pdf_objects.Stream) -> bool:
    """Strips of a page are wide and may be low."""
    return _side(document, stream, "Width") >= _LEAST_SIDE and _pixels(document, stream) >= _LEAST_SIDE * 16


def _placed(document: pdf_objects.Document, picture: pdf_text.Picture, bounds: limits.Limits) -> _Placed:
    """The picture's unit square through the matrix; turned or mirrored as that says."""
    a, b, c, d, e, f = picture.matrix
    image = _decoded(document, picture.stream, bounds)
    if abs(b) > abs(a):
        image = image.rotate(90 if b > 0 else -90, expand=True)
        a, d = c, b
    else:
        ops = importlib.import_module("PIL.ImageOps")
        image = ops.mirror(image) if a < 0 else image
        image = ops.flip(image) if d < 0 else image
    return _Placed(image, min(e, e + a), min(f, f + d), max(e, e + a), max(f, f + d))


def _together(parts: Sequence[_Placed]) -> Any:
    """One picture of all parts, white between them, at the resolution of the finest."""
    left, top = min(part.x0 for part in parts), max(part.y1 for part in parts)
    width, height = max(part.x1 for part in parts) - left, top - min(part.y0 for part in parts)
    if not (0 < width < 1e6 and 0 < height < 1e6):
        raise errors.MalformedStatement("a picture of the PDF has no size")
    finest = max(part.image.width / max(part.x1 - part.x0, 1e-3) for part in parts)
    scale = min(finest, ocr.MAX_SIDE / max(width, height))
    canvas = importlib.import_module("PIL.Image").new("L", (_whole(width * scale), _whole(height * scale)), 255)
    for part in parts:
        size = _whole((part.x1 - part.x0) * scale), _whole((part.y1 - part.y0) * scale)
        canvas.paste(part.image.resize(size), (round((part.x0 - left) * scale), round((top - part.y1) * scale)))
    return canvas


def _whole(pixels: float) -> int:
    return max(1, round(pixels))


def _decoded(document: pdf_objects.Document, stream: pdf_objects.Stream, bounds: limits.Limits) -> Any:
    body, name, option = document.decoded_until(stream, _ends_decoding)
    if name in ("DCTDecode", "DCT"):
        return opened(body, ["JPEG"], bounds)
    if name in _ENCODED:
        raise errors.ScannedDocument(
            f"the scan's pictures are encoded as {_NOT_READ[name]}, which is not read: save its pages as JPEG or PNG, "
            f"or {ocr.INSTEAD}"
        )
    return _from_samples(document, stream, body, bounds, predicted=bool(name and option))


def _ends_decoding(name: str, option: dict[str, Any]) -> bool:
    """Whether PIL has to go on: pictures' own encodings, and PNG predictors, which PIL undoes in a PNG."""
    predictor = option.get("Predictor", 1)
    return name in _ENCODED or (name in ("FlateDecode", "Fl") and isinstance(predictor, int) and predictor >= 10)


def _from_samples(
    document: pdf_objects.Document, stream: pdf_objects.Stream, body: bytes, bounds: limits.Limits, *, predicted: bool
) -> Any:
    mode, palette = _mode(document, stream)
    width, height = _side(document, stream, "Width"), _side(document, stream, "Height")
    bits = 1 if document.get(stream.info.get("ImageMask")) is True else _side(document, stream, "BitsPerComponent") or 8
    row = (width * bits * _CHANNELS[mode] + 7) // 8
    if bits not in (1, 2, 4, 8) or (mode == "CMYK" and (predicted or bits != 8)):
        raise errors.ScannedDocument(f"the scan's pictures have a depth of colour that is not read; {ocr.INSTEAD}")
    if not predicted:
        body = body[: row * height].ljust(row * height, b"\xff")
    if mode == "CMYK":
        image = importlib.import_module("PIL.Image").frombytes("CMYK", (width, height), body).convert("L")
    else:
        packed = body if predicted else zlib.compress(_unfiltered(body, row), 1)
        image = opened(_png(width, height, bits, mode, palette, packed), ["PNG"], bounds)
    inverted = mode != "P" and _first(document.get(stream.info.get("Decode"))) == 1
    return importlib.import_module("PIL.ImageOps").invert(image) if inverted else image


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else None


def _unfiltered(body: bytes, row: int) -> bytes:
    """Rows as a PNG has them: each behind a byte that says it is not filtered."""
    return b"".join(b"\0" + body[start : start + row] for start in range(0, len(body), row))


def _png(width: int, height: int, bits: int, mode: str, palette: bytes, packed: bytes) -> bytes:
    """A PNG (ISO/IEC 15948) around samples that are filtered and deflated already."""
    head = struct.pack(">IIBBBBB", width, height, bits, _PNG_KINDS[mode], 0, 0, 0)
    chunks = [(b"IHDR", head), *([(b"PLTE", palette)] if palette else []), (b"IDAT", packed), (b"IEND", b"")]
    framed = (
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(framed)


def _mode(document: pdf_objects.Document, stream: pdf_objects.Stream) -> tuple[str, bytes]:
    """(PIL mode, palette) by the colour space (ISO 32000-1, 8.6); grey where none is named."""
    space = document.get(stream.info.get("ColorSpace"))
    parts = [document.get(item) for item in space] if isinstance(space, list) and space else [space]
    name = str(parts[0])
    if name in ("Indexed", "I") and len(parts) >= 4:
        table = document.decoded(parts[3]) if isinstance(parts[3], pdf_objects.Stream) else parts[3]
        if not isinstance(table, bytes) or str(parts[1]) in ("DeviceGray", "DeviceCMYK"):
            raise errors.ScannedDocument(f"the scan's pictures have a palette that is not read; {ocr.INSTEAD}")
        return "P", table[: 256 * 3]
    if name == "ICCBased" and len(parts) > 1 and isinstance(parts[1], pdf_objects.Stream):
        return {"3": "RGB", "4": "CMYK"}.get(str(document.get(parts[1].info.get("N"))), "L"), b""
    return {"DeviceRGB": "RGB", "RGB": "RGB", "CalRGB": "RGB", "DeviceCMYK": "CMYK"}.get(name, "L"), b""
