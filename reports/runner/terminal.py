"""The verdicts of a run for a terminal: plain text that fits its width."""

from claims.core.verdict import Verdict
from reports.data.board import Board, Cell
from reports.data.places import Kind, is_null, place_name, standing
from reports.data.theorems import checked, failures
from reports.pages.criteria import value
from reports.pages.matrix import DEVIATION_SIGN, VARIANT_SIGN, headings, mark
from reports.pages.summary import tally
from reports.text.markdown import plain
from reports.text.vocabulary import CONTROL, SYMBOL, THEOREMS, shown


def compact(board: Board, width: int) -> list[str]:
    """Return the verdicts as lines of plain text.

    The matrix has words where they fit, else symbols alone, below numbers where the names do not fit either; an
    untrained control has the headline's value. Then one line a verdict on dense models and experiments; of generated
    cases the count, and a line for each claim that is not supported; of theorems the count of checks that passed, and
    a line for each that failed.
    """
    lines, legend = _matrix(board, width)
    for kind in (Kind.DENSE, Kind.EXPERIMENT):
        lines += _block(_aligned([[plain(c, 40), plain(n, 50), mark(cell)] for c, n, cell in board.of_kind(kind)]))
    lines += _block(_generated([(claim, cell) for claim, _, cell in board.of_kind(Kind.GENERATED)]))
    lines += _block(_theorems(board))
    counted = [cell for cell in board.cells.values() if cell.counted]
    if any(cell.sensitive for cell in counted):
        legend.append(f"{VARIANT_SIGN} variant-sensitive")
    if any(cell.deviates for cell in counted):
        legend.append(f"{DEVIATION_SIGN} not as expected")
    lines += _block(["   ".join(legend)] if legend else [])
    return lines[1:]


def _generated(cells: list[tuple[str, Cell]]) -> list[str]:
    if not cells:
        return []
    others = [[plain(claim, 40), mark(cell)] for claim, cell in cells if cell.verdict != Verdict.SUPPORTED]
    return [f"generated cases: {tally([cell for _, cell in cells])}", *_aligned(others)]


def _theorems(board: Board) -> list[str]:
    passed = checked(cell for _, _, cell in board.in_order())
    failed = [["FAILED", plain(c, 40), place_name(n, 50), standing(r)] for c, n, r in failures(board)]
    return [f"{THEOREMS.lower()}: {passed}", *_aligned(failed)] if passed else []


def _matrix(board: Board, width: int) -> tuple[list[str], list[str]]:
    """Return the lines of the matrix, the first one empty, and what the symbols in it mean."""
    places = {name for _, name, _ in board.of_kind(Kind.MOE)}
    names = [name for name in board.names(Kind.MOE) if name in places]
    if not names:
        return [], []
    found = {cell.verdict for _, _, cell in board.of_kind(Kind.MOE) if cell.counted}
    symbols = [shown(verdict) for verdict in SYMBOL if verdict in found]
    short = headings(board, names)
    for words in (True, False):
        lines = _table(board, short, words=words)
        if max(map(len, lines)) <= width:
            return _block(lines), [] if words else symbols
    numbers = {name: str(number) for number, name in enumerate(names, start=1)}
    aside = {name: f" ({CONTROL})" if name in board.controls else "" for name in names}
    keys = [f"{number} {plain(name, 60)}{aside[name]}" for name, number in numbers.items()]
    return _block(_table(board, numbers, words=False)) + _block(keys), symbols


def _table(board: Board, columns: dict[str, str], *, words: bool) -> list[str]:
    rows = [["claim", *columns.values()]]
    measured = {claim for claim, _, _ in board.of_kind(Kind.MOE)}
    for record in (r for r in board.claims if r.claim in measured):
        cells = [board.cells.get((record.claim, name)) for name in columns]
        rows.append([plain(record.claim, 40), *(_mark(cell, words=words) for cell in cells)])
    return _aligned(rows)


def _mark(cell: Cell | None, *, words: bool) -> str:
    if cell is not None and is_null(cell.primary):
        return value(cell.primary) or "."
    if words:
        return mark(cell)
    return "." if cell is None else mark(cell).replace(cell.verdict.value, "").replace("  ", " ").strip()


def _aligned(rows: list[list[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(text.ljust(w) for text, w in zip(row, widths, strict=True)).rstrip() for row in rows]


def _block(lines: list[str]) -> list[str]:
    """Set lines apart from what is above them."""
    return ["", *lines] if lines else []
