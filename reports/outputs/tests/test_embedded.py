"""What a page holds of a picture is the picture, whatever its format."""

import base64
import gzip
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reports.figures.style import PALETTE
from reports.outputs.embedded import WIDEST, embedded, packed

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="72pt" height="48" viewBox="0 0 72 48"></svg>\n'


@pytest.mark.parametrize("ending", ["png", "webp"])
@pytest.mark.parametrize(("width", "shown"), [(300, 300), (2 * WIDEST, WIDEST)])
def test_an_image_is_held_no_wider_than_a_page_shows_it(ending: str, width: int, shown: int, tmp_path: Path) -> None:
    file = tmp_path / f"one.{ending}"
    image = Image.new("RGB", (width, 200), "white")
    image.paste("black", (0, 0, width // 2, 200))
    image.save(file, lossless=True)
    found = embedded(file)
    assert (found.type, found.packed, found.width) == ("image/webp", False, shown)
    with Image.open(io.BytesIO(base64.b64decode(found.data))) as held:
        assert held.size == (shown, found.height) == (shown, 200 * shown // width)
        shades = np.asarray(held.convert("L"))
    assert shades[50, 10] < 20
    assert shades[50, shown - 10] > 235


def test_the_colours_of_a_plot_are_still_told_apart(tmp_path: Path) -> None:
    colours = [tuple(int(one[i : i + 2], 16) for i in (1, 3, 5)) for one in ("#ffffff", "#000000", *PALETTE)]
    stripes = np.repeat(np.array(colours, dtype=np.uint8)[None], 40, axis=1)
    Image.fromarray(np.repeat(stripes, 50, axis=0)).resize((WIDEST + 200, 50)).save(tmp_path / "one.png")
    with Image.open(io.BytesIO(base64.b64decode(embedded(tmp_path / "one.png").data))) as held:
        shown = np.asarray(held.convert("RGB"), dtype=float)[25]
    middles = ((np.arange(len(colours)) + 0.5) * WIDEST / len(colours)).astype(int)
    apart = np.linalg.norm(shown[middles][:, None] - np.array(colours, dtype=float), axis=2)
    assert apart.argmin(axis=1).tolist() == list(range(len(colours)))


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
