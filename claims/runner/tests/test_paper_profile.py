"""The profile paper as a user runs it: from a mirror, from what was kept, and with neither hub nor copy."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from claims.core.record import Record, read_records
from claims.core.verdict import Verdict
from fixtures.rollouts.matharena import COMMIT
from fixtures.tests.support.hub_folder import as_cache, write_data_sets
from fixtures.tests.support.tiny_checkpoints import save
from fixtures.text.paper_corpora import CORPORA

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(tmp_path_factory.mktemp("checkpoints") / "tiny", "olmoe", num_experts=4)


def run(checkpoint: Path, home: Path, out: Path, claim: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    asked = ("--profile", "paper", "--checkpoint", str(checkpoint), "--report-dir", str(out), "-k", claim)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "claims", "-q", "-p", "no:cacheprovider", *asked],
        cwd=ROOT,
        env={**clean, "OMP_NUM_THREADS": "1", "HF_HOME": str(home), "NO_PROXY": "127.0.0.1", **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def records(out: Path) -> list[Record]:
    return read_records(out / "records.jsonl")


@pytest.mark.parametrize(
    ("environment", "why"),
    [
        ({"HF_HUB_OFFLINE": "1"}, "HF_HUB_OFFLINE is set; unset it"),
        ({"HF_ENDPOINT": "http://127.0.0.1:9"}, "the Hugging Face hub cannot be reached; check the connection"),
    ],
    ids=["offline", "unreachable"],
)
def test_neither_hub_nor_copy(environment: dict[str, str], why: str, checkpoint: Path, tmp_path: Path) -> None:
    began = time.monotonic()
    done = run(checkpoint, tmp_path / "home", tmp_path / "out", "router-linearity", **environment)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    sentence = f"Skylion007/openwebtext at 79d93d786212 is not on this machine, and {why}, or give --profile standard."
    assert (done.stdout + done.stderr).count(sentence) == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert list(tmp_path.rglob("*")) == []
    assert time.monotonic() - began < 100  # and not after minutes of trying again


def test_from_a_mirror_and_then_from_what_was_kept(checkpoint: Path, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    home = as_cache(write_data_sets(tmp_path / "hub", documents=130, words=90), tmp_path / "home")
    done = run(checkpoint, home, tmp_path / "out", "router-linearity or cross-model-overlap", HF_HUB_OFFLINE="1")
    found = {record.claim: record for record in records(tmp_path / "out")}
    assert found["router-linearity"].verdict == Verdict.SUPPORTED, done.stdout
    text = found["router-linearity"].provenance["population"]
    assert (text["sequences"], text["corpora"]) == (200, [corpus.name for corpus in CORPORA])
    assert [corpus.commit in text["sources"][corpus.name] for corpus in CORPORA] == [True, True]
    assert set(text["digests"]) == set(text["corpora"])
    answers = found["cross-model-overlap"].provenance["population"]
    assert (len(answers["corpora"]), answers["sequences"]) == (8, 8 * 12 * 4)
    assert COMMIT[:12] in answers["made"]
    (home / "hub").rename(home / "elsewhere")
    again = run(checkpoint, home, tmp_path / "again", "router-linearity", HF_ENDPOINT="http://127.0.0.1:9")
    assert again.returncode == 0, again.stdout
    assert records(tmp_path / "again")[0].provenance["population"] == text
