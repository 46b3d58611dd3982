"""The page of real models is what its records say, and nothing else."""

from dataclasses import replace
from pathlib import Path

import pytest

from claims.core.record import read_records
from claims.core.verdict import Verdict
from reports.outputs.real_models import kept, main, real_models_page
from reports.tests.support.samples import record

DOCS = Path(__file__).resolve().parents[3] / "docs"
RECORDS = DOCS / "real-models" / "records.jsonl"


def test_the_page_and_its_pictures_are_made_from_the_records_beside_it(tmp_path: Path) -> None:
    assert real_models_page(read_records(RECORDS), tmp_path) == (DOCS / "real-models.md").read_text("utf-8")
    drawn = sorted(path.name for path in (tmp_path / "figures").iterdir())
    assert drawn == sorted(path.name for path in (DOCS / "real-models" / "figures").iterdir())


def test_claims_that_could_not_be_asked_are_not_kept(tmp_path: Path) -> None:
    given = read_records(RECORDS)
    missing = replace(
        record("kernel-energy", "org/moe", Verdict.NOT_APPLICABLE),
        checkpoint={"name": "org/moe", "evidence": "routing alone"},
    )
    measured = record("kernel-energy", "whole", Verdict.SUPPORTED)
    assert kept([*given, missing, measured]) == given
    (tmp_path / "records.jsonl").write_bytes(RECORDS.read_bytes())
    main([str(tmp_path / "records.jsonl"), str(tmp_path / "page.md")])
    assert (tmp_path / "page.md").read_text("utf-8") == (DOCS / "real-models.md").read_text("utf-8")
    assert (tmp_path / "records.jsonl").read_bytes() == RECORDS.read_bytes()


def test_records_of_whole_checkpoints_make_no_page(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="hold nothing of routing"):
        real_models_page([record("kernel-energy", "whole", Verdict.SUPPORTED)], tmp_path)
    lone = [r for r in read_records(RECORDS) if r.claim == "token-routing"]
    with pytest.raises(ValueError, match="no standing-committee of gpt-oss-20b"):
        real_models_page(lone, tmp_path)
