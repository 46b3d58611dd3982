"""Draw a claim's numbers through the runs: one panel a criterion, one series a place, intervals as bars."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from claims.core.record import Criterion
from metrics.arrays import Float64Array
from reports.data.history import History, Track
from reports.figures.style import GUIDE, canvas, colours, house_style, label, legend, save
from reports.text.markdown import shorten
from reports.text.vocabulary import CONTROL

#: Runs named below an axis; of more, evenly spaced ones are named.
NAMED = 10
#: Panels of one picture; criteria beyond them are in the table.
PANELS = 9
#: Letters in a line above a panel, by the number of columns; names of runs leave narrow panels.
LETTERS = {1: 60, 2: 36, 3: 20}
#: Largest over smallest value beyond which an axis of positive values is logarithmic.
APART = 30.0


def timeline(path: Path, history: History, labels: Sequence[str]) -> bool:
    """Draw a claim's deciding criteria against their thresholds and write the picture; nothing when it has none.

    The threshold is dashed, in the series' colour where places have thresholds of their own; a dotted upright line
    marks a run from which on the threshold or the definition is another.

    Returns
    -------
    Whether there was something to draw.

    Raises
    ------
    OSError
        When the file cannot be written.
    """
    panels: dict[str, list[Track]] = {}
    for track in history.tracks:
        if any(point.value is not None for point in track.measured):
            panels.setdefault(track.name, []).append(track)
    names = list(panels)[:PANELS]
    if not names:
        return False
    places = sorted({track.place for name in names for track in panels[name]})
    colour = colours(places)
    with house_style():
        across = min(len(names), 2 if len(names) in (2, 4) else 3)
        figure, axes = canvas(len(names), across, height=2.7 if len(names) > across else 3.2)
        for index, (axis, name) in enumerate(zip(axes, names, strict=True)):
            _panel(axis, panels[name], colour, sorted({number for number, _ in history.changes}))
            axis.set_title(label(name, LETTERS[across], 3))
            _runs(axis, labels if index + across >= len(names) else [""] * len(labels))
        entries = [Line2D([], [], color=colour[place], marker="o", label=_named(place, history)) for place in places]
        legend(figure, [*entries, Line2D([], [], color=GUIDE, linestyle="--", label="threshold")])
        says = label(f"Claimed: {history.record.title}", 66 if len(names) == 1 else 80, 2)
        figure.suptitle(f"{says}\nShown: through the runs")
        save(figure, path)
    return True


def _named(place: str, history: History) -> str:
    """Return the name of a place; that of an untrained control, which has no verdicts, says so."""
    return shorten(place, 50) + ("" if place in history.verdicts else f" ({CONTROL})")


def _panel(axis: Axes, tracks: Sequence[Track], colour: dict[str, str], changes: Sequence[int]) -> None:
    for index, track in enumerate(tracks):
        aside = 0.0 if len(tracks) == 1 else 0.3 * (index / (len(tracks) - 1) - 0.5)
        value, low, high = (_column(track, which) for which in ("value", "low", "high"))
        ends = np.clip(np.stack([value - low, high - value]), 0, None)
        x = np.arange(len(value)) + aside
        axis.errorbar(x, value, yerr=ends, color=colour[track.place], marker="o", markersize=3.5, capsize=2, lw=1)
    for bounds, one in _thresholds(tracks, colour):
        for run in np.flatnonzero(np.isfinite(bounds)):
            axis.plot([run - 0.5, run + 0.5], [bounds[run]] * 2, "--", color=one, linewidth=1.2, zorder=1)
    for number in changes:
        axis.axvline(number - 0.5, color=GUIDE, linestyle=":", linewidth=1)
    points = [point for track in tracks for point in track.measured]
    shown = [v for p in points for v in (p.value, p.low, p.high, p.threshold) if v is not None]
    if min(shown) > 0 and max(shown) > APART * min(shown):
        axis.set_yscale("log")


def _thresholds(tracks: Sequence[Track], colour: dict[str, str]) -> list[tuple[Float64Array, str]]:
    """Return the thresholds run by run, with the colour to draw them in: once where the places share them."""
    found = np.stack([_column(track, "threshold") for track in tracks])
    known = np.isfinite(found)
    shared = np.where(known, found, -np.inf).max(axis=0)
    if (found[known] == np.broadcast_to(shared, found.shape)[known]).all():
        return [(shared, GUIDE)]
    return [(bounds, colour[track.place]) for bounds, track in zip(found, tracks, strict=True)]


def _column(track: Track, which: str) -> Float64Array:
    """Return one number a run, NaN where there is none; the ends of what has no interval are its value."""
    return np.array([_number(point, which) for point in track.points], dtype=np.float64)


def _number(point: Criterion | None, which: str) -> float:
    found: float | None = None if point is None else getattr(point, which)
    if found is None and point is not None and which in ("low", "high"):
        found = point.value
    return float("nan") if found is None else float(found)


def _runs(axis: Axes, labels: Sequence[str]) -> None:
    step = -(-len(labels) // NAMED)
    positions = range(0, len(labels), step)
    names = [label(shorten(labels[i], 20), 20, 1) for i in positions]
    axis.set_xticks(list(positions), names, rotation=35, ha="right", rotation_mode="anchor")
    axis.set_xlim(-0.6, len(labels) - 0.4)
    axis.grid(visible=False, axis="x")
