"""The README shows the sample report as it is: word for word, and figures that exist."""

import re
from pathlib import Path

import pytest

from fixtures.session.shipped_experiments import shipped_plans
from fixtures.zoo import CONTROL_NAMES, DENSE_NAMES, SUBJECT_NAMES, embedded_names
from reports.outputs.readme import sample_block

ROOT = Path(__file__).resolve().parents[3]
SAMPLE = ROOT / "docs" / "sample"


@pytest.fixture(scope="module")
def shown() -> str:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(r"<!-- sample:begin -->\n(.*)<!-- sample:end -->", text, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_block_is_what_the_sample_gives(shown: str) -> None:
    """To renew: ``python -m reports.outputs.readme docs/sample README.md``."""
    assert shown == sample_block(SAMPLE, "docs/sample")


def test_a_folder_that_is_no_sample_is_refused(tmp_path: Path) -> None:
    (tmp_path / "report.md").write_text("# Nothing was measured\n")
    with pytest.raises(ValueError, match="has no part 'claims by checkpoints'"):
        sample_block(tmp_path, "docs/sample")


def test_every_link_and_figure_exists(shown: str) -> None:
    targets = re.findall(r"\]\(([^)#]+)", shown) + re.findall(r"^\[[^\]]+\]: ([^#\s]+)", shown, re.MULTILINE)
    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_every_heading_that_is_linked_exists(shown: str) -> None:
    targets = re.findall(r"([\w./-]+\.md)#([\w-]+)", shown)
    lost = [(file, anchor) for file, anchor in targets if anchor not in _headings(ROOT / file)]
    assert lost == []


def _headings(page: Path) -> set[str]:
    return set(re.findall(r"^#+ ([\w-]+)$", page.read_text(encoding="utf-8"), re.MULTILINE))


def test_the_sample_says_what_it_was_made_of() -> None:
    text = (SAMPLE / "report.md").read_text(encoding="utf-8")
    shipped = {name for name in (*SUBJECT_NAMES, *DENSE_NAMES) if name in embedded_names()}
    compared = {name for plan in shipped_plans() for names in plan.checkpoints for name in names}
    assert [name for name in sorted({*shipped, *compared, *CONTROL_NAMES}) if name not in text] == []
