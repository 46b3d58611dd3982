"""How every picture looks: colours, letters, sizes; and how it is saved, the same bytes every time."""

import io
import textwrap
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import matplotlib
import matplotlib.colors
import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from PIL import Image

from reports.files import write_whole
from reports.markdown import plain

#: Okabe and Ito's colours, told apart with any colour vision; yellow is left out as too pale on white.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#444444")
GUIDE = "#666666"
DPI = 150
WIDTH = 8.0
_STYLE = {
    "font.size": 10,
    "axes.titlesize": 10,
    "axes.labelsize": 10,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "legend.fontsize": 9,
    "figure.titlesize": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.8,
    "lines.linewidth": 1.6,
    "legend.frameon": False,
    "figure.facecolor": "white",
}


@contextmanager
def house_style() -> Iterator[None]:
    """Draw with these settings alone, whatever the user's own are; a missing glyph is no reason to warn."""
    with matplotlib.style.context(_STYLE, after_reset=True), warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=UserWarning, module="matplotlib|reports")
        yield


def colours(labels: Sequence[str]) -> dict[str, str]:
    """Return one colour a label; beyond the palette, an ordered ramp (series that many are a sequence)."""
    if len(labels) <= len(PALETTE):
        return dict(zip(labels, PALETTE, strict=False))
    ramp, last = matplotlib.colormaps["viridis"], len(labels) - 1
    return {name: matplotlib.colors.to_hex(ramp(0.88 * i / last)) for i, name in enumerate(labels)}


def canvas(panels: int, height: float = 2.9, *, share_y: bool = False) -> tuple[Canvas, list[Axes]]:
    """Return a figure with that many panels, at most three in a row, and its axes."""
    columns = min(panels, 2 if panels in (2, 4) else 3)
    rows = -(-panels // columns)
    if columns == 1:
        height = 3.8
    figure = Canvas(figsize=(WIDTH if columns > 1 else 6.4, rows * height + 0.7), dpi=DPI, layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(rows, columns, squeeze=False, sharey=share_y)
    axes = list(grid.flat)
    for spare in axes[panels:]:
        spare.set_visible(False)
    return figure, axes[:panels]


def label(text: str, width: int = 40, lines: int = 2) -> str:
    """Return text for a picture: no control characters, no mathematics, wrapped, cut when very long."""
    wrapped = textwrap.wrap(plain(text, width * lines), width, max_lines=lines, placeholder="…", break_on_hyphens=False)
    return "\n".join(wrapped).replace("$", r"\$")


def legend(figure: Canvas, entries: Sequence[Line2D]) -> None:
    """Put a legend below the panels, as many columns as the longest entry leaves room for."""
    longest = max(len(str(entry.get_label())) for entry in entries)
    rows = -(-len(entries) // max(1, min(4, 92 // (longest + 6))))
    figure.legend(handles=list(entries), loc="outside lower center", ncols=-(-len(entries) // rows))


def save(figure: Canvas, path: Path) -> None:
    """Write a PNG without date or version, whole or not at all.

    256 colours are enough for a plot, and a third of the bytes.
    """
    buffer, small = io.BytesIO(), io.BytesIO()
    figure.savefig(buffer, format="png")
    with Image.open(buffer) as drawn:
        drawn.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
    write_whole(path, small.getvalue())
