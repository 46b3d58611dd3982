"""A paper's page: every figure beside what was measured, in the verdicts' own words."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from claims.core.record import Record
from claims.core.verdict import Verdict
from reports.data.board import board
from reports.figures.claim_figures import Picture
from reports.outputs.markdown_report import render
from reports.papers.agreement import WORD, in_sum, outcome
from reports.papers.page import paper_page
from reports.papers.paper import Page, Side
from reports.papers.paper_file import load_paper
from reports.papers.scale import span
from reports.papers.tables import claims_on
from reports.tests.support.pages import broken_links, ragged_tables
from reports.tests.support.sample_kinds import experiment, others
from reports.tests.support.samples import criterion, record, run
from reports.tests.support.small_paper import SMALL, measured, section


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """Return the page of the small paper."""
    path = tmp_path_factory.mktemp("papers") / "small.toml"
    path.write_text(SMALL, encoding="utf-8")
    return Page((load_paper(path),))


def page(told: Page, *records: Record) -> str:
    """Return the page of some records, without pictures."""
    return paper_page(told, board(records), {}, "report.md")


def test_a_figure_shows_the_paper_and_what_was_measured(small: Page) -> None:
    found = section(page(small, measured("a", "zoo/balanced", Verdict.SUPPORTED)), "Figure 1")
    assert "- The paper: A line rises.\n- Readers of it: It rises fast.\n- Models: tiny (0.1 B).\n" in found
    assert "- [a]: a. In sum: agree 1. Null: A random router of the same shape.\n" in found
    assert "| [a]     | zoo/balanced | agree     | slope 0.600 [0.500, 0.700] | > 0.2     |" in found
    assert "\nScale: 3.4 M parameters here; 100 M in the paper. Width matters.\n" in found


@pytest.mark.parametrize("verdict", list(Verdict))
def test_the_words_are_the_verdicts(small: Page, verdict: Verdict) -> None:
    found = section(page(small, measured("a", "x", verdict)), "Figure 1")
    assert re.search(rf"^\| \[a\] +\| x +\| {WORD[verdict]} +\|", found, re.MULTILINE)
    assert f"In sum: {WORD[verdict]} 1." in found


def test_a_figure_with_several_claims_shows_each_and_decides_nothing(small: Page) -> None:
    records = [measured("a", "x", Verdict.SUPPORTED), measured("c", "x", Verdict.REFUTED)]
    whole = page(small, *records)
    assert re.search(r"\| \[Figure 1\]\(#figure-1\) .* \| \[a\] and \[c\] +\| agree 1, disagree 1 +\|", whole)
    assert "[a]: a. In sum: agree 1." in whole
    assert "[c]: c. In sum: disagree 1." in whole


def test_a_range_of_figures_finds_any_of_its_numbers(small: Page) -> None:
    records = [measured(f"claim-{n}", "zoo/balanced", Verdict.SUPPORTED, f"TST Fig. {n}") for n in (2, 5, 6)]
    found = section(page(small, *records), "Figures 2 and 4 to 6")
    assert re.findall(r"^- \[(claim-\d)\]", found, re.MULTILINE) == ["claim-2", "claim-5", "claim-6"]
    assert "100 M to 2.0 B in the paper" in found


def test_a_figure_without_claim_says_why_and_one_without_record_that_it_was_not_run(small: Page) -> None:
    whole = page(small, measured("a", "x", Verdict.SUPPORTED))
    assert "No claim encodes it: it has no content." in section(whole, "Figure 3")
    assert "Models: not named in what we could read." in section(whole, "Figure 3")
    assert "Nothing that belongs to it was measured in this run." in section(whole, "Figures 2 and 4 to 6")
    assert re.search(r"\[Figure 3\].*\| no claim +\|", whole)
    assert re.search(r"\[Figures 2 and 4 to 6\].*\| not in this run +\|", whole)


def test_what_the_review_asserts_is_no_agreement_with_the_paper(small: Page) -> None:
    records = [measured("b", "x", Verdict.SUPPORTED, "none"), measured("a", "x", Verdict.SUPPORTED, "TST Prop. 1")]
    found = section(page(small, *records), "Prop. 1")
    assert "[b]: b; the objection. In sum: agree with the review 1." in found
    assert re.search(r"\| \[b\] +\| x +\| agree with the review +\|", found)
    assert re.search(r"\[Prop\. 1\].*\| agree 1, agree with the review 1 +\|", page(small, *records))


def test_places_that_share_a_number_share_a_row_and_an_experiment_names_its_arms(small: Page) -> None:
    records = [measured("a", name, Verdict.SUPPORTED) for name in ("x", "y")]
    compared = experiment("a", "loss", Verdict.SUPPORTED, figures=["TST Fig. 1"])
    found = section(page(small, *records, compared), "Figure 1")
    rows = [[c.strip() for c in line.split("|")[1:4]] for line in found.splitlines() if line.startswith("|")][2:]
    assert rows == [["[a]", "x and y", "agree"], ["", "loss (with loss / without; 2 seeds)", "agree"]]
    assert "In sum: agree 3." in found
    assert "Scale: 0.84 M parameters here;" in found


def test_a_vacuous_verdict_shows_the_null_that_made_it(small: Page) -> None:
    null = [criterion("slope, shuffled", (0.5, 0.4, 0.6), "> 0.2")]
    found = section(page(small, measured("a", "x", Verdict.VACUOUS, null=null)), "Figure 1")
    assert "slope 0.600 [0.500, 0.700]; null: slope, shuffled 0.500 [0.400, 0.600]" in found


def test_other_variants_are_told_where_they_depart(small: Page) -> None:
    first = measured("a", "x", Verdict.VACUOUS)
    other = replace(first, fork={"part": "second"}, primary=False, verdict=Verdict.SUPPORTED)
    whole = page(small, first, other)
    assert "says nothing †" in whole
    assert "In sum: says nothing 1. Other variants: part=second (agree 1)." in whole
    assert "Other variants" not in page(small, first, replace(other, verdict=Verdict.VACUOUS))


def test_an_untrained_control_is_counted_apart(small: Page) -> None:
    trained, init = (measured("a", name, Verdict.SUPPORTED) for name in ("x", "init"))
    control = replace(init, verdict=Verdict.REFUTED, checkpoint=init.checkpoint | {"control": True})
    assert "In sum: agree 1; untrained control: disagree 1." in page(small, trained, control)
    assert "In sum: untrained control: disagree 1." in page(small, control)


@pytest.mark.parametrize(
    ("says", "half"),
    [("None: planted cases.", "none"), ("A random router; judged alike.", "A random router"), ("D/E. More", "D/E")],
)
def test_the_null_takes_half_a_sentence(small: Page, says: str, half: str) -> None:
    assert f" Null: {half}.\n" in page(small, measured("a", "x", Verdict.SUPPORTED, null_says=says))


def test_pictures_of_the_figure_come_before_those_of_another(small: Page) -> None:
    records = [measured(claim, "x", Verdict.SUPPORTED) for claim in ("a", "c", "d")]
    own = Picture("figures/own.png", '"A" [b](c)', ("TST Fig. 1",))
    other = Picture("figures/o.png", "o", ("TST Fig. 2",))
    layer, torn = Picture("figures/layer.png", "l"), Picture("figures/torn.png", "t", ("TST Fig. 1",), "torn")
    drawn = {"a": [other, own, layer], "c": [other, layer], "d": [torn, layer]}
    found = section(paper_page(small, board(records), drawn, "report.md"), "Figure 1")
    assert re.findall(r'<a href="\.\./details/(\w)\.md"><img src="\.\./figures/(\w+)\.png"', found) == [
        ("a", "own"),
        ("c", "o"),
    ]
    assert 'alt="&#34;A&#34; &#91;b&#93;&#40;c&#41;"' in found


def test_records_of_no_figure_make_no_page(small: Page, tmp_path: Path) -> None:
    alone = [replace(r, figures=[], figure=None, layers=[], claim="other") for r in run() if r.claim == "kernel-energy"]
    assert claims_on(small, board(alone)) == []
    report = render(alone, tmp_path).read_text(encoding="utf-8")
    assert "papers/" not in report
    assert not (tmp_path / "papers").exists()


def test_experiments_alone_have_a_page(tmp_path: Path) -> None:
    render([r for r in others() if r.claim == "balance-controlled"], tmp_path)
    geo = (tmp_path / "papers" / "geo.md").read_text(encoding="utf-8")
    assert "In sum: agree 1, open 1." in section(geo, "Prop. 2")
    assert "balancing loss: small, Muon (with loss / without; 2 seeds)" in section(geo, "Prop. 2")
    assert broken_links(tmp_path) == []


def test_every_figure_of_geo_occurs_on_its_page(tmp_path: Path) -> None:
    render([replace(r, figure=None, layers=[]) for r in [*run(), *others()]], tmp_path)
    geo = (tmp_path / "papers" / "geo.md").read_text(encoding="utf-8")
    numbers: list[int] = []
    for heading in re.findall(r"^### Figures? (.+)$", geo, re.MULTILINE):
        for first, last in re.findall(r"(\d+)(?: to (\d+))?", heading):
            numbers += range(int(first), int(last or first) + 1)
    assert sorted(numbers) == list(range(1, 30))
    assert ragged_tables(geo) == []


def test_only_what_the_pages_claims_were_measured_on_is_listed(small: Page) -> None:
    whole = page(small, measured("a", "x", Verdict.SUPPORTED), record("other", "y", Verdict.SUPPORTED))
    listed = whole.split("Measured on:\n\n")[1].split("\n\n")[0]
    assert listed == "- x."


def test_hostile_names_stay_text(small: Page) -> None:
    name = "x|y](z)<b>\n# h `"
    odd = measured("a", name, Verdict.REFUTED, title=name, null_says=name, criteria=[criterion(name, (0, 0, 0), "> 0")])
    whole = page(small, odd)
    assert ragged_tables(whole) == []
    assert not re.search(r"(?<!\\)<b>|^# h", whole, re.MULTILINE)


def test_a_sum_orders_the_paper_first() -> None:
    found = [(v, s) for s in reversed(Side) for v in Verdict]
    assert in_sum(found).split(", ") == [
        *("agree 1", "disagree 1", "says nothing 4", "open 4", "not applicable 4", "not computed 4"),
        *("agree as revised 1", "disagree as revised 1", "agree with the review 1", "disagree with the review 1"),
        *("supported (ours) 1", "refuted (ours) 1"),
    ]
    assert {outcome(v, Side.PAPER) for v in Verdict} == set(WORD.values())


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ([3_000_000, 837_120], "0.84 to 3.0 M"),
        ([837_120, 21e9], "0.84 M to 21 B"),
        ([16e9, 30.5e9], "16 to 30 B"),
        ([12_000], "12 K"),
        ([499], "0.50 K"),
    ],
)
def test_spans(sizes: list[float], said: str) -> None:
    assert span(sizes) == said
