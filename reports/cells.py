"""The board of a run: claims by checkpoints, each cell a primary record with its forks beside it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from claims.record import Record
from claims.verdict import Verdict
from reports.words import GENERATED


@dataclass(frozen=True)
class Cell:
    """One claim on one checkpoint: the record that decides the cell, and the other readings."""

    primary: Record
    others: tuple[Record, ...]

    @property
    def verdict(self) -> Verdict:
        """The primary fork's verdict."""
        return self.primary.verdict

    @property
    def records(self) -> tuple[Record, ...]:
        """Every reading, the primary one first."""
        return (self.primary, *self.others)

    @property
    def fork_sensitive(self) -> bool:
        """Whether another reading of the definition that applies here gives another verdict."""
        return any(other.verdict not in (self.verdict, Verdict.NOT_APPLICABLE) for other in self.others)

    @property
    def deviates(self) -> bool:
        """Whether an expectation was declared and is not met."""
        return any(r.expected is not None and r.expected != r.verdict for r in self.records)


@dataclass(frozen=True)
class Board:
    """The cells of a run; claims in order of group and name, checkpoints in order of name."""

    cells: dict[tuple[str, str], Cell]

    @cached_property
    def claims(self) -> list[Record]:
        """One record of each claim: its fixed texts."""
        first: dict[str, Record] = {}
        for (claim, _), cell in self.cells.items():
            first.setdefault(claim, cell.primary)
        return sorted(first.values(), key=lambda r: (r.group, r.number, r.claim))

    @cached_property
    def checkpoints(self) -> list[str]:
        """Names of the checkpoints measured; identities have none."""
        return sorted({name for _, name in self.cells if name != GENERATED}, key=lambda n: (n.casefold(), n))

    def of_claim(self, claim: str) -> list[tuple[str, Cell]]:
        """Return (checkpoint, cell) of one claim, in order of the checkpoints, identities last."""
        names = [*self.checkpoints, GENERATED]
        return [(name, self.cells[claim, name]) for name in names if (claim, name) in self.cells]

    def in_order(self) -> list[tuple[str, str, Cell]]:
        """Return (claim, checkpoint, cell), claim by claim."""
        return [(r.claim, name, cell) for r in self.claims for name, cell in self.of_claim(r.claim)]


def board(records: Iterable[Record]) -> Board:
    """Arrange records; where none of a cell is marked primary, its first fork decides."""
    cells: dict[tuple[str, str], list[Record]] = {}
    for record in sorted(records, key=lambda r: (r.key, not r.primary)):
        cells.setdefault((record.claim, record.key[0]), []).append(record)
    return Board({place: _cell(found) for place, found in cells.items()})


def _cell(found: Sequence[Record]) -> Cell:
    ordered = sorted(found, key=lambda r: not r.primary)  # stable: forks stay in order of their names
    return Cell(ordered[0], tuple(ordered[1:]))


def fork_name(record: Record) -> str:
    """Return the reading in words, ``as stated`` for a claim that has only one."""
    return record.key[2] or "as stated"
