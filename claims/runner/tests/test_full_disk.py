"""A disk that is full, read-only or out of bounds: one sentence, another exit code than 0 or 1, no half of a file."""

import errno
import json
import os
import re
from pathlib import Path
from typing import NoReturn

import pytest

from claims.core.record import write_records
from claims.core.verdict import Verdict
from claims.tests.support.asking import entries, program, suite
from fixtures.evidence.store import save
from fixtures.kinds.token_traces import TEXT
from fixtures.messages.errors import TraceError
from fixtures.rollouts.__main__ import main as rollouts
from fixtures.tests.support.random_trace import example
from reports.__main__ import main as reports
from reports.tests.support.samples import record


def test_a_folder_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path)
    code, said = suite(["--checkpoint", str(tmp_path)])
    assert code == pytest.ExitCode.USAGE_ERROR
    assert re.fullmatch(r"The folder \S+ cannot be read; change its permissions\.", said)


def test_a_report_folder_on_a_disk_that_is_read_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.W_OK)
    code, said = suite(["--checkpoint", "olmoe-init", "--report-dir", str(tmp_path / "out")])
    assert code == pytest.ExitCode.USAGE_ERROR
    assert re.search(r"the report folder \S+ cannot be used: \S+ cannot be written to$", said)
    assert entries(tmp_path) == []


def full(*_: object, **__: object) -> NoReturn:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_leaves_no_half_of_a_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(TraceError, match=r"cannot be written \(No space left on device\); make room .*, and run again"):
        save(tmp_path / "text", TEXT, example())
    assert entries(tmp_path) == []
    monkeypatch.setattr("tempfile.mkdtemp", full)
    with pytest.raises(TraceError, match="No space left on device"):
        save(tmp_path / "text", TEXT, example())


def test_a_full_disk_leaves_no_half_of_a_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_records(tmp_path / "records.jsonl", [record("kernel-energy", "a", Verdict.SUPPORTED)])
    monkeypatch.setattr(Path, "replace", full)
    for command in ("render", "html"):
        code, said = program(reports)([command, str(tmp_path)])
        assert code == 2
        assert re.fullmatch(r"reports: cannot write .*: No space left on device", said)
    code, said = program(reports)(["merge", str(tmp_path), "-o", str(tmp_path / "all.jsonl")])
    assert code == 2
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / "records.jsonl"]


def test_a_full_disk_leaves_no_half_of_the_rollouts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"problem_idx": 1, "problem": "Why?", "model_name": "a", "idx_answer": 0, "answer": "So."}]
    (tmp_path / "rows.json").write_text(json.dumps(rows))
    monkeypatch.setattr(Path, "replace", full)
    code, said = program(rollouts)(["convert", str(tmp_path / "rows.json"), "--out", str(tmp_path / "a.jsonl")])
    assert code == 2
    assert re.search(r"cannot be read or written \(No space left on device\); make room or give another --out\.$", said)
    assert entries(tmp_path) == ["rows.json"]
