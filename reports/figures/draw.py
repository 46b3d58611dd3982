"""Draw a record's figure (scatter, lines, bars, distribution, heat map), one panel a checkpoint."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from claims.core.record import Figure, Series
from reports.figures.heat import bounds, colour_bars, floats, heat
from reports.figures.labels import DASHES, Panel, markers, name_axes, name_positions, name_series, titles
from reports.figures.style import GUIDE, canvas, colours, house_style, in_order, save

KINDS = ("scatter", "lines", "bars", "ecdf", "heat")
#: Largest value below which a linear axis says each number in full, not a power of ten aside.
SMALL = 1e-3


def draw(path: Path, title: str, panels: Sequence[Panel], origin: str = "") -> None:
    """Draw one panel a place and write the PNG.

    Parameters
    ----------
    path : the file
    title : what is claimed; it stands above all panels as a claim
    panels : what was measured, and the verdicts
    origin : what the picture shows or redraws, added to what the panels say of themselves

    Raises
    ------
    ValueError
        When a figure's kind is unknown, the x and y of a series differ in length, or a heat map stands beside another
        kind or has a column without a number.
    """
    _sound(panels)
    with house_style():
        figure, axes = canvas(len(panels), share_y=_comparable([panel.data for panel in panels]))
        (_heats if panels[0].data.kind == "heat" else _plots)(figure, axes, panels)
        titles(figure, axes, panels, title, origin)
        name_axes(axes, panels)
        save(figure, path)


def _plots(figure: Canvas, axes: Sequence[Axes], panels: Sequence[Panel]) -> None:
    colour = colours(in_order([series.label for panel in panels for series in panel.data.series]))
    guides = list(dict.fromkeys(guide.label for panel in panels for guide in panel.data.reference))
    for axis, panel in zip(axes, panels, strict=True):
        _panel(axis, panel.data, colour, guides)
    name_positions(axes, panels)
    marked = any(panel.data.kind != "lines" or _few(panel.data) for panel in panels)
    name_series(figure, panels[0].data.kind, colour, guides, marked=marked and panels[0].data.kind != "ecdf")


def _heats(figure: Canvas, axes: Sequence[Axes], panels: Sequence[Panel]) -> None:
    limits = bounds([panel.data for panel in panels])
    together = zip(axes, panels, limits, strict=True)
    drawn = [heat(axis, panel.data, limit, alone=len(panels) == 1) for axis, panel, limit in together]
    said = {panel.data.title for panel in panels}
    colour_bars(figure, list(zip(axes, drawn, strict=True)), said.pop() if len(said) == 1 else "")


def _panel(axis: Axes, data: Figure, colour: dict[str, str], guides: list[str]) -> None:
    kinds = {"scatter": _scatter, "lines": _lines, "bars": _bars, "ecdf": _ecdf}
    shape = markers(colour)
    for index, series in enumerate(data.series):
        kinds[data.kind](axis, data, index, series, colour[series.label], shape[series.label])
    for guide in data.reference:
        dash = DASHES[guides.index(guide.label) % len(DASHES)]
        axis.plot(floats(guide.x), floats(guide.y), dash, color=GUIDE, linewidth=1.3, zorder=3)
    if _whole_numbers(data):
        axis.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
    _small_values(axis, data)
    for log, side, which in ((data.x_log, axis.xaxis, "x"), (data.y_log, axis.yaxis, "y")):
        if log:
            (axis.set_xscale if which == "x" else axis.set_yscale)("log")
            side.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if _narrow(axis, which) else (1.0,)))
            side.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            side.set_minor_formatter(NullFormatter())


def _small_values(axis: Axes, data: Figure) -> None:
    """Leave zeros alone on an axis without other numbers; name small values in full."""
    drawn = np.concatenate([floats(series.y) for series in (*data.series, *data.reference)] or [np.zeros(0)])
    drawn = drawn[np.isfinite(drawn)]
    largest = float(np.abs(drawn).max(initial=0.0))
    if len(drawn) and largest == 0:
        axis.set_ylim(-1, 1)
        axis.set_yticks([0])
    elif 0 < largest < SMALL:
        axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.3g}"))


def _whole_numbers(data: Figure) -> bool:
    """Tell whether lines run over layers, copies or ranks, between which there is nothing."""
    return data.kind == "lines" and all(float(x).is_integer() for series in data.series for x in series.x)


def _narrow(axis: Axes, which: str) -> bool:
    """Tell whether a logarithmic axis spans too few decades for powers of ten to label it."""
    low, high = axis.get_xlim() if which == "x" else axis.get_ylim()
    return 0 < low < high < 300 * low


def _scatter(axis: Axes, data: Figure, index: int, series: Series, colour: str, marker: str) -> None:
    points = max(len(series.x), 1)
    axis.scatter(
        floats(series.x),
        floats(series.y),
        s=float(np.clip(2500 / points, 5, 30)),
        alpha=float(np.clip(12 / points**0.5, 0.15, 0.9)),
        color=colour,
        marker=marker,
        linewidths=0,
        rasterized=True,
    )


def _lines(axis: Axes, data: Figure, index: int, series: Series, colour: str, marker: str) -> None:
    x, y = floats(series.x), floats(series.y)
    axis.plot(x, y, color=colour, marker=marker if _few(data) else "", markersize=3.8)
    if series.low and series.high:
        axis.fill_between(x, floats(series.low), floats(series.high), color=colour, alpha=0.18, linewidth=0)


def _few(data: Figure) -> bool:
    """Tell whether there is room for a marker at every point."""
    return all(len(series.x) <= (40 if len(data.series) <= 4 else 8) for series in data.series)


def _bars(axis: Axes, data: Figure, index: int, series: Series, colour: str, marker: str) -> None:
    width = 0.8 / len(data.series)
    x, y = floats(series.x) + (index - (len(data.series) - 1) / 2) * width, floats(series.y)
    axis.bar(x, y, width=width * 0.94, color=colour)
    for place in x[y == 0]:
        axis.annotate("0", (place, 0), (0, 2), textcoords="offset points", ha="center", color=colour, fontsize=8)
    if series.low and series.high:
        ends = np.abs(np.stack([y - floats(series.low), floats(series.high) - y]))
        axis.errorbar(x, y, yerr=ends, fmt="none", ecolor="#222222", elinewidth=1.1, capsize=2.5)


def _ecdf(axis: Axes, data: Figure, index: int, series: Series, colour: str, marker: str) -> None:
    axis.plot(floats(series.x), floats(series.y), color=colour, drawstyle="steps-post")
    axis.set_ylim(-0.02, 1.02)


def _comparable(panels: Sequence[Figure]) -> bool:
    """Tell whether one y axis serves all panels: same kind of quantity, ranges within a factor of five."""
    spans = []
    for data in panels:
        values = np.concatenate([floats(s.y) for s in data.series]) if data.series else np.zeros(0)
        values = values[np.isfinite(values)]
        spans.append(float(np.abs(values).max()) if len(values) else 0.0)
    return panels[0].kind not in ("scatter", "heat") and (min(spans) == max(spans) or max(spans) <= 5 * min(spans))


def _sound(panels: Sequence[Panel]) -> None:
    for name, data, _ in panels:
        if data.kind not in KINDS:
            raise ValueError(f"the figure on {name} is of an unknown kind, {data.kind!r}")
        for series in (*data.series, *data.reference):
            sizes = {len(series.x), len(series.y)} | {len(band) for band in (series.low, series.high) if band}
            if len(sizes) > 1:
                raise ValueError(f"series {series.label!r} on {name} has columns of different lengths")
    kinds = {panel.data.kind for panel in panels}
    if "heat" in kinds and len(kinds) > 1:
        raise ValueError(f"heat maps and {' and '.join(sorted(kinds - {'heat'}))} do not share a picture")
