"""Synthetic records that look like a run's: three checkpoints and an untrained control, every verdict and role.

``python -m reports.tests FOLDER`` renders them, to look at or to renew the golden report.
"""

from collections.abc import Sequence
from typing import Any

from claims.core.record import SCHEMA, Certificate, Criterion, Record
from claims.core.sensitivity import sensitivity, verdict_of
from claims.core.verdict import Role, Verdict, holds
from reports.tests.support import sample_figures as figures
from reports.tests.support.sample_texts import texts

SMALL: dict[str, Any] = {"layers": 6, "experts": 16, "top_k": 2, "parameters": 3_412_992}
CHECKPOINTS: dict[str, dict[str, Any]] = {
    "zoo/balanced": SMALL,
    "zoo/unbalanced": SMALL,
    "example/MoE-16B-A3B": {"layers": 26, "experts": 64, "top_k": 6, "parameters": 15_706_484_224},
    "zoo/init": {**SMALL, "control": True, "about": "untrained control: the architecture of zoo/balanced"},
}
PROJECTORS = ("exact data span", "whitened")
BCA = "BCa bootstrap of the mean, 9,999 resamples"
PROVENANCE = {
    "commit": "3f2a91c",
    "versions": {"python": "3.11.9", "torch": "2.9.1", "transformers": "5.23.0"},
    "device": "cpu",
    "dtype": "float32",
    "population": {"name": "prose, maths, code", "digest": "b5d1f7e09c", "sequences": 48, "tokens": 12_288},
    "seed": 20260,
}


def criterion(name: str, ends: Sequence[float], side: str, n: int = 48, **more: Any) -> Criterion:
    """Return a criterion with (value, low, high) against ``> 0.2``-like ``side``."""
    value, low, high = ends
    direction, bound = side.split()
    exact = low == high
    judged = holds(low, high, float(bound), direction)
    fields: dict[str, Any] = {
        "unit": "token" if exact else "sequence",
        "method": "exact count" if exact else BCA,
        "p": None if exact else {True: 0.0002, False: 0.9998, None: 0.21}[judged],
    }
    return Criterion(name, value, low, high, float(bound), direction, n, holds=judged, **{**fields, **more})


def record(claim: str, checkpoint: str, verdict: Verdict, **more: Any) -> Record:
    """Return a record of the claim ``claim`` with sensible texts."""
    known = {"name": checkpoint, "revision": "8c1f0a7e", "architecture": "Qwen3MoeForCausalLM"}
    fields: dict[str, Any] = {
        "schema": SCHEMA,
        "claim": claim,
        "number": 99,
        "variant": {},
        "primary": True,
        "checkpoint": {"name": checkpoint} if checkpoint == "generated" else known | CHECKPOINTS.get(checkpoint, {}),
        "verdict": verdict,
        "reason": "",
        "criteria": [],
        "sensitivity": [],
        "layers": [],
        "figure": None,
        "certificate": None,
        "notes": [],
        "expected": None,
        "seconds": 4.2,
        "provenance": PROVENANCE,
        "evidence": "8d3f52b1c60a97e4",
    }
    return Record(**{**texts(claim), **fields, **more})


def judged(claim: str, checkpoint: str, *criteria: Criterion, **more: Any) -> Record:
    """Return a record whose verdict, and at which thresholds it would change, follow from its criteria."""
    flips = sensitivity(criteria, [False] * len(criteria))
    return record(claim, checkpoint, verdict_of(criteria), criteria=list(criteria), sensitivity=flips, **more)


def run() -> list[Record]:
    """Return every record of the sample run."""
    records = [r for name in CHECKPOINTS for r in _checkpoint(name)]
    generated = criterion("violations over generated routers", (0, 0, 0), "<= 0", 10_000, unit="case")
    return [*records, record("sufficiency-bound", "generated", Verdict.SUPPORTED, criteria=[generated])]


def _checkpoint(name: str) -> list[Record]:
    return [
        _necessity(name),
        *_tightness(name),
        _kernel_energy(name),
        _suppression(name),
        _similarity(name),
        _kernel(name),
    ]


def _necessity(name: str) -> Record:
    blind = criterion("routers blind to a move of 10 ||h||", (0, 0, 0), "> 0", 12_288)
    return record(
        "necessity-full-space",
        name,
        Verdict.REFUTED,
        reason="there is a counterexample that anyone can recheck: two inputs ten norms apart, routed alike",
        criteria=[blind],
        certificate=_certificate(name),
        figure=figures.distances(name),
        expected="refuted",
    )


def _kernel_energy(name: str) -> Record:
    """What holds, and holds for a random router too."""
    trained = name != "zoo/init"
    share = (0.081, 0.066, 0.097) if trained else (0.041, 0.03, 0.052)
    beyond = (0.006, -0.003, 0.014) if trained else (0.0, -0.006, 0.006)
    excess = criterion("beyond the lowest of 19 random routers", beyond, "> 0.02", role=Role.EXCESS)
    return judged(
        "kernel-energy",
        name,
        criterion("chance minus kernel share", share, "> 0.02"),
        excess,
        criterion("chance minus kernel share, random router", (0.043, 0.031, 0.055), "> 0.02", role=Role.CONTROL),
        reason="it holds, but so does its null: beyond the lowest of 19 random routers = 0.006 [-0.003, 0.014], "
        "claimed > 0.02 (48 sequences)",
        layers=figures.kernel_curves(name),
    )


def _suppression(name: str) -> Record:
    """What holds on one checkpoint, is refuted on another, and cannot be asked of a third."""
    rho, beyond = {
        "zoo/balanced": ((0.21, 0.18, 0.25), (0.61, 0.55, 0.66)),
        "zoo/init": ((0.99, 0.95, 1.04), (-0.2, -0.24, -0.15)),
    }.get(name, ((0.93, 0.88, 0.97), (-0.12, -0.16, -0.07)))
    uneven = (4.1, 3.8, 4.6) if name == "example/MoE-16B-A3B" else (1.4, 1.3, 1.6)
    why = {
        "zoo/unbalanced": "rho, median over layers = 0.93 [0.88, 0.97], claimed <= 0.8 (48 sequences); below the "
        "lowest of 19 random routers = -0.12 [-0.16, -0.07], claimed >= 0.1 (48 sequences)",
        "example/MoE-16B-A3B": "a premise is not met: largest load over the mean = 4.1 [3.8, 4.6], claimed <= 3 (48 "
        "sequences)",
    }
    return judged(
        "balance-suppression",
        name,
        criterion("rho, median over layers", rho, "<= 0.8"),
        criterion("below the lowest of 19 random routers", beyond, ">= 0.1", role=Role.EXCESS),
        criterion("rho, median over layers", rho, "<= 0.5", role=Role.PART),
        criterion("largest load over the mean", uneven, "<= 3", role=Role.PREMISE),
        criterion("rho, random router", (1.0, 0.97, 1.03), "<= 0.8", role=Role.CONTROL),
        criterion("retained energy", (0.34, 0.3, 0.39), "< 0.5", role=Role.REPORTED),
        reason=why.get(name, ""),
        figure=figures.alignment(name),
        expected="supported" if name == "zoo/unbalanced" else None,
    )


def _similarity(name: str) -> Record:
    """What holds, on one checkpoint open, on another but for a part."""
    open_, partial = name == "example/MoE-16B-A3B", name == "zoo/unbalanced"
    whole = (0.52, 0.41, 0.62) if open_ else (0.71, 0.64, 0.77)
    within = (0.38, 0.29, 0.46) if partial else (0.63, 0.54, 0.7)
    why = {
        "example/MoE-16B-A3B": "Spearman, all pairs = 0.52 [0.41, 0.62], claimed >= 0.5 (48 sequences); about 85 more "
        "sequences would decide it",
        "zoo/unbalanced": "it is there beyond its null, but a part of the sentence is refuted: Spearman, lowest of any "
        "corpus = 0.38 [0.29, 0.46], claimed >= 0.5 (48 sequences)",
    }
    return judged(
        "sequence-similarity",
        name,
        criterion("Spearman, all pairs", whole, ">= 0.5"),
        criterion("Spearman, minus permuted sequences", tuple(x - 0.01 for x in whole), ">= 0.1", role=Role.EXCESS),
        criterion("Spearman, lowest of any corpus", within, ">= 0.5", role=Role.PART),
        criterion("Spearman, permuted sequences", (0.01, -0.06, 0.08), ">= 0.5", role=Role.CONTROL),
        reason=why.get(name, ""),
        figure=figures.similarity(name),
        notes=["2 sequences shorter than 64 tokens were left out."],
    )


def _tightness(name: str) -> list[Record]:
    """What holds, and in one variant falls short of its size."""
    large = name == "example/MoE-16B-A3B"
    return [_gain(name, projector, poor=projector != "whitened" and not large) for projector in PROJECTORS]


def _gain(name: str, projector: str, *, poor: bool) -> Record:
    gain = (1.32, 1.28, 1.37) if poor else (2.42, 2.31, 2.55)
    return judged(
        "bound-tightness",
        name,
        criterion("gain of the variant", gain, ">= 1.1"),
        criterion("gain minus that on random states", tuple(x - 1.02 for x in gain), ">= 0.05", role=Role.EXCESS),
        criterion("gain, the stated size", gain, ">= 1.5", role=Role.PART),
        criterion("pairs above the bound", (0, 0, 0), "<= 0", 131_072, unit="pair", role=Role.PART),
        criterion("gain on random states", (1.02, 0.99, 1.05), ">= 1.1", role=Role.CONTROL),
        variant={"projector": projector},
        primary=projector == "whitened",
        reason="it is there beyond its null, but a part of the sentence is refuted: gain, the stated size = 1.32 "
        "[1.28, 1.37], claimed >= 1.5 (48 sequences)"
        if poor
        else "",
        figure=figures.tightness(name),
    )


def _kernel(name: str) -> Record:
    if name in ("example/MoE-16B-A3B", "zoo/unbalanced"):
        why = "the router is not linear: the residual of W h + b is 0.31 of the largest logit"
        failed = "non-finite activations at layer 4"
        silent = (Verdict.ERROR, failed) if name == "zoo/unbalanced" else (Verdict.NOT_APPLICABLE, why)
        return record("kernel-counterexample", name, silent[0], reason=silent[1])
    unmoved = criterion("choices changed by kernel moves", (0, 0, 0), "<= 0", 36_864)
    change = criterion("relative change of the MoE output", (0.99966, 0.99951, 0.99983), ">= 0.1")
    moved = criterion("choices changed by row-space moves", (0.61, 0.58, 0.64), ">= 0.1", role=Role.CONTROL)
    return judged("kernel-counterexample", name, unmoved, change, moved, figure=figures.moves(name))


def _certificate(name: str) -> Certificate:
    file = f"certificates/necessity-full-space-{name.replace('/', '-')}.npz"
    says = "two inputs ten norms apart with identical logits and experts at layer 3"
    return Certificate(file, "9f" * 32, "blind-move", says, {"norm": 10.0})
