"""Which figures of a run are drawn: of the variants of a claim on one place, one for each figure of the paper."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from claims.core.record import Figure, Record
from reports.data.board import Cell, board


def pictured(cell: Cell) -> list[tuple[Record, Figure]]:
    """Return what is drawn of a cell: for each figure of the paper that of the primary variant, else of the first."""
    shown: dict[str, tuple[Record, Figure]] = {}
    for record in cell.records:
        for figure in record.drawn:
            shown.setdefault(figure.redraws, (record, figure))
    return list(shown.values())


def without_undrawn(records: Sequence[Record]) -> list[Record]:
    """Return the records in their order, without the data of figures that no report draws."""
    kept = {(record.key, id(figure)) for cell in board(records).cells.values() for record, figure in pictured(cell)}
    return [_with(record, [f for f in record.drawn if (record.key, id(f)) in kept]) for record in records]


def _with(record: Record, figures: Iterable[Figure]) -> Record:
    found = list(figures)
    own = record.figure if any(figure is record.figure for figure in found) else None
    return replace(record, figure=own, more_figures=[figure for figure in found if figure is not own])
