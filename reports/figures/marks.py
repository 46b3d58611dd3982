"""How each kind of figure marks its series: points, cells, curves, bars, and what lies around them."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, LogNorm

from claims.core.record import Figure, Series
from metrics.arrays import Float64Array
from reports.figures.style import CROWD, DASHES, GUIDE, INTERVAL, MARKERS, PALETTE, Line

#: axis, figure, place of the series in it, the series, colours by name, heaviest point of the picture.
Mark = Callable[[Axes, Figure, int, Series, Mapping[str, str], float], None]
#: Points of a curve up to which each has its marker, and its interval.
FEW = 40


def floats(values: Sequence[float | None]) -> Float64Array:
    """Return numbers as an array, NaN for None."""
    return np.array(values, dtype=np.float64)


def crowds(data: Figure) -> set[str]:
    """Return the names of single units, drawn small and grey behind the others.

    Several series of a figure share such a name, or they are dots without intervals.
    """
    names = [series.label for series in data.series]
    alone = {series.label for series in data.series if data.kind == "dots" and not series.low}
    return {name for name in names if names.count(name) > 1} | alone


def markers(names: Sequence[str] | Mapping[str, str]) -> dict[str, str]:
    """Return a shape a series; one for all where there are more series than shapes."""
    return dict(zip(names, MARKERS if len(names) <= len(PALETTE) else ["o"] * len(names), strict=False))


def guide(axis: Axes, series: Series, names: Sequence[str]) -> None:
    """Draw a dashed guide, in the dashes that its name has in all panels."""
    dash = DASHES[names.index(series.label) % len(DASHES)]
    axis.plot(floats(series.x), floats(series.y), dash, color=GUIDE, linewidth=1.3, zorder=3)


def _scatter(axis: Axes, data: Figure, index: int, series: Series, colour: Mapping[str, str], heaviest: float) -> None:
    points = max(len(series.x), 1)
    axis.scatter(
        floats(series.x),
        floats(series.y),
        s=float(np.clip(2500 / points, 5, 30)),
        alpha=float(np.clip(12 / points**0.5, 0.15, 0.9)),
        color=colour.get(series.label, CROWD),
        marker=markers(colour).get(series.label, "o"),
        linewidths=0,
    )


def _density(axis: Axes, data: Figure, index: int, series: Series, colour: Mapping[str, str], heaviest: float) -> None:
    x, y, weight = floats(series.x), floats(series.y), floats(series.weight or [1.0] * len(series.x))
    known = np.isfinite(x + y + weight)
    x, y, weight = x[known], y[known], weight[known]
    if not len(x):
        return
    wide, high = (cell_width(values) for values in (x, y))
    left, low = x.min() - wide / 2, y.min() - high / 2
    column, row = (np.rint(d).astype(int) for d in ((x - x.min()) / wide, (y - y.min()) / high))
    counts = np.full((row.max() + 1, column.max() + 1), np.nan)
    counts[row, column] = weight
    ends = (left, left + wide * counts.shape[1], low, low + high * counts.shape[0])
    one = colour.get(series.label, CROWD)
    ramp = LinearSegmentedColormap.from_list("count", [_paler(one), one, "#000000"])
    scale = LogNorm(1.0, max(heaviest, 2.0))
    axis.imshow(counts, ramp, scale, aspect="auto", interpolation="nearest", origin="lower", extent=ends, zorder=1)
    axis.autoscale_view()


def cell_width(values: Float64Array) -> float:
    """Return the width of a cell: the least distance of two centres, beyond rounding; narrow where there is one."""
    apart = np.diff(np.unique(values))
    apart = apart[apart > 1e-3 * np.ptp(values)] if len(apart) else apart
    return float(apart.min()) if len(apart) else max(float(np.abs(values).max()), 1.0) / 60


def _paler(colour: str) -> str:
    parts = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    return "#" + "".join(f"{255 - round(0.35 * (255 - part)):02x}" for part in parts)


def _lines(axis: Axes, data: Figure, index: int, series: Series, colour: Mapping[str, str], heaviest: float) -> None:
    x, y = floats(series.x), floats(series.y)
    if series.label not in colour:
        axis.plot(x, y, color=CROWD, linewidth=0.7, zorder=1)
        return
    one, few = colour[series.label], few_points(data)
    marker = markers(colour)[series.label] if few else ""
    axis.plot(x, y, color=one, marker=marker, markersize=4)
    if not (series.low and series.high):
        return
    low, high = floats(series.low), floats(series.high)
    if data.spread != "interval" or not few:
        edge = 0.0 if data.spread == "deviation" else 0.6
        dashes: Line = "--" if data.spread == "range" else "-"
        axis.fill_between(x, low, high, facecolor=(one, 0.18), edgecolor=(one, 0.7), linewidth=edge, linestyle=dashes)
    else:
        axis.errorbar(x, y, yerr=_ends(y, low, high), fmt="none", ecolor=one, elinewidth=1.0, capsize=2.5, zorder=2)


def few_points(data: Figure) -> bool:
    """Tell whether there is room for a marker at every point."""
    return all(len(series.x) <= (FEW if len(data.series) <= 6 else 8) for series in data.series)


def _bars(axis: Axes, data: Figure, index: int, series: Series, colour: Mapping[str, str], heaviest: float) -> None:
    width = 0.84 / len(data.series)
    x, y = floats(series.x) + _aside(data, index, width), floats(series.y)
    axis.bar(x, y, width=width * (0.94 if len(x) <= 12 else 1.0), color=colour.get(series.label, CROWD))
    for place in x[y == 0] if len(x) <= 12 else ():
        axis.annotate("0", (place, 0), (0, 2), textcoords="offset points", ha="center", fontsize=8)
    if series.low and series.high:
        ends = _ends(y, floats(series.low), floats(series.high))
        axis.errorbar(x, y, yerr=ends, fmt="none", ecolor=INTERVAL, elinewidth=1.1, capsize=2.5)


def _dots(axis: Axes, data: Figure, index: int, series: Series, colour: Mapping[str, str], heaviest: float) -> None:
    banded = [number for number, one in enumerate(data.series) if one.low]
    y = floats(series.y)
    if not (series.low and series.high):
        x = floats(series.x) + _scattered(len(y))
        axis.plot(x, y, "o", color=CROWD, markersize=3.5, markeredgewidth=0, alpha=0.8, zorder=1)
        return
    width = 0.6 / len(banded)
    x = floats(series.x) + (banded.index(index) - (len(banded) - 1) / 2) * width
    one, shape = colour.get(series.label, CROWD), markers(colour).get(series.label, "o")
    ends = _ends(y, floats(series.low), floats(series.high))
    axis.errorbar(x, y, yerr=ends, fmt=shape, color=one, markersize=5, elinewidth=1.4, capsize=3)


def _scattered(count: int) -> Float64Array:
    """Return small distances aside, the same every time, so that points of one place do not hide each other."""
    return np.asarray(0.12 * (np.arange(count) * 0.618034 % 1.0 - 0.5))


def _ecdf(axis: Axes, data: Figure, index: int, series: Series, colour: Mapping[str, str], heaviest: float) -> None:
    single = series.label not in colour
    axis.plot(
        floats(series.x),
        floats(series.y),
        color=CROWD if single else colour[series.label],
        linewidth=0.7 if single else 1.6,
        drawstyle="steps-post",
    )
    axis.set_ylim(-0.02, 1.02)


def _aside(data: Figure, index: int, width: float) -> float:
    return (index - (len(data.series) - 1) / 2) * width


def _ends(y: Float64Array, low: Float64Array, high: Float64Array) -> Float64Array:
    return np.abs(np.stack([y - low, high - y]))


#: How a series is drawn, by the kind of its figure.
MARKS: dict[str, Mark] = {
    "scatter": _scatter,
    "density": _density,
    "lines": _lines,
    "bars": _bars,
    "dots": _dots,
    "ecdf": _ecdf,
}
