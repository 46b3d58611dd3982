"""The tables that open a report: claims by checkpoints, lists of experiments and of generated cases."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from claims.core.record import Record
from reports.data.board import Board, Cell
from reports.data.places import Kind, compared, repeats
from reports.text.links import reference
from reports.text.markdown import Markdown, bullets, escape, plain, table
from reports.text.numbers import ABSENT
from reports.text.short_names import NAME, heads, legend
from reports.text.vocabulary import GROUP, shown

VARIANT_SIGN = "†"
DEVIATION_SIGN = "‡"
#: Checkpoints side by side in one table; more go to a table below.
COLUMNS = 8
TITLE = {
    Kind.MOE: "Claims by checkpoints",
    Kind.DENSE: "Dense models",
    Kind.EXPERIMENT: "Controlled experiments",
    Kind.GENERATED: "Identities, synthetic data and models trained in the run",
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
    """The claims that were measured on any place of one kind: a matrix, or a list with a row a verdict."""

    kind: Kind
    names: list[str]
    rows: list[Row]

    @property
    def title(self) -> str:
        """What stands above it."""
        return TITLE[self.kind]

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
    """Return a grid for every kind of place that the run has."""
    return [Grid(kind, board.names(kind), list(_rows(board, kind))) for kind in Kind if board.names(kind)]


def tables(board: Board, naming: Callable[[str], str] = reference) -> list[tuple[str, Markdown]]:
    """Return (title, table) for every kind of place; ``naming`` says how a claim is named, by default with a link."""
    return [(grid.title, _table(grid, board, naming)) for grid in grids(board)]


def footnotes(cells: Sequence[Cell]) -> Markdown:
    """Return the sentences that explain the signs in use."""
    notes = []
    if any(cell.sensitive for cell in cells):
        notes.append(
            f"{VARIANT_SIGN} variant-sensitive: another variant of the definition gives another verdict; "
            "the claim's page lists every variant."
        )
    if any(cell.deviates for cell in cells):
        notes.append(f"{DEVIATION_SIGN} not the verdict that the expectations file foresees.")
    return Markdown("  \n".join(notes))


def mark(cell: Cell | None) -> str:
    """Return what a table says of a cell: symbol, word and signs."""
    if cell is None:
        return "not run"
    return f"{shown(cell.verdict)} {VARIANT_SIGN * cell.sensitive}{DEVIATION_SIGN * cell.deviates}".rstrip()


def about(board: Board) -> dict[str, str]:
    """Return what each checkpoint is, where its records know."""
    known: dict[str, str] = {}
    for _, name, cell in board.in_order():
        text = cell.primary.checkpoint.get("about")
        if isinstance(text, str) and text:
            known.setdefault(name, text)
    return known


def _rows(board: Board, kind: Kind) -> Iterator[Row]:
    if kind in BESIDE:
        for _, name, cell in board.of_kind(kind):
            yield Row(cell.primary, ((name, cell),), _beside(kind, name, cell.primary))
        return
    measured = {claim for claim, _, _ in board.of_kind(kind)}
    for record in board.claims:
        if record.claim in measured:
            yield Row(record, tuple((name, board.cells.get((record.claim, name))) for name in board.names(kind)))


def _beside(kind: Kind, name: str, record: Record) -> tuple[str, ...]:
    if kind == Kind.GENERATED:
        return (record.title,)
    seeds = len(repeats(record))
    return plain(name, NAME), compared(record) or ABSENT, f"{seeds}" if seeds else ABSENT


def _table(grid: Grid, board: Board, naming: Callable[[str], str]) -> Markdown:
    """Return a grid as Markdown: a list, or a matrix in blocks of `COLUMNS` with a legend of its columns."""
    if grid.beside:
        return Markdown("\n\n".join(filter(None, [_list(grid, naming), footnotes(grid.cells)])))
    blocks = [_block(grid, slice(i, i + COLUMNS), naming) for i in range(0, len(grid.names), COLUMNS)]
    parts = [*blocks, footnotes(grid.cells), bullets(legend(grid.names, about(board)))]
    return Markdown("\n\n".join(filter(None, parts)))


def _list(grid: Grid, naming: Callable[[str], str]) -> Markdown:
    """Return a row a verdict; of generated cases what they say stands last, as it is long."""
    rows = [(naming(row.record.claim), mark(row.cells[0][1]), row.beside) for row in grid.rows]
    if grid.kind == Kind.GENERATED:
        return table(["claim", "verdict", *grid.beside], [[claim, said, *beside] for claim, said, beside in rows])
    columns = ["claim", *grid.beside, "verdict"]
    return table(columns, [[claim, *beside, said] for claim, said, beside in rows], right=["seeds"])


def _block(grid: Grid, block: slice, naming: Callable[[str], str]) -> Markdown:
    names, short = grid.names[block], heads(grid.names)
    rows: list[list[str]] = []
    for title, found in grid.groups():
        rows.append([Markdown(f"**{escape(title, 80)}**"), *([""] * len(names))])
        rows += [[naming(row.record.claim), *(mark(cell) for _, cell in row.cells[block])] for row in found]
    return table(["claim", *(short[name] for name in names)], rows)
