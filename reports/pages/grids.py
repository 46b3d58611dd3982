"""What stands in each table of a report: the claims of one kind of places, the theorems in grids of their own."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from claims.core.record import Record
from reports.data.board import Board, Cell
from reports.data.places import Kind, compared, needs_more, repeats
from reports.text.markdown import plain
from reports.text.numbers import ABSENT
from reports.text.short_names import NAME
from reports.text.vocabulary import GROUP, THEOREMS

TITLE = {
    Kind.MOE: "Claims by checkpoints",
    Kind.DENSE: "Dense models",
    Kind.EXPERIMENT: "Controlled experiments",
    Kind.GENERATED: "Synthetic data and models trained in the run",
}
THEOREM_TITLE = {kind: f"{THEOREMS} on {title.lower()}" for kind, title in TITLE.items()} | {
    Kind.MOE: THEOREMS,
    Kind.GENERATED: f"{THEOREMS} on generated cases",
}
#: What a list says beside a claim's name, in the place of a column a place.
BESIDE = {Kind.EXPERIMENT: ("experiment", "what differs", "seeds"), Kind.GENERATED: ("what it says",)}


@dataclass(frozen=True)
class Row:
    """A claim on every place of its grid; in a list on one place, with what is said beside it."""

    record: Record
    cells: tuple[tuple[str, Cell | None], ...]
    beside: tuple[str, ...] = ()


@dataclass(frozen=True)
class Grid:
    """The claims that were measured on any place of one kind: a matrix, or a list with a row a verdict.

    A claim that needs more than the routing that there is of all its places has no row. The empirical ones and the
    theorems are grids of their own.
    """

    kind: Kind
    names: list[str]
    rows: list[Row]
    theorems: bool = False

    @property
    def title(self) -> str:
        """What stands above it."""
        return THEOREM_TITLE[self.kind] if self.theorems else TITLE[self.kind]

    @property
    def beside(self) -> tuple[str, ...]:
        """The heads of what rows say beside their claim; none in a matrix."""
        return BESIDE.get(self.kind, ())

    @property
    def cells(self) -> list[Cell]:
        """Every cell that was measured."""
        return [cell for row in self.rows for _, cell in row.cells if cell is not None]

    def groups(self) -> Iterator[tuple[str, list[Row]]]:
        """Yield (title, rows) of each group of the catalogue."""
        for group, rows in groupby(self.rows, key=lambda row: row.record.group):
            yield f"{group}. {GROUP[group]}" if group in GROUP else f"Group {group}", list(rows)


def grids(board: Board) -> list[Grid]:
    """Return a grid for every kind of place that the run has: the empirical claims first, then the theorems."""
    found = [_grid(board, kind, theorems=theorems) for theorems in (False, True) for kind in Kind]
    return [grid for grid in found if grid.rows]


def _grid(board: Board, kind: Kind, *, theorems: bool) -> Grid:
    found = board.of_kind(kind, theorems=theorems)
    if kind in BESIDE:
        rows = [Row(cell.primary, ((name, cell),), _beside(kind, name, cell.primary)) for _, name, cell in found]
        return Grid(kind, list(dict.fromkeys(name for _, name, _ in found)), rows, theorems)
    places, claims = ({one[i] for one in found} for i in (1, 0))
    names = [name for name in board.names(kind) if name in places]
    rows = [
        Row(record, tuple((name, board.cells.get((record.claim, name))) for name in names))
        for record in board.claims
        if record.claim in claims
    ]
    asked = [row for row in rows if any(cell is not None and not needs_more(cell.primary) for _, cell in row.cells)]
    return Grid(kind, names, asked, theorems)


def _beside(kind: Kind, name: str, record: Record) -> tuple[str, ...]:
    if kind == Kind.GENERATED:
        return (record.title,)
    seeds = len(repeats(record))
    return plain(name, NAME), compared(record) or ABSENT, f"{seeds}" if seeds else ABSENT
