"""The first paragraph: what was asked of whom, and what came out, in words."""

from collections import Counter
from collections.abc import Sequence

from claims.verdict import Verdict
from reports.cells import Board, Cell
from reports.markdown import escape
from reports.words import GENERATED, listed, plural


def paragraph(board: Board) -> str:
    """Return the summary of a run as one paragraph of Markdown."""
    measured = [cell for _, name, cell in board.in_order() if name != GENERATED]
    generated = [cell for _, name, cell in board.in_order() if name == GENERATED]
    sentences = []
    if measured:
        claims = len({claim for claim, name in board.cells if name != GENERATED})
        names = listed([escape(name, 80) for name in board.checkpoints], most=6)
        sentences.append(
            f"{plural(claims, 'claim')} on {plural(len(board.checkpoints), 'checkpoint')} ({names}) "
            f"gave {plural(len(measured), 'verdict')}: {_tally(measured)}."
        )
    if generated:
        sentences.append(f"{_many(len(generated))} checked on generated cases: {_tally(generated)}.")
    sentences += _asides([*measured, *generated])
    return " ".join(sentences)


def _tally(cells: Sequence[Cell]) -> str:
    found = Counter(cell.verdict for cell in cells)
    return listed([f"{found[verdict]:,} {verdict}" for verdict in Verdict if found[verdict]])


def _asides(cells: Sequence[Cell]) -> list[str]:
    sensitive = sum(cell.fork_sensitive for cell in cells)
    deviating = sum(cell.deviates for cell in cells)
    asides = []
    if sensitive:
        verb = "depends" if sensitive == 1 else "depend"
        asides.append(f"{sensitive:,} of them {verb} on how the definition is read.")
    if deviating:
        verb = "is" if deviating == 1 else "are"
        asides.append(f"{deviating:,} {verb} not what the expectations file foresees.")
    return asides


def _many(n: int) -> str:
    return "1 identity was" if n == 1 else f"{n:,} identities were"
