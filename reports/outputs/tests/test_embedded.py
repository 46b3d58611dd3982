"""What a page holds of a picture is the picture, whatever its format."""

import base64
import gzip
from pathlib import Path

import pytest
from PIL import Image

from reports.outputs.embedded import embedded, packed

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="72pt" height="48" viewBox="0 0 72 48"></svg>\n'


@pytest.mark.parametrize(("ending", "kind"), [("png", "image/png"), ("webp", "image/webp")])
def test_an_image_is_held_as_it_is(ending: str, kind: str, tmp_path: Path) -> None:
    file = tmp_path / f"one.{ending}"
    Image.new("RGB", (30, 20)).save(file)
    found = embedded(file)
    assert (found.type, found.packed, found.width, found.height) == (kind, False, 30, 20)
    assert base64.b64decode(found.data) == file.read_bytes()


def test_a_drawing_is_packed_and_its_points_are_pixels(tmp_path: Path) -> None:
    file = tmp_path / "one.svg"
    file.write_text(SVG, encoding="utf-8")
    found = embedded(file)
    assert (found.type, found.packed, found.width, found.height) == ("image/svg+xml", True, 96, 48)
    assert gzip.decompress(base64.b64decode(found.data)).decode() == SVG


def test_what_is_no_picture_or_has_no_size_is_refused(tmp_path: Path) -> None:
    (tmp_path / "one.gif").write_bytes(b"")
    (tmp_path / "one.svg").write_text("<svg viewBox='0 0 1 1'></svg>", encoding="utf-8")
    with pytest.raises(ValueError, match=r"one\.gif is no PNG, WebP or SVG"):
        embedded(tmp_path / "one.gif")
    with pytest.raises(ValueError, match=r"one\.svg does not say how wide and high it is"):
        embedded(tmp_path / "one.svg")


def test_the_same_bytes_are_packed_alike() -> None:
    assert packed(b"one" * 100) == packed(b"one" * 100)
