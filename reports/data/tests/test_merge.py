"""Shards of several machines, put together, are the run that one machine would have made."""

from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest

from claims.core.multiplicity import adjust
from claims.core.record import Record, write_records
from claims.core.verdict import Verdict
from reports.__main__ import main
from reports.data.merge import merge, unlike
from reports.data.pictured import without_undrawn
from reports.data.read import BadInput
from reports.tests.support.sample_functions import functions
from reports.tests.support.sample_kinds import others
from reports.tests.support.samples import criterion, record, run


def measured() -> list[Record]:
    """Return records with p-values of many sizes, as a run leaves them: adjusted over all of it."""
    records = [*run(), *others(), *functions()]
    spread = []
    for place, one in enumerate(records):
        criteria = [c if c.p is None else replace(c, p=0.0003 * (1 + place + i)) for i, c in enumerate(one.criteria)]
        spread.append(replace(one, criteria=criteria))
    return adjust(spread)


@pytest.mark.parametrize("shards", [2, 5])
def test_merged_shards_are_the_bytes_of_the_whole_run(tmp_path: Path, shards: int) -> None:
    whole = without_undrawn(measured())
    write_records(tmp_path / "whole.jsonl", whole)
    paths = [tmp_path / f"shard-{i}.jsonl" for i in range(shards)]
    for i, path in enumerate(paths):
        write_records(path, adjust(whole[i::shards]))
    assert any(path.read_text() not in (tmp_path / "whole.jsonl").read_text() for path in paths)
    for i, order in enumerate((paths, paths[::-1])):
        target = tmp_path / f"merged-{i}.jsonl"
        assert main(["merge", *map(str, order), "-o", str(target)]) == 0
        assert target.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()


def test_adjusted_p_values_of_the_shards_are_not_those_of_the_run() -> None:
    first, second = (
        record("kernel-energy", name, Verdict.SUPPORTED, criteria=[criterion("x", (0.5, 0.4, 0.6), "> 0.2", p=p)])
        for name, p in (("a", 0.01), ("b", 0.02))
    )
    shards = [adjust([first]), adjust([second])]
    adjusted = [[r.criteria[0].p_adjusted for r in found] for found in (merge(shards), *shards)]
    assert adjusted == [[0.02, 0.02], [0.01], [0.02]]


def test_a_claim_that_every_shard_measured_is_one_record_whatever_their_order_unless_they_disagree() -> None:
    one = record("kernel-energy", "a", Verdict.SUPPORTED, criteria=[criterion("x", (0.5, 0.4, 0.6), "> 0.2")])
    same = [[replace(one, seconds=s, provenance={"device": d})] for s, d in ((3.0, "cpu"), (1.0, "cuda"), (2.0, "mps"))]
    found = [merge(order) for order in permutations(same)]
    assert len(found[0]) == 1
    assert all(records == found[0] for records in found)
    variant = replace(one, variant={"r": "8"})
    for shards in permutations([[variant], [replace(variant, verdict=Verdict.REFUTED, reason="x")]]):
        with pytest.raises(BadInput, match=r"claim kernel-energy on a, variant r=8 disagree in verdict, reason$"):
            merge(shards)


def test_shards_of_other_code_or_seed_are_named() -> None:
    one = record("kernel-energy", "a", Verdict.SUPPORTED)
    other = replace(one, claim="x", provenance={**one.provenance, "commit": "abc", "device": "cuda", "seed": 7})
    assert unlike([[one], [other]]) == ["commit", "seed"]
    assert unlike([[one], [replace(other, provenance=one.provenance)]]) == []
