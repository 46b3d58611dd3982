"""Sample records of dense models and of controlled experiments."""

from dataclasses import replace
from typing import Any

from claims.core.record import Record
from claims.core.verdict import Verdict
from reports.tests.support.samples import criterion, record


def dense(name: str, verdict: Verdict, **more: Any) -> Record:
    """Return a record of a dense model."""
    facts = {"name": name, "kind": "dense", "architecture": "Qwen3ForCausalLM", "layers": 6, "parameters": 700_000}
    growth = (0.61, 0.52, 0.69) if verdict == Verdict.SUPPORTED else (-0.21, -0.3, -0.1)
    measured = [criterion("Spearman(layer, energy)", growth, ">= 0.3")]
    whole = record("dense-similarity", name, verdict, criteria=measured)
    return replace(whole, **{"checkpoint": facts, **more})


def experiment(claim: str, name: str, verdict: Verdict, **more: Any) -> Record:
    """Return a record of a controlled comparison of two arms over five seeds."""
    facts = {
        "name": name,
        "kind": "experiment",
        "arms": ["with loss", "without"],
        "checkpoints": [[f"zoo/a-s{seed}", f"zoo/b-s{seed}"] for seed in range(5)],
        "parameters": 837_120,
    }
    falls = (-0.51, -0.7, -0.32) if verdict == Verdict.SUPPORTED else (-0.1, -0.3, 0.1)
    measured = [criterion("ln rho(with) - ln rho(without)", falls, "<= -0.2", 5, unit="training")]
    return replace(record(claim, name, verdict, criteria=measured), **{"checkpoint": facts, **more})


def others() -> list[Record]:
    """Return two dense models and two experiments, one of which decides nothing."""
    return [
        dense("zoo/dense", Verdict.SUPPORTED),
        dense("zoo/dense-sandwich", Verdict.REFUTED),
        experiment("balance-controlled", "balancing loss: small, AdamW", Verdict.SUPPORTED),
        experiment("balance-controlled", "balancing loss: small, Muon", Verdict.INCONCLUSIVE),
    ]
