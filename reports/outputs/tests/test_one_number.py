"""One number everywhere: what a page says with an interval is a criterion of the records, written the same way."""

import re
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

from claims.core.record import Record, read_records
from reports.pages.criteria import headline, value
from reports.text.numbers import interval

DOCS = Path(__file__).resolve().parents[3] / "docs"
SAMPLE = DOCS / "sample"
#: A value with its interval, as every page writes it.
PRINTED = re.compile(r"(?<![\w.])-?[\d,.]+(?:e-?\d+)? \[-?[\d,.]+(?:e-?\d+)?, -?[\d,.]+(?:e-?\d+)?\]")


@cache
def records(folder: str) -> tuple[Record, ...]:
    return tuple(read_records(DOCS / folder / "records.jsonl"))


@cache
def known(folder: str) -> dict[str, set[str]]:
    """Return every value with its interval that records hold, by claim; notes and reasons have theirs as they are."""
    found: dict[str, set[str]] = defaultdict(set)
    for record in records(folder):
        found[record.claim] |= {str(interval(criterion)) for criterion in record.criteria}
        for said in (record.reason, record.paper, *record.notes, *record.sensitivity):
            found[record.claim] |= set(PRINTED.findall(said))
    return found


def printed(page: Path) -> set[str]:
    return set(PRINTED.findall(page.read_text(encoding="utf-8").replace("\\", "")))


def test_there_are_pages_and_numbers() -> None:
    assert len(printed(SAMPLE / "report.md")) > 20
    assert all(printed(page) for page in (SAMPLE / "details").glob("kernel-energy.md"))


def test_a_wrong_digit_is_found(tmp_path: Path) -> None:
    text = (SAMPLE / "details" / "kernel-energy.md").read_text(encoding="utf-8")
    right = next(iter(PRINTED.findall(text)))
    (tmp_path / "page.md").write_text(text.replace(right, f"9{right}", 1), encoding="utf-8")
    assert f"9{right}" in printed(tmp_path / "page.md") - known("sample")["kernel-energy"]


@pytest.mark.parametrize("page", sorted((SAMPLE / "details").glob("*.md")), ids=lambda page: page.stem)
def test_a_claims_page_says_its_own_records_numbers(page: Path) -> None:
    assert printed(page) - known("sample")[page.stem] == set()


@pytest.mark.parametrize(
    ("page", "folder"),
    [
        ("sample/report.md", "sample"),
        ("sample/papers/geo.md", "sample"),
        ("sample/papers/asy.md", "sample"),
        ("embedded-checkpoints.md", "sample"),
        ("real-models.md", "real-models"),
        ("real-weights.md", "real-weights"),
    ],
)
def test_a_page_says_the_numbers_of_the_records(page: str, folder: str) -> None:
    assert printed(DOCS / page) - set().union(*known(folder).values()) == set()


def test_the_readme_says_the_numbers_of_all() -> None:
    shown = [*known("sample").values(), *known("real-models").values(), *known("real-weights").values()]
    found = printed(DOCS.parent / "README.md")
    assert len(found) > 10
    assert found - set().union(*shown) == set()


def test_the_matrix_and_the_claims_page_say_one_value() -> None:
    report = (SAMPLE / "report.md").read_text(encoding="utf-8").splitlines()
    rows = {claim: row for row in report for claim in re.findall(r"^\| \[([\w-]+)\] ", row)}
    checked = 0
    for record in records("sample"):
        said = headline(record)
        if not record.primary or not said or record.claim not in rows or record.verdict == "not applicable":
            continue
        page = (SAMPLE / "details" / f"{record.claim}.md").read_text(encoding="utf-8")
        assert said in page, (record.claim, record.checkpoint.get("name"))
        if record.kind == "finding":
            assert any(value(record) in row for row in report if row.startswith(f"| [{record.claim}] ")), record.claim
            checked += 1
    assert checked > 100
