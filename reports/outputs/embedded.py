"""Put what a page needs inside it: pictures small enough to send, long texts packed until they are asked for."""

import base64
import gzip
import io
import re
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

_RASTER = (".png", ".webp")
_SVG = ".svg"
#: Widest picture of a page, in pixels, and the colours that it needs at that size.
WIDEST, COLOURS = 800, 32
#: Points and other units of an SVG's size, in pixels.
_PIXELS = {"": 1.0, "px": 1.0, "pt": 4 / 3, "in": 96.0}


@dataclass(frozen=True)
class Embedded:
    """A picture inside a page: its type, its bytes in base64, its size in pixels.

    PNG and WebP become WebP of the size at which a page shows them.

    A drawing (SVG) is ``packed``: gzip below the base64, undone by the page's script when it is first shown.
    """

    type: str
    data: str
    packed: bool
    width: int
    height: int


def embedded(file: Path) -> Embedded:
    """Return a PNG, WebP or SVG as a page holds it; the same picture gives the same text.

    Raises
    ------
    ValueError
        When it is none of the three, or an SVG does not say how large it is.
    OSError
        When it cannot be read.
    """
    kind = file.suffix.lower()
    if kind == _SVG:
        content = file.read_bytes()
        width, height = _drawn(content.decode("utf-8"), file.name)
        return Embedded("image/svg+xml", packed(content), True, width, height)
    if kind not in _RASTER:
        raise ValueError(f"{file.name} is no PNG, WebP or SVG")
    with Image.open(file) as image:
        small = _small(image.convert("RGB"))
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", lossless=True, quality=80, method=4)
    return Embedded("image/webp", _base64(buffer.getvalue()), False, *small.size)


def _small(image: Image.Image) -> Image.Image:
    """Return a picture at most `WIDEST` wide, in few colours: a plot in lossless WebP is then half as large."""
    scale = min(1.0, WIDEST / image.width)
    size = round(image.width * scale), round(image.height * scale)
    scaled = image if scale == 1 else image.resize(size, Image.Resampling.LANCZOS)
    return scaled.quantize(COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).convert("RGB")


def packed(content: bytes) -> str:
    """Return bytes as gzip in base64; the same bytes give the same text."""
    return _base64(gzip.compress(content, 9, mtime=0))


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def _drawn(text: str, name: str) -> tuple[int, int]:
    """Return width and height of an SVG, in pixels."""
    head = text[text.find("<svg") :].partition(">")[0]
    found = [re.search(rf'\b{side}="([\d.]+)(px|pt|in|)"', head) for side in ("width", "height")]
    if None in found:
        raise ValueError(f"{name} does not say how wide and high it is")
    width, height = (round(float(one[1]) * _PIXELS[one[2]]) for one in found if one)
    return width, height
