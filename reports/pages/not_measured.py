"""What was selected but gave no verdict about the model, and why."""

from claims.core.verdict import Verdict
from reports.data.board import Board
from reports.data.places import place_name
from reports.text.links import reference
from reports.text.markdown import Markdown, plain
from reports.text.vocabulary import listed, shown

SILENT = (Verdict.NOT_APPLICABLE, Verdict.ERROR)


def silent(board: Board) -> list[list[str]]:
    """Return rows of claims, places, verdict and reason of the cells without a verdict, those alike in one row."""
    places: dict[tuple[str, str, str], list[str]] = {}
    for claim, name, cell in board.in_order():
        if cell.verdict in SILENT:
            places.setdefault((claim, shown(cell.verdict), plain(cell.primary.reason)), []).append(place_name(name))
    claims: dict[tuple[str, str, str], list[str]] = {}
    for (claim, verdict, why), names in places.items():
        claims.setdefault((listed(names), verdict, why), []).append(reference(claim))
    return [[Markdown(", ".join(found)), names, verdict, why] for (names, verdict, why), found in claims.items()]


def untried(board: Board) -> dict[str, list[str]]:
    """Return by claim the places where it was not run."""
    gaps: dict[str, list[str]] = {}
    for claim, name in board.gaps():
        gaps.setdefault(claim, []).append(place_name(name))
    return gaps
