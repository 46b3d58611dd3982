"""Write the words of a picture: titles, names of axes and positions, legend."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D

from claims.core.record import Figure
from reports.figures.arrange import WITH_INTERVAL, Arranged
from reports.figures.marks import few_points, markers
from reports.figures.style import CROWD, DASHES, GUIDE, Line, label, legend
from reports.text.markdown import shorten

#: Series named in a legend; of a longer sequence, evenly spaced ones are named.
NAMED = 12
#: Letters in a line above a panel, by the number of columns.
LETTERS = {1: 78, 2: 42, 3: 28, 4: 22, 5: 17, 6: 14}


def titles(figure: Canvas, axes: Sequence[Axes], found: Arranged, title: str, above: str) -> None:
    """Say above all panels what is claimed and which number stands above each; there its place, number and verdict."""
    named = above if found.panels[0].name else above.removesuffix(WITH_INTERVAL)  # bars show intervals themselves
    said = label(f"{found.where}: {named}", 84, 3) if above else ""
    figure.suptitle("\n".join([label(title, 74, 2), *([said] if said else [])]))
    shared = len({panel.data.title for panel in found.panels}) == 1 and not found.rows
    square = found.panels[0].data.kind == "heat" and found.columns > 1  # and so narrower than its place
    letters = 24 if square else LETTERS[min(found.columns, 6)]
    for place, (axis, panel) in enumerate(zip(axes, found.panels, strict=True)):
        own = "" if shared else label(panel.data.title, letters, 1 if found.rows else 3)
        if found.rows:
            over = found.panels[place - found.columns] if place >= found.columns else None
            heading = "" if place % found.columns else label(panel.heading, LETTERS[1], 1)
            repeated = over is not None and over.name == panel.name
            axis.set_title(own if repeated else f"{heading}\n{own}", loc="left")
        else:
            lines = [*_heading(panel.name, panel.effect, panel.standing, letters), *([own] if own else [])]
            axis.set_title("\n".join(lines))


def _heading(name: str, effect: str, standing: str, letters: int) -> list[str]:
    """Return the place with its verdict, and below them its number; on a line each where both are too long."""
    line = f"{name}: {standing}" if name and standing else name or standing
    if len(line) <= letters:
        lines = [label(line, letters, 1)]
    else:
        lines = [label(shorten(name, letters), letters, 1), label(standing, letters, 1)]
    return [text for text in (*lines, label(effect, letters + 4, 1)) if text]


def name_axes(axes: Sequence[Axes], found: Arranged) -> None:
    """Name the axes: where the panel beside, or below, shows the same quantity, once; its numbers too."""
    figures, across = [panel.data for panel in found.panels], found.columns
    for place, (axis, data) in enumerate(zip(axes, figures, strict=True)):
        beside = figures[place - 1] if place % across else None
        below = figures[place + across] if place + across < len(figures) else None
        if beside is None or beside.y_label != data.y_label or data.kind == "heat":
            axis.set_ylabel(label(data.y_label, 40 if len(axes) == 1 else 23, 3))
        elif beside.y_log == data.y_log:
            axis.tick_params(labelleft=False)
        if below is None or below.x_label != data.x_label or data.kind == "heat":
            axis.set_xlabel(label(data.x_label, LETTERS[min(across, 6)]))
        elif below.x_log == data.x_log and not data.ticks:
            axis.tick_params(labelbottom=False)


def name_positions(axes: Sequence[Axes], found: Arranged) -> None:
    """Name the positions of bars; only below the last panel of a column when all panels have the same."""
    panels = found.panels
    same = len({tuple(panel.data.ticks) for panel in panels}) == 1
    for index, (axis, panel) in enumerate(zip(axes, panels, strict=True)):
        if panel.data.ticks:
            _positions(axis, panel.data.ticks, found.columns, hidden=same and index + found.columns < len(axes))


def name_series(
    figure: Canvas, figures: Sequence[Figure], colour: Mapping[str, str], guides: Sequence[str], grey: Sequence[str]
) -> None:
    """Add the legend of all panels; ``grey`` are the names of single units."""
    kinds = {data.kind for data in figures if data.series}
    solid = not kinds & {"scatter", "bars", "density", "dots"}
    marked = not solid or any(data.kind == "lines" and few_points(data) for data in figures if data.series)
    shapes = markers(colour) if kinds <= {"scatter", "lines", "dots"} else dict.fromkeys(colour, "s")
    line: Line = "-" if solid else ""
    step = 1 if len(colour) <= NAMED else -(-len(colour) // NAMED)
    entries = [
        Line2D([], [], color=colour[name], marker=shapes[name] if marked else "", linestyle=line, label=name)
        for name in list(colour)[::step]
    ]
    single = {"marker": "o", "linestyle": ""} if kinds & {"dots", "scatter"} else {"linestyle": "-"}
    entries += [Line2D([], [], color=CROWD, linewidth=0.9, label=name, **single) for name in grey]  # type: ignore[arg-type]
    entries += [
        Line2D([], [], color=GUIDE, linestyle=DASHES[i % len(DASHES)], label=name) for i, name in enumerate(guides)
    ]
    if len(entries) > 1 or guides:
        legend(figure, entries)


def _positions(axis: Axes, ticks: Sequence[str], across: int, *, hidden: bool) -> None:
    step = -(-len(ticks) // (16 if across < 3 else 8))
    shown = ticks[::step]
    longest = max(len(line) for text in shown for line in text.split("\n"))
    crowded = longest * len(shown) > 100 // across
    names = ["\n".join(label(part, 24, 1) for part in text.split("\n")) for text in shown]
    axis.set_xticks(
        range(0, len(ticks), step),
        ["" if hidden else name for name in names],
        rotation=30 if crowded else 0,
        ha="right" if crowded else "center",
        rotation_mode="anchor" if crowded else "default",
    )
    axis.grid(visible=False, axis="x")
