"""A paper's page: every figure beside what was measured, in the verdicts' own words; several papers on one."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from claims.core.record import Record
from claims.core.verdict import Verdict
from reports.data.board import board
from reports.figures.claim_figures import Picture
from reports.outputs.markdown_report import render
from reports.papers.agreement import in_sum, outcome
from reports.papers.page import paper_page
from reports.papers.paper import Page, Side
from reports.papers.paper_file import load_paper
from reports.papers.scale import span
from reports.papers.tables import claims_on, variants
from reports.tests.support.pages import broken_links, ragged_tables, rows
from reports.tests.support.sample_functions import functions
from reports.tests.support.sample_kinds import others
from reports.tests.support.samples import run
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


@pytest.mark.parametrize("verdict", list(Verdict))
def test_the_words_are_the_verdicts(small: Page, verdict: Verdict) -> None:
    found = section(page(small, measured("a", "x", verdict)), "Figure 1")
    assert re.search(rf"^\| \[a\] +\| x +\| {verdict} +\|", found, re.MULTILINE)
    assert f"In sum: {verdict} on 1 of 1." in found


def test_theorems_and_untrained_controls_are_in_no_sum(small: Page) -> None:
    theorem = measured("a", "x", Verdict.REFUTED, kind="theorem", expected="refuted")
    control = measured("c", "zoo/init", Verdict.REFUTED)
    whole = page(small, theorem, control, measured("c", "x", Verdict.PARTLY))
    found = section(whole, "Figure 1")
    assert re.findall(r"In sum: (.+?)\. Null", found) == ["theorems: 1 of 1 check passed", "partly on 1 of 1"]
    outcomes = [(row[1], row[2]) for row in rows(found)[2:]]
    assert outcomes == [("x", "refuted (theorem)"), ("x", "partly"), ("zoo/init", "untrained control")]
    assert re.search(r"^\| \[Figure 1\].* partly on 1 of 1; theorems: 1 of 1 check passed \|$", whole, re.MULTILINE)


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


def test_every_figure_of_geo_occurs_on_its_page(tmp_path: Path) -> None:
    render([replace(r, figure=None, layers=[]) for r in [*run(), *others()]], tmp_path)
    geo = (tmp_path / "papers" / "geo.md").read_text(encoding="utf-8")
    numbers: list[int] = []
    for heading in re.findall(r"^### Figures? (.+)$", geo, re.MULTILINE):
        for first, last in re.findall(r"(\d+)(?: to (\d+))?", heading):
            numbers += range(int(first), int(last or first) + 1)
    assert sorted(numbers) == list(range(1, 30))
    assert ragged_tables(geo) == []


def test_a_sum_orders_the_paper_first() -> None:
    found = [(v, s) for s in reversed(Side) for v in Verdict]
    assert in_sum(found).split(", ") == [
        *("supported on 1 of 28", "partly on 1 of 28", "vacuous on 4 of 28", "refuted on 1 of 28"),
        *("inconclusive on 4 of 28", "not applicable on 4 of 28", "error on 4 of 28"),
        *(f"{word} as revised on 1 of 28" for word in ("supported", "partly", "refuted")),
        *(f"{word} as the review says on 1 of 28" for word in ("supported", "partly", "refuted")),
        *(f"{word} (ours) on 1 of 28" for word in ("supported", "partly", "refuted")),
    ]
    assert {outcome(v, Side.PAPER) for v in Verdict} == {verdict.value for verdict in Verdict}


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


def test_a_figure_that_no_claim_was_measured_for_is_told_apart_from_one_without_a_claim(small: Page) -> None:
    whole = page(small, measured("a", "x", Verdict.SUPPORTED))
    assert "it has no content" in section(whole, "Figure 3")
    assert "measured in this run" in section(whole, "Figures 2 and 4 to 6")
    assert re.findall(r"\[(Fig[^]]+)\].*\| (no\w* .*?) +\|$", whole, re.MULTILINE) == [
        ("Figures 2 and 4 to 6", "not in this run"),
        ("Figure 3", "no claim"),
    ]


def test_other_variants_are_told_only_where_they_depart(small: Page) -> None:
    first = measured("a", "x", Verdict.VACUOUS)
    other = replace(first, variant={"part": "second"}, primary=False)
    assert "part=second (" not in page(small, first, other)
    assert "part=second (" in page(small, first, replace(other, verdict=Verdict.SUPPORTED))


def test_papers_on_one_page_keep_their_entries_apart(tmp_path: Path) -> None:
    bare = [replace(r, figure=None) for r in functions()]
    render([replace(r, figures=[*r.figures, "PRB finding iii"]) for r in bare], tmp_path)
    asy = (tmp_path / "papers" / "asy.md").read_text(encoding="utf-8")
    assert asy.startswith("# ASY and PRB, claim by claim\n\nASY: Geometric")
    headings = re.findall(r"^##+ (.+)$", asy, re.MULTILINE)
    assert headings.index("ASY: statements") < headings.index("ASY claim C") < headings.index("PRB: statements")
    assert "[functional-decorrelation]: Functional decorrelation. In sum: supported on 3 of 3." in section(
        asy, "ASY claim A"
    )
    assert section(asy, "PRB finding iii").count("In sum: ") == 3
    assert ragged_tables(asy) == []
    assert broken_links(tmp_path) == []


def test_a_glance_at_many_checkpoints_is_split_and_the_deciding_variant_comes_first() -> None:
    names = [f"organisation/a-model-with-a-long-name-{i:02}" for i in range(9)]
    many = [
        measured("a", name, verdict, variant={"r": rank}, primary=rank == "8")
        for name in names
        for rank, verdict in (("16", Verdict.REFUTED), ("8", Verdict.SUPPORTED))
    ]
    text = variants(board(many).claims, board(many))
    assert re.findall(r"^\| +(?:\[a\])? +\| (r=\d+) +\| (.)", text, re.MULTILINE) == [("r=8", "✓"), ("r=16", "✗")] * 2
    assert "a-model-with-a-l…name-08: organisation/a-model-with-a-long-name-08." in text
