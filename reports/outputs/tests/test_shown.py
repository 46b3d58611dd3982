"""The pages show what the records give, word for word."""

import re
from pathlib import Path

import pytest

from fixtures.session.shipped_experiments import shipped_plans
from fixtures.zoo import CONTROL_NAMES, DENSE_NAMES, SUBJECT_NAMES, embedded_names
from reports.outputs.shown import BLOCKS, main, sample_block

ROOT = Path(__file__).resolve().parents[3]
SAMPLE = ROOT / "docs" / "sample"


@pytest.mark.parametrize("page", BLOCKS)
def test_a_page_shows_what_the_records_give(page: str) -> None:
    """To renew: ``python -m reports.outputs.shown .``."""
    text = (ROOT / page).read_text(encoding="utf-8")
    found = re.search(r"<!-- records:begin -->\n(.*)<!-- records:end -->", text, re.DOTALL)
    assert found is not None
    assert found[1] == BLOCKS[page](ROOT / "docs")


def test_a_folder_that_is_no_sample_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sample").mkdir()
    (tmp_path / "sample" / "report.md").write_text("# Nothing was measured\n")
    with pytest.raises(ValueError, match="has no part 'claims by checkpoints'"):
        sample_block(tmp_path)


def test_pages_are_written_between_their_marks_and_a_page_without_them_is_refused(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    for name in ("real-models", "real-weights", "sample"):
        (tmp_path / "docs" / name).symlink_to(ROOT / "docs" / name)
    for page in BLOCKS:
        (tmp_path / page).write_text("before\n<!-- records:begin -->\nold\n<!-- records:end -->\nafter\n")
    main([str(tmp_path)])
    for page in BLOCKS:
        lines = (tmp_path / page).read_text(encoding="utf-8").splitlines()
        assert (lines[:2], lines[-2:]) == (["before", "<!-- records:begin -->"], ["<!-- records:end -->", "after"])
        assert "old" not in lines
    (tmp_path / "README.md").write_text("no marks\n")
    with pytest.raises(SystemExit, match="has no place for the records"):
        main([str(tmp_path)])


def test_the_sample_says_what_it_was_made_of() -> None:
    text = (SAMPLE / "report.md").read_text(encoding="utf-8")
    shipped = {name for name in (*SUBJECT_NAMES, *DENSE_NAMES) if name in embedded_names()}
    compared = {name for plan in shipped_plans() for names in plan.checkpoints for name in names}
    assert [name for name in sorted({*shipped, *compared, *CONTROL_NAMES}) if name not in text] == []
