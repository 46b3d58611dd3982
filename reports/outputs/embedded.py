"""Put what a page needs inside it: drawings and long texts, packed until they are asked for."""

import base64
import gzip
import re
from dataclasses import dataclass
from pathlib import Path

#: Points and other units of an SVG's size, in pixels.
_PIXELS = {"": 1.0, "px": 1.0, "pt": 4 / 3, "in": 96.0}


@dataclass(frozen=True)
class Embedded:
    """A drawing inside a page: `packed` text, which the page's script undoes when it is first shown; size in pixels."""

    data: str
    width: int
    height: int


def embedded(file: Path) -> Embedded:
    """Return an SVG as a page holds it; the same drawing gives the same text.

    Raises
    ------
    ValueError
        When it does not say how large it is.
    OSError
        When it cannot be read.
    """
    content = file.read_bytes()
    width, height = _drawn(content.decode("utf-8"), file.name)
    return Embedded(packed(content), width, height)


def packed(content: bytes) -> str:
    """Return bytes as gzip in base64; the same bytes give the same text."""
    return base64.b64encode(gzip.compress(content, 9, mtime=0)).decode("ascii")


def _drawn(text: str, name: str) -> tuple[int, int]:
    """Return width and height of an SVG, in pixels."""
    head = text[text.find("<svg") :].partition(">")[0]
    found = [re.search(rf'\b{side}="([\d.]+)(px|pt|in|)"', head) for side in ("width", "height")]
    if None in found:
        raise ValueError(f"{name} does not say how wide and high it is")
    width, height = (round(float(one[1]) * _PIXELS[one[2]]) for one in found if one)
    return width, height
