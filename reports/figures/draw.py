"""Draw a record's figure, one panel a checkpoint, or a row of panels where the figure has several."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, SymmetricalLogLocator

from claims.core.record import Figure
from metrics.arrays import Float64Array
from reports.figures.arrange import Arranged, Panel, arranged
from reports.figures.heat import bounds, colour_bars, heat
from reports.figures.labels import name_axes, name_positions, name_series, titles
from reports.figures.marks import MARKS, crowds, floats, guide
from reports.figures.style import canvas, colours, house_style, in_order, save

KINDS = (*MARKS, "heat")
#: Largest value below which a linear axis says each number in full, not a power of ten aside.
SMALL = 1e-3


def draw(path: Path, title: str, panels: Sequence[Panel], above: str = "") -> None:
    """Draw what was measured, one panel a place or one row a place, and write the picture.

    Panels that show the same quantity have the same scale; series of the same name have the same colour.

    Parameters
    ----------
    path : the file
    title : what is claimed; it stands above all panels
    panels : what was measured, and the verdicts
    above : name of the number that stands above each panel

    Raises
    ------
    ValueError
        When a figure's kind is unknown, the x and y of a series differ in length, or a heat map stands beside another
        kind or has a column without a number.
    """
    found = arranged(panels)
    _sound(found.panels)
    with house_style():
        figure, axes = canvas(len(found.panels), found.columns, height=found.height)
        (_heats if found.panels[0].data.kind == "heat" else _plots)(figure, axes, found)
        titles(figure, axes, found, title, above)
        name_axes(axes, found)
        save(figure, path)


def _plots(figure: Canvas, axes: Sequence[Axes], found: Arranged) -> None:
    figures = [panel.data for panel in found.panels]
    grey = {name for data in figures for name in crowds(data)}
    named = in_order([s.label for data in figures for s in data.series if s.label not in grey])
    colour = colours(named)
    guides = list(dict.fromkeys(one.label for data in figures for one in data.reference))
    heaviest = max((w for data in figures for s in data.series for w in s.weight), default=1.0)
    for axis, data in zip(axes, figures, strict=True):
        for index, series in enumerate(data.series):
            MARKS[data.kind](axis, data, index, series, colour, heaviest)
        for one in data.reference:
            guide(axis, one, guides)
        _scales(axis, data, _straight([each for each in figures if each.y_label == data.y_label]))
    _same_scales(axes, figures)
    for axis, data in zip(axes, figures, strict=True):
        _log_ticks(axis, data)
    name_positions(axes, found)
    name_series(figure, figures, colour, guides, sorted(grey))


def _heats(figure: Canvas, axes: Sequence[Axes], found: Arranged) -> None:
    panels = found.panels
    limits = bounds([panel.data for panel in panels])
    together = zip(axes, panels, limits, strict=True)
    drawn = [heat(axis, panel.data, limit, alone=len(panels) == 1) for axis, panel, limit in together]
    said = {panel.data.title for panel in panels}
    colour_bars(figure, list(zip(axes, drawn, strict=True)), said.pop() if len(said) == 1 else "")


def _same_scales(axes: Sequence[Axes], figures: Sequence[Figure]) -> None:
    """Give panels of one quantity, and of one kind of axis, the same limits: what is drawn in any of them fits."""
    for which in ("x", "y"):
        alike: dict[tuple[object, ...], list[Axes]] = {}
        for axis, data in zip(axes, figures, strict=True):
            name, log = (data.x_label, data.x_log) if which == "x" else (data.y_label, data.y_log)
            places = tuple(data.ticks) if which == "x" else ()
            alike.setdefault((name, log, places), []).append(axis)
        for group in alike.values():
            ends = [axis.get_xlim() if which == "x" else axis.get_ylim() for axis in group if axis.has_data()]
            for axis in group if ends else ():
                room = 1.5 if which == "y" and axis.get_yscale() == "symlog" else 1.0  # for marks at the ends
                limits = room * min(low for low, _ in ends), room * max(high for _, high in ends)
                (axis.set_xlim if which == "x" else axis.set_ylim)(limits)


def _scales(axis: Axes, data: Figure, straight: float) -> None:
    if data.kind == "lines" and all(float(x).is_integer() for s in data.series for x in s.x if x is not None):
        axis.xaxis.set_major_locator(MaxNLocator("auto", integer=True))  # layers, copies: nothing lies between
    _small_values(axis, data)
    if data.x_log:
        axis.set_xscale("log")
    if data.y_log:
        if straight:
            axis.set_yscale("symlog", linthresh=straight)
            axis.yaxis.set_major_locator(SymmetricalLogLocator(base=10, linthresh=straight))
            axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        else:
            axis.set_yscale("log")


def _straight(figures: Sequence[Figure]) -> float:
    """Up to where the logarithmic axes of panels are linear, around zero: a tenth of the least guide; 0 for nowhere."""
    drawn = np.concatenate([floats(s.y) for data in figures for s in data.series] or [np.zeros(0)])
    guides = np.concatenate([np.ones(1), *(floats(s.y) for data in figures for s in data.reference)])
    return 0.1 * float(guides[guides > 0].min()) if (drawn <= 0).any() else 0.0


def _log_ticks(axis: Axes, data: Figure) -> None:
    """Label logarithmic axes, whose limits are settled: powers of ten, and what lies between where they are few."""
    for log, side, which in ((data.x_log, axis.xaxis, "x"), (axis.get_yscale() == "log", axis.yaxis, "y")):
        if log:
            side.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if _narrow(axis, which) else (1.0,)))
            side.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            side.set_minor_formatter(NullFormatter())


def _small_values(axis: Axes, data: Figure) -> None:
    """Leave zeros alone on an axis without other numbers; name small values in full."""
    drawn: Float64Array = np.concatenate([floats(s.y) for s in (*data.series, *data.reference)] or [np.zeros(0)])
    drawn = drawn[np.isfinite(drawn)]
    largest = float(np.abs(drawn).max(initial=0.0))
    if len(drawn) and largest == 0:
        axis.set_ylim(-1, 1)
        axis.set_yticks([0])
    elif 0 < largest < SMALL:
        axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.3g}"))


def _narrow(axis: Axes, which: str) -> bool:
    """Tell whether a logarithmic axis spans too few decades for powers of ten to label it."""
    low, high = axis.get_xlim() if which == "x" else axis.get_ylim()
    return 0 < low < high < 300 * low


def _sound(panels: Sequence[Panel]) -> None:
    for panel in panels:
        if panel.data.kind not in KINDS:
            raise ValueError(f"the figure on {panel.name} is of an unknown kind, {panel.data.kind!r}")
        for series in (*panel.data.series, *panel.data.reference):
            bands = (band for band in (series.low, series.high, series.weight) if band)
            if any(a != b for a, b in pairwise([len(series.x), len(series.y), *map(len, bands)])):
                raise ValueError(f"series {series.label!r} on {panel.name} has columns of different lengths")
    kinds = {panel.data.kind for panel in panels}
    if "heat" in kinds and len(kinds) > 1:
        raise ValueError(f"heat maps and {' and '.join(sorted(kinds - {'heat'}))} do not share a picture")
