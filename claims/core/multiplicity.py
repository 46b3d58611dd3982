"""Adjust p-values for many claims by Holm's method, beside the raw p and never instead.

A claim holds only if all of its deciding criteria do, so its p is the largest of theirs (an intersection-union test).
Variants beside the primary one are no further claims, and keep their raw p alone.
"""

from collections.abc import Sequence
from dataclasses import replace

from claims.core.record import Record
from metrics.stats.bootstrap import holm


def adjust(records: Sequence[Record]) -> list[Record]:
    """Return the records sorted by key, with ``p_adjusted`` of their deciding criteria set: the claim's, after Holm.

    The family is one p a claim and checkpoint, in its primary variant; None where no deciding criterion has a p.
    """
    ordered = sorted(records, key=lambda record: record.key)
    adjusted = holm([_of_claim(record) for record in ordered])
    return [_with(record, p) for record, p in zip(ordered, adjusted, strict=True)]


def _of_claim(record: Record) -> float | None:
    """The largest p of the deciding criteria of a primary variant."""
    known = [c.p for c in record.criteria if c.decides and c.p is not None]
    return max(known, default=None) if record.primary else None


def _with(record: Record, p: float | None) -> Record:
    criteria = [replace(c, p_adjusted=p if c.decides and c.p is not None else None) for c in record.criteria]
    return replace(record, criteria=criteria)
