"""The check of a device, tried on the CPU: it says what agrees, what does not, and when there is nothing to check."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from claims.core.record import Record, read_records, to_json
from claims.core.verdict import Verdict
from claims.device import beside_the_cpu as beside
from claims.device.__main__ import main
from fixtures.checkpoints import devices

SAMPLE = Path(__file__).resolve().parents[3] / "docs" / "sample" / "records.jsonl"


def write(folder: Path, records: list[Record]) -> Path:
    folder.mkdir()
    (folder / "records.jsonl").write_text("".join(to_json(record) + "\n" for record in records), encoding="utf-8")
    return folder


def test_without_a_device_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(devices, "choose_device", lambda *_: "cpu")
    assert main(["-o", str(tmp_path / "out")]) == 2
    said = "There is no GPU here: torch finds neither CUDA nor MPS, so nothing was checked.\n"
    assert capsys.readouterr().err == said
    assert not (tmp_path / "out").exists()


def test_what_was_found_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside, "CHECKPOINTS", ())
    assert main(["--device", "cpu", "--tiny", "-o", str(tmp_path)]) == 0
    found = json.loads((tmp_path / "device.json").read_text())
    assert found["wrong"] == []
    assert found["jacobians"]["jacrev"] < 1e-12
    assert found["jacobians"]["module"] < 1e-6
    assert found["capture"][0]["way"] == "bare"
    assert "All agree." in (tmp_path / "device.md").read_text()


def test_a_verdict_that_differs_is_named(tmp_path: Path) -> None:
    some = read_records(SAMPLE)[:3]
    other = Verdict.REFUTED if some[0].verdict is not Verdict.REFUTED else Verdict.SUPPORTED
    here, same = write(tmp_path / "here", some), write(tmp_path / "same", some)
    there = write(tmp_path / "there", [replace(some[0], verdict=other), *some[1:2]])
    assert beside.compared("x", here, same).changed == ()
    found = beside.compared("x", here, there)
    assert len(found.changed) == 2
    assert f"on the CPU, {other.value} on the device" in found.changed[0]
    assert beside.compared("x", here, tmp_path / "nowhere").failed.startswith("one of the runs left no records")
