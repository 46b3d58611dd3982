"""Draw heat maps: one matrix a panel, colours symmetric around zero, and a bar that says what they stand for."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap
from matplotlib.figure import Figure as Canvas
from matplotlib.image import AxesImage

from claims.core.record import Figure
from metrics.arrays import Float64Array
from reports.figures.marks import floats
from reports.figures.style import label

#: Blue below zero, grey at it, yellow above: told apart with any colour vision, and in grey by lightness alone.
COLOURS = ("#001d57", "#2166ac", "#8c8c8c", "#dba93a", "#fff04d")
#: Ratio of the panels' largest values up to which they share one range of colours.
ALIKE = 20.0
#: Named rows and columns: of a picture of one panel, and of more.
NAMED = {True: 16, False: 4}


def heat(axis: Axes, data: Figure, bound: float, *, alone: bool) -> AxesImage:
    """Draw one figure of kind ``heat``; what has no value is hatched.

    Parameters
    ----------
    axis : where to
    data : one series a row, from the top
    bound : value of the strongest colours, which stand for -bound and bound
    alone : whether the picture has no other panel, so that more rows and columns can be named
    """
    columns, values = matrix(data)
    square = len(values) == len(columns)
    axis.patch.set(hatch="/////", edgecolor="#c8c8c8", facecolor="white")
    image = axis.imshow(
        values, signed(), vmin=-bound, vmax=bound, interpolation="none", aspect="equal" if square else "auto"
    )
    down, across = _named(len(values), alone=alone), _named(len(columns), alone=alone)
    axis.set_yticks(down, [label(data.series[i].label, 16, 1) for i in down])
    axis.set_xticks(across, [f"{columns[i]:g}" for i in across])
    axis.grid(visible=False)
    return image


def matrix(data: Figure) -> tuple[Float64Array, Float64Array]:
    """Return the column numbers (C,), ascending, and the values (R, C); NaN where a row has none.

    Raises
    ------
    ValueError
        When a column has no finite number, or a row has a column twice.
    """
    rows = [floats(series.x) for series in data.series]
    columns = np.unique(np.concatenate([*rows, np.zeros(0)]))
    values = np.full((len(rows), len(columns)), np.nan)
    for index, (series, row) in enumerate(zip(data.series, rows, strict=True)):
        if not np.isfinite(row).all() or len(np.unique(row)) < len(row):
            raise ValueError(f"row {series.label!r} has a column without a number, or one twice")
        values[index, np.searchsorted(columns, row)] = floats(series.y)
    values[~np.isfinite(values)] = np.nan
    return columns, values


def bounds(panels: Sequence[Figure]) -> list[float]:
    """Return each panel's largest absolute value; the largest of all for every panel where they are alike.

    A panel without values, or of zeros alone, has 1, or what the others share.
    """
    largest = [float(np.abs(values[np.isfinite(values)]).max(initial=0.0)) for _, values in map(matrix, panels)]
    found = [size for size in largest if size > 0] or [1.0]
    if max(found) <= ALIKE * min(found):
        return [max(found)] * len(panels)
    return [size or 1.0 for size in largest]


def colour_bars(canvas: Canvas, drawn: Sequence[tuple[Axes, AxesImage]], quantity: str) -> None:
    """Add one bar for all panels that share a range of colours, else one a panel; ``quantity`` names what it shows."""
    canvas.set_layout_engine("compressed", h_pad=0.09)  # square panels keep together
    shared = len({image.get_clim() for _, image in drawn}) == 1
    length = 0.8 if not shared or len(drawn) <= 3 else 0.4
    for axis, image in drawn[:1] if shared else drawn:
        beside = [other for other, _ in drawn] if shared else axis
        canvas.colorbar(image, ax=beside, shrink=length, aspect=20, pad=0.02, label=label(quantity, 30))


def signed() -> Colormap:
    """Return the colours of -1 to 1, as 0 to 1; a missing value lets the hatching through."""
    return LinearSegmentedColormap.from_list("signed", COLOURS, N=257).with_extremes(bad=(1.0, 1.0, 1.0, 0.0))


def _named(size: int, *, alone: bool) -> list[int]:
    """Return which of ``size`` rows or columns are named: every one, every second, every fourth and so on."""
    step = 1
    while size > step * NAMED[alone]:
        step *= 2
    return list(range(0, size, step))
