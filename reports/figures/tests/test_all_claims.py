"""Pictures of all claims: on several cores the same as on one."""

import subprocess
import sys
from pathlib import Path

import pytest

from claims.core.record import read_records
from reports.data.board import board
from reports.figures import all_claims
from reports.figures.all_claims import all_pictures

ROOT = Path(__file__).parents[3]
SAMPLE = ROOT / "docs" / "sample" / "records.jsonl"
FEW = ("kernel-energy", "optimizer-norms", "context-dependence")


def test_pictures_are_the_same_on_several_cores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = board([record for record in read_records(SAMPLE) if record.claim in FEW])
    alone = all_pictures(run, tmp_path / "alone")
    monkeypatch.setattr(all_claims, "MANY", 1)
    monkeypatch.setattr(all_claims, "_cores", lambda: 2)
    monkeypatch.setattr(all_claims, "_starts_again", lambda: True)  # pytest's own workers come through a pipe
    assert all_pictures(run, tmp_path / "many") == alone
    drawn = {path.name: path.read_bytes() for path in (tmp_path / "alone" / "figures").iterdir()}
    assert len(drawn) >= len(FEW)
    assert drawn == {path.name: path.read_bytes() for path in (tmp_path / "many" / "figures").iterdir()}


def test_a_script_is_not_run_anew_to_draw(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("from reports.figures.all_claims import _starts_again\nprint('began', _starts_again())\n")
    command = [sys.executable, str(script)]
    done = subprocess.run(command, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True)
    assert done.stdout == "began False\n"
