"""Figures drawn as a picture, and read back."""

from pathlib import Path

from PIL import Image

from claims.core.record import Figure
from reports.figures.arrange import Panel
from reports.figures.draw import draw


def picture(tmp_path: Path, *panels: Figure) -> Image.Image:
    """Draw panels and return the picture; nothing else is left beside it."""
    path = tmp_path / "figures" / "x.webp"
    draw(path, "a title", [Panel(f"zoo/{i}", panel) for i, panel in enumerate(panels)])
    assert list(path.parent.iterdir()) == [path]
    with Image.open(path) as image:
        return image.convert("RGB")
