"""What a page holds of a drawing is the drawing."""

import base64
import gzip
from pathlib import Path

import pytest

from reports.outputs.embedded import embedded, packed

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="72pt" height="48" viewBox="0 0 72 48"></svg>\n'


def test_a_drawing_is_packed_and_its_points_are_pixels(tmp_path: Path) -> None:
    file = tmp_path / "one.svg"
    file.write_text(SVG, encoding="utf-8")
    found = embedded(file)
    assert (found.width, found.height) == (96, 48)
    assert gzip.decompress(base64.b64decode(found.data)).decode() == SVG


def test_a_drawing_without_a_size_is_refused(tmp_path: Path) -> None:
    (tmp_path / "one.svg").write_text("<svg viewBox='0 0 1 1'></svg>", encoding="utf-8")
    with pytest.raises(ValueError, match=r"one\.svg does not say how wide and high it is"):
        embedded(tmp_path / "one.svg")


def test_the_same_bytes_are_packed_alike() -> None:
    assert packed(b"one" * 100) == packed(b"one" * 100)
