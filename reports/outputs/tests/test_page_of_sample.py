"""The page of the whole sample: below 2 MB, every number one of the records', and in a browser without a barrier."""

import base64
import gzip
import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from claims.core.record import Record, read_records
from reports.data.board import board
from reports.outputs.html_page import page
from reports.outputs.tests.test_one_number import PRINTED, known
from reports.outputs.tests.test_page_browser import CHROMIUM, FOLDER, MISSING, ROOT
from reports.pages.criteria import value
from reports.tests.support.markup import Element, filled, read_page
from reports.text.slugs import slug

#: Bytes that a phone loads on a slow line in a few seconds.
LARGEST = 2_000_000


@pytest.fixture(scope="module")
def records() -> list[Record]:
    """Return the records of the sample."""
    return read_records(ROOT / "docs" / "sample" / "records.jsonl")


@pytest.fixture(scope="module")
def text(records: list[Record]) -> str:
    """Return the page of the sample."""
    return page(records)


@pytest.fixture(scope="module")
def root(text: str) -> Element:
    """Return the page with what its script unpacks in its place."""
    found, wrong = read_page(filled(text))
    assert wrong == []
    return found


def test_it_is_below_two_megabytes(text: str) -> None:
    assert len(text.encode("utf-8")) < LARGEST


def test_a_cell_says_the_value_of_its_record(records: list[Record], root: Element) -> None:
    cells = {
        link.attributes["href"]: link.text
        for td in root.all("td")
        if "data-verdict" in td.attributes
        for link in td.all("a")
    }
    found = board(records).cells
    assert len(cells) == len(found)
    for (claim, place), cell in found.items():
        if cell.primary.kind == "finding" and cell.primary.verdict != "not applicable":
            assert value(cell.primary) in cells[f"#claim-{slug(claim)}--{slug(place)}"], (claim, place)


def test_what_the_page_saves_are_the_numbers_of_the_records(records: list[Record], root: Element) -> None:
    (packed,) = root.all("template", id="verdicts")
    lines = map(json.loads, gzip.decompress(base64.b64decode(packed.text)).decode().splitlines())
    saved = {(one["checkpoint"], one["claim"], one["variant"]): one["criteria"] for one in lines}
    for record in records:
        numbers = [(c.name, c.value, c.low, c.high) for c in record.criteria]
        assert [(c["name"], c["value"], c["low"], c["high"]) for c in saved[record.key]] == numbers


def test_a_claim_s_part_says_its_own_records_numbers(root: Element) -> None:
    parts = {part.all("summary")[0].text: part for part in root.all("details", class_="claim")}
    by_id = {f"claim-{slug(claim)}": numbers for claim, numbers in known("sample").items()}
    seen = 0
    for part in parts.values():
        printed = set(PRINTED.findall(part.text))
        assert printed - by_id[part.attributes["id"]] == set(), part.attributes["id"]
        seen += len(printed)
    assert seen > 1000


def test_a_figure_says_its_claim_s_numbers(root: Element) -> None:
    by_id = {f"claim-{slug(claim)}": numbers for claim, numbers in known("sample").items()}
    seen = 0
    for part in root.all("details", class_="claim"):
        for image in part.all("img"):
            drawn = gzip.decompress(base64.b64decode(image.attributes["data-packed"])).decode()
            words = "\n".join(re.findall(r"<(?:text|tspan)[^>]*>([^<]+)</", drawn))
            printed = set(PRINTED.findall(words.replace("\N{MINUS SIGN}", "-")))
            assert printed - by_id[part.attributes["id"]] == set(), image.attributes["alt"]
            seen += len(printed)
    assert seen > 150


@pytest.mark.skipif(bool(MISSING), reason=f"no {', '.join(MISSING)} here: `make browser` installs them")
def test_in_a_browser_it_has_no_barrier_and_does_not_scroll_sideways(text: str, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(text, encoding="utf-8")
    script = ROOT / "reports" / "tests" / "support" / "browse_whole.cjs"
    libraries = {"LD_LIBRARY_PATH": str(FOLDER / "lib")} if (FOLDER / "lib").is_dir() else {}
    command = ["node", str(script), str(FOLDER), str(CHROMIUM), str(tmp_path / "page.html")]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=1200, check=False, env={**os.environ, **libraries}
    )
    assert done.returncode == 0, done.stderr
    met: dict[str, Any] = json.loads(done.stdout)
    assert met["wrong"] == []
    for screen in met["screens"]:
        assert screen["barriers"] == screen["wide"] == screen["empty"] == [], (screen["width"], screen["colorScheme"])
        assert screen["tabbed"]["met"] == screen["tabbed"]["wanted"] > 0
