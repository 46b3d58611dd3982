"""Arrange a run as claims by places: each cell a primary record with its variants beside it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from claims.core.record import Record
from claims.core.verdict import Verdict
from reports.data.places import Kind, is_control, is_null, kind_of, needs_more
from reports.text.markdown import plain


@dataclass(frozen=True)
class Cell:
    """One claim on one place: the record that decides the cell, and the other variants."""

    primary: Record
    others: tuple[Record, ...]

    @property
    def verdict(self) -> Verdict:
        """The primary variant's verdict."""
        return self.primary.verdict

    @property
    def records(self) -> tuple[Record, ...]:
        """Every variant, the primary one first."""
        return (self.primary, *self.others)

    @property
    def theorem(self) -> bool:
        """Whether it is a theorem or a premise of the measurement: checked, shown apart, never counted."""
        return self.primary.kind != "finding"

    @property
    def counted(self) -> bool:
        """Whether the verdict is one of those that sums count: empirical, not of an untrained control, and asked."""
        return self.primary.counted and not needs_more(self.primary)

    @property
    def sensitive(self) -> bool:
        """Whether another variant of the definition that applies here gives another verdict; a null has none."""
        others = [other.verdict for other in self.others if other.verdict != Verdict.NOT_APPLICABLE]
        return not is_null(self.primary) and any(verdict != self.verdict for verdict in others)

    @property
    def deviates(self) -> bool:
        """Whether an expectation was declared and is not met; of a null none is told."""
        records = [] if is_null(self.primary) else self.records
        return any(r.expected is not None and r.expected != r.verdict for r in records)


@dataclass(frozen=True)
class Board:
    """The cells of a run; claims in order of group and number, places in order of kind and name."""

    cells: dict[tuple[str, str], Cell]

    @cached_property
    def claims(self) -> list[Record]:
        """One record of each claim: its fixed texts."""
        first: dict[str, Record] = {}
        for (claim, _), cell in self.cells.items():
            first.setdefault(claim, cell.primary)
        return sorted(first.values(), key=lambda r: (r.group, r.number, r.claim))

    @cached_property
    def kinds(self) -> dict[str, Kind]:
        """Kind of every place; a record that failed before its kind was known follows the others of its name."""
        found: dict[str, Kind] = {}
        for (_, name), cell in self.cells.items():
            kind = kind_of(cell.primary)
            if found.get(name, Kind.MOE) == Kind.MOE:
                found[name] = kind
        return found

    @cached_property
    def controls(self) -> frozenset[str]:
        """The places that are untrained controls."""
        return frozenset(name for (_, name), cell in self.cells.items() if is_control(cell.primary))

    def names(self, kind: Kind) -> list[str]:
        """Return the places of a kind, in order of their names, untrained controls last."""
        found = (n for n, k in self.kinds.items() if k == kind)
        return sorted(found, key=lambda n: (n in self.controls, n.casefold(), n))

    @cached_property
    def places(self) -> list[str]:
        """Every place: Mixture-of-Experts checkpoints, dense models, experiments, generated cases."""
        return [name for kind in Kind for name in self.names(kind)]

    def of_claim(self, claim: str) -> list[tuple[str, Cell]]:
        """Return (place, cell) of one claim, in order of the places."""
        return [(name, self.cells[claim, name]) for name in self.places if (claim, name) in self.cells]

    def of_place(self, name: str) -> list[tuple[str, Cell]]:
        """Return (claim, cell) of one place, in order of the claims."""
        return [(r.claim, self.cells[r.claim, name]) for r in self.claims if (r.claim, name) in self.cells]

    def of_kind(self, kind: Kind, *, theorems: bool = False) -> list[tuple[str, str, Cell]]:
        """Return (claim, place, cell) on places of one kind, claim by claim: of what is empirical, or of theorems."""
        return [found for found in self.in_order() if self.kinds[found[1]] == kind and found[2].theorem == theorems]

    def in_order(self) -> list[tuple[str, str, Cell]]:
        """Return (claim, place, cell), claim by claim."""
        return [(r.claim, name, cell) for r in self.claims for name, cell in self.of_claim(r.claim)]

    def gaps(self) -> list[tuple[str, str]]:
        """Return the (claim, checkpoint) that were not run though the claim was run on another of that kind.

        An experiment serves the claims that it was made for, so none is missing on it; and a claim about
        experiments or dense models alone is not missing on a Mixture-of-Experts checkpoint.
        """
        return [
            (record.claim, name)
            for record in self.claims
            for kind in (Kind.MOE, Kind.DENSE)
            if any(self.kinds[place] == kind for place, _ in self.of_claim(record.claim))
            for name in self.names(kind)
            if (record.claim, name) not in self.cells
        ]


def board(records: Iterable[Record]) -> Board:
    """Arrange records; where none of a cell is marked primary, its first variant decides."""
    cells: dict[tuple[str, str], list[Record]] = {}
    for record in sorted(records, key=lambda r: (r.key, not r.primary)):
        cells.setdefault((record.claim, record.key[0]), []).append(record)
    return Board({place: _cell(found) for place, found in cells.items()})


def _cell(found: Sequence[Record]) -> Cell:
    ordered = sorted(found, key=lambda r: not r.primary)  # stable: variants stay in order of their names
    return Cell(ordered[0], tuple(ordered[1:]))


def variant_name(record: Record) -> str:
    """Return the variant in words, ``as stated`` for a claim that has only one."""
    return plain(record.key[2]) or "as stated"
