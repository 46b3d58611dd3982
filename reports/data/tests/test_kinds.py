"""Dense models and experiments beside Mixture-of-Experts checkpoints: shown apart, and missing on none by mistake."""

import re
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
from reports.pages.matrix import tables
from reports.pages.summary import paragraph
from reports.runner.terminal import compact
from reports.tests.support.pages import broken_links
from reports.tests.support.sample_functions import functions
from reports.tests.support.sample_kinds import dense, experiment, others
from reports.tests.support.samples import record, run
from reports.text.short_names import LONGEST, heads

WHOLE = [*run(), *others()]
MOE, EXPERIMENTS = "Claims by checkpoints", "Controlled experiments"


def shown(records: list[Record], title: str) -> str:
    """Return a table of the report."""
    return dict(tables(board(records)))[title]


def rows(text: str) -> list[list[str]]:
    """Return the cells of a page's table rows."""
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("|")]


def test_every_kind_has_its_own_table() -> None:
    moe, of_dense = rows(shown(WHOLE, MOE)), rows(shown(WHOLE, "Dense models"))
    assert moe[0] == ["claim", "example/MoE-16B-A3B", "zoo/balanced", "zoo/unbalanced"]
    assert of_dense[0] == ["claim", "zoo/dense", "zoo/dense-sandwich"]
    assert of_dense[-1] == ["[dense-similarity]", "✓ supported", "✗ refuted"]
    assert not {"[dense-similarity]", "[balance-controlled]"} & {row[0] for row in moe}
    assert rows(shown(WHOLE, EXPERIMENTS))[2] == [
        "[balance-controlled]", "balancing loss: small, AdamW", "with loss / without", "2", "✓ supported",
    ]  # fmt: skip


def test_groups_are_heading_rows() -> None:
    titles = [row[0] for row in rows(shown(WHOLE, MOE)) if row[0].startswith("**")]
    assert titles == [
        "**A. The linear router**",
        "**B. Load balancing and the shared direction**",
        "**C. Inputs and context**",
    ]


def test_functions_are_group_e_and_generated_cases_are_called_so(tmp_path: Path) -> None:
    found = functions()
    assert rows(shown(found, MOE))[2][0] == "**E. Function and representation**"
    assert paragraph(board(found)).endswith(
        "1 claim was checked on generated cases (identities, synthetic data, models trained in the run): 1 refuted. "
        "2 of all 5 verdicts depend on the variant of the definition."
    )
    report = render(found, tmp_path).read_text(encoding="utf-8")
    assert "- [topk-sharpening-function] is **refuted**:" in report
    assert re.search(r"is 0\.100 \[0\.0500, 0\.150\] on generated cases\.$", report, re.MULTILINE)
    assert not re.search(r"\bon generated(?! cases)", report)


def test_only_what_was_run_on_another_of_its_kind_is_a_gap() -> None:
    assert board(WHOLE).gaps() == []
    alone = [r for r in WHOLE if (r.claim, r.key[0]) != ("dense-similarity", "zoo/dense")]
    more = [*alone, dense("zoo/dense", Verdict.SUPPORTED, claim="other-similarity")]
    assert board(more).gaps() == [
        ("dense-similarity", "zoo/dense"),
        ("other-similarity", "zoo/dense-sandwich"),
    ]


def test_the_summary_counts_kinds_apart() -> None:
    said = paragraph(board(WHOLE))
    assert "6 claims on 3 checkpoints" in said
    assert "1 claim on 2 dense models (zoo/dense and zoo/dense-sandwich) gave 2 verdicts: 1 supported and" in said
    assert "2 controlled experiments gave 2 verdicts: 1 supported and 1 inconclusive." in said


def test_one_claim_may_be_measured_on_checkpoints_and_in_an_experiment() -> None:
    both = [*run(), experiment("kernel-energy", "loss", Verdict.SUPPORTED)]
    assert [name for name, _ in board(both).of_claim("kernel-energy")][-1] == "loss"
    assert "kernel-energy" in shown(both, MOE)
    assert "kernel-energy" in shown(both, EXPERIMENTS)
    assert board(both).gaps() == []


def test_a_record_that_failed_before_its_kind_was_known_follows_the_others_of_its_name() -> None:
    failed = record("balance-other", "balancing loss: small, AdamW", Verdict.ERROR, reason="out of memory")
    assert board([*others(), failed]).names(Kind.MOE) == []
    assert board([failed, *others()]).names(Kind.MOE) == []


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


def test_a_name_with_a_pipe_stays_one_cell() -> None:
    odd = experiment("a", "x|y<br>", Verdict.SUPPORTED)
    table = shown([replace(odd, checkpoint=odd.checkpoint | {"arms": ["p|q", "r"]})], EXPERIMENTS)
    assert "x\\|y\\<br>" in table
    assert "p\\|q / r" in table


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


def test_merge_takes_an_unnamed_kind_for_a_mixture_of_experts() -> None:
    whole = run()[0]
    named = replace(whole, checkpoint=whole.checkpoint | {"kind": "moe"})
    assert len(merge([[whole], [named]])) == 1
    assert merge([[whole], [named]]) == merge([[named], [whole]])
    with pytest.raises(BadInput, match="disagree in checkpoint"):
        merge([[whole], [replace(whole, checkpoint=whole.checkpoint | {"kind": "dense"})]])


def test_merge_refuses_one_experiment_on_other_checkpoints() -> None:
    (one,) = [r for r in others() if r.key[0].endswith("AdamW")]
    other = replace(one, checkpoint=one.checkpoint | {"checkpoints": []})
    with pytest.raises(BadInput, match="disagree in checkpoint"):
        merge([[one], [other]])


def controls(*claims: str) -> list[Record]:
    """Return refuted records of an untrained control."""
    whole = [record(claim, "zoo/init", Verdict.REFUTED, reason="0.1, claimed > 0.2") for claim in claims]
    return [replace(r, checkpoint=r.checkpoint | {"control": True}) for r in whole]


def test_what_fails_on_an_untrained_control_alone_is_no_finding(tmp_path: Path) -> None:
    records = [*controls("a", "b"), record("b", "zoo/x", Verdict.REFUTED, reason="0.1, claimed > 0.2")]
    report = render(records, tmp_path).read_text(encoding="utf-8")
    assert "- [a] is" not in report
    assert "- [b] is **refuted** on 2 of 2: 0.1, claimed > 0.2 on zoo/init and zoo/x." in report


def test_what_holds_on_an_untrained_control_alone_is_told_apart(tmp_path: Path) -> None:
    def at(claim: str, name: str, verdict: Verdict) -> Record:
        return replace(record(claim, name, verdict, criteria=[]), group="B")

    found = [at("a", "zoo/init", Verdict.SUPPORTED), at("b", "zoo/init", Verdict.SUPPORTED)]
    records = [replace(r, checkpoint=r.checkpoint | {"control": True}) for r in found]
    records += [at("a", "zoo/x", Verdict.SUPPORTED), at("b", "zoo/x", Verdict.INCONCLUSIVE)]
    report = render(records, tmp_path).read_text(encoding="utf-8")
    assert "- **Supported on the untrained control too**, so no effect of training: [a]." in report
    assert "- **Supported on the untrained control alone**, and on nothing trained: [b]." in report


def test_a_terminal_too_narrow_for_names_numbers_them() -> None:
    many = [record("kernel-energy", f"organisation/model-{i}", Verdict.SUPPORTED) for i in range(9)]
    lines = compact(board([*many, *others()]), 60)
    assert lines[0].split() == ["claim", *"123456789"]
    assert "9 organisation/model-8" in lines
    assert "dense-similarity  zoo/dense-sandwich  ✗ refuted" in lines
    assert "balance-controlled  balancing loss: small, Muon   ? inconclusive" in lines
    assert max(map(len, lines)) <= 70


@given(st.lists(st.text(min_size=1), unique=True, max_size=12), st.integers(0, 40))
def test_heads_are_short_and_their_number_is_kept(names: list[str], extra: int) -> None:
    longer = [f"org/{'x' * extra}{name}" for name in names]
    found = heads(longer)
    assert list(found) == longer
    assert max(map(len, found.values()), default=0) <= LONGEST


def test_heads_that_would_be_alike_are_numbered() -> None:
    names = [f"{org}/a-rather-long-name-of-a-model" for org in ("one", "two")]
    found = heads(names)
    assert len(set(found.values())) == 2
    assert all(head.endswith(f"({i})") for i, head in enumerate(found.values(), start=1))
