"""The nightly workflow and the nightly script of the documentation: sound, and red only when something changed."""

import os
import re
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from claims.core.record import Record, write_records
from claims.core.verdict import Verdict
from reports.__main__ import parser
from reports.tests.support.samples import criterion, record

ROOT = Path(__file__).resolve().parents[3]
DOCUMENT = ROOT / "docs" / "nightly.md"
#: Stands for pytest: leaves the records that it finds, and ends as it is told.
PYTEST = """#!/bin/sh
mkdir -p out
cp tonight.jsonl out/records.jsonl
exit ${STATUS:-0}
"""


@pytest.fixture(scope="module")
def workflow() -> dict[Any, Any]:
    found = yaml.safe_load((ROOT / ".github" / "workflows" / "nightly.yml").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def script() -> str:
    """Return the script that the documentation shows."""
    found = re.search(r"```sh\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


def steps(workflow: dict[Any, Any]) -> list[dict[str, Any]]:
    return list(workflow["jobs"]["claims"]["steps"])


def test_the_workflow_is_scheduled_may_only_read_and_takes_nothing_from_outside_into_a_shell(
    workflow: dict[Any, Any],
) -> None:
    assert workflow[True].keys() == {"schedule", "workflow_dispatch"}  # YAML reads the key `on` as true
    assert workflow["permissions"] == {"contents": "read"}
    assert [entry["name"] for entry in workflow["jobs"]["claims"]["strategy"]["matrix"]["include"]] == ["embedded"]
    assert not [step["run"] for step in steps(workflow) if "${{" in step.get("run", "")]


def test_the_workflow_s_shell_is_sound_and_its_commands_exist(workflow: dict[Any, Any]) -> None:
    shells = [step["run"] for step in steps(workflow) if "run" in step]
    for shell in [*shells, script()]:
        subprocess.run(["bash", "-n", "-c", shell], check=True)
        for words in re.findall(r"-m reports (.*?)(?: >|;| \|\||\n|$)", shell):
            parser().parse_args(shlex.split(words))
    assert any("-m reports compare" in shell for shell in shells)
    assert any("-m reports matrix out" in shell and "GITHUB_STEP_SUMMARY" in shell for shell in shells)


def test_evidence_is_kept_under_a_key_of_the_code_and_what_is_uploaded_leaves_it_out(workflow: dict[Any, Any]) -> None:
    by_name = {step.get("name"): step for step in steps(workflow)}
    kept = by_name["Evidence of earlier nights"]["with"]
    assert kept["path"] == "out/traces"
    named = re.findall(r"'([^']+)'", kept["key"])
    assert named == ["fixtures/**", "metrics/**", "claims/**/*.py", "constraints.txt"]
    assert all(any(ROOT.glob(name)) for name in named)
    assert by_name["Report and records"]["with"]["path"].split() == ["out", "!out/traces"]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Stand for a checkout whose pytest leaves ``tonight.jsonl``."""
    tools = tmp_path / ".venv" / "bin"
    tools.mkdir(parents=True)
    (tools / "python").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
    (tools / "pytest").write_text(PYTEST)
    for tool in tools.iterdir():
        tool.chmod(0o755)
    (tmp_path / "nightly.sh").write_text(script())
    return tmp_path


def night(checkout: Path, tonight: Record, **environment: str) -> subprocess.CompletedProcess[str]:
    write_records(checkout / "tonight.jsonl", [tonight])
    variables = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run(
        ["sh", "nightly.sh"], cwd=checkout, env=variables, capture_output=True, text=True, check=False
    )


def test_the_script_is_quiet_until_something_changes(checkout: Path) -> None:
    def runs() -> list[Path]:
        return sorted((checkout / "runs").iterdir())

    usual = record("kernel-energy", "a", Verdict.SUPPORTED, criteria=[criterion("x", (0.5, 0.4, 0.6), "> 0.2")])
    assert night(checkout, usual).returncode == 0
    runs()[0].rename(checkout / "runs" / "2026-01-01T000000Z.jsonl")
    changed = night(checkout, replace(usual, verdict=Verdict.VACUOUS))
    assert changed.returncode == 1
    assert changed.stdout.startswith("# 1 of 1 verdict changed.")
    assert len(runs()) == 2
    page = (checkout / "out" / "report.html").read_text(encoding="utf-8")
    assert "Claims through 2 runs" in page
    assert night(checkout, usual, STATUS="3").returncode == 3
    assert len(runs()) == 2


def test_an_unexpected_verdict_is_red_though_it_is_the_first_night(checkout: Path) -> None:
    refuted = record("kernel-energy", "a", Verdict.REFUTED)
    assert night(checkout, refuted, STATUS="1").returncode == 1
    assert len(list((checkout / "runs").iterdir())) == 1
