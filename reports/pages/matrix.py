"""The tables that open a report: claims by checkpoints, dense models, experiments, generated cases."""

from collections.abc import Callable, Sequence

import pandas as pd

from reports.data.board import Board, Cell
from reports.data.places import Kind, arms, repeats
from reports.text.links import reference
from reports.text.markdown import escape, table
from reports.text.short_names import NAME, heads, legend
from reports.text.vocabulary import GROUP, shown

FORK_SIGN = "†"
DEVIATION_SIGN = "‡"
#: Checkpoints side by side in one table; more go to a table below.
COLUMNS = 8

#: How a table names a claim: by a link to its page, or in plain text.
Naming = Callable[[str], str]


def tables(board: Board, naming: Naming = reference) -> list[tuple[str, str]]:
    """Return (title, table) for every kind of place that the run has."""
    found = (
        ("Claims by checkpoints", matrix(board, Kind.MOE, naming)),
        ("Dense models", matrix(board, Kind.DENSE, naming)),
        ("Controlled experiments", experiments(board, naming)),
        ("Identities, synthetic data and models trained in the run", identities(board, naming)),
    )
    return [(title, content) for title, content in found if content]


def matrix(board: Board, kind: Kind, naming: Naming = reference) -> str:
    """Return the claims by the checkpoints of one kind, in blocks of `COLUMNS`, with footnotes and a legend.

    Claims that were measured on none of them have no row; "" when there is no such checkpoint.
    """
    names = board.names(kind)
    blocks = [names[i : i + COLUMNS] for i in range(0, len(names), COLUMNS)]
    parts = [table(_frame(board, kind, block, naming)) for block in blocks]
    says = legend(names, about(board)) if names else ""
    return "\n\n".join([*parts, *footnotes(_cells(board, kind)), *([says] if says else [])])


def experiments(board: Board, naming: Naming = reference) -> str:
    """Return the controlled comparisons, one row a claim and experiment; "" when there is none."""
    rows = []
    for claim, name, cell in board.of_kind(Kind.EXPERIMENT):
        compared = " / ".join(escape(arm, 60) for arm in arms(cell.primary)) or "–"
        seeds = len(repeats(cell.primary))
        rows.append([naming(claim), escape(name, NAME), compared, f"{seeds}" if seeds else "–", mark(cell)])
    if not rows:
        return ""
    frame = pd.DataFrame(rows, columns=["claim", "experiment", "what differs", "seeds", "verdict"])
    notes = footnotes(_cells(board, Kind.EXPERIMENT))
    return "\n\n".join([table(frame, right=["seeds"]), *notes])


def identities(board: Board, naming: Naming = reference) -> str:
    """Return the table of what was checked on generated cases, or "" when there is nothing."""
    cells = _cells(board, Kind.GENERATED)
    rows = [[naming(c.primary.claim), mark(c), escape(c.primary.title)] for c in cells]
    if not rows:
        return ""
    frame = pd.DataFrame(rows, columns=["claim", "verdict", "what it says"])
    return "\n\n".join([table(frame), *footnotes(cells)])


def footnotes(cells: Sequence[Cell]) -> list[str]:
    """Return the sentences that explain the signs in use."""
    notes = []
    if any(cell.fork_sensitive for cell in cells):
        notes.append(
            f"{FORK_SIGN} fork-sensitive: another reading of the definition gives another verdict; "
            "the claim's page lists every reading."
        )
    if any(cell.deviates for cell in cells):
        notes.append(f"{DEVIATION_SIGN} not the verdict that the expectations file foresees.")
    return ["  \n".join(notes)] if notes else []


def mark(cell: Cell | None) -> str:
    """Return what a table says of a cell: symbol, word and signs."""
    if cell is None:
        return "not run"
    signs = FORK_SIGN * cell.fork_sensitive + DEVIATION_SIGN * cell.deviates
    return f"{shown(cell.verdict)} {signs}".rstrip()


def group_title(group: str) -> str:
    """Return ``A. The linear router``."""
    return f"{group}. {GROUP[group]}" if group in GROUP else f"Group {group}"


def about(board: Board) -> dict[str, str]:
    """Return what each checkpoint is, where its records know."""
    known: dict[str, str] = {}
    for _, name, cell in board.in_order():
        text = cell.primary.checkpoint.get("about")
        if isinstance(text, str) and text:
            known.setdefault(name, text)
    return known


def _cells(board: Board, kind: Kind) -> list[Cell]:
    return [cell for _, _, cell in board.of_kind(kind)]


def _frame(board: Board, kind: Kind, names: Sequence[str], naming: Naming) -> pd.DataFrame:
    measured = {claim for claim, _, _ in board.of_kind(kind)}
    short = heads(board.names(kind))
    rows: list[list[str]] = []
    group = None
    for record in (r for r in board.claims if r.claim in measured):
        if record.group != group:
            group = record.group
            rows.append([f"**{escape(group_title(group), 80)}**", *([""] * len(names))])
        rows.append([naming(record.claim), *(mark(board.cells.get((record.claim, name))) for name in names)])
    return pd.DataFrame(rows, columns=["claim", *(escape(short[name]) for name in names)])
