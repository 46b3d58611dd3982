"""Put what a page needs inside it: pictures as addresses that hold them, long texts packed until they are asked for."""

import base64
import gzip
import re
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

_TYPES = {".png": "image/png", ".webp": "image/webp", ".svg": "image/svg+xml"}
_SVG = ".svg"
#: Points and other units of an SVG's size, in pixels.
_PIXELS = {"": 1.0, "px": 1.0, "pt": 4 / 3, "in": 96.0}


@dataclass(frozen=True)
class Embedded:
    """A picture inside a page: its type, its bytes in base64, its size in pixels.

    A drawing (SVG) is ``packed``: gzip below the base64, undone by the page's script when it is first shown.
    """

    type: str
    data: str
    packed: bool
    width: int
    height: int


def embedded(file: Path) -> Embedded:
    """Return a PNG, WebP or SVG as a page holds it.

    Raises
    ------
    ValueError
        When it is none of the three, or an SVG does not say how large it is.
    OSError
        When it cannot be read.
    """
    kind = file.suffix.lower()
    if kind not in _TYPES:
        raise ValueError(f"{file.name} is no PNG, WebP or SVG")
    content = file.read_bytes()
    if kind == _SVG:
        width, height = _drawn(content.decode("utf-8"), file.name)
        return Embedded(_TYPES[kind], packed(content), True, width, height)
    with Image.open(file) as image:
        width, height = image.size
    return Embedded(_TYPES[kind], _base64(content), False, width, height)


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
