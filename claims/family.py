"""Multiplicity: Holm over every deciding criterion of a run. Recorded beside the raw p, never instead."""

from collections.abc import Sequence
from dataclasses import replace

from claims.record import Record
from metrics.statistics import holm


def adjust(records: Sequence[Record]) -> list[Record]:
    """Return the records with ``p_adjusted`` set: Holm over all deciding criteria that have a p-value."""
    ordered = sorted(records, key=lambda record: record.key)
    flat = [c.p if c.decides else None for record in ordered for c in record.criteria]
    adjusted = iter(holm(flat))
    return [
        replace(record, criteria=[replace(c, p_adjusted=next(adjusted)) for c in record.criteria]) for record in ordered
    ]
