"""The README shows the sample report as it is: its matrix line by line, and figures that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "docs" / "sample"


@pytest.fixture(scope="module")
def shown() -> str:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(r"<!-- sample:begin -->\n(.*)<!-- sample:end -->", text, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_matrix_is_that_of_the_sample_report(shown: str) -> None:
    report = set((SAMPLE / "report.md").read_text(encoding="utf-8").splitlines())
    rows = [line for line in shown.splitlines() if line.startswith("|")]
    assert len(rows) > 11
    assert [row for row in rows if row not in report] == []


def test_every_link_and_figure_exists(shown: str) -> None:
    targets = re.findall(r"\]\(([^)#]+)", shown) + re.findall(r"^\[[^\]]+\]: ([^#\s]+)", shown, re.MULTILINE)
    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_the_sample_says_what_it_was_made_of() -> None:
    text = (SAMPLE / "report.md").read_text(encoding="utf-8")
    for name in sorted(path.name for path in (ROOT / "fixtures" / "zoo" / "weights").iterdir()):
        assert name in text
