"""Choose and draw the pictures of a claim: the paper's figures drawn again, and its quantities by layer."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from claims.core.record import Figure, LayerCurve, Record, Series
from reports.data.board import Board
from reports.data.pictured import pictured
from reports.data.places import Kind, word
from reports.figures.arrange import WITH_INTERVAL, Panel, many
from reports.figures.captions import Caption, caption, effect, told
from reports.figures.draw import draw
from reports.figures.style import PALETTE, SUFFIX
from reports.text.slugs import slug
from reports.text.vocabulary import listed

FOLDER = "figures"
#: Ratio beyond which two quantities do not share a linear axis: the smaller would be a flat line.
APART = 30.0
#: What a title adds where the panels are no Mixture-of-Experts checkpoints.
ASIDE = {Kind.DENSE: " (dense models)", Kind.EXPERIMENT: " (controlled experiments)"}
#: A quantity's name and what tells its curves apart: ``effective rank, MoE``.
COMMA = ", "


@dataclass(frozen=True)
class Picture:
    """A drawn picture: ``file`` from the report's folder, ``redraws`` the paper's figures as the records name them.

    ``caption`` is short, for who cannot see it; ``below`` is what stands below it. Where it could not be drawn,
    ``trouble`` says why.
    """

    file: str
    caption: str
    redraws: tuple[str, ...] = ()
    trouble: str = ""
    below: Caption | None = None


@dataclass
class _Drawing:
    """Panels of one picture to be, with the records that they come from."""

    panels: list[Panel] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)

    def add(self, name: str, figure: Figure, record: Record) -> None:
        self.panels.append(Panel(name, figure, word(record), effect(record)))
        self.records.append(record)

    def one_scale(self) -> None:
        """Draw all panels on a linear axis where one of them is: panels that show the same are read side by side."""
        if not all(panel.data.y_log for panel in self.panels):
            self.panels = [panel._replace(data=replace(panel.data, y_log=False)) for panel in self.panels]


def pictures(board: Board, record: Record, folder: Path, suffix: str = SUFFIX) -> list[Picture]:
    """Draw the pictures of one claim into ``folder/figures``: the paper's figures first, then by layer.

    A picture has one panel a place, and no picture mixes kinds of places. A claim's quantities are drawn by layer where
    it has no figure of its own, and where they change from layer to layer by more than they are uncertain; theorems
    hold at every layer, so theirs are not. A figure that cannot be drawn is a `Picture` with its trouble, never the end
    of the report. Files end in ``suffix``, `SUFFIX` or `DRAWING` of `reports.figures.style`.
    """
    return [*_redrawn(board, record, folder, suffix), *_by_layer(board, record, folder, suffix)]


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


def groups(curves: Sequence[LayerCurve]) -> list[set[str]]:
    """Group the names of curves that share a picture: alike in size, and by quantity where there are too many."""
    found: list[set[str]] = []
    for names in scales(curves):
        quantities: dict[str, set[str]] = {}
        for name in (curve.name for curve in curves if curve.name in names):
            quantities.setdefault(name.partition(COMMA)[0] if len(names) > len(PALETTE) else "", set()).add(name)
        found += quantities.values()
    return found


def layer_figure(curves: Sequence[LayerCurve]) -> Figure:
    """Return curves by layer as a figure, thresholds as guides, logarithmic where the range asks for it."""
    layers = [layer for curve in curves for layer in curve.layers]
    ends = [float(min(layers, default=0)), float(max(layers, default=0))]
    if ends[0] == ends[1]:
        ends = [ends[0] - 0.5, ends[1] + 0.5]
    bounds = dict.fromkeys(curve.threshold for curve in curves if curve.threshold is not None)
    values = [v for curve in curves for v in curve.value if v is not None] + list(bounds)
    quantity = _quantity([curve.name for curve in curves])
    return Figure(
        kind="lines",
        title="",
        redraws="",
        x_label="layer",
        y_label=quantity or listed(list(dict.fromkeys(curve.name for curve in curves)), most=2),
        series=[_series(curve, curve.name.removeprefix(quantity + COMMA)) for curve in curves],
        reference=[Series(f"threshold {value:.3g}", ends, [value, value]) for value in bounds],
        y_log=min(values, default=0.0) > 0 and max(values) > APART * min(values),
    )


def _quantity(names: Sequence[str]) -> str:
    """Return what curves have in common before their first comma; of a single curve its name, of others ""."""
    if len(set(names)) == 1:
        return names[0]
    before = {name.partition(COMMA)[0] for name in names if COMMA in name}
    return before.pop() if len(before) == 1 and all(COMMA in name for name in names) else ""


def _redrawn(board: Board, record: Record, folder: Path, suffix: str) -> list[Picture]:
    """One picture for each of the paper's figures that the variants draw, and each kind of place."""
    found: dict[tuple[Kind, str, str], _Drawing] = {}
    for place, cell in board.of_claim(record.claim):
        for variant, figure in pictured(cell):
            alone = place if many(figure) else ""
            drawing = found.setdefault((board.kinds[place], figure.redraws, alone), _Drawing())
            drawing.add(_name(board, place, variant), figure, variant)
    drawn = []
    for number, ((kind, redraws, alone), drawing) in enumerate(found.items()):
        end = f"-{slug(alone)}" if alone else f"-redrawn-{number + 1}" if number else ""
        title = f"{record.title}{ASIDE.get(kind, '')}"
        also = _drawn_here(board, record, redraws)
        drawn.append(
            _picture(folder, f"{slug(record.claim)}{end}{suffix}", title, _after(redraws), drawing, (redraws,), also)
        )
    return drawn


def _drawn_here(board: Board, record: Record, redraws: str) -> list[str]:
    """Return the titles of other claims about the same figure of the paper that draw none themselves."""
    return [
        other.title
        for other in board.claims
        if redraws in other.figures
        and other.claim != record.claim
        and other.kind == record.kind
        and not any(pictured(cell) for _, cell in board.of_claim(other.claim))
    ]


def _by_layer(board: Board, record: Record, folder: Path, suffix: str) -> list[Picture]:
    drawn: list[Picture] = []
    own = any(pictured(cell) for _, cell in board.of_claim(record.claim))
    for kind in Kind if record.kind == "finding" and not own else ():
        cells = [
            (_name(board, name, cell.primary), cell.primary)
            for name, cell in board.of_claim(record.claim)
            if board.kinds[name] == kind and cell.primary.layers
        ]
        together = groups([curve for _, found in cells for curve in found.layers])
        for names in together:
            drawing = _Drawing()
            for name, found in cells:
                curves = [curve for curve in found.layers if curve.name in names]
                if curves:
                    drawing.add(name, layer_figure(curves), found)
            drawing.one_scale()
            if not any(varies(c) for one in drawing.records for c in one.layers if c.name in names):
                continue
            name = f"{slug(record.claim)}-by-layer{f'-{len(drawn) + 1}' if drawn else ''}{suffix}"
            quantities = list(dict.fromkeys(name.partition(COMMA)[0] for name in sorted(names)))
            which = f" ({listed(quantities, most=3)})" if len(together) > 1 else ""
            drawn.append(_picture(folder, name, f"{record.title}{ASIDE.get(kind, '')}", f"by layer{which}", drawing))
    return drawn


def varies(curve: LayerCurve) -> bool:
    """Tell whether a curve changes over the layers by more than twice what one of its values is uncertain by."""
    value = np.array(curve.value, dtype=np.float64)
    known = value[np.isfinite(value)]
    if len(known) < 2:
        return False
    ends = np.array([curve.low, curve.high], dtype=np.float64) if curve.low and curve.high else np.zeros((2, 1))
    wide = float(np.nanmedian(ends[1] - ends[0])) if np.isfinite(ends).any() else 0.0
    return float(np.ptp(known)) > max(wide, 0.05 * float(np.abs(known).max()))


def _after(redraws: str) -> str:
    return f"{'' if redraws.startswith('ours') else 'after '}{redraws}" if redraws else ""


def _series(curve: LayerCurve, name: str) -> Series:
    return Series(name, [float(n) for n in curve.layers], curve.value, curve.low, curve.high)  # type: ignore[arg-type]


def _name(board: Board, place: str, record: Record) -> str:
    name = "generated cases" if board.kinds[place] == Kind.GENERATED else place
    return name if record.primary else f"{name} ({record.key[2]})"


def _picture(
    folder: Path,
    name: str,
    title: str,
    origin: str,
    drawing: _Drawing,
    redraws: tuple[str, ...] = (),
    also: Sequence[str] = (),
) -> Picture:
    file = f"{FOLDER}/{name}"
    short = "; ".join(part for part in (title, origin) if part)
    below = caption(drawing.records, [panel.data for panel in drawing.panels], origin, also)
    try:
        draw(folder / file, title, drawing.panels, _above(drawing.records))
    except ValueError as error:
        return Picture(file, short, redraws, str(error))
    return Picture(file, short, redraws, below=below)


def _above(records: Sequence[Record]) -> str:
    """Name the number that stands above each panel; "" where none was measured."""
    found = [criterion for criterion in map(told, records) if criterion is not None]
    if not found:
        return ""
    exact = all(one.low == one.high for one in found)
    return f"{found[0].name}{'' if exact else WITH_INTERVAL}"
