"""The facts about a paper: every figure is in its file once, and a damaged file is one sentence."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from claims.core.verdict import Verdict
from claims.runner.catalogue import catalogue
from reports.data.board import Board, board
from reports.data.read import BadInput
from reports.papers.paper import Side, Status
from reports.papers.paper_file import FOLDER, load_paper, pages
from reports.papers.tables import claims_of, claims_on
from reports.tests.support.samples import record
from reports.tests.support.small_paper import SMALL
from reports.text.figure_labels import labels_of


@pytest.fixture(scope="module")
def everything() -> Board:
    """Return the board of a run of every claim that there is."""
    return board(
        replace(record(claim.id, "zoo/x", Verdict.SUPPORTED), figures=list(claim.figures)) for claim in catalogue()
    )


def refused(folder: Path, text: str) -> str:
    """Return the one line that reading a paper's file says."""
    path = folder / "small.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        load_paper(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_small_paper_is_sound(tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text(SMALL, encoding="utf-8")
    (page,) = pages(tmp_path)
    (paper,) = page.papers
    assert (page.title, page.slug) == ("TST, figure by figure", "tst")
    assert [entry.name for entry in paper.figures] == ["Figure 1", "Figures 2 and 4 to 6", "Figure 3"]
    assert paper.figures[1].labels == {"Fig. 2", "Fig. 4", "Fig. 5", "Fig. 6"}
    assert paper.figures[0].shows == {Status.PAPER: "A line rises.", Status.READ: "It rises fast."}
    assert (paper.side("b"), paper.side("a")) == (Side.REVIEW, Side.PAPER)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("numbers = [3]", "numbers = [7]", "small.toml: figure 3 is in no entries"),
        ("numbers = [3]", "numbers = [3, 1]", "figure 1 is in 2 entries"),
        ("figures = 6", "figures = 5", "figure 6 is not one of 1 to 5"),
        ("figures = 6", 'figures = "six"', "small.toml: figures is text, not a whole number"),
        ("numbers = [3]", "numbers = []", "the figure Third needs a list of numbers"),
        ("numbers = [3]", "numbers = [true]", "figure[2].numbers[0] is true or false, not a whole number"),
        ('models = ["tiny"]', 'models = ["huge"]', "Figure 1 names the model huge"),
        ('models = ["tiny"]', 'models = "tiny"', "figure[0].models is text, not a list"),
        ('paper = "A line rises."', 'rumour = "A line rises."', "figure[0] has the unknown field 'rumour'"),
        ('reconstructed = "Nothing."', "", "figure[2]: Third says nothing under paper, read, reconstructed"),
        ('name = "Prop. 1"', "numbers = [6]", "the statement All is well needs a name"),
        ('title = "First"', 'title = " "', "figure[0].title is empty"),
        ('side = "review"', 'side = "judge"', "reading[0].side is 'judge'"),
        ('"tiny" = 0.1', '"tiny" = "small"', "models[...] is text, not a number"),
        ('"tiny" = 0.1', '"tiny" = -1', "models[...] is not a number > 0"),
        ('label = "TST"', "", "small.toml has no field 'label'"),
        ("figures = 6", "figures = ", "small.toml: Invalid value"),
        ("[[reading]]", "[reading]", "reading is a table of fields, not a list"),
    ],
)
def test_a_damaged_file_is_one_sentence(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in SMALL
    assert says in refused(tmp_path, SMALL.replace(old, new, 1))


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"cannot read .*lost.toml: No such file"):
        load_paper(tmp_path / "lost.toml")


def test_every_figure_of_geo_from_1_to_29_is_in_its_file() -> None:
    geo = load_paper(FOLDER / "geo.toml")
    labels = [label for entry in geo.figures for label in entry.labels]
    assert sorted(labels) == sorted(f"Fig. {number}" for number in range(1, 30))
    assert {entry.name for entry in geo.statements} == {"Prop. 1", "Prop. 2", "Review"}


@pytest.mark.parametrize("number", [1, 14, 29])
def test_geo_without_one_of_its_figures_is_refused(tmp_path: Path, number: int) -> None:
    whole = (FOLDER / "geo.toml").read_text(encoding="utf-8")
    less = re.sub(rf"^(numbers = .*?)\b{number}\b,? ?", r"\1", whole, flags=re.MULTILINE)
    assert re.search(rf"figure {number} is in no|needs a list of numbers", refused(tmp_path, less))


def test_every_claim_that_the_files_name_exists_and_every_label_that_a_claim_names_has_an_entry() -> None:
    papers = [paper for page in pages() for paper in page.papers]
    named = {claim for paper in papers for claim in paper.readings}
    named |= {claim for paper in papers for entry in paper.entries for claim in entry.claims}
    assert named - {claim.id for claim in catalogue()} == set()
    for paper in papers:
        labels = {label for claim in catalogue() for label in labels_of(paper.label, claim.figures)}
        assert labels - {label for entry in paper.entries for label in entry.labels} == set()


def test_every_entry_has_a_claim_or_says_why_not(everything: Board) -> None:
    without = [
        page.name(paper, entry)
        for page in pages()
        for paper, entry in page.entries
        if bool(entry.unclaimed) == bool(claims_of(paper, entry, everything))
    ]
    assert without == []


def test_every_claim_about_functions_is_on_the_page_of_asy(everything: Board) -> None:
    (asy,) = [page for page in pages() if page.slug == "asy"]
    assert [paper.label for paper in asy.papers] == ["ASY", "PRB"]
    told = {claim.claim for claim in claims_on(asy, everything)}
    assert {claim.id for claim in catalogue() if claim.group == "E"} - told == set()


def test_a_paper_may_be_told_on_the_page_of_another(tmp_path: Path) -> None:
    other = SMALL.replace('label = "TST"', 'label = "OTH"\npage = "TST"').replace('"b"', '"c"')
    (tmp_path / "a.toml").write_text(other, encoding="utf-8")
    (tmp_path / "b.toml").write_text(SMALL, encoding="utf-8")
    (page,) = pages(tmp_path)
    assert (page.slug, page.title) == ("tst", "TST and OTH, figure by figure")
    assert {page.name(paper, paper.figures[0]) for paper in page.papers} == {"TST Figure 1", "OTH Figure 1"}
    (tmp_path / "b.toml").unlink()
    with pytest.raises(BadInput, match="OTH is to be told on the page of TST, which has no page of its own"):
        pages(tmp_path)


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("GEO Fig. 5", {"Fig. 5"}),
        ("GEO Figs 16-19, at v_1", {"Fig. 16", "Fig. 17", "Fig. 18", "Fig. 19"}),
        ("GEO Figs. 3, 23 and 24 to 25", {"Fig. 3", "Fig. 23", "Fig. 24", "Fig. 25"}),
        ("GEO Fig. 29-2", set()),
        ("GEO Prop. 1", {"Prop. 1"}),
        ("GEO Prop. 1, in words", {"Prop. 1"}),
        ("ours (GEO Fig. 5)", set()),
        ("GEOX Fig. 5", set()),
        ("GEO", set()),
        ("", set()),
        ("GEO Fig. x\n| <b>", {"Fig. x | <b>"}),
    ],
)
def test_labels(text: str, labels: set[str]) -> None:
    assert labels_of("GEO", [text]) == labels
