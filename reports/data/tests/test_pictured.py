"""Figures that no report draws are not kept, and what is drawn stays the same."""

from dataclasses import replace

from claims.core.record import Figure, Record, from_json, to_json
from claims.core.verdict import Verdict
from reports.data.board import board
from reports.data.merge import merge
from reports.data.pictured import pictured, without_undrawn
from reports.tests.support.sample_figures import moves
from reports.tests.support.samples import record


def variant(name: str, figure: Figure | None, *, primary: bool = False) -> Record:
    found = record("kernel-energy", "zoo/a", Verdict.SUPPORTED)
    return replace(found, variant={"which": name}, primary=primary, figure=figure)


FIRST, SECOND = moves("a"), replace(moves("b"), redraws="another figure")


def shown(records: list[Record]) -> list[tuple[str, Figure]]:
    (cell,) = board(records).cells.values()
    return [(found.key[2], figure) for found, figure in pictured(cell)]


def test_a_variant_keeps_only_the_figures_that_the_primary_one_does_not_draw() -> None:
    other = replace(variant("b", FIRST), more_figures=[SECOND])
    whole = [other, variant("a", moves("c"), primary=True), variant("c", SECOND)]
    kept = without_undrawn(whole)
    assert [(r.figure, r.more_figures) for r in kept] == [(None, [SECOND]), (moves("c"), []), (None, [])]
    assert shown(kept) == shown(whole)
    assert without_undrawn(kept) == kept


def test_where_the_primary_variant_has_none_the_first_that_has_one_is_drawn() -> None:
    kept = without_undrawn([variant("a", None, primary=True), variant("b", FIRST), variant("c", FIRST)])
    assert shown(kept) == [("which=b", FIRST)]
    assert [r.figure for r in kept] == [None, FIRST, None]


def test_a_shard_that_drew_a_variant_agrees_with_one_that_did_not() -> None:
    alone, beside = variant("b", FIRST), variant("b", None)
    primary = variant("a", moves("c"), primary=True)
    for shards in ([[alone], [primary, beside]], [[primary, beside], [alone]]):
        assert [r.figure for r in merge(shards)] == [moves("c"), None]
    assert [r.figure for r in merge([[beside], [alone]])] == [FIRST]


def test_a_record_keeps_all_of_its_figures() -> None:
    inner = replace(FIRST, kind="panels", series=[], panels=[FIRST, replace(SECOND, units="3 sequences")], columns=1)
    whole = replace(variant("a", FIRST), more_figures=[inner])
    line = to_json(whole)
    assert from_json(line) == whole
    assert "weight" not in line
    for other in (replace(whole, figure=None), replace(whole, more_figures=[])):
        assert from_json(to_json(other)) == other
