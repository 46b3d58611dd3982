"""The suite as a user runs it: unseen checkpoints in a folder, saved evidence, workers, bad input, an interrupt."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random
from typing import Any

import pytest

from claims.core.record import Record, read_records
from claims.core.verdict import TWIN, Verdict
from fixtures.architectures.tiny_models import save_tiny
from fixtures.rollouts import AskedQuestion, Rollout, Rollouts, write_rollouts
from fixtures.zoo import embedded_folder

ROOT = Path(__file__).resolve().parents[3]
#: One thread sums in one order: runs that are compared must have as many.
ONE_THREAD = {**os.environ, "OMP_NUM_THREADS": "1"}
#: How often a run is killed before it may finish: more often by ``KILLS=20 pytest claims/runner/tests -k killed``.
KILLS = int(os.environ.get("KILLS", "2"))
#: Seconds after which it is killed, at random between these.
ALIVE = (3.0, 25.0)


def characters() -> Any:
    """A tokenizer of single characters, small enough for a tiny model's vocabulary of 128."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    known = ["<unk>", "<s>", *(chr(code) for code in range(32, 127)), "\n"]
    tokenizer = Tokenizer(models.WordLevel({text: i for i, text in enumerate(known)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("."), behavior="isolated")
    fast: Any = PreTrainedTokenizerFast
    return fast(tokenizer_object=tokenizer, unk_token="<unk>", bos_token="<s>")


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "pytest", "claims", "-q", "-p", "no:cacheprovider", *arguments]


def run(*arguments: str, timeout: float = 300) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments), cwd=ROOT, env=ONE_THREAD, capture_output=True, text=True, timeout=timeout, check=False
    )


def verdicts(folder: Path) -> dict[tuple[str, str, str], Verdict]:
    return {record.key: record.verdict for record in read_records(folder / "records.jsonl")}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("checkpoints")


@pytest.fixture(scope="module")
def unseen(folder: Path) -> Path:
    """A checkpoint in the GPT-OSS style (router bias, interleaved clamped experts), with a tokenizer."""
    save_tiny("gpt_oss", folder / "unseen", tokenizer=characters())
    return folder / "unseen"


@pytest.fixture(scope="module")
def answers(folder: Path) -> Path:
    """A user's own rollouts, text alone: ten questions in two wordings, two authors, two seeds."""
    asked = {
        f"q{number}": AskedQuestion(
            f"q{number}", f"kind {number % 2}", (f"What is {number} + 1?", f"Add 1 to {number}.")
        )
        for number in range(10)
    }
    written = [
        Rollout(name, wording, author, seed, text, f"{author} says {seed}: {hash_of(name, author, seed)}")
        for name, question in asked.items()
        for wording, text in enumerate(question.texts)
        for author in ("ada", "bob")
        for seed in (0, 1)
    ]
    write_rollouts(folder / "answers.jsonl", Rollouts(asked, tuple(written), None, {"by": "hand"}))
    return folder / "answers.jsonl"


def hash_of(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:40]


@pytest.fixture(scope="module")
def asked(unseen: Path, answers: Path) -> tuple[str, ...]:
    """The command line of a quick run on the unseen checkpoint and the user's own rollouts."""
    return ("-m", "gpu", "--checkpoint", str(unseen), "--rollouts", str(answers), "--profile", "quick")


@pytest.fixture(scope="module")
def finished(
    asked: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, subprocess.CompletedProcess[str]]:
    out = tmp_path_factory.mktemp("out")
    return out, run(*asked, "--report-dir", str(out))


def test_an_unseen_checkpoint_gets_a_verdict_for_every_claim(finished: tuple[Path, Any]) -> None:
    out, done = finished
    records = read_records(out / "records.jsonl")
    primary = {record.claim: record.verdict for record in records if record.primary}
    assert len(primary) == 37, done.stdout[-3000:]
    assert Verdict.ERROR not in primary.values(), [r.reason for r in records if r.verdict == Verdict.ERROR]
    for claim in ("router-linearity", "sufficiency-bound", "kernel-counterexample", "teacher-forcing"):
        assert primary[claim] == Verdict.SUPPORTED, (claim, [r.reason for r in records if r.claim == claim])
    assert primary["necessity-full-space"] == Verdict.REFUTED
    assert (out / "report.md").read_text(encoding="utf-8").count("necessity-full-space") > 1


def test_the_certificates_recheck(finished: tuple[Path, Any]) -> None:
    out, _ = finished
    done = subprocess.run(
        [sys.executable, "-m", "claims.recheck", str(out / "records.jsonl")],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "necessity-full-space" in done.stdout


def without_times(record: Record) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(json.dumps(record.__dict__, default=lambda value: value.__dict__))
    return {key: value for key, value in data.items() if key not in ("seconds", "provenance")}


def same_records(one: Path, other: Path) -> bool:
    """Tell whether two runs left the same records, but for times and provenance."""
    first, second = (read_records(folder / "records.jsonl") for folder in (one, other))
    return [without_times(record) for record in first] == [without_times(record) for record in second]


def test_saved_evidence_gives_the_same_records_without_the_model(finished: tuple[Path, Any], tmp_path: Path) -> None:
    out, _ = finished
    (evidence,) = (path for path in (out / "traces").iterdir() if path.is_dir())
    run("-m", "gpu", "--trace", str(evidence), "--report-dir", str(tmp_path))
    assert same_records(out, tmp_path)


def test_what_a_named_untrained_twin_gives_too_is_vacuous_with_the_models_and_without(
    unseen: Path, tmp_path: Path
) -> None:
    """A folder has no twin of its own, whoever trained what is in it."""
    trained = str(embedded_folder("olmoe-aux"))
    asked = ("-m", "gpu", "-k", "sufficiency-topk or kernel-energy", "--profile", "quick", "--report-dir")
    alone, here, again, wrong = (str(tmp_path / name) for name in ("alone", "here", "again", "wrong"))
    run(*asked, alone, "--checkpoint", trained)
    run(*asked, here, "--checkpoint", trained, "--untrained", "olmoe-init")
    assert set(verdicts(Path(alone)).values()) == {Verdict.SUPPORTED}
    found = {record.claim: record for record in read_records(Path(here) / "records.jsonl") if record.primary}
    assert [found[claim].verdict for claim in ("kernel-energy", "sufficiency-topk")] == ["supported", "vacuous"]
    beside = [[one.name for one in found[claim].criteria if one.name.endswith(TWIN)] for claim in found]
    assert all(beside)
    traces = {path.name.rpartition("-")[0]: str(path) for path in Path(here, "traces").iterdir() if path.is_dir()}
    run(*asked, again, "--trace", traces["olmoe-aux"], "--untrained", traces["olmoe-init"])
    assert same_records(Path(here), Path(again))
    run(*asked, wrong, "--checkpoint", trained, "--untrained", str(unseen))
    reasons = {record.reason for record in read_records(Path(wrong) / "records.jsonl")}
    assert "the untrained twin unseen could not be asked: its architecture: gpt_oss, the checkpoint's: olmoe" in reasons
    told = (Path(here) / "details" / "sufficiency-topk.md").read_text(encoding="utf-8")
    assert f"--untrained {Path(traces['olmoe-init']).as_posix()}" in told


def test_workers_give_the_same_records(finished: tuple[Path, Any], asked: tuple[str, ...], tmp_path: Path) -> None:
    out, _ = finished
    run(*asked, "--report-dir", str(tmp_path), "-n", "2")
    assert same_records(out, tmp_path)


def test_a_router_that_is_not_linear_is_measured_and_the_rest_is_not_applicable(
    folder: Path, answers: Path, tmp_path: Path
) -> None:
    save_tiny("zaya", folder / "bent", tokenizer=characters())
    arguments = ("-m", "gpu", "--checkpoint", str(folder / "bent"), "--rollouts", str(answers), "--profile", "quick")
    run(*arguments, "--report-dir", str(tmp_path))
    records = {record.claim: record for record in read_records(tmp_path / "records.jsonl") if record.primary}
    assert records["router-linearity"].verdict == Verdict.REFUTED
    for claim in ("sufficiency-bound", "necessity-row-space", "kernel-counterexample", "kernel-energy"):
        assert records[claim].verdict == Verdict.NOT_APPLICABLE
        assert "residual of" in records[claim].reason


def test_a_pair_and_a_dense_model_get_their_own_claims(tmp_path: Path) -> None:
    pair = "loss=small-adamw-loss-s0,small-adamw-noloss-s0"
    done = run("--pair", pair, "--dense", "small-dense-s0", "--profile", "quick", "--report-dir", str(tmp_path))
    records = {record.claim: record for record in read_records(tmp_path / "records.jsonl") if record.group != "A"}
    experiment = records["balance-suppression-controlled"].checkpoint
    assert experiment["kind"] == "experiment", done.stdout[-3000:]
    assert experiment["checkpoints"] == [["small-adamw-loss-s0", "small-adamw-noloss-s0"]]
    assert records["dense-similarity"].checkpoint["kind"] == "dense"
    assert "cross-model-overlap" not in records
    assert Verdict.ERROR not in {record.verdict for record in records.values()}


def test_two_revisions_of_a_checkpoint_are_judged_over_the_text(tmp_path: Path) -> None:
    pair = "revisions=olmoe-aux,olmoe-plain"
    run("-m", "gpu", "-k", "saturation", "--pair", pair, "--profile", "quick", "--report-dir", str(tmp_path))
    (record,) = read_records(tmp_path / "records.jsonl")
    assert (record.claim, record.verdict) == ("router-saturation", Verdict.SUPPORTED)
    assert record.checkpoint["name"] == "revisions: olmoe-aux against olmoe-plain"
    assert record.checkpoint["arms"] == ["earlier", "later"]
    assert record.criteria[0].unit == "sequence"
    assert "post-trained" in record.notes[0]


def test_rollouts_of_another_tokenizer_without_text_end_in_one_sentence(
    unseen: Path, answers: Path, tmp_path: Path
) -> None:
    header, line, *_ = answers.read_text(encoding="utf-8").splitlines()
    foreign = json.loads(header) | {"tokenizer": "0" * 64}
    rollout = json.loads(line) | {"prompt_tokens": [1, 2], "completion_tokens": [3], "prompt": None, "completion": None}
    for signed in (foreign, rollout):
        signed.pop("sha256")
    (tmp_path / "foreign.jsonl").write_text(f"{json.dumps(foreign)}\n{json.dumps(rollout)}\n", encoding="utf-8")
    arguments = ("--checkpoint", str(unseen), "--rollouts", str(tmp_path / "foreign.jsonl"), "--profile", "quick")
    done = run("-m", "gpu", "-k", "overlap-below-self", *arguments, "--report-dir", str(tmp_path / "out"))
    said = done.stderr + done.stdout
    assert "foreign.jsonl, line 2 has tokens of another tokenizer" in said
    assert "Traceback" not in said
    assert "evidence_fixtures.py" not in said  # no trace of where it was raised


def test_bad_input_is_one_sentence_and_no_trace(tmp_path: Path) -> None:
    """The kinds of bad input are those of `test_bad_inputs.py`; here a whole process ends in one of them."""
    done = run("--checkpoint", "olmoe-aus", "--report-dir", str(tmp_path / "out"))
    assert done.returncode not in (0, 1)
    said = done.stderr + done.stdout
    assert "olmoe-aux" in said
    assert "Traceback" not in said
    assert not (tmp_path / "out" / "records.jsonl").exists()


def _hear_interrupts() -> None:
    """A process that was started in the background may ignore SIGINT; this one must not."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def interrupted(asked: tuple[str, ...], tmp_path: Path) -> Path:
    """A run that was interrupted once it had finished some claims."""
    arguments = command(*asked, "--report-dir", str(tmp_path))
    process = subprocess.Popen(
        arguments, cwd=ROOT, env=ONE_THREAD, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        preexec_fn=_hear_interrupts,
    )  # fmt: skip
    partial = tmp_path / "records.jsonl.partial"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not (partial.exists() and partial.stat().st_size):
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    return tmp_path


def test_a_run_that_is_interrupted_and_killed_goes_on_to_the_same_records(
    finished: tuple[Path, Any], asked: tuple[str, ...], interrupted: Path
) -> None:
    kept = verdicts(interrupted)
    assert kept
    moments = Random(0)
    for _ in range(KILLS):
        process = subprocess.Popen(
            command(*asked, "--report-dir", str(interrupted)),
            cwd=ROOT, env=ONE_THREAD, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        try:
            process.wait(timeout=moments.uniform(*ALIVE))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    run(*asked, "--report-dir", str(interrupted))
    again = verdicts(interrupted)
    assert {key: again[key] for key in kept} == kept
    assert same_records(finished[0], interrupted)
    assert not list(interrupted.rglob("*.partial"))
