"""A picture from data: the kinds of a record's figure, one panel a checkpoint."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from claims.record import Figure, Series
from reports.heat import bounds, colour_bars, heat
from reports.style import GUIDE, canvas, colours, house_style, label, legend, save

FloatArray = npt.NDArray[np.float64]
Line = Literal["", "-", "--", ":", "-."]
DASHES: tuple[Line, ...] = ("--", ":", "-.")
KINDS = ("scatter", "lines", "bars", "ecdf", "heat")
#: Marker and line of a legend entry, by kind; a plain line for the others.
ENTRY: dict[str, tuple[str, Line]] = {"scatter": ("o", ""), "bars": ("s", "")}
#: Series named in a legend; of a longer sequence, evenly spaced ones are named.
NAMED = 12


def draw(path: Path, title: str, panels: Sequence[tuple[str, Figure]]) -> None:
    """Draw one panel for each (name, figure) and write the PNG.

    Raises
    ------
    ValueError
        When a figure's kind is unknown, the x and y of a series differ in length, or a heat map stands beside another
        kind or has a column without a number.
    """
    _sound(panels)
    with house_style():
        figure, axes = canvas(len(panels), share_y=_comparable([data for _, data in panels]))
        (_heats if panels[0][1].kind == "heat" else _plots)(figure, axes, panels)
        for axis, (name, data) in zip(axes, panels, strict=True):
            _panel_title(axis, name, data, len(panels))
        _axis_labels(axes, [data for _, data in panels])
        figure.suptitle(label(title, 66 if len(panels) == 1 else 80, 3))
        save(figure, path)


def _plots(figure: Canvas, axes: Sequence[Axes], panels: Sequence[tuple[str, Figure]]) -> None:
    colour = colours(list(dict.fromkeys(s.label for _, data in panels for s in data.series)))
    dashes = list(dict.fromkeys(s.label for _, data in panels for s in data.reference))
    for axis, (_, data) in zip(axes, panels, strict=True):
        _panel(axis, data, colour, dashes)
    _ticks(axes, [data for _, data in panels])
    _legend(figure, panels, colour, dashes)


def _heats(figure: Canvas, axes: Sequence[Axes], panels: Sequence[tuple[str, Figure]]) -> None:
    limits = bounds([data for _, data in panels])
    alone = len(panels) == 1
    drawn = [heat(axis, data, limit, alone=alone) for axis, (_, data), limit in zip(axes, panels, limits, strict=True)]
    colour_bars(figure, list(zip(axes, drawn, strict=True)))


def _panel(axis: Axes, data: Figure, colour: dict[str, str], dashes: list[str]) -> None:
    kinds = {"scatter": _scatter, "lines": _lines, "bars": _bars, "ecdf": _ecdf}
    for index, series in enumerate(data.series):
        kinds[data.kind](axis, data, index, series, colour[series.label])
    for guide in data.reference:
        dash = DASHES[dashes.index(guide.label) % len(DASHES)]
        axis.plot(_floats(guide.x), _floats(guide.y), dash, color=GUIDE, linewidth=1.3, zorder=3)
    if _whole_numbers(data):
        axis.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
    for log, side, which in ((data.x_log, axis.xaxis, "x"), (data.y_log, axis.yaxis, "y")):
        if log:
            (axis.set_xscale if which == "x" else axis.set_yscale)("log")
            side.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if _narrow(axis, which) else (1.0,)))
            side.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            side.set_minor_formatter(NullFormatter())


def _whole_numbers(data: Figure) -> bool:
    """Tell whether lines run over layers, copies or ranks, between which there is nothing."""
    return data.kind == "lines" and all(float(x).is_integer() for series in data.series for x in series.x)


def _narrow(axis: Axes, which: str) -> bool:
    """Tell whether a logarithmic axis spans too few decades for powers of ten to label it."""
    low, high = axis.get_xlim() if which == "x" else axis.get_ylim()
    return 0 < low < high < 300 * low


def _scatter(axis: Axes, data: Figure, index: int, series: Series, colour: str) -> None:
    points = max(len(series.x), 1)
    axis.scatter(
        _floats(series.x),
        _floats(series.y),
        s=float(np.clip(2500 / points, 5, 30)),
        alpha=float(np.clip(12 / points**0.5, 0.15, 0.9)),
        color=colour,
        linewidths=0,
        rasterized=True,
    )


def _lines(axis: Axes, data: Figure, index: int, series: Series, colour: str) -> None:
    x, y = _floats(series.x), _floats(series.y)
    few = len(x) <= (40 if len(data.series) <= 4 else 8)
    axis.plot(x, y, color=colour, marker="o" if few else "", markersize=3.5)
    if series.low and series.high:
        axis.fill_between(x, _floats(series.low), _floats(series.high), color=colour, alpha=0.18, linewidth=0)


def _bars(axis: Axes, data: Figure, index: int, series: Series, colour: str) -> None:
    width = 0.8 / len(data.series)
    x, y = _floats(series.x) + (index - (len(data.series) - 1) / 2) * width, _floats(series.y)
    axis.bar(x, y, width=width * 0.94, color=colour)
    if series.low and series.high:
        ends = np.abs(np.stack([y - _floats(series.low), _floats(series.high) - y]))
        axis.errorbar(x, y, yerr=ends, fmt="none", ecolor="#222222", elinewidth=1.1, capsize=2.5)


def _ecdf(axis: Axes, data: Figure, index: int, series: Series, colour: str) -> None:
    axis.plot(_floats(series.x), _floats(series.y), color=colour, drawstyle="steps-post")
    axis.set_ylim(-0.02, 1.02)


def _ticks(axes: Sequence[Axes], panels: Sequence[Figure]) -> None:
    """Name the positions of bars; only below the last panel of a column when all panels have the same."""
    same = len({tuple(data.ticks) for data in panels}) == 1
    for index, (axis, data) in enumerate(zip(axes, panels, strict=True)):
        if data.ticks:
            hidden = same and index + _columns(axes) < len(axes)
            _name_positions(axis, data.ticks, hidden=hidden)


def _name_positions(axis: Axes, ticks: Sequence[str], *, hidden: bool) -> None:
    step = -(-len(ticks) // 16)
    crowded = len(ticks) > 4 or max(map(len, ticks)) * len(ticks) > 24
    axis.set_xticks(
        range(0, len(ticks), step),
        ["" if hidden else label(text, 22, 1) for text in ticks[::step]],
        rotation=35 if crowded else 0,
        ha="right" if crowded else "center",
        rotation_mode="anchor" if crowded else "default",
    )
    axis.grid(visible=False, axis="x")


def _panel_title(axis: Axes, name: str, data: Figure, panels: int) -> None:
    """Put the place above a panel, and below it what the panel shows: on more lines, and smaller, where it is long."""
    width = {1: 60, 2: 44}.get(panels, 28)
    says = label(data.title, width, 4) if data.title else ""
    lines = [label(name, width, 1), *([says] if says else [])]
    axis.set_title("\n".join(lines), fontsize=10 if says.count("\n") < 2 else 9)


def _axis_labels(axes: Sequence[Axes], panels: Sequence[Figure]) -> None:
    """Name the axes: once a row where they say the same, below every column's last panel."""
    columns = _columns(axes)
    same_y = len({p.y_label for p in panels}) == 1
    same_x = len({p.x_label for p in panels}) == 1
    for index, (axis, data) in enumerate(zip(axes, panels, strict=True)):
        if not same_y or index % columns == 0:
            axis.set_ylabel(label(data.y_label, 26))
        if not same_x or index + columns >= len(axes):
            axis.set_xlabel(label(data.x_label, 34 if columns == 3 else 50))


def _columns(axes: Sequence[Axes]) -> int:
    place = axes[0].get_subplotspec()
    return 1 if place is None else int(place.get_gridspec().ncols)


def _legend(figure: Canvas, panels: Sequence[tuple[str, Figure]], colour: dict[str, str], dashes: list[str]) -> None:
    kind = panels[0][1].kind
    step = 1 if len(colour) <= NAMED else -(-len(colour) // NAMED)
    marker, line = ENTRY.get(kind, ("", "-"))
    entries = [
        Line2D([], [], color=colour[name], marker=marker, linestyle=line, label=label(name, 36))
        for name in list(colour)[::step]
    ]
    entries += [
        Line2D([], [], color=GUIDE, linestyle=DASHES[i % len(DASHES)], label=label(name, 36))
        for i, name in enumerate(dashes)
    ]
    if len(entries) > 1 or dashes:
        legend(figure, entries)


def _comparable(panels: Sequence[Figure]) -> bool:
    """Tell whether one y axis serves all panels: same kind of quantity, ranges within a factor of five."""
    spans = []
    for data in panels:
        values = np.concatenate([_floats(s.y) for s in data.series]) if data.series else np.zeros(0)
        values = values[np.isfinite(values)]
        spans.append(float(np.abs(values).max()) if len(values) else 0.0)
    return panels[0].kind not in ("scatter", "heat") and (min(spans) == max(spans) or max(spans) <= 5 * min(spans))


def _sound(panels: Sequence[tuple[str, Figure]]) -> None:
    for name, data in panels:
        if data.kind not in KINDS:
            raise ValueError(f"the figure on {name} is of an unknown kind, {data.kind!r}")
        for series in (*data.series, *data.reference):
            sizes = {len(series.x), len(series.y)} | {len(band) for band in (series.low, series.high) if band}
            if len(sizes) > 1:
                raise ValueError(f"series {series.label!r} on {name} has columns of different lengths")
    kinds = {data.kind for _, data in panels}
    if "heat" in kinds and len(kinds) > 1:
        raise ValueError(f"heat maps and {' and '.join(sorted(kinds - {'heat'}))} do not share a picture")


def _floats(values: Sequence[float | None]) -> FloatArray:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
