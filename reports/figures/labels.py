"""Write the words of a picture: titles, names of axes and positions, legend."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D

from claims.core.record import Figure
from reports.figures.style import GUIDE, MARKERS, PALETTE, label, legend
from reports.text.markdown import shorten

Line = Literal["", "-", "--", ":", "-."]
DASHES: tuple[Line, ...] = ("--", ":", "-.")
#: Series named in a legend; of a longer sequence, evenly spaced ones are named.
NAMED = 12
#: Letters in a line above a panel, by the number of columns.
LETTERS = {1: 60, 2: 44, 3: 28}


class Panel(NamedTuple):
    """One figure on one place; ``standing`` is the verdict there, or what stands in its place."""

    name: str
    data: Figure
    standing: str = ""


def titles(figure: Canvas, axes: Sequence[Axes], panels: Sequence[Panel], title: str, origin: str) -> None:
    """Say above all panels what is claimed and shown, above each its place, its verdict and what it alone shows."""
    said = {panel.data.title for panel in panels}
    shared = next(iter(said)) if len(said) == 1 else ""
    shown = "; ".join(part for part in (shared, origin) if part)
    width, letters = 66 if len(panels) == 1 else 80, LETTERS[columns(axes)]
    lines = [label(f"Claimed: {title}", width, 3), *([label(f"Shown: {shown}", width, 3)] if shown else [])]
    figure.suptitle("\n".join(lines))
    own = ["" if shared else label(panel.data.title, letters, 4) for panel in panels]
    size = 9 if any("\n" in text for text in own) else 10
    for axis, panel, text in zip(axes, panels, own, strict=True):
        axis.set_title("\n".join([_place(panel, letters), *([text] if text else [])]), fontsize=size)


def name_axes(axes: Sequence[Axes], panels: Sequence[Panel]) -> None:
    """Name the axes: once a row where they say the same, below every column's last panel."""
    across = columns(axes)
    same_y = len({panel.data.y_label for panel in panels}) == 1
    same_x = len({panel.data.x_label for panel in panels}) == 1
    for index, (axis, panel) in enumerate(zip(axes, panels, strict=True)):
        if not same_y or index % across == 0:
            axis.set_ylabel(label(panel.data.y_label, 40 if len(panels) == 1 else 23, 3))
        if not same_x or index + across >= len(axes):
            axis.set_xlabel(label(panel.data.x_label, LETTERS[across]))


def name_positions(axes: Sequence[Axes], panels: Sequence[Panel]) -> None:
    """Name the positions of bars; only below the last panel of a column when all panels have the same."""
    same = len({tuple(panel.data.ticks) for panel in panels}) == 1
    for index, (axis, panel) in enumerate(zip(axes, panels, strict=True)):
        if panel.data.ticks:
            _positions(axis, panel.data.ticks, hidden=same and index + columns(axes) < len(axes))


def name_series(figure: Canvas, kind: str, colour: dict[str, str], guides: Sequence[str], *, marked: bool) -> None:
    """Add the legend of all panels; ``marked`` says whether the series have their markers."""
    step = 1 if len(colour) <= NAMED else -(-len(colour) // NAMED)
    line: Line = "" if kind in ("scatter", "bars") else "-"
    shape = {name: "s" if kind == "bars" else shape for name, shape in markers(colour).items()}
    entries = [
        Line2D([], [], color=colour[name], marker=shape[name] if marked else "", linestyle=line, label=name)
        for name in list(colour)[::step]
    ]
    entries += [
        Line2D([], [], color=GUIDE, linestyle=DASHES[i % len(DASHES)], label=name) for i, name in enumerate(guides)
    ]
    if len(entries) > 1 or guides:
        legend(figure, entries)


def markers(names: Sequence[str] | dict[str, str]) -> dict[str, str]:
    """Return a shape a series; one for all where there are more series than shapes."""
    return dict(zip(names, MARKERS if len(names) <= len(PALETTE) else ["o"] * len(names), strict=False))


def columns(axes: Sequence[Axes]) -> int:
    """Return how many panels a row has."""
    place = axes[0].get_subplotspec()
    return 1 if place is None else int(place.get_gridspec().ncols)


def _place(panel: Panel, width: int) -> str:
    """Return the place and its verdict, on two lines where one is too short."""
    name = label(shorten(panel.name, width), width, 1)
    if not panel.standing:
        return name
    line = f"{name}: {panel.standing}"
    return line if len(line) <= width + 3 else f"{name}\n{panel.standing}"


def _positions(axis: Axes, ticks: Sequence[str], *, hidden: bool) -> None:
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
