"""One style for every picture: colours, letters, sizes; and saving it as the same bytes every time."""

import io
import re
import textwrap
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import matplotlib
import matplotlib.colors
import matplotlib.style
import numpy as np
import numpy.typing as npt
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import Collection
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from PIL import Image

from fixtures.files.whole_files import write_whole
from reports.text.markdown import plain

#: Okabe and Ito's colours, told apart with any colour vision; yellow is left out as too pale on white.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#444444")
#: A shape a colour: printed in grey, or seen without colours, series still part.
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
GUIDE = "#666666"
#: Single units behind their mean, and what lies around a bar.
CROWD, INTERVAL = "#b0b0b0", "#222222"
Line = Literal["", "-", "--", ":", "-."]
DASHES: tuple[Line, ...] = ("--", ":", "-.")
DPI = 150
WIDTH = 8.0
#: How the name of every picture ends: lossless WebP, a fifth smaller than PNG.
SUFFIX = ".webp"
#: How the name of a drawing ends, which a page packs: half as large, and sharp at any size.
DRAWING = ".svg"
#: Points of a panel beyond which a drawing holds them as a picture.
CROWDED = 2500
#: Colours of a picture; more can hardly be told apart in a plot.
COLOURS = 64
#: Lines of a legend that a panel's place holds.
LEGEND = 11
#: Largest difference, of 255, of a colour that fewer colours have moved.
NEAR = 8
_STYLE = {
    "font.size": 11,
    "axes.titlesize": 10.5,
    "axes.labelsize": 11,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "legend.fontsize": 10.5,
    "figure.titlesize": 12,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.8,
    "lines.linewidth": 1.6,
    "legend.frameon": False,
    "figure.facecolor": "white",
    "svg.fonttype": "none",
    "svg.hashsalt": "moe-claims",
}


@contextmanager
def house_style() -> Iterator[None]:
    """Draw with these settings alone, whatever the user's own are; a missing glyph is no reason to warn."""
    with matplotlib.style.context(_STYLE, after_reset=True), warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=UserWarning, module="matplotlib|reports")
        yield


def colours(labels: Sequence[str]) -> dict[str, str]:
    """Return one colour a label; an ordered ramp for a numbered sequence, and beyond the palette."""
    if len(labels) <= (3 if _numbered(labels) else len(PALETTE)):
        return dict(zip(labels, PALETTE, strict=False))
    ramp, last = matplotlib.colormaps["viridis"], len(labels) - 1
    return {name: matplotlib.colors.to_hex(ramp(0.88 * i / last)) for i, name in enumerate(labels)}


def in_order(labels: Sequence[str]) -> list[str]:
    """Return each label once, as they come; those that differ in a number alone in the order of the numbers.

    Examples
    --------
    >>> in_order(["layer 1", "layer 10", "layer 0"]), in_order(["top-k", "soft", "top-k"])
    (['layer 0', 'layer 1', 'layer 10'], ['top-k', 'soft'])
    """
    once = list(dict.fromkeys(labels))
    return sorted(once, key=lambda text: float(_NUMBER.split(text)[1])) if _numbered(once) else once


_NUMBER = re.compile(r"(\d+(?:\.\d+)?)$")


def _numbered(labels: Sequence[str]) -> bool:
    """Tell whether labels end in a number and are alike before it."""
    return all(map(_NUMBER.search, labels)) and len({_NUMBER.split(text)[0] for text in labels}) == 1


def canvas(panels: int, columns: int, *, height: float) -> tuple[Canvas, list[Axes]]:
    """Return a figure with that many panels, so many in a row of that height in inches, and its axes."""
    rows = -(-panels // columns)
    figure = Canvas(figsize=(WIDTH, rows * height + 0.9), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(rows, columns, squeeze=False)
    axes = list(grid.flat)
    for spare in axes[panels:]:
        spare.set_visible(False)
    return figure, axes[:panels]


def label(text: str, width: int = 40, lines: int = 2) -> str:
    r"""Return text for a picture: no control characters, no mathematics, lines as even as can be, cut when very long.

    Examples
    --------
    >>> label("Jaccard of top-p sets, p = 0.8", 26)
    'Jaccard of top-p\nsets, p = 0.8'
    """
    shown = plain(text, width * lines)
    wrapped = _wrapped(shown, width, lines)
    while len(wrapped) > 1 and width > 8:
        width -= 1
        narrower = _wrapped(shown, width, lines)
        if len(narrower) > len(wrapped) or narrower[-1].endswith("…") > wrapped[-1].endswith("…"):
            break
        wrapped = narrower
    return "\n".join(wrapped).replace("$", r"\$")


def _wrapped(text: str, width: int, lines: int) -> list[str]:
    return textwrap.wrap(text, width, max_lines=lines, placeholder="…", break_on_hyphens=False)


def legend(figure: Canvas, entries: Sequence[Line2D]) -> None:
    """Put a legend where panels are missing in the last row, else below all in as many columns as fit."""
    spare = [axis for axis in figure.axes if not axis.get_visible()]
    if spare and _beside(spare, entries):
        return
    for entry in entries:
        entry.set_label(label(str(entry.get_label()), 36))
    longest = max(len(line) for entry in entries for line in str(entry.get_label()).split("\n"))
    rows = -(-len(entries) // max(1, min(4, 92 // (longest + 6))))
    figure.legend(handles=list(entries), loc="outside lower center", ncols=-(-len(entries) // rows))


def _beside(spare: Sequence[Axes], entries: Sequence[Line2D]) -> bool:
    """Put a legend into the places of missing panels where it is short enough; tell whether it was."""
    texts = [label(str(entry.get_label()), 24 if len(spare) == 1 else 50) for entry in entries]
    if sum(text.count("\n") + 1 for text in texts) > LEGEND:
        return False
    for entry, text in zip(entries, texts, strict=True):
        entry.set_label(text)
    spare[0].set_visible(True)
    spare[0].set_axis_off()
    spare[0].legend(handles=list(entries), loc="center left").set_in_layout(False)
    return True


def save(figure: Canvas, path: Path) -> None:
    """Write a picture, or a drawing where the name ends in `DRAWING`: no date or version, whole or not at all."""
    drawn = figure.canvas
    if not isinstance(drawn, FigureCanvasAgg):
        raise TypeError("the figure was not made by canvas()")
    write_whole(path, _drawing(figure) if path.suffix == DRAWING else _picture(drawn))


def _drawing(figure: Canvas) -> bytes:
    """Return a figure as SVG: letters as text, hundredths of a point, crowds of points as pictures inside."""
    for axis in figure.axes:
        marks: list[Artist] = [*axis.lines, *axis.collections]
        if sum(map(_points, marks)) > CROWDED:
            for mark in marks:
                mark.set_rasterized(True)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", dpi=100, metadata={"Date": None, "Creator": None})
    drawn = buffer.getvalue().decode("utf-8")
    return _PLACES.sub(lambda found: _LONG.sub(r"\1", found[0]), drawn).encode("utf-8")


#: Attributes of an SVG that say where something lies, and the digits of a number that nobody sees.
_PLACES = re.compile(r'\s(?:d|x|y|x1|x2|y1|y2|points)="[^"]*"')
_LONG = re.compile(r"(\d\.\d\d)\d+")


def _points(mark: Artist) -> int:
    """Return how many points a mark is drawn from."""
    if isinstance(mark, Line2D):
        return len(np.asarray(mark.get_xdata()))
    if not isinstance(mark, Collection):
        return 0
    paths = mark.get_paths()
    return max(len(np.asarray(mark.get_offsets())), sum(len(np.asarray(path.vertices)) for path in paths))


def _picture(drawn: FigureCanvasAgg) -> bytes:
    """Return a figure as lossless WebP.

    `COLOURS` are enough for a plot, and a fraction of the bytes; an octree keeps a colour that few pixels have.
    """
    drawn.draw()  # type: ignore[no-untyped-call]
    whole = Image.fromarray(np.asarray(drawn.buffer_rgba())).convert("RGB")  # type: ignore[no-untyped-call]
    small, buffer = whole.quantize(COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE), io.BytesIO()
    small.putpalette(_exact(np.array(small.getpalette(), dtype=np.int64).reshape(-1, 3)).ravel().tolist())
    small.convert("RGB").save(buffer, "WEBP", lossless=True, quality=75, method=4)  # 6: 50 times as slow for 3 %
    return buffer.getvalue()


def _exact(palette: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return a palette whose entries near white, black and our colours are just those."""
    for colour in ("#ffffff", "#000000", GUIDE, *PALETTE):
        wanted = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
        far = np.abs(palette - wanted).max(axis=1)
        if far.min() <= NEAR:
            palette[far.argmin()] = wanted
    return palette
