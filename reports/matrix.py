"""The matrix: claims by checkpoints, a symbol and a word in every cell."""

from collections import Counter

import pandas as pd

from claims.verdict import Verdict
from reports.cells import Board, Cell
from reports.markdown import escape, plain, table
from reports.names import slug
from reports.words import GENERATED, GROUP, SYMBOL, shown

FORK_SIGN = "†"
DEVIATION_SIGN = "‡"
#: Checkpoints side by side in one table; more go to a table below.
COLUMNS = 8
NAME = 60


def matrices(board: Board) -> str:
    """Return the matrix as Markdown, in blocks of `COLUMNS` checkpoints, with its footnotes."""
    blocks = [board.checkpoints[i : i + COLUMNS] for i in range(0, len(board.checkpoints), COLUMNS)]
    parts = [table(_frame(board, names)) for names in blocks]
    measured = [cell for _, name, cell in board.in_order() if name != GENERATED]
    return "\n\n".join([*parts, *footnotes(measured), *_legend(board)])


def _legend(board: Board) -> list[str]:
    """Return one list that says what each checkpoint is, where its records know."""
    known: dict[str, str] = {}
    for (_, name), cell in board.cells.items():
        text = cell.primary.checkpoint.get("about")
        if isinstance(text, str) and text:
            known.setdefault(name, text)
    lines = [f"- {escape(name, NAME)}: {escape(known[name], 200)}." for name in board.checkpoints if name in known]
    return ["\n".join(lines)] if lines else []


def identities(board: Board) -> str:
    """Return the table of identities, or "" when there is none."""
    cells = [cell for _, name, cell in board.in_order() if name == GENERATED]
    rows = [[reference(c.primary.claim), _cell(c), escape(c.primary.title)] for c in cells]
    if not rows:
        return ""
    frame = pd.DataFrame(rows, columns=["identity", "verdict", "what it says"])
    return "\n\n".join([table(frame), *footnotes(cells)])


def footnotes(cells: list[Cell]) -> list[str]:
    """Return the sentences that explain the signs in use."""
    notes = []
    if any(cell.fork_sensitive for cell in cells):
        notes.append(
            f"{FORK_SIGN} fork-sensitive: another reading of the definition gives another verdict; "
            "the claim's section lists every reading."
        )
    if any(cell.deviates for cell in cells):
        notes.append(f"{DEVIATION_SIGN} not the verdict that the expectations file foresees.")
    return ["  \n".join(notes)] if notes else []


def reference(claim: str) -> str:
    """Return a link to a claim's section, in the short form that reads as plain text too."""
    return f"[{slug(claim)}]"


def references(board: Board) -> str:
    """Return the link definitions that `reference` needs, once at the end of the page."""
    return "\n".join(f"[{slug(r.claim)}]: #{slug(r.claim)}" for r in board.claims)


def compact(board: Board, width: int) -> list[str]:
    """Return the matrix as lines of plain text for a terminal: words where they fit, else symbols alone."""
    lines, legend = _terminal_table(board, words=True), []
    if max(map(len, lines), default=0) > width:
        lines = _terminal_table(board, words=False)
        legend = [shown(verdict) for verdict in SYMBOL if any(c.verdict == verdict for c in board.cells.values())]
    if any(cell.fork_sensitive for cell in board.cells.values()):
        legend.append(f"{FORK_SIGN} fork-sensitive")
    if any(cell.deviates for cell in board.cells.values()):
        legend.append(f"{DEVIATION_SIGN} not as expected")
    found = Counter(cell.verdict for (_, name), cell in board.cells.items() if name == GENERATED)
    if found:
        lines += [
            *([""] if lines else []),
            "identities: " + ", ".join(f"{found[v]:,} {v}" for v in Verdict if found[v]),
        ]
    return [*lines, "", "   ".join(legend)] if legend else lines


def _frame(board: Board, names: list[str]) -> pd.DataFrame:
    rows: list[list[str]] = []
    group = None
    for record in board.claims:
        cells = [board.cells.get((record.claim, name)) for name in names]
        if not any((record.claim, name) in board.cells for name in board.checkpoints):
            continue
        if record.group != group:
            group = record.group
            rows.append([f"**{group_title(group)}**", *([""] * len(names))])
        rows.append([reference(record.claim), *(_cell(cell) for cell in cells)])
    return pd.DataFrame(rows, columns=["claim", *(escape(name, NAME) for name in names)])


def group_title(group: str) -> str:
    """Return ``A. The linear router``."""
    return f"{escape(group, NAME)}. {GROUP[group]}" if group in GROUP else f"Group {escape(group, NAME)}"


def _cell(cell: Cell | None) -> str:
    if cell is None:
        return "not run"
    signs = FORK_SIGN * cell.fork_sensitive + DEVIATION_SIGN * cell.deviates
    return f"{shown(cell.verdict)} {signs}".rstrip()


def _terminal_table(board: Board, *, words: bool) -> list[str]:
    names = board.checkpoints
    rows = [["claim", *(plain(name, 30) for name in names)]]
    for record in board.claims:
        cells = [board.cells.get((record.claim, name)) for name in names]
        if not any(cells):
            continue
        rows.append([plain(record.claim, 40), *(_terminal(cell, words=words) for cell in cells)])
    if not names:
        return []
    widths = [max(len(row[i]) for row in rows) for i in range(len(names) + 1)]
    return ["  ".join(text.ljust(w) for text, w in zip(row, widths, strict=True)).rstrip() for row in rows]


def _terminal(cell: Cell | None, *, words: bool) -> str:
    if cell is None:
        return "." if not words else "not run"
    return _cell(cell) if words else _cell(cell).replace(cell.verdict.value, "").replace("  ", " ").strip()
