"""The tables that open a report: claims by checkpoints, experiments, generated cases; theorems in a block apart."""

from collections.abc import Callable, Mapping, Sequence

from claims.core.verdict import Verdict
from reports.data.board import Board, Cell
from reports.data.places import Kind, is_null, standing
from reports.data.theorems import checked, passes
from reports.pages.criteria import value
from reports.pages.grids import Grid, grids
from reports.text.links import reference
from reports.text.markdown import Markdown, bullets, escape, table
from reports.text.numbers import ABSENT
from reports.text.short_names import LONGEST, heads, legend
from reports.text.vocabulary import CONTROL_MEANING, THEOREMS, THEOREMS_MEANING

VARIANT_SIGN = "†"
DEVIATION_SIGN = "‡"
#: What a column of an untrained control is called behind its name.
CONTROL_SHORT = "control"
#: What the numbers of a matrix are.
NUMBERS = "A number is the headline's value; its name, interval and threshold are on the claim's page."
#: Checkpoints side by side in one table; more go to a table below.
COLUMNS = 8


def tables(board: Board, naming: Callable[[str], str] = reference) -> list[tuple[str, Markdown]]:
    """Return (title, table) for every kind of place, and the theorems of all in one; ``naming`` names a claim."""
    empirical, apart = ([grid for grid in grids(board) if grid.theorems == theorems] for theorems in (False, True))
    shown = [(grid.title, _table(grid, board, naming)) for grid in empirical]
    parts = [theorems_say(board), *(_table(grid, board, naming) for grid in apart)]
    return [*shown, *([(THEOREMS, Markdown("\n\n".join(parts)))] if apart else [])]


def theorems_say(board: Board) -> str:
    """Say what theorems are, and how many of the checks passed."""
    passed = checked(cell for _, _, cell in board.in_order())
    return f"{THEOREMS_MEANING}. {passed[0].upper()}{passed[1:]}." if passed else ""


def headings(board: Board, names: Sequence[str], longest: int = LONGEST) -> dict[str, str]:
    """Return a short head for each place's column, which calls an untrained control so."""
    short = heads(names, longest)
    return {name: f"{head} ({CONTROL_SHORT})" if name in board.controls else head for name, head in short.items()}


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
    return f"{standing(cell.primary)} {VARIANT_SIGN * cell.sensitive}{DEVIATION_SIGN * cell.deviates}".rstrip()


def entry(cell: Cell | None) -> str:
    """Return what the matrix says of a cell: the verdict and the headline's value, of an untrained control that alone.

    Of a theorem it says whether a verdict other than supported is as it must be.
    """
    if cell is None:
        return mark(cell)
    record = cell.primary
    if is_null(record):
        return value(record) or ABSENT
    said, signs = standing(record), mark(cell).removeprefix(standing(record))
    if record.verdict == Verdict.NOT_APPLICABLE:
        return said + signs
    if not cell.theorem:
        return f"{said} {value(record)}".rstrip() + signs
    aside = ": FAILS" if not passes(record) else "" if record.verdict == Verdict.SUPPORTED else ", as it must be"
    return said + aside + signs


def about(board: Board) -> dict[str, str]:
    """Return what each checkpoint is, where its records know."""
    known: dict[str, str] = {}
    for _, name, cell in board.in_order():
        text = cell.primary.checkpoint.get("about")
        if isinstance(text, str) and text:
            known.setdefault(name, text)
    return known


def _table(grid: Grid, board: Board, naming: Callable[[str], str]) -> Markdown:
    """Return a grid as Markdown: a list, or a matrix in blocks of `COLUMNS` with a legend of its columns."""
    if grid.beside:
        return Markdown("\n\n".join(filter(None, [_list(grid, naming), _notes(grid, board)])))
    short = headings(board, grid.names)
    blocks = [_block(grid, slice(i, i + COLUMNS), short, naming) for i in range(0, len(grid.names), COLUMNS)]
    return Markdown(
        "\n\n".join(filter(None, [*blocks, _notes(grid, board), bullets(legend(grid.names, about(board)))]))
    )


def _notes(grid: Grid, board: Board) -> Markdown:
    """Say below a table what its numbers and signs are; once for all kinds of places what a number is."""
    numbers = NUMBERS if grid == next((one for one in grids(board) if not one.theorems), None) else ""
    nulls = any(is_null(cell.primary) for cell in grid.cells)
    control = f"({CONTROL_SHORT}): {CONTROL_MEANING}." if nulls else ""
    return Markdown("  \n".join(filter(None, [numbers, control, footnotes(grid.cells)])))


def _list(grid: Grid, naming: Callable[[str], str]) -> Markdown:
    """Return a row a verdict; of generated cases what they say stands last, as it is long."""
    rows = [(naming(row.record.claim), entry(row.cells[0][1]), row.beside) for row in grid.rows]
    if grid.kind == Kind.GENERATED:
        return table(["claim", "verdict", *grid.beside], [[claim, said, *beside] for claim, said, beside in rows])
    columns = ["claim", *grid.beside, "verdict"]
    return table(columns, [[claim, *beside, said] for claim, said, beside in rows], right=["seeds"])


def _block(grid: Grid, block: slice, short: Mapping[str, str], naming: Callable[[str], str]) -> Markdown:
    names = grid.names[block]
    rows: list[list[str]] = []
    for title, found in grid.groups():
        rows.append([Markdown(f"**{escape(title, 80)}**"), *([""] * len(names))])
        rows += [[naming(row.record.claim), *(entry(cell) for _, cell in row.cells[block])] for row in found]
    return table(["claim", *(short[name] for name in names)], rows)
