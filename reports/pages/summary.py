"""The first paragraph: what was asked of whom, and what came out, in words; and what must be shouted."""

from collections import Counter
from collections.abc import Sequence

from claims.core.record import Record
from claims.core.verdict import TWIN, Verdict
from reports.data.board import Board, Cell, variant_name
from reports.data.places import NOUN, ROUTING_ALONE, Kind, is_null, needs_more, place_name, standing
from reports.data.theorems import checked, failures
from reports.text.markdown import plain
from reports.text.vocabulary import CONTROL, THEOREMS, listed, plural


def paragraph(board: Board) -> str:
    """Return the summary of a run as one paragraph; theorems and untrained controls are in no sum."""
    found = {kind: [(name, c) for _, name, c in board.of_kind(kind) if c.counted] for kind in Kind}
    sentences = [_measured(found[kind], kind) for kind in (Kind.MOE, Kind.DENSE) if found[kind]]
    if found[Kind.EXPERIMENT]:
        cells = found[Kind.EXPERIMENT]
        number = plural(len({name for name, _ in cells}), NOUN[Kind.EXPERIMENT])
        sentences.append(f"{number} gave {plural(len(cells), 'verdict')}: {_counts(cells)}.")
    if found[Kind.GENERATED]:
        cells = found[Kind.GENERATED]
        were = "was" if len(cells) == 1 else "were"
        sentences.append(
            f"{plural(len(cells), 'claim')} {were} measured on synthetic data or models trained in the run: "
            f"{_counts(cells)}."
        )
    counted = [cell for cells in found.values() for _, cell in cells]
    return " ".join([*sentences, *_asides(counted), *_uncounted(board)])


def alarms(board: Board) -> list[tuple[str, str]]:
    """Return (claim, what came out where and why) of checks of theorems and premises that failed."""
    alike: dict[tuple[str, str, str], list[str]] = {}
    for claim, name, record in failures(board):
        place = place_name(name, 80) + ("" if record.primary else f" (variant: {variant_name(record)})")
        alike.setdefault((claim, standing(record), _why(record)), []).append(place)
    return [(claim, f"{came_out} on {listed(where)}: {why}") for (claim, came_out, why), where in alike.items()]


def tally(cells: Sequence[Cell]) -> str:
    """Count verdicts, ``6 supported and 1 vacuous``; of a theorem its checks, and what a null is no verdict of."""
    found = Counter(cell.verdict for cell in cells if cell.counted)
    counts = [f"{found[verdict]:,} {verdict}" for verdict in Verdict if found[verdict]]
    nulls = sum(is_null(cell.primary) for cell in cells)
    return checked(cells) or (listed(counts) if counts else f"{plural(nulls, CONTROL)} alone")


def _counts(cells: Sequence[tuple[str, Cell]]) -> str:
    return tally([cell for _, cell in cells])


def _measured(cells: Sequence[tuple[str, Cell]], kind: Kind) -> str:
    claims = len({cell.primary.claim for _, cell in cells})
    names = sorted({name for name, _ in cells}, key=lambda name: (name.casefold(), name))
    which = listed([plain(name, 80) for name in names])
    return (
        f"{plural(claims, 'claim')} on {plural(len(names), NOUN[kind])} ({which}) "
        f"gave {plural(len(cells), 'verdict')}: {_counts(cells)}."
    )


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


def _uncounted(board: Board) -> list[str]:
    """Say what is beside the sums: theorems, untrained controls, and which checkpoints were held against none."""
    cells = [cell for _, _, cell in board.in_order()]
    controls = sorted({plain(name, 80) for _, name, cell in board.in_order() if is_null(cell.primary)})
    passed = checked(cells)
    beyond = len({cell.primary.claim for cell in cells if needs_more(cell.primary)})
    beside = "stands" if len(controls) == 1 else "stand"
    return [
        *([f"{THEOREMS}, in no sum: {passed}."] if passed else []),
        *([f"{plural(beyond, 'claim')} could not be asked of routing alone."] if beyond else []),
        *(
            [f"Beside them {beside} {plural(len(controls), CONTROL)}, {listed(controls)}, without verdicts."]
            if controls
            else []
        ),
        *_without_twin(board),
    ]


def _without_twin(board: Board) -> list[str]:
    """Say of which checkpoints nobody measured what their architecture gives before any training."""
    names = []
    for name in {name for _, name, cell in board.of_kind(Kind.MOE) if cell.counted}:
        found = [cell.primary for _, where, cell in board.of_kind(Kind.MOE) if where == name and cell.counted]
        if any(record.checkpoint.get("evidence") == ROUTING_ALONE for record in found):
            continue  # there is no twin of routing alone
        stand = [record for record in found if record.verdict in (Verdict.SUPPORTED, Verdict.PARTLY)]
        if stand and not any(one.name.endswith(TWIN) for record in found for one in record.criteria):
            names.append(plain(name, 80))
    if not names:
        return []
    which = listed(sorted(names))
    return [f"What random weights of the same architecture give was not measured for {which}; --untrained names such."]


def _why(record: Record) -> str:
    return plain(record.reason).rstrip(".") or f"it must be {record.expected or Verdict.SUPPORTED}"
