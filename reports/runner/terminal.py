"""The verdicts of a run for a terminal: plain text that fits its width."""

from collections import Counter

from claims.core.verdict import Verdict
from reports.data.board import Board, Cell
from reports.data.places import Kind
from reports.pages.matrix import DEVIATION_SIGN, VARIANT_SIGN, mark
from reports.text.markdown import plain
from reports.text.short_names import heads
from reports.text.vocabulary import SYMBOL, shown


def compact(board: Board, width: int) -> list[str]:
    """Return the verdicts as lines of plain text.

    The matrix has words where they fit, else symbols alone, below numbers where the names do not fit either;
    then one line a verdict on dense models and experiments; of generated cases the count, and a line for each claim
    that is not supported.
    """
    lines, legend = _matrix(board, width)
    for kind in (Kind.DENSE, Kind.EXPERIMENT):
        lines += _block(_aligned([[plain(c, 40), plain(n, 50), mark(cell)] for c, n, cell in board.of_kind(kind)]))
    lines += _block(_generated([(claim, cell) for claim, _, cell in board.of_kind(Kind.GENERATED)]))
    if any(cell.sensitive for cell in board.cells.values()):
        legend.append(f"{VARIANT_SIGN} variant-sensitive")
    if any(cell.deviates for cell in board.cells.values()):
        legend.append(f"{DEVIATION_SIGN} not as expected")
    lines += _block(["   ".join(legend)] if legend else [])
    return lines[1:]


def _generated(cells: list[tuple[str, Cell]]) -> list[str]:
    found = Counter(cell.verdict for _, cell in cells)
    if not found:
        return []
    counts = ", ".join(f"{found[v]:,} {v}" for v in Verdict if found[v])
    others = [[plain(claim, 40), mark(cell)] for claim, cell in cells if cell.verdict != Verdict.SUPPORTED]
    return [f"generated cases: {counts}", *_aligned(others)]


def _matrix(board: Board, width: int) -> tuple[list[str], list[str]]:
    """Return the lines of the matrix, the first one empty, and what the symbols in it mean."""
    names = board.names(Kind.MOE)
    if not names:
        return [], []
    found = {cell.verdict for _, _, cell in board.of_kind(Kind.MOE)}
    symbols = [shown(verdict) for verdict in SYMBOL if verdict in found]
    short = heads(names)
    for words in (True, False):
        lines = _table(board, short, words=words)
        if max(map(len, lines)) <= width:
            return _block(lines), [] if words else symbols
    numbers = {name: str(number) for number, name in enumerate(names, start=1)}
    keys = [f"{number} {plain(name, 60)}" for name, number in numbers.items()]
    return _block(_table(board, numbers, words=False)) + _block(keys), symbols


def _table(board: Board, columns: dict[str, str], *, words: bool) -> list[str]:
    rows = [["claim", *columns.values()]]
    measured = {claim for claim, _, _ in board.of_kind(Kind.MOE)}
    for record in (r for r in board.claims if r.claim in measured):
        cells = [board.cells.get((record.claim, name)) for name in columns]
        rows.append([plain(record.claim, 40), *(_mark(cell, words=words) for cell in cells)])
    return _aligned(rows)


def _mark(cell: Cell | None, *, words: bool) -> str:
    if words:
        return mark(cell)
    return "." if cell is None else mark(cell).replace(cell.verdict.value, "").replace("  ", " ").strip()


def _aligned(rows: list[list[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(text.ljust(w) for text, w in zip(row, widths, strict=True)).rstrip() for row in rows]


def _block(lines: list[str]) -> list[str]:
    """Set lines apart from what is above them."""
    return ["", *lines] if lines else []
