"""Dense models and experiments beside Mixture-of-Experts checkpoints: shown apart, and missing on none by mistake."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claims.core.record import Record
from claims.core.verdict import Role, Verdict
from reports.data.board import board
from reports.data.merge import merge
from reports.data.places import Kind
from reports.data.read import BadInput
from reports.outputs.compare import compare
from reports.outputs.markdown_report import render
from reports.pages.findings import findings
from reports.pages.matrix import tables
from reports.pages.summary import alarms, paragraph
from reports.tests.support.pages import broken_links, rows
from reports.tests.support.sample_kinds import dense, experiment, others
from reports.tests.support.samples import criterion, record, run
from reports.text.short_names import LONGEST, heads
from reports.text.vocabulary import SYMBOL

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
    assert "checkpoints was zoo/a-s0, zoo/b-s0, zoo/a-s1, zoo/b-s1" in found.markdown


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


def test_untrained_controls_make_no_finding() -> None:
    refuted = [record(claim, "zoo/init", Verdict.REFUTED) for claim in ("a", "b")]
    both = board([*refuted, record("b", "x", Verdict.REFUTED)])
    assert [(found.kind, found.claim, found.where) for found in findings(both)] == [("refuted", "b", "")]


def test_an_untrained_control_has_its_value_and_is_in_no_sum() -> None:
    half = [criterion("x", (0.5, 0.4, 0.6), "> 0.2")]
    places = ("zoo/init", "zoo/balanced")
    found = board(
        [record("kernel-energy", name, Verdict.SUPPORTED, criteria=half, expected="refuted") for name in places]
    )
    head, _, _, row = rows(dict(tables(found))[MOE])
    assert (head[1:], row[1:]) == (["zoo/balanced", "zoo/init (control)"], ["✓ supported 0.500 ‡", "0.500"])
    assert "1 claim on 1 checkpoint (zoo/balanced) gave 1 verdict: 1 supported." in paragraph(found)
    assert "1 untrained control, zoo/init, without verdicts" in paragraph(found)
    lost = board([record("kernel-energy", "zoo/init", Verdict.ERROR, reason="no weights")])
    assert rows(dict(tables(lost))[MOE])[-1][1:] == ["! error"]


@pytest.mark.parametrize(
    ("verdict", "expected", "says"),
    [
        (Verdict.SUPPORTED, None, ""),
        (Verdict.REFUTED, "refuted", ""),
        (Verdict.NOT_APPLICABLE, None, ""),
        (Verdict.SUPPORTED, "refuted", "✓ supported on zoo/init: it must be refuted"),
        *(
            (v, None, f"{SYMBOL[v]} {v} on zoo/init: torn")
            for v in Verdict
            if v not in (Verdict.SUPPORTED, Verdict.NOT_APPLICABLE)
        ),
    ],
)
def test_a_theorem_is_in_no_sum_and_shouted_where_it_fails(verdict: Verdict, expected: str | None, says: str) -> None:
    reason = "" if verdict == Verdict.SUPPORTED else "torn."
    theorem = record("necessity-full-space", "zoo/init", verdict, expected=expected, reason=reason)
    found = board([theorem, record("kernel-energy", "a", Verdict.SUPPORTED)])
    assert alarms(found) == ([("necessity-full-space", says)] if says else [])
    assert findings(found) == []
    passed = "0 of 0 checks" if verdict == Verdict.NOT_APPLICABLE else f"{0 if says else 1} of 1 check"
    told = (
        f"1 claim on 1 checkpoint (a) gave 1 verdict: 1 supported. Theorems and premises, in no sum: {passed} passed."
    )
    assert paragraph(found).startswith(told)
    assert "necessity-full-space" not in dict(tables(found))[MOE]
    assert "necessity-full-space" in dict(tables(found))["Theorems and premises"]


def test_checkpoints_that_were_held_against_no_untrained_twin_are_named() -> None:
    twin = criterion("x, untrained twin", (0.2, 0.1, 0.3), "> 0.2", role=Role.CONTROL)
    held = record("a", "held", Verdict.SUPPORTED, criteria=[twin])
    others = [
        record("b", "held", Verdict.SUPPORTED),
        record("a", "x", Verdict.PARTLY),
        record("a", "y", Verdict.REFUTED),
    ]
    said = paragraph(board([held, *others]))
    assert said.endswith("architecture give was not measured for x; --untrained names such.")
    assert "random weights" not in paragraph(board([held, others[0], others[2]]))


def test_without_a_primary_variant_the_first_decides() -> None:
    forks = [
        record("x", "a", verdict, variant={"r": r}, primary=False)
        for r, verdict in (("8", Verdict.REFUTED), ("16", Verdict.SUPPORTED))
    ]
    cell = board(forks).cells["x", "a"]
    assert (cell.verdict, cell.sensitive) == (Verdict.SUPPORTED, True)
