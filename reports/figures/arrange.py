"""Arrange what the places gave as panels: one a place, one row a place, or all places in one."""

import textwrap
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from claims.core.record import Figure, Series
from reports.text.markdown import shorten

#: What the name of a number adds where its interval stands beside it.
WITH_INTERVAL = ", 95 % interval"
#: Letters of a line below one of many groups of bars.
NARROW = 13


class Panel(NamedTuple):
    """One figure on one place; ``standing`` is the verdict there, ``effect`` the number that made it."""

    name: str
    data: Figure
    standing: str = ""
    effect: str = ""

    @property
    def heading(self) -> str:
        """Say which place it is, what was measured there, and the verdict."""
        said = ", ".join(part for part in (self.effect, self.standing) if part)
        return f"{self.name}: {said}" if said else self.name


class Arranged(NamedTuple):
    """Panels row by row, how many stand in a row, and how high a row is, in inches.

    ``rows`` says that a row is one place, whose heading stands above its first panel alone; ``where`` says where the
    number stands that made the verdict.
    """

    panels: list[Panel]
    columns: int
    height: float
    rows: bool = False
    where: str = "Above each panel"


def arranged(panels: Sequence[Panel]) -> Arranged:
    """Arrange panels; figures of several panels get a row a place, bars without positions of their own one axis."""
    if any(panel.data.kind == "panels" for panel in panels):
        return _in_rows(panels)
    if all(_one_group(panel.data) for panel in panels):
        return Arranged([_grouped(panels)], 1, 4.2, where="Below each group")
    columns = min(len(panels), 2 if len(panels) in (2, 4) else 3)
    one_row = len(panels) <= columns
    higher = panels[0].data.kind == "heat"  # squares, below the lines of their titles
    return Arranged(list(panels), columns, (3.8 if columns == 1 else 3.2) if one_row else 3.3 if higher else 2.5)


def many(figure: Figure) -> bool:
    """Tell whether a figure fills a picture by itself: its panels stand in several rows."""
    return bool(figure.columns) and len(figure.panels) > figure.columns


def _in_rows(panels: Sequence[Panel]) -> Arranged:
    whole = [p if p.data.panels else p._replace(data=replace(p.data, panels=[p.data])) for p in panels]
    columns = max(one.data.columns or len(one.data.panels) for one in whole)
    found: list[Panel] = []
    for one in whole:
        own = [one._replace(data=data) for data in one.data.panels]
        blanks = [one._replace(data=Figure("lines", "", "", own[-1].data.x_label, own[-1].data.y_label, []))]
        found += own + blanks * (-len(own) % columns)
    rows = len(found) // columns
    return Arranged(
        found,
        columns,
        2.6 if rows == 1 else 1.75 if rows > 2 else 2.2,
        rows=True,
        where="Above" if len(whole) == 1 else "Above each row",
    )


def _one_group(data: Figure) -> bool:
    return data.kind == "bars" and not data.ticks and all(len(series.x) == 1 for series in data.series)


def _grouped(panels: Sequence[Panel]) -> Panel:
    """Return one panel whose positions are the places, with the bars of each side by side."""
    names = list(dict.fromkeys(series.label for panel in panels for series in panel.data.series))
    series = []
    for name in names:
        x, columns = [], []
        for place, panel in enumerate(panels):
            for one in panel.data.series:
                if one.label == name:
                    x.append(float(place))
                    columns.append((one.y[0], *(one.low[:1] or [one.y[0]]), *(one.high[:1] or [one.y[0]])))
        y, low, high = (list(column) for column in zip(*columns, strict=True))
        series.append(Series(name, x, y, low, high))
    guides = {guide.label: guide.y[0] for panel in panels for guide in panel.data.reference}
    across = [-0.5, len(panels) - 0.5]
    data = replace(
        panels[0].data,
        series=series,
        reference=[Series(name, across, [value] * 2) for name, value in guides.items()],
        ticks=[_tick(panel, len(panels)) for panel in panels],
    )
    return Panel("", data)


def _tick(panel: Panel, places: int) -> str:
    """Return the place, its number and its verdict, below its bars; narrow, and without the interval, of many."""
    if places <= 3:
        return "\n".join(part for part in (shorten(panel.name, 30), panel.effect, panel.standing) if part)
    name, standing = (textwrap.wrap(shorten(part, 26), NARROW) for part in (panel.name, panel.standing))
    number = panel.effect.partition(" [")[0]
    return "\n".join([*name, *([number] if number else []), *standing])
