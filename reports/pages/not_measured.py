"""What was selected but gave no verdict about the model, and why."""

from claims.core.verdict import Verdict
from reports.data.board import Board
from reports.data.places import place_name
from reports.text.links import reference
from reports.text.markdown import plain
from reports.text.vocabulary import listed, shown

SILENT = (Verdict.NOT_APPLICABLE, Verdict.ERROR)


def silent(board: Board) -> list[list[str]]:
    """Return rows of claim, places, verdict and reason of the cells without a verdict, those alike in one row."""
    alike: dict[tuple[str, str, str], list[str]] = {}
    for claim, name, cell in board.in_order():
        if cell.verdict in SILENT:
            alike.setdefault((claim, shown(cell.verdict), plain(cell.primary.reason)), []).append(place_name(name))
    return [[reference(claim), listed(names), verdict, why] for (claim, verdict, why), names in alike.items()]


def untried(board: Board) -> dict[str, list[str]]:
    """Return by claim the places where it was not run."""
    gaps: dict[str, list[str]] = {}
    for claim, name in board.gaps():
        gaps.setdefault(claim, []).append(place_name(name))
    return gaps
