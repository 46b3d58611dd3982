"""Compare sizes: the parameters of what was measured here beside those of the paper's models."""

from collections.abc import Iterable, Sequence

from claims.core.record import Record
from reports.data.board import Board
from reports.data.places import Kind
from reports.pages.matrix import about
from reports.papers.paper import Entry, Paper
from reports.text.markdown import plain
from reports.text.short_names import NAME
from reports.text.vocabulary import CONTROL

UNITS = (("B", 1e9), ("M", 1e6), ("K", 1e3))


def here_and_there(paper: Paper, entry: Entry, found: Sequence[Record], board: Board) -> str:
    """Return one sentence on the parameters here and in the paper, and where size could matter; "" without a model."""
    names = dict.fromkeys(name for record in found for name, _ in board.of_claim(record.claim))
    here = [size for name in names for size in _parameters(board, name)]
    there = [paper.sizes[name] * 1e9 for name in entry.models]
    theirs = f"; {span(there)} in the paper" if there else "; the paper's models are not known to us"
    sizes = f"{span(here)} parameters here{theirs if there or entry.is_figure else ''}." if here else ""
    said = " ".join(part for part in (sizes, entry.scale) if part)
    return f"Scale: {said}" if found and said else ""


def measured_on(board: Board, told: Iterable[Record]) -> list[str]:
    """Return a sentence for each checkpoint and dense model of some claims: its size and what it is."""
    says = about(board)
    found = {name for record in told for name, _ in board.of_claim(record.claim)}
    items = []
    for name in (n for kind in (Kind.MOE, Kind.DENSE) for n in board.names(kind) if n in found):
        size = [f" ({span([size])} parameters)" for size in _parameters(board, name)]
        size += [f", {CONTROL}"] if name in board.controls and CONTROL not in says.get(name, "") else []
        items.append(f"{plain(name, NAME)}{''.join(size)}{f': {plain(says[name], 200)}' if name in says else ''}.")
    return items


def span(sizes: Iterable[float]) -> str:
    """Return the smallest and largest of some sizes.

    Examples
    --------
    >>> span([2_980_032, 3_292_288]), span([837_000, 21e9]), span([16e9])
    ('3.0 to 3.3 M', '0.84 M to 21 B', '16 B')
    """
    known = sorted(sizes)
    ends = [_size(known[0]), _size(known[-1])]
    if ends[0] == ends[1]:
        return ends[0]
    low, unit = ends[0].split(" ")
    return f"{low} to {ends[1]}" if ends[1].endswith(f" {unit}") else f"{ends[0]} to {ends[1]}"


def _size(size: float) -> str:
    unit, one = next((u for u in UNITS if size >= 0.5 * u[1]), ("K", 1e3))
    value = size / one
    return f"{value:.2f} {unit}" if value < 1 else f"{value:.1f} {unit}" if value < 10 else f"{value:.0f} {unit}"


def _parameters(board: Board, name: str) -> list[int]:
    """Return a place's parameters, from the first of its records that knows them."""
    known = [cell.primary.checkpoint.get("parameters") for _, cell in board.of_place(name)]
    return [size for size in known if type(size) is int and size > 0][:1]
