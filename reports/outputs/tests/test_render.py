"""The report as a whole: golden text, the same bytes every time, and nothing that breaks it."""

import random
import re
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest

from claims.core.record import Figure, LayerCurve, Record, Series
from claims.core.verdict import Verdict
from reports.data.completeness import Completeness
from reports.outputs.markdown_report import render
from reports.tests.support.golden import PAGES, write
from reports.tests.support.pages import broken_links, prose, ragged_tables
from reports.tests.support.sample_kinds import experiment, others
from reports.tests.support.samples import criterion, record, run

GOLDEN = Path(__file__).parents[2] / "tests" / "golden"
HOSTILE = "../`x`|[a](b)<br>\n# h\x1b[31m" + "long" * 60


def hostile_run() -> list[Record]:
    """Return records whose every outside text is hostile, on a place of every kind."""
    checkpoint = {"name": HOSTILE, "revision": HOSTILE, "architecture": HOSTILE, "layers": None, "about": HOSTILE}
    compared = {"kind": "experiment", "arms": [HOSTILE, HOSTILE], "checkpoints": [[HOSTILE, HOSTILE]]}
    places = (
        checkpoint,
        checkpoint | {"name": f"d{HOSTILE}", "kind": "dense"},
        checkpoint | compared | {"name": f"e{HOSTILE}"},
    )
    whole = next(r for r in run() if r.claim == "necessity-full-space")
    assert whole.figure is not None
    assert whole.certificate is not None
    bad = replace(
        whole,
        kind="finding",
        claim=HOSTILE,
        title=HOSTILE,
        group=HOSTILE,
        figures=["GEO Fig. 5", f"GEO {HOSTILE}"],
        null_says=HOSTILE,
        reason=HOSTILE,
        notes=[HOSTILE],
        sensitivity=[HOSTILE],
        equation=f"```\n{HOSTILE}",
        variant={HOSTILE: HOSTILE},
        thresholds={HOSTILE: {"value": 0.1, "why": HOSTILE}},
        criteria=[criterion(HOSTILE, (0.5, 0.4, 0.6), "> 0.2", unit=HOSTILE, method=HOSTILE)],
        provenance={HOSTILE: {HOSTILE: HOSTILE}},
        certificate=replace(whole.certificate, says=HOSTILE, file=HOSTILE),
        figure=replace(whole.figure, title=HOSTILE, x_label="$\\frac{", redraws='"日本 $_$><script>'),
    )
    other = replace(bad, variant={"r": HOSTILE}, primary=False, verdict=Verdict.SUPPORTED, certificate=None)
    torn = replace(bad, claim=f"t{HOSTILE}", kind="theorem", expected=None)
    return [*(replace(r, checkpoint=place) for place in places for r in (bad, other)), torn, *run()[:1]]


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the report of the whole sample run, with every other page that is kept beside it."""
    return write(tmp_path_factory.mktemp("whole"))


def bare(records: list[Record]) -> list[Record]:
    """Return the records without pictures, which take most of the time."""
    return [replace(r, figure=None, layers=[]) for r in records]


@pytest.mark.parametrize("page", PAGES)
def test_golden(rendered: Path, page: str) -> None:
    """To renew: ``python -m reports.tests FOLDER``, read the pages in FOLDER, copy them."""
    text = (rendered.parent / page).read_text(encoding="utf-8")
    assert text == (GOLDEN / Path(page).name).read_text(encoding="utf-8")


def test_completeness_is_told(tmp_path: Path) -> None:
    told = Completeness(20, ("claims/test_geo.py::test_lost[zoo/balanced]",))
    report = render(bare(run()), tmp_path, told).read_text(encoding="utf-8")
    assert "\nRecorded 19 of 20 claim tests. Beside the papers: [GEO, figure by figure](papers/geo.md).\n" in report
    assert "left no record" in report
    assert "- `claims/test_geo.py::test_lost[zoo/balanced]`" in report


def test_same_records_same_bytes_in_any_order(tmp_path: Path) -> None:
    ordered = [r for r in [*run(), *others()] if r.key[0] not in ("zoo/unbalanced", "example/MoE-16B-A3B")]
    shuffled = random.Random(5).sample(ordered, len(ordered))
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder, records in zip(folders, (ordered, shuffled), strict=True):
        render(records, folder)
    first, second = ({p.relative_to(f): p.read_bytes() for p in sorted(f.rglob("*.*"))} for f in folders)
    assert first == second
    assert len(first) == 17


def test_every_picture_is_on_its_claims_page_once(rendered: Path) -> None:
    pages = "".join(p.read_text(encoding="utf-8") for p in (rendered.parent / "details").iterdir())
    linked = re.findall(r"!\[[^\n]*\]\(\.\./(figures/[a-z0-9-]+\.webp)\)", pages)
    assert sorted(linked) == sorted(f"figures/{p.name}" for p in (rendered.parent / "figures").iterdir())


def test_every_link_leads_somewhere(rendered: Path, tmp_path: Path) -> None:
    broken = broken_links(rendered.parent)
    assert [bad for bad in broken if not bad.startswith("small.md: ")] == []  # its claims have no pages
    render(hostile_run(), tmp_path, name="a (b) #c.md")
    assert broken_links(tmp_path) == []


def test_the_report_stays_short_and_opens_with_what_to_take_away_and_the_matrix(tmp_path: Path) -> None:
    names = [f"zoo/{i}" for i in range(10)]
    cells = [(f"claim-{i}", name, rank) for i in range(30) for name in names for rank in "89"]
    many = [record(c, n, Verdict.SUPPORTED, variant={"r": rank}, primary=rank == "8") for c, n, rank in cells]
    lines = render([*many, *others()], tmp_path).read_text(encoding="utf-8").splitlines()
    assert len(lines) < 300
    assert lines[2] == "## What to take away"
    assert lines[4].startswith("For each checkpoint, up to three claims")
    assert lines[6] == "**zoo/0**. Of 30 empirical claims, 30 hold."
    assert next(i for i, line in enumerate(lines) if line.startswith("|")) < 50
    assert lines.index("## Dense models") < lines.index("## Controlled experiments")


def test_hostile_texts_break_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "inner"
    render(hostile_run(), folder)
    pages = sorted(folder.rglob("*.md"))
    assert len(pages) == 5
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"(?<!\\)<(?:br|script)>|\x1b|^# h", prose(text), re.MULTILINE)
        assert ragged_tables(text) == []
    assert [p for p in tmp_path.rglob("*") if p.is_file() and folder not in p.parents] == []


def test_a_claims_own_sentences_are_whole(tmp_path: Path) -> None:
    long = f"{'the same experts with other weights, ' * 14}and that is all"
    (whole,) = [record("kernel-energy", "a", Verdict.REFUTED, reason=long)]
    render([replace(whole, definition=long, null_says=long, statement=long, notes=[long])], tmp_path)
    page = (tmp_path / "details" / "kernel-energy.md").read_text(encoding="utf-8")
    assert page.count(long) == 5
    assert "…" not in page


@pytest.mark.parametrize(
    ("curve", "own", "kind", "pictures"),
    [
        ({}, False, "finding", ["kernel-energy-by-layer.webp"]),
        ({}, True, "finding", ["kernel-energy.webp"]),
        ({"value": [0.5, 0.51]}, False, "finding", []),
        ({}, False, "theorem", []),
    ],
)
def test_by_layer_is_drawn_what_changes_and_has_no_figure_of_its_own(
    tmp_path: Path, curve: dict[str, Any], own: bool, kind: Literal["finding", "theorem"], pictures: list[str]
) -> None:
    series = [Series("MoE", [0, 1], [0.5, 0.6], [0.4, 0.5], [0.6, 0.7])]
    figure = Figure("lines", "rho", "GEO Fig. 2", "layer", "rho", series) if own else None
    layers = [replace(LayerCurve("rho, MoE", [0, 1], [0.5, 0.6]), **curve)]
    render([record("kernel-energy", "a", Verdict.SUPPORTED, layers=layers, figure=figure, kind=kind)], tmp_path)
    assert [path.name for path in (tmp_path / "figures").glob("*")] == pictures


def test_a_figure_that_cannot_be_drawn_is_a_sentence(tmp_path: Path) -> None:
    whole = next(r for r in run() if r.figure is not None)
    assert whole.figure is not None
    torn = replace(whole.figure, series=[replace(whole.figure.series[0], x=[1.0])])
    render([replace(whole, figure=torn)], tmp_path)
    page = (tmp_path / "details" / f"{whole.claim}.md").read_text(encoding="utf-8")
    assert re.search("No picture of .* different lengths", page)
    assert "<img" not in (tmp_path / "papers" / "geo.md").read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="no record"):
        render([], tmp_path)


def test_each_of_the_papers_figures_is_drawn_and_no_picture_mixes_kinds(tmp_path: Path) -> None:
    whole = next(r for r in run() if r.claim == "kernel-counterexample" and r.figure is not None)
    assert whole.figure is not None
    second = replace(whole, variant={"r": "2"}, primary=False, figure=replace(whole.figure, redraws="GEO Fig. 29"))
    compared = experiment(whole.claim, "e", Verdict.SUPPORTED, figure=whole.figure)
    render([whole, second, replace(whole, variant={"r": "3"}, primary=False), compared], tmp_path)
    drawn = {p.name.removeprefix("kernel-counterexample") for p in (tmp_path / "figures").iterdir()}
    assert drawn == {".webp", "-redrawn-2.webp", "-redrawn-3.webp"}


def test_the_report_says_what_was_not_run_has_no_number_or_no_room(tmp_path: Path) -> None:
    records = [record("kernel-energy", f"org/model-{i:02}", Verdict.SUPPORTED) for i in range(11)]
    records += [record("bound-tightness", "b", Verdict.ERROR), record("identity-a", "generated", Verdict.SUPPORTED)]
    report = render(records, tmp_path).read_text(encoding="utf-8")
    assert len(re.findall(r"^\| claim +\|.* org/model", report, re.MULTILINE)) == 2
    assert "- [kernel-energy] was not run on b." in report
    assert "The smallest is" not in report
    page = (tmp_path / "details" / "identity-a.md").read_text(encoding="utf-8")
    assert "None of the cases that were generated for it contradicts it." in page
