"""The matrix of the page to browse: one grid a kind of place, every cell a link to what made it."""

from collections.abc import Sequence
from dataclasses import dataclass

from claims.core.record import Record
from claims.core.verdict import Verdict
from reports.data.board import Board, Cell
from reports.data.places import Kind, arms, repeats
from reports.pages.matrix import DEVIATION_SIGN, FORK_SIGN, group_title
from reports.text.numbers import ABSENT
from reports.text.short_names import heads
from reports.text.slugs import slug
from reports.text.vocabulary import GENERATED

TITLE = {
    Kind.MOE: "Claims by checkpoints",
    Kind.DENSE: "Dense models",
    Kind.EXPERIMENT: "Controlled experiments",
    Kind.GENERATED: "Identities, synthetic data and models trained in the run",
}
#: What a list says beside a claim's name, in the place of a column a place.
BESIDE = {Kind.EXPERIMENT: ("experiment", "what differs", "seeds"), Kind.GENERATED: ("what it says",)}


@dataclass(frozen=True)
class Head:
    """A column: the place's name, a short form of it, and its slug; of a list no place's."""

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
    """A claim on every place of the grid, or on one; ``beside`` is said between its name and its verdicts."""

    id: str
    name: str
    title: str
    papers: tuple[str, ...]
    beside: tuple[str, ...]
    cells: tuple[Entry, ...]


@dataclass(frozen=True)
class Group:
    """The claims of one group of the catalogue."""

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Grid:
    """The claims that were measured on any place of one kind; ``beside`` names what rows say beside their claim."""

    title: str
    beside: tuple[str, ...]
    heads: tuple[Head, ...]
    places: tuple[tuple[str, str], ...]
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
    """Return a matrix of claims by places; of experiments and generated cases a list, one row a verdict."""
    names = board.names(kind)
    short = heads(names)
    groups: dict[str, list[Row]] = {}
    if kind in BESIDE:
        columns: tuple[Head, ...] = (Head("", "", "verdict"),)
        for claim, name, cell in board.of_kind(kind):
            beside = (cell.primary.title,) if kind == Kind.GENERATED else _compared(name, cell)
            row = _row(board, cell.primary, papers[claim], [name], beside)
            groups.setdefault(cell.primary.group, []).append(row)
    else:
        columns = tuple(Head(slug(n), n, short[n]) for n in names)
        measured = {claim for claim, _, _ in board.of_kind(kind)}
        for record in (r for r in board.claims if r.claim in measured):
            groups.setdefault(record.group, []).append(_row(board, record, papers[record.claim], names))
    shown = tuple(Group(group_title(g), tuple(rows)) for g, rows in groups.items())
    return Grid(TITLE[kind], BESIDE.get(kind, ()), columns, tuple(map(_place, names)), shown)


def _place(name: str) -> tuple[str, str]:
    return slug(name), place_name(name)


def _compared(name: str, cell: Cell) -> tuple[str, ...]:
    seeds = len(repeats(cell.primary))
    return name, " / ".join(arms(cell.primary)) or ABSENT, f"{seeds}" if seeds else ABSENT


def _row(
    board: Board, record: Record, papers: tuple[str, ...], names: Sequence[str], beside: tuple[str, ...] = ()
) -> Row:
    cells = tuple(_entry(board, record, name) for name in names)
    return Row(claim_id(record.claim), slug(record.claim), record.title, papers, beside, cells)


def _entry(board: Board, record: Record, name: str) -> Entry:
    cell = board.cells.get((record.claim, name))
    if cell is None:
        return Entry(slug(name), place_name(name), "", None, "", "")
    signs = FORK_SIGN * cell.fork_sensitive + DEVIATION_SIGN * cell.deviates
    return Entry(slug(name), place_name(name), place_id(record.claim, name), cell.verdict, signs, signs_say(cell))
