"""What stands below a picture: what is claimed, what is drawn, what lies around the values, and of how many units."""

from collections.abc import Sequence
from dataclasses import dataclass

from claims.core.record import Criterion, Figure, Record
from claims.core.verdict import Role
from reports.figures.marks import crowds
from reports.text.markdown import plain
from reports.text.numbers import interval
from reports.text.vocabulary import listed


@dataclass(frozen=True)
class Caption:
    """Sentences below a picture; "" for what is not said."""

    claimed: str
    drawn: str
    around: str
    units: str
    note: str = ""

    @property
    def text(self) -> str:
        """All of it, one sentence after another."""
        return " ".join(part for part in (self.claimed, self.drawn, self.around, self.units, self.note) if part)


def caption(records: Sequence[Record], figures: Sequence[Figure], origin: str, also: Sequence[str] = ()) -> Caption:
    """Return the caption of one picture; ``also`` are the titles of other claims that it shows."""
    inner = [panel for figure in figures for panel in (figure.panels or [figure])]
    claims = list(dict.fromkeys([records[0].title, *also]))
    titles = list(dict.fromkeys(plain(figure.title) for figure in figures if figure.title))
    axes = list(dict.fromkeys(_axes(panel) for panel in inner))
    drawn = "; ".join(part for part in (listed(titles, most=4) if titles else "", origin) if part)
    return Caption(
        claimed=f"Claimed: {'; '.join(claims)}.",
        drawn=f"Drawn: {drawn + ': ' if drawn else ''}{listed(axes, most=6)}.",
        around=_around(inner),
        units=_units(records, figures),
        note=" ".join(dict.fromkeys(figure.note for figure in figures if figure.note)),
    )


def effect(record: Record) -> str:
    """Return the number that speaks for a record, with its interval; "" where none was measured."""
    found = told(record)
    return str(interval(found)) if found is not None else ""


def told(record: Record) -> Criterion | None:
    """Return the criterion that speaks for a record: the first headline that was measured."""
    found = (c for c in record.criteria if c.role == Role.HEADLINE and c.value is not None)
    return next(found, None)


def _axes(panel: Figure) -> str:
    if panel.kind == "heat":
        return f"{panel.y_label} by {panel.x_label}"
    return f"{panel.y_label} against {panel.x_label}"


def _around(figures: Sequence[Figure]) -> str:
    """Say what bands and whiskers are: a standard deviation is a band, an interval never one where points are few."""
    said = []
    banded = [figure for figure in figures if any(series.low for series in figure.series)]
    if any(figure.spread == "deviation" for figure in banded):
        said.append("Bands: one standard deviation.")
    if any(figure.spread == "range" for figure in banded):
        said.append("Bands with dashed edges: the range of the units.")
    if any(figure.spread == "interval" for figure in banded):
        said.append("Whiskers, or edged bands where points are many: 95 % intervals.")
    grey = sorted({name for figure in figures for name in crowds(figure)})
    return " ".join([*said, *([f"Grey: {listed(grey, most=3)}."] if grey else [])])


def _units(records: Sequence[Record], figures: Sequence[Figure]) -> str:
    stated = list(dict.fromkeys(figure.units for figure in figures if figure.units))
    if stated:
        return f"n: {listed(stated, most=4)}."
    found: dict[str, set[int]] = {}
    for criterion in filter(None, map(told, records)):
        if criterion.unit:
            found.setdefault(criterion.unit, set()).add(criterion.n)
    said = [f"{_range(n)} {unit}{'' if n == {1} or unit.endswith('s') else 's'}" for unit, n in found.items()]
    return f"n: {listed(said, most=4)}." if said else ""


def _range(counts: set[int]) -> str:
    low, high = min(counts), max(counts)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"
