"""Pictures of all claims: on several cores the same as on one."""

from pathlib import Path

import pytest

from claims.core.record import read_records
from reports.data.board import board
from reports.figures import all_claims
from reports.figures.all_claims import all_pictures

SAMPLE = Path(__file__).parents[3] / "docs" / "sample" / "records.jsonl"
FEW = ("kernel-energy", "optimizer-norms", "context-dependence")


def test_pictures_are_the_same_on_several_cores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = board([record for record in read_records(SAMPLE) if record.claim in FEW])
    alone = all_pictures(run, tmp_path / "alone")
    monkeypatch.setattr(all_claims, "MANY", 1)
    monkeypatch.setattr(all_claims, "_cores", lambda: 2)
    assert all_pictures(run, tmp_path / "many") == alone
    drawn = {path.name: path.read_bytes() for path in (tmp_path / "alone" / "figures").iterdir()}
    assert len(drawn) >= len(FEW)
    assert drawn == {path.name: path.read_bytes() for path in (tmp_path / "many" / "figures").iterdir()}
