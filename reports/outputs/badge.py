"""A badge as SVG, made here: how many of the empirical claims that were asked of a checkpoint are supported."""

from reports.data.board import Board
from reports.pages.card import asked_of, card, counts
from reports.text.templates import fill

LABEL = "MoE claims"
#: Mean width of a character of the font at its size, in pixels, and the room at both sides of a text.
_WIDTH, _ROOM = 6.5, 12


def badge(board: Board, name: str) -> str:
    """Return the badge of a checkpoint; theorems, controls and what could not be asked are not counted.

    Raises
    ------
    BadInput
        As `reports.pages.card.card`.
    """
    told = card(board, name)
    says = counts(asked_of([cell for _, cell in board.of_place(name)]))
    left, right = (round(_WIDTH * len(text) + _ROOM) for text in (LABEL, says))
    return fill("badge.svg", title=f"{LABEL} on {told.name}: {says}", label=LABEL, says=says, left=left, right=right)
