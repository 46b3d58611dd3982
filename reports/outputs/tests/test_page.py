"""The page to browse: whole, closed to the outside, every cell a link, and unharmed by what it shows."""

import base64
import gzip
import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from claims.core.record import write_records
from claims.core.verdict import Verdict
from reports.__main__ import main
from reports.data.board import board
from reports.data.places import is_null
from reports.data.runs import Run
from reports.outputs.html_page import BIBTEX, page
from reports.outputs.tests.test_render import HOSTILE, hostile_run
from reports.pages.criteria import because, value
from reports.pages.repeat import repeat
from reports.pages.takeaway import takeaways
from reports.tests.support.markup import Element, faults, filled, read_page
from reports.tests.support.sample_kinds import others
from reports.tests.support.samples import criterion, record, run
from reports.text.slugs import slug
from reports.text.vocabulary import CONTROL, CONTROL_MEANING

#: A claim that was measured on one checkpoint of three, so that some cells are empty.
RARE = record("kernel-depth", "zoo/balanced", Verdict.NOT_APPLICABLE, reason="no such layer")
RECORDS = [*run(), *others(), RARE]
NAME = "<img src=x onerror=alert(1)>[a](b)"


@pytest.fixture(scope="module")
def root() -> Element:
    """Return the page of the sample run with the history of two."""
    night = replace(RECORDS[0], criteria=[criterion("share", (0.5, 0.4, 0.6), "> 0.2")])
    found, wrong = read_page(filled(page(RECORDS, [Run("first", None, (night,)), Run("second", None, tuple(RECORDS))])))
    assert wrong == faults(found) == []
    return found


def test_every_measured_cell_is_a_link_to_its_claim_and_the_others_say_why_not(root: Element) -> None:
    cells = [td for td in root.all("td") if "data-verdict" in td.attributes]
    assert len(cells) == len(board(RECORDS).cells)
    ids = {element.attributes.get("id"): element for element in root.all()}
    for cell in cells:
        (link,) = cell.all("a")
        target, verdict = ids[link.attributes["href"][1:]], cell.attributes["data-verdict"]
        assert (target.tag, target.attributes["class"]) == ("details", "place")
        assert (target.attributes["data-verdict"], target.attributes["tabindex"]) == (verdict, "-1")
        assert verdict.replace("-", " ") in link.attributes["aria-label"]
    assert {"partly", "vacuous", "untrained-control"} <= {cell.attributes["data-verdict"] for cell in cells}
    bare = [td for td in root.all("td") if "data-place" in td.attributes and td not in cells]
    assert [(td.text, td.all("a")) for td in bare] == [("not run", [])] * 3


def test_a_claim_is_named_by_what_it_says_and_a_card_says_the_number_that_made_the_verdict(root: Element) -> None:
    titles = {record.claim: record.title for record in board(RECORDS).claims}
    (row,) = [r for r in root.all("tr") if r.attributes.get("data-claim") == "claim-kernel-energy"]
    assert row.all("th")[0].text == titles["kernel-energy"]
    (cell,) = [td for td in row.all("td") if td.attributes["data-place"] == slug("zoo/balanced")]
    record = board(RECORDS).cells["kernel-energy", "zoo/balanced"].primary
    assert cell.all("a")[0].text == f"∅ vacuous {value(record)}"
    assert cell.all("p", class_="why")[0].text == because(record)


def test_every_checkpoint_says_what_it_is_and_what_to_take_away(root: Element) -> None:
    (part,) = root.all("section", id="take-away")
    cards = {card.attributes["data-place"]: card.text for card in part.all("article")}
    run_of = board(RECORDS)
    for one in takeaways(run_of):
        assert one.short in cards[slug(one.name)]
    for name in run_of.controls:
        assert CONTROL_MEANING[1:] in cards[slug(name)]
    for link in part.all("a"):
        assert link.attributes["href"].startswith("#claim-")


def test_the_primary_variant_is_named(root: Element) -> None:
    told = [part.text for part in root.all("details", class_="place") if "Every variant of the definition" in part.text]
    assert told
    assert all("The primary variant, which decides: " in text for text in told)


def test_papers_lead_to_the_claims_that_encode_them(root: Element) -> None:
    papers = root.all("details", class_="paper")
    assert papers
    entries = [entry for paper in papers for entry in paper.all("section", class_="entry")]
    assert any(link.attributes["href"] == "#claim-kernel-energy" for entry in entries for link in entry.all("a"))
    assert all(entry.all("li") for entry in entries)


def test_the_verdicts_are_packed_inside_and_the_whole_records_may_lie_beside(root: Element) -> None:
    (packed,) = root.all("template", id="verdicts")
    lines = gzip.decompress(base64.b64decode(packed.text)).decode().splitlines()
    found = {(one["checkpoint"], one["claim"], one["variant"]): one for one in map(json.loads, lines)}
    assert found.keys() == {one.key for one in RECORDS}
    for one in RECORDS:
        assert [c["value"] for c in found[one.key]["criteria"]] == [c.value for c in one.criteria]
    assert 'href="records.jsonl"' not in page(RECORDS[:1])
    assert 'href="records.jsonl"' in page(RECORDS[:1], beside="records.jsonl")


def test_suite_and_papers_can_be_cited(root: Element) -> None:
    cited = " ".join(pre.text for pre in root.all("pre"))
    for line in BIBTEX.read_text(encoding="utf-8").splitlines():
        assert " ".join(line.split()) in cited


def test_experiments_are_a_list_with_a_verdict_a_row(root: Element) -> None:
    (grid,) = [s for s in root.all("section", class_="grid") if s.text.strip().startswith("Controlled experiments")]
    rows = [row for row in grid.all("tr") if "data-claim" in row.attributes]
    assert all(len([td for td in row.all("td") if "data-verdict" in td.attributes]) == 1 for row in rows)
    assert any("with loss" in row.text for row in rows)
    assert "not run" not in grid.text


def test_without_a_script_every_verdict_has_its_reason_and_its_number() -> None:
    plain_page, _ = read_page(page(RECORDS))
    places = {part.attributes["id"]: part.text for part in plain_page.all("details", class_="place")}
    for (claim, name), cell in board(RECORDS).cells.items():
        text = places[f"claim-{slug(claim)}--{slug(name)}"]
        assert because(cell.primary) in text
        assert is_null(cell.primary) or cell.primary.reason.rstrip(".") in text


def test_without_a_script_nothing_is_hidden_but_its_controls(root: Element) -> None:
    claims = root.all("details", class_="claim")
    assert len(claims) == len(board(RECORDS).claims)
    assert all("open" in claim.attributes for claim in claims)
    (form,) = root.all("form")
    assert "hidden" in form.attributes
    assert [select.attributes["name"] for select in form.all("select")] == ["on", "verdict", "group", "paper"]
    hidden = [e.attributes.get("id") for e in root.all() if "hidden" in e.attributes]
    assert hidden == ["filters", "nothing", "saving"]  # controls, and what they say


def test_filters_offer_what_there_is(root: Element) -> None:
    offered = {
        s.attributes["name"]: {o.attributes["value"] for o in s.all("option")} - {""} for s in root.all("select")
    }
    for name, attribute, tag in (
        ("verdict", "data-verdict", "td"),
        ("on", "data-place", "td"),
        ("group", "data-group", "tr"),
    ):
        cells = {e.attributes[attribute] for e in root.all(tag) if attribute in e.attributes}
        assert {value for value in offered[name] if not value.startswith("kind:")} == cells
    kinds = {e.attributes["data-kind"] for e in root.all("section", class_="grid")}
    assert {value.removeprefix("kind:") for value in offered["on"] if value.startswith("kind:")} <= kinds
    papers = {paper for row in root.all("tr") for paper in row.attributes.get("data-papers", "").split()}
    assert offered["paper"] == papers


def test_a_claim_has_its_numbers_its_figures_and_its_history(root: Element) -> None:
    (claim,) = root.all("details", id="claim-necessity-full-space")
    first, *others = claim.all("details", class_="place")
    assert len(others) == 3
    assert "routers blind to a move of 10 ||h||" in first.text
    assert "Counterexample: two inputs ten norms apart" in first.text
    images = claim.all("img")
    assert len(images) == 2  # the paper's figure drawn again, and the claim through the runs
    for image in images:
        assert b"<svg" in gzip.decompress(base64.b64decode(image.attributes["data-packed"]))
        assert image.attributes["alt"]
    assert re.search("Through the runs.*first", claim.text)


def test_a_theorem_that_fails_is_shouted_and_an_untrained_control_is_set_apart(root: Element) -> None:
    (alarm,) = root.all("p", class_="alarm")
    assert "kernel-counterexample" in alarm.text
    titles = [grid.all("h2")[0].text for grid in root.all("section", class_="grid")]
    assert titles[-2:] == ["Theorems and premises", "Theorems and premises on generated cases"]
    calm = [link for link in root.all("a") if link.attributes.get("class") == "cell v-passes"]
    assert len(calm) == 7
    first = root.all("section", class_="grid")[0]
    (head,) = first.all("th", class_="control")
    assert head.text == "zoo/init (control)"
    assert head is first.all("th", scope="col")[-1]
    cells = [td for td in first.all("td", class_="control") if "data-verdict" in td.attributes]
    values = [td.all("a")[0].text for td in cells]
    assert values == ["2.42", "0.0410", "0.990", "0.710"]


def test_at_which_thresholds_a_verdict_would_change_is_folded_and_not_told_of_a_control(root: Element) -> None:
    (claim,) = root.all("details", id="claim-kernel-energy")
    told = [part.all("details", class_="aside") for part in claim.all("details", class_="place")]
    assert [len(found) for found in told] == [2, 2, 2, 1]  # the last of each says how to repeat the verdict
    assert not any("open" in one.attributes for found in told for one in found)
    assert "vacuous at thresholds up to 0.066" in told[0][0].text


def test_each_verdict_says_how_to_repeat_it(root: Element) -> None:
    (part,) = root.all("details", id=f"claim-kernel-energy--{slug('zoo/balanced')}")
    told = part.all("details", class_="aside")[-1].text
    assert repeat(board(RECORDS).cells["kernel-energy", "zoo/balanced"].primary).command in told


def test_every_standing_has_a_style(root: Element) -> None:
    (style,) = root.all("style")
    for standing in (*Verdict, CONTROL):
        assert f".v-{standing.replace(' ', '-')}" in "".join(style.pieces)


def test_the_policy_allows_the_page_s_own_style_and_script_and_nothing_else(root: Element) -> None:
    (policy,) = root.all("meta", http_equiv="Content-Security-Policy")
    says = policy.attributes["content"]
    assert says.startswith("default-src 'none'; img-src data: blob:;")
    for tag in ("style", "script"):
        (element,) = root.all(tag)
        digest = base64.b64encode(hashlib.sha256("".join(element.pieces).encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in says
    assert "unsafe" not in says


def test_names_with_markup_are_shown_and_do_nothing() -> None:
    records = [*hostile_run(), record("kernel-energy", NAME, Verdict.SUPPORTED)]
    found, wrong = read_page(filled(page(records, [Run(NAME, None, tuple(records[-1:]))])))
    assert wrong == faults(found) == []
    assert not found.all("br")
    assert len(found.all("script")) == 1
    assert any(part.text == NAME for part in found.all("span", class_="name"))
    assert all(image.attributes["src"].startswith("data:") for image in found.all("img"))
    assert "\x1b" not in found.text
    assert HOSTILE[:3] in found.text


def test_it_is_made_to_fit_a_narrow_screen(root: Element) -> None:
    (viewport,) = root.all("meta", name="viewport")
    assert viewport.attributes["content"] == "width=device-width, initial-scale=1"
    for table in root.all("table"):
        (box,) = [box for box in root.all("div", class_="box", tabindex="0") if table in box.children]
        assert box.attributes["aria-label"]


def test_the_same_records_give_the_same_page() -> None:
    few = RECORDS[:3]
    assert page(few) == page(few[::-1])


def test_html_writes_one_file_beside_the_records_or_where_it_is_told(tmp_path: Path) -> None:
    write_records(tmp_path / "records.jsonl", RECORDS[:1])
    assert main(["html", str(tmp_path)]) == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["records.jsonl", "report.html"]
    assert 'href="records.jsonl"' in (tmp_path / "report.html").read_text(encoding="utf-8")
    elsewhere = tmp_path / "new" / "page.html"
    assert main(["html", str(tmp_path), "-o", str(elsewhere), "--history", str(tmp_path)]) == 0
    text = elsewhere.read_text(encoding="utf-8")
    assert ">Claims through 1 run</h2>" in text
    assert 'href="records.jsonl"' not in text
