"""The matrix of the page to browse: one grid a kind of place, every cell a link to what made it."""

from dataclasses import dataclass

from claims.record import Record
from claims.verdict import Verdict
from reports.cells import Board, Cell
from reports.heads import heads
from reports.matrix import DEVIATION_SIGN, FORK_SIGN, group_title
from reports.names import slug
from reports.places import Kind
from reports.words import GENERATED

TITLE = {
    Kind.MOE: "Claims by checkpoints",
    Kind.DENSE: "Dense models",
    Kind.EXPERIMENT: "Controlled experiments",
    Kind.GENERATED: "Identities, synthetic data and models trained in the run",
}


@dataclass(frozen=True)
class Head:
    """A column: the place's name, a short form of it, and its slug."""

    slug: str
    name: str
    short: str


@dataclass(frozen=True)
class Entry:
    """A cell: where it leads and what it says; ``verdict`` is None and ``href`` empty where nothing was run."""

    slug: str
    name: str
    href: str
    verdict: Verdict | None
    signs: str
    signs_say: str


@dataclass(frozen=True)
class Row:
    """A claim on every place of the grid."""

    id: str
    name: str
    papers: tuple[str, ...]
    cells: tuple[Entry, ...]


@dataclass(frozen=True)
class Group:
    """The claims of one group of the catalogue."""

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Grid:
    """The claims that were measured on any place of one kind."""

    title: str
    heads: tuple[Head, ...]
    groups: tuple[Group, ...]


def grids(board: Board, papers: dict[str, tuple[str, ...]]) -> list[Grid]:
    """Return a grid for every kind of place that the run has; ``papers`` are those of each claim."""
    return [_grid(board, kind, papers) for kind in Kind if board.names(kind)]


def claim_id(claim: str) -> str:
    """Return the anchor of a claim."""
    return f"claim-{slug(claim)}"


def place_id(claim: str, place: str) -> str:
    """Return the anchor of a claim on a place; a slug has no two hyphens in a row, so none is another's."""
    return f"{claim_id(claim)}--{slug(place)}"


def place_name(name: str) -> str:
    """Return the name of a place as the page says it."""
    return "generated cases" if name == GENERATED else name


def signs_say(cell: Cell) -> str:
    """Return what the signs of a cell mean, in words."""
    says = ", another reading gives another verdict" if cell.fork_sensitive else ""
    return says + (", not as expected" if cell.deviates else "")


def _grid(board: Board, kind: Kind, papers: dict[str, tuple[str, ...]]) -> Grid:
    names = board.names(kind)
    short = heads(names)
    columns = tuple(Head(slug(n), place_name(n), place_name(n) if n == GENERATED else short[n]) for n in names)
    measured = {claim for claim, _, _ in board.of_kind(kind)}
    groups: dict[str, list[Row]] = {}
    for record in (r for r in board.claims if r.claim in measured):
        cells = tuple(_entry(board, record, name) for name in names)
        row = Row(claim_id(record.claim), slug(record.claim), papers[record.claim], cells)
        groups.setdefault(record.group, []).append(row)
    return Grid(TITLE[kind], columns, tuple(Group(group_title(g), tuple(rows)) for g, rows in groups.items()))


def _entry(board: Board, record: Record, name: str) -> Entry:
    cell = board.cells.get((record.claim, name))
    if cell is None:
        return Entry(slug(name), place_name(name), "", None, "", "")
    signs = " " * (cell.fork_sensitive or cell.deviates) + FORK_SIGN * cell.fork_sensitive
    signs += DEVIATION_SIGN * cell.deviates
    return Entry(slug(name), place_name(name), place_id(record.claim, name), cell.verdict, signs, signs_say(cell))
