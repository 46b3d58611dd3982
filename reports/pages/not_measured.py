"""What was selected but gave no verdict about the model, and why."""

import pandas as pd

from claims.core.verdict import Verdict
from reports.data.board import Board
from reports.data.completeness import Completeness
from reports.data.places import place_title
from reports.text.links import reference
from reports.text.markdown import bullets, code, escape, table
from reports.text.vocabulary import listed, shown

SILENT = (Verdict.NOT_APPLICABLE, Verdict.ERROR)


def absent(board: Board, completeness: Completeness | None) -> str:
    """Return the table of cells without a verdict, those alike in one row, and the tests that left no record."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for claim, name, cell in board.in_order():
        if cell.verdict in SILENT:
            said = (reference(claim), shown(cell.verdict), escape(cell.primary.reason))
            alike.setdefault(said, []).append(place_title(name))
    rows = [[claim, listed(names), verdict, why] for (claim, verdict, why), names in alike.items()]
    frame = pd.DataFrame(rows, columns=["claim", "on", "verdict", "why"])
    parts = [table(frame)] if rows else []
    if completeness is not None and completeness.missing:
        lost = bullets([code(node) for node in completeness.missing])
        parts.append("These tests left no record: they were skipped, stopped, or their process ended early.\n\n" + lost)
    untried = _untried(board)
    parts += [untried] if untried else []
    return "\n\n".join(parts) or "Every selected claim gave a verdict wherever it was run."


def _untried(board: Board) -> str:
    gaps: dict[str, list[str]] = {}
    for claim, name in board.gaps():
        gaps.setdefault(claim, []).append(place_title(name))
    return bullets([f"{reference(claim)} was not run on {listed(names)}." for claim, names in gaps.items()])
