"""What a record keeps of a figure: as many digits as can be drawn, and cells in place of points beyond counting."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from claims.core.record import Figure, Series

#: Significant digits of a plotted number; a thousandth of a picture's width is less than its pixels show.
DIGITS = 4
#: Cells of a density along each axis.
CELLS = 40


def rounded(values: npt.ArrayLike, digits: int = DIGITS) -> list[float]:
    """Return numbers with ``digits`` significant digits, as a figure needs them."""
    return [float(f"{value:.{digits}g}") for value in np.asarray(values, dtype=np.float64).ravel()]


def as_drawn(figure: Figure) -> Figure:
    """Return a figure with its numbers rounded, those of its panels too."""
    return replace(
        figure,
        series=[_rounded(one) for one in figure.series],
        reference=[_rounded(one) for one in figure.reference],
        panels=[as_drawn(one) for one in figure.panels],
    )


def density(label: str, x: npt.ArrayLike, y: npt.ArrayLike, reach: Sequence[float] | None = None) -> Series:
    """Return points as the centres of the cells that hold any, with how many each holds.

    Parameters
    ----------
    label : name of the series
    x, y : (N,), finite
    reach : upper ends (x, y) of the cells, which begin at 0; None for the points' own range
    """
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    ends = None if reach is None else [[0.0, reach[0]], [0.0, reach[1]]]
    if not len(x):
        return Series(label, [], [])
    counts, across, up = np.histogram2d(x, y, CELLS, ends)
    i, j = np.nonzero(counts)
    centres = (across[:-1] + across[1:])[i] / 2, (up[:-1] + up[1:])[j] / 2
    return Series(label, rounded(centres[0]), rounded(centres[1]), weight=rounded(counts[i, j]))


def _rounded(series: Series) -> Series:
    x, y, low, high, weight = map(_column, (series.x, series.y, series.low, series.high, series.weight))
    return Series(series.label, x, y, low, high, weight)


def _column(values: Sequence[float]) -> list[float]:
    """Round numbers; what is missing stays so, and JSON has null for it."""
    return [value if value is None else float(f"{value:.{DIGITS}g}") for value in values]
