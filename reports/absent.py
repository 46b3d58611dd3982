"""What was selected but gave no verdict about the model, and why."""

import pandas as pd

from claims.verdict import Verdict
from reports.cells import Board
from reports.completeness import Completeness
from reports.markdown import bullets, code, escape, table
from reports.matrix import NAME, reference
from reports.words import shown

SILENT = (Verdict.NOT_APPLICABLE, Verdict.ERROR)


def absent(board: Board, completeness: Completeness | None) -> str:
    """Return the table of cells without a verdict about the model, and the tests that left no record."""
    rows = [
        [reference(claim), escape(name, NAME), shown(cell.verdict), escape(cell.primary.reason)]
        for claim, name, cell in board.in_order()
        if cell.verdict in SILENT
    ]
    frame = pd.DataFrame(rows, columns=["claim", "checkpoint", "verdict", "why"])
    parts = [table(frame)] if rows else []
    if completeness is not None and completeness.missing:
        lost = bullets([code(node) for node in completeness.missing])
        parts.append("These tests left no record: they were skipped, stopped, or their process ended early.\n\n" + lost)
    untried = _untried(board)
    parts += [untried] if untried else []
    return "\n\n".join(parts) or "Every selected claim gave a verdict on every checkpoint."


def _untried(board: Board) -> str:
    measured = [r for r in board.claims if any((r.claim, name) in board.cells for name in board.checkpoints)]
    gaps = [
        f"{reference(r.claim)} was not run on {escape(name, NAME)}."
        for r in measured
        for name in board.checkpoints
        if (r.claim, name) not in board.cells
    ]
    return bullets(gaps) if gaps else ""
