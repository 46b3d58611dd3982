"""Adjust p-values for many claims by Holm's method, beside the raw p and never instead.

A claim is supported only if its headline and its excess hold, so its p is the largest of theirs (an intersection-union
test), and there is none where one of them has none: a jackknife or Student's t leaves an interval alone. Theorems,
untrained controls and variants beside the primary one are no further claims, and keep their raw p.
"""

from collections.abc import Sequence
from dataclasses import replace

from claims.core.record import Criterion, Record
from claims.core.verdict import Role
from metrics.stats.bootstrap import holm


def adjust(records: Sequence[Record]) -> list[Record]:
    """Return the records sorted by key, with ``p_adjusted`` of their headline and excess set: the claim's, after Holm.

    The family is one p an empirical claim and trained checkpoint, in its primary variant; None where there is no p.
    """
    ordered = sorted(records, key=lambda record: record.key)
    adjusted = holm([_of_claim(record) for record in ordered])
    return [_with(record, p) for record, p in zip(ordered, adjusted, strict=True)]


def _of_claim(record: Record) -> float | None:
    """The largest p of what must hold for support, of a record that belongs to the family; None without one of them."""
    if not (record.primary and record.counted):
        return None
    found = [c.p for c in record.criteria if _needed(c)]
    known = [p for p in found if p is not None]
    return max(known) if known and len(known) == len(found) else None


def _needed(criterion: Criterion) -> bool:
    return criterion.role in (Role.HEADLINE, Role.EXCESS)


def _with(record: Record, p: float | None) -> Record:
    criteria = [replace(c, p_adjusted=p if _needed(c) and c.p is not None else None) for c in record.criteria]
    return replace(record, criteria=criteria)
