"""Which pictures a claim has: the paper's figure drawn again, and its quantities by layer."""

from collections.abc import Sequence
from pathlib import Path

from claims.record import Figure, LayerCurve, Record, Series
from reports.cells import Board, Cell
from reports.figures import draw
from reports.markdown import escape
from reports.names import slug
from reports.words import GENERATED, listed

FOLDER = "figures"
#: Ratio beyond which two quantities do not share a linear axis: the smaller would be a flat line.
APART = 30.0


def pictures(board: Board, record: Record, folder: Path) -> str:
    """Draw the pictures of one claim into ``folder/figures`` and return the Markdown that shows them.

    A figure that cannot be drawn is a sentence in its place, never the end of the report.
    """
    places = [("generated cases" if n == GENERATED else n, c) for n, c in board.of_claim(record.claim)]
    redrawn = [(_name(n, r), r.figure) for n, c in places if (r := _drawn(c)) and r.figure]
    parts = []
    if redrawn:
        parts.append(_picture(folder, slug(record.claim), _caption(record.title, redrawn), redrawn))
    curves = {n: c.primary.layers for n, c in places if c.primary.layers}
    for number, names in enumerate(scales([curve for found in curves.values() for curve in found])):
        stem = f"{slug(record.claim)}-by-layer{f'-{number + 1}' if number else ''}"
        alike = [(n, [curve for curve in found if curve.name in names]) for n, found in curves.items()]
        panels = [(n, layer_figure(kept)) for n, kept in alike if kept]
        parts.append(_picture(folder, stem, f"{record.title}: by layer", panels))
    return "\n\n".join(parts)


def scales(curves: Sequence[LayerCurve]) -> list[set[str]]:
    """Group the names of curves that one axis can show: largest values at most `APART`-fold apart."""
    sizes: dict[str, float] = {}
    for curve in curves:
        size = max((abs(v) for v in curve.value if v is not None), default=0.0)
        sizes[curve.name] = max(size, sizes.get(curve.name, 0.0))
    groups: list[set[str]] = []
    smallest = 0.0
    for name in sorted(sizes, key=lambda n: (sizes[n] > 0, sizes[n])):
        if not groups or (smallest > 0 and sizes[name] > APART * smallest):
            groups.append(set())
            smallest = sizes[name]
        groups[-1].add(name)
        smallest = smallest or sizes[name]
    return groups


def layer_figure(curves: Sequence[LayerCurve]) -> Figure:
    """Return curves by layer as a figure, thresholds as guides, logarithmic where the range asks for it."""
    layers = [layer for curve in curves for layer in curve.layers]
    ends = [float(min(layers, default=0)), float(max(layers, default=0))]
    if ends[0] == ends[1]:
        ends = [ends[0] - 0.5, ends[1] + 0.5]
    bounds = dict.fromkeys(curve.threshold for curve in curves if curve.threshold is not None)
    values = [v for curve in curves for v in curve.value if v is not None] + list(bounds)
    return Figure(
        kind="lines",
        title="",
        redraws="",
        x_label="layer",
        y_label=curves[0].name if len(curves) == 1 else "",
        series=[_series(curve) for curve in curves],
        reference=[Series(f"threshold {value:.3g}", ends, [value, value]) for value in bounds],
        y_log=min(values, default=0.0) > 0 and max(values) > APART * min(values),
    )


def _caption(title: str, redrawn: Sequence[tuple[str, Figure]]) -> str:
    sources = list(dict.fromkeys(figure.redraws for _, figure in redrawn if figure.redraws))
    if not sources:
        return title
    return f"{title}; {'' if sources[0].startswith('ours') else 'after '}{listed(sources)}"


def _series(curve: LayerCurve) -> Series:
    return Series(curve.name, [float(n) for n in curve.layers], curve.value, curve.low, curve.high)  # type: ignore[arg-type]


def _drawn(cell: Cell) -> Record | None:
    """Return the reading whose figure is shown: the primary one, else the first that has any."""
    return next((r for r in cell.records if r.figure is not None), None)


def _name(checkpoint: str, record: Record) -> str:
    return checkpoint if record.primary else f"{checkpoint} ({record.key[2]})"


def _picture(folder: Path, stem: str, caption: str, panels: list[tuple[str, Figure]]) -> str:
    file = f"{FOLDER}/{stem}.png"
    try:
        draw(folder / file, caption, panels)
    except ValueError as error:
        return f"No picture of {escape(caption)}: {escape(error)}."
    return f"![{escape(caption)}]({file})"
