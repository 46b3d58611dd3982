"""Certificates: byte-stable, recheckable with numpy alone, and refused when they were tampered with."""

from pathlib import Path

import numpy as np
import pytest

from claims.core.assemble import record_of, unmeasured
from claims.core.certificate import write_certificate
from claims.core.finding import Counterexample
from claims.core.record import write_records
from claims.core.verdict import Verdict
from claims.recheck import main
from claims.tests.support.example_claim import CLAIM
from claims.tests.support.planted_moves import reachable

RNG = np.random.default_rng(0)
WEIGHT = RNG.standard_normal((4, 8))
HIDDEN = RNG.standard_normal(8)
KERNEL = np.linalg.svd(WEIGHT)[2][-1]


def same_logits(distance: float, **wrong: float) -> Counterexample:
    """Two states that one norm returns, so many norms apart; see `reachable` for what can be wrong with them."""
    return Counterexample("same-logits", "same logits", reachable(distance, **wrong).moves[0].example)


def run(folder: Path, found: Counterexample) -> int:
    certificate = write_certificate(folder, "example", found)
    made = record_of(
        CLAIM, {}, checkpoint={"name": "m"}, judged=unmeasured(Verdict.REFUTED, ""), certificate=certificate
    )
    write_records(folder / "records.jsonl", [made])
    return main([str(folder / "records.jsonl")])


def test_a_true_certificate_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, same_logits(0.6)) == 0
    assert "holds" in capsys.readouterr().out


@pytest.mark.parametrize(
    "found",
    [
        same_logits(0.4),
        same_logits(0.6, seen=0.01),
        same_logits(0.6, longer=1.01),
        Counterexample(
            "bound-violated",
            "far",
            {
                "weight": WEIGHT,
                "hidden": np.stack([HIDDEN, 0 * HIDDEN]),
                "logits": np.stack([WEIGHT @ HIDDEN, np.zeros(4)]),
            },
        ),
        Counterexample(
            "not-affine", "bent", {"hidden": RNG.standard_normal((30, 8)), "logits": np.zeros((30, 4)) + 1.0}
        ),
        Counterexample(
            "blind-move",
            "blind",
            {"weight": WEIGHT, "hidden": HIDDEN, "moved": HIDDEN + KERNEL, "output": HIDDEN, "moved_output": HIDDEN},
        ),
    ],
)
def test_a_false_certificate_fails(tmp_path: Path, found: Counterexample) -> None:
    assert run(tmp_path, found) == 1


def test_the_same_counterexample_gives_the_same_bytes(tmp_path: Path) -> None:
    first = write_certificate(tmp_path / "a", "x", same_logits(0.6))
    assert write_certificate(tmp_path / "b", "x", same_logits(0.6)) == first


def test_tampering_and_missing_files_are_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(tmp_path, same_logits(0.6))
    target = tmp_path / "certificates" / "example.npz"
    target.write_bytes(target.read_bytes() + b"x")
    assert main([str(tmp_path / "records.jsonl")]) == 2
    target.unlink()
    assert main([str(tmp_path / "records.jsonl")]) == 2
    assert main([str(tmp_path / "nothing.jsonl")]) == 2
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 3
    assert "sha256 differs" in errors[0]
