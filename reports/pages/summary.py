"""The first paragraph: what was asked of whom, and what came out, in words."""

from collections import Counter
from collections.abc import Sequence

from claims.core.verdict import Verdict
from reports.data.board import Board, Cell
from reports.data.places import NOUN, Kind
from reports.text.markdown import plain
from reports.text.vocabulary import listed, plural


def paragraph(board: Board) -> str:
    """Return the summary of a run as one paragraph."""
    found = {kind: [cell for _, _, cell in board.of_kind(kind)] for kind in Kind}
    sentences = [_measured(board, kind, found[kind]) for kind in (Kind.MOE, Kind.DENSE) if found[kind]]
    if found[Kind.EXPERIMENT]:
        number = len(board.names(Kind.EXPERIMENT))
        sentences.append(
            f"{plural(number, NOUN[Kind.EXPERIMENT])} gave {plural(len(found[Kind.EXPERIMENT]), 'verdict')}: "
            f"{tally(found[Kind.EXPERIMENT])}."
        )
    if found[Kind.GENERATED]:
        cells = found[Kind.GENERATED]
        were = "was" if len(cells) == 1 else "were"
        sentences.append(
            f"{plural(len(cells), 'claim')} {were} checked on generated cases "
            f"(identities, synthetic data, models trained in the run): {tally(cells)}."
        )
    return " ".join([*sentences, *_asides([cell for cells in found.values() for cell in cells])])


def _measured(board: Board, kind: Kind, cells: Sequence[Cell]) -> str:
    names = board.names(kind)
    claims = len({cell.primary.claim for cell in cells})
    which = listed([plain(name, 80) for name in names])
    return (
        f"{plural(claims, 'claim')} on {plural(len(names), NOUN[kind])} ({which}) "
        f"gave {plural(len(cells), 'verdict')}: {tally(cells)}."
    )


def tally(cells: Sequence[Cell]) -> str:
    """Count verdicts: ``6 supported and 1 vacuous``."""
    found = Counter(cell.verdict for cell in cells)
    return listed([f"{found[verdict]:,} {verdict}" for verdict in Verdict if found[verdict]])


def _asides(cells: Sequence[Cell]) -> list[str]:
    sensitive = sum(cell.sensitive for cell in cells)
    deviating = sum(cell.deviates for cell in cells)
    asides = []
    if sensitive:
        verb = "depends" if sensitive == 1 else "depend"
        asides.append(f"{sensitive:,} of all {plural(len(cells), 'verdict')} {verb} on the variant of the definition.")
    if deviating:
        verb = "is" if deviating == 1 else "are"
        asides.append(f"{deviating:,} {verb} not what the expectations file foresees.")
    return asides
