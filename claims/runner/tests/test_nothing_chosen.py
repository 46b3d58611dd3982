"""Checkpoints whose routers choose nothing, through every claim: no error, but "not applicable" and its number."""

from pathlib import Path

import pytest
import torch

from claims.core.record import read_records
from claims.core.verdict import Verdict
from claims.runner.tests.test_end_to_end import characters, run
from fixtures.tests.support.tiny_checkpoints import edit_weights, save


def zero_routers(tensors: dict[str, torch.Tensor]) -> None:
    for name in tensors:
        if name.endswith("mlp.gate.weight"):
            tensors[name] = torch.zeros_like(tensors[name])


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("experts", "zero", "said"),
    [
        (4, True, "the routers of 2 of 2 MoE layers give every token the same logits"),
        (2, False, "2 of 2 MoE layers use all their experts for every token"),
    ],
)
def test_every_claim_says_so(experts: int, zero: bool, said: str, tmp_path: Path) -> None:
    folder = save(tmp_path / "mine", "olmoe", num_experts=experts)
    characters().save_pretrained(folder)
    if zero:
        edit_weights(zero_routers)(folder)
    done = run(
        *("-m", "gpu", "--profile", "quick", "--device", "cpu", "--checkpoint", str(folder)),
        *("--report-dir", str(tmp_path / "out")),
        timeout=3000,
    )
    records = read_records(tmp_path / "out" / "records.jsonl")
    assert not [record.reason for record in records if record.verdict is Verdict.ERROR], done.stdout
    found = [record for record in records if record.kind == "finding"]
    assert len(found) > 40
    assert {record.verdict for record in found} == {Verdict.NOT_APPLICABLE}
    assert sum(record.reason.startswith(said) for record in found) > 20
