"""Shards of one run put together again."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from claims.record import Record
from reports.places import Kind
from reports.read import BadInput

#: What two measurements of one claim may differ in and still be the same measurement.
INCIDENTAL = ("seconds", "provenance")


def merge(shards: Sequence[Sequence[Record]]) -> list[Record]:
    """Return the records of all shards, sorted by key, each key once.

    Raises
    ------
    BadInput
        When two records of one key differ in more than seconds and provenance.
    """
    found: dict[tuple[str, str, str], Record] = {}
    for record in (record for shard in shards for record in shard):
        first = found.setdefault(record.key, record)
        fields = _differences(first, record)
        if fields:
            name, claim, fork = record.key
            reading = f", fork {fork}" if fork else ""
            raise BadInput(f"two records of claim {claim} on {name}{reading} disagree in {', '.join(fields)}")
    return [found[key] for key in sorted(found)]


def split_families(shards: Sequence[Sequence[Record]]) -> bool:
    """Tell whether more than one shard adjusted p-values: each saw only its own part of the family."""
    return sum(any(c.p_adjusted is not None for r in shard for c in r.criteria) for shard in shards) > 1


def _differences(a: Record, b: Record) -> list[str]:
    if a is b:
        return []
    left, right = _comparable(a), _comparable(b)
    return [name for name in left if name not in INCIDENTAL and left[name] != right[name]]


def _comparable(record: Record) -> dict[str, Any]:
    """Return the fields; a checkpoint that does not name its kind is a Mixture-of-Experts one."""
    return asdict(record) | {"checkpoint": {"kind": Kind.MOE, **record.checkpoint}}
