"""Dense models and experiments beside Mixture-of-Experts checkpoints: shown apart, and missing on none by mistake."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claims.core.record import Record
from claims.core.verdict import Verdict
from reports.data.board import board
from reports.data.merge import merge
from reports.data.places import Kind
from reports.data.read import BadInput
from reports.outputs.compare import compare
from reports.outputs.markdown_report import render
from reports.pages.findings import findings, on_controls
from reports.pages.matrix import tables
from reports.tests.support.pages import broken_links, rows
from reports.tests.support.sample_kinds import dense, experiment, others
from reports.tests.support.samples import record, run
from reports.text.short_names import LONGEST, heads

WHOLE = [*run(), *others()]
MOE, EXPERIMENTS = "Claims by checkpoints", "Controlled experiments"


def shown(records: list[Record], title: str) -> str:
    """Return a table of the report."""
    return dict(tables(board(records)))[title]


def test_only_what_was_run_on_another_of_its_kind_is_a_gap() -> None:
    assert board(WHOLE).gaps() == []
    alone = [r for r in WHOLE if (r.claim, r.key[0]) != ("dense-similarity", "zoo/dense")]
    more = [*alone, dense("zoo/dense", Verdict.SUPPORTED, claim="other-similarity")]
    assert board(more).gaps() == [
        ("dense-similarity", "zoo/dense"),
        ("other-similarity", "zoo/dense-sandwich"),
    ]


def test_one_claim_may_be_measured_on_checkpoints_and_in_an_experiment() -> None:
    both = [*run(), experiment("kernel-energy", "loss", Verdict.SUPPORTED)]
    assert [name for name, _ in board(both).of_claim("kernel-energy")][-1] == "loss"
    assert "kernel-energy" in shown(both, MOE)
    assert "kernel-energy" in shown(both, EXPERIMENTS)
    assert board(both).gaps() == []


def test_a_record_that_failed_before_its_kind_was_known_follows_the_others_of_its_name() -> None:
    failed = record("balance-other", "balancing loss: small, AdamW", Verdict.ERROR, reason="out of memory")
    for records in ([*others(), failed], [failed, *others()]):
        assert board(records).names(Kind.MOE) == []


def test_a_run_of_experiments_alone_has_a_report(tmp_path: Path) -> None:
    alone = [r for r in others() if r.claim == "balance-controlled"]
    report = render(alone, tmp_path).read_text(encoding="utf-8")
    assert "## Claims by checkpoints" not in report
    assert "## Controlled experiments" in report
    assert "| balancing loss: small, Muon  | with loss / without | zoo/a-s1 / zoo/b-s1 |" in report
    assert broken_links(tmp_path) == []


def test_without_arms_an_experiment_is_still_a_row() -> None:
    bare = replace(others()[2], checkpoint={"name": "loss", "kind": "experiment"}, verdict=Verdict.ERROR, criteria=[])
    assert rows(shown([bare], EXPERIMENTS))[2][1:] == ["loss", "–", "–", "! error"]


def test_a_run_with_other_checkpoints_is_said_to_differ() -> None:
    (one,) = [r for r in others() if r.key[0].endswith("AdamW")]
    other = replace(one, checkpoint=one.checkpoint | {"checkpoints": [["zoo/a-s0", "zoo/b-s0"]]})
    found = compare([one], [other])
    assert not found.changed
    assert "checkpoints was zoo/a-s0, zoo/b-s0, zoo/a-s1, zoo/b-s1, is zoo/a-s0, zoo/b-s0" in found.markdown


def test_compare_tells_a_vanished_experiment() -> None:
    found = compare(WHOLE, [r for r in WHOLE if r.key[0] != "balancing loss: small, Muon"])
    assert found.changed
    assert "| [balance-controlled]" not in found.markdown
    assert "balancing loss: small, Muon" in found.markdown


@given(st.lists(st.text(min_size=1), unique=True, max_size=12), st.integers(0, 40))
def test_heads_are_short_and_each_its_own(names: list[str], extra: int) -> None:
    longer = [f"org/{'x' * extra}{name}" for name in names]
    found = heads(longer)
    assert list(found) == longer
    assert max(map(len, found.values()), default=0) <= LONGEST
    alike = heads([f"{org}/a-rather-long-name-of-a-model" for org in ("one", "two")])
    assert [head[-3:] for head in alike.values()] == ["(1)", "(2)"]


def test_shards_agree_on_the_kind_of_a_place_which_is_a_mixture_of_experts_unless_named() -> None:
    whole = run()[0]
    same = replace(whole, checkpoint=whole.checkpoint | {"kind": "moe"})
    assert merge([[whole], [same]]) == merge([[same], [whole]])
    assert len(merge([[whole], [same]])) == 1
    for kind in ({"kind": "dense"}, {"kind": "experiment", "checkpoints": []}):
        with pytest.raises(BadInput, match="disagree in checkpoint"):
            merge([[whole], [replace(whole, checkpoint=whole.checkpoint | kind)]])


def test_untrained_controls_make_no_finding_alone_and_are_told_where_they_satisfy_a_claim() -> None:
    def at(claim: str, name: str, verdict: Verdict) -> Record:
        whole = replace(record(claim, name, verdict, criteria=[]), group="B")
        return replace(whole, checkpoint=whole.checkpoint | {"control": name == "zoo/init"})

    refuted = board([at("a", "zoo/init", Verdict.REFUTED), *(at("b", n, Verdict.REFUTED) for n in ("zoo/init", "x"))])
    assert [(found.claim, found.where) for found in findings(refuted)] == [("b", "on 2 of 2")]
    supported = [at(claim, "zoo/init", Verdict.SUPPORTED) for claim in ("a", "b")]
    trained = [at("a", "x", Verdict.SUPPORTED), at("b", "x", Verdict.INCONCLUSIVE)]
    assert on_controls(board([*supported, *trained])) == (["a"], ["b"])


def test_without_a_primary_variant_the_first_decides() -> None:
    forks = [
        record("x", "a", verdict, variant={"r": r}, primary=False)
        for r, verdict in (("8", Verdict.REFUTED), ("16", Verdict.SUPPORTED))
    ]
    cell = board(forks).cells["x", "a"]
    assert (cell.verdict, cell.sensitive) == (Verdict.SUPPORTED, True)
