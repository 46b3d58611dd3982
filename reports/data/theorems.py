"""Checks of theorems and of premises of the measurement: which pass, and which must be shouted."""

from collections.abc import Iterable

from claims.core.record import Record
from claims.core.verdict import Verdict
from reports.data.board import Board, Cell
from reports.data.places import needs_more
from reports.text.vocabulary import plural


def passes(record: Record) -> bool:
    """Tell whether a check comes out as it must: as expectations foresee it, supported where they say nothing.

    A statement that algebra refutes is expected to be refuted.
    """
    return record.verdict == (record.expected or Verdict.SUPPORTED)


def failures(board: Board) -> list[tuple[str, str, Record]]:
    """Return (claim, place, record) of every check, in any variant, that could be made and did not pass."""
    return [
        (claim, name, record)
        for claim, name, cell in board.in_order()
        for record in (cell.records if cell.theorem else ())
        if record.verdict != Verdict.NOT_APPLICABLE and not passes(record)
    ]


def checked(cells: Iterable[Cell]) -> str:
    """Count the checks of theorems that could be made, in every variant: ``8 of 9 checks passed``; "" without one."""
    records = [record for cell in cells if cell.theorem for record in cell.records]
    made = [record for record in records if record.verdict != Verdict.NOT_APPLICABLE]
    passed = sum(map(passes, made))
    if not records or all(map(needs_more, records)):
        return ""
    return f"{passed:,} of {plural(len(made), 'check')} passed"
