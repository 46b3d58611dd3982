"""Merge shards of one run: the same records as one run over everything."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from claims.core.multiplicity import adjust
from claims.core.record import Record, to_json
from reports.data.pictured import without_undrawn
from reports.data.places import Kind
from reports.data.read import BadInput

#: What two measurements of one claim may differ in and still be the same measurement.
INCIDENTAL = ("seconds", "provenance", "evidence")
#: Data of pictures: a run keeps those of the variants that it draws.
FIGURES = ("figure", "more_figures")
#: Facts of provenance that are the same all through one run.
OF_A_RUN = ("commit", "versions", "seed")


def merge(shards: Sequence[Sequence[Record]]) -> list[Record]:
    """Return the records of all shards, sorted by key, each key once, p-values adjusted over all of them.

    A key that several shards measured, with the same outcome, is one record, whichever the order of the shards. Holm's
    adjustment starts from the raw p-values, so it is that of one run, whatever the shards had.

    Raises
    ------
    BadInput
        When two records of one key differ in more than what is incidental and adjusted p-values.
    """
    found: dict[tuple[str, str, str], Record] = {}
    for record in (record for shard in shards for record in shard):
        first = found.setdefault(record.key, record)
        fields = _differences(first, record)
        if fields:
            name, claim, variant = record.key
            which = f", variant {variant}" if variant else ""
            raise BadInput(f"two records of claim {claim} on {name}{which} disagree in {', '.join(fields)}")
        found[record.key] = min(first, record, key=lambda r: (not r.drawn, to_json(r)))
    return without_undrawn(adjust(list(found.values())))


def unlike(shards: Sequence[Sequence[Record]]) -> list[str]:
    """Return the facts of provenance in which the records differ, though one run has them in common."""
    records = [record for shard in shards for record in shard]
    return [fact for fact in OF_A_RUN if len({str(r.provenance[fact]) for r in records if fact in r.provenance}) > 1]


def _differences(a: Record, b: Record) -> list[str]:
    if a is b:
        return []
    left, right = _comparable(a), _comparable(b)
    passed = INCIDENTAL if a.drawn and b.drawn else (*INCIDENTAL, *FIGURES)  # a shard keeps what it would draw
    return [name for name in left if name not in passed and left[name] != right[name]]


def _comparable(record: Record) -> dict[str, Any]:
    """Return the fields; a checkpoint that does not name its kind is a Mixture-of-Experts one."""
    fields = asdict(record) | {"checkpoint": {"kind": Kind.MOE, **record.checkpoint}}
    for criterion in fields["criteria"]:
        criterion["p_adjusted"] = None
    return fields
