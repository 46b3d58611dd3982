"""Synthetic records that look like a run's: three checkpoints, six claims and an identity, every verdict.

``python -m reports.tests FOLDER`` renders them, to look at or to renew the golden report.
"""

from typing import Any

from claims.core.record import SCHEMA, Certificate, Criterion, Record
from claims.core.verdict import Verdict, holds
from reports.tests.support import sample_figures as figures
from reports.tests.support.sample_texts import texts

CHECKPOINTS: dict[str, dict[str, Any]] = {
    "zoo/balanced": {"layers": 6, "experts": 16, "top_k": 2, "parameters": 3_412_992},
    "zoo/unbalanced": {"layers": 6, "experts": 16, "top_k": 2, "parameters": 3_412_992},
    "example/MoE-16B-A3B": {"layers": 26, "experts": 64, "top_k": 6, "parameters": 15_706_484_224},
}
BCA = "BCa bootstrap of the mean, 9,999 resamples"
PROVENANCE = {
    "commit": "3f2a91c",
    "versions": {"python": "3.11.9", "torch": "2.9.1", "transformers": "5.23.0"},
    "device": "cpu",
    "dtype": "float32",
    "population": {"name": "prose, maths, code", "digest": "b5d1f7e09c", "sequences": 48, "tokens": 12_288},
    "seed": 20260,
}


def criterion(name: str, ends: tuple[float, float, float], side: str, n: int = 48, **more: Any) -> Criterion:
    """Return a criterion with (value, low, high) against ``> 0.2``-like ``side``."""
    value, low, high = ends
    direction, bound = side.split()
    exact = low == high
    judged = holds(low, high, float(bound), direction)
    fields: dict[str, Any] = {
        "unit": "token" if exact else "sequence",
        "method": "exact count" if exact else BCA,
        "p": None if exact else {True: 0.0002, False: 0.9998, None: 0.21}[judged],
        "p_adjusted": None if exact else {True: 0.0036, False: 1.0, None: 1.0}[judged],
    }
    return Criterion(name, value, low, high, float(bound), direction, n, holds=judged, **{**fields, **more})


def record(claim: str, checkpoint: str, verdict: Verdict, **more: Any) -> Record:
    """Return a record of the claim ``claim`` with sensible texts."""
    known = {"name": checkpoint, "revision": "8c1f0a7e", "architecture": "Qwen3MoeForCausalLM"}
    fields: dict[str, Any] = {
        "schema": SCHEMA,
        "claim": claim,
        "number": 99,
        "fork": {},
        "primary": True,
        "checkpoint": {"name": checkpoint} if checkpoint == "generated" else known | CHECKPOINTS.get(checkpoint, {}),
        "verdict": verdict,
        "reason": "",
        "criteria": [],
        "null": [],
        "layers": [],
        "figure": None,
        "certificate": None,
        "notes": [],
        "expected": None,
        "seconds": 4.2,
        "provenance": PROVENANCE,
    }
    return Record(**{**texts(claim), **fields, **more})


def run() -> list[Record]:
    """Return every record of the sample run."""
    records = [r for name in CHECKPOINTS for r in _checkpoint(name)]
    generated = criterion("violations over generated routers", (0, 0, 0), "<= 0", 10_000, unit="case")
    return [*records, record("sufficiency-bound", "generated", Verdict.SUPPORTED, criteria=[generated])]


def _checkpoint(name: str) -> list[Record]:
    large = name == "example/MoE-16B-A3B"
    return [
        _necessity(name),
        *_tightness(name, large=large),
        record(
            "kernel-energy",
            name,
            Verdict.VACUOUS,
            reason="the criteria hold, and they hold for the null as well",
            criteria=[criterion("chance minus kernel share", (0.081, 0.066, 0.097), "> 0.02")],
            null=[criterion("chance minus kernel share, random router", (0.043, 0.031, 0.055), "> 0.02")],
            layers=figures.kernel_curves(name),
        ),
        _suppression(name),
        _similarity(name, large=large),
        _kernel(name, large=large),
    ]


def _necessity(name: str) -> Record:
    blind = criterion("routers blind to a move of 10 ||h||", (0, 0, 0), "> 0", 12_288)
    return record(
        "necessity-full-space",
        name,
        Verdict.REFUTED,
        reason=f"{blind.name} = 0, claimed > 0 (12288 tokens)",
        criteria=[blind],
        certificate=_certificate(name),
        figure=figures.distances(name),
        expected="refuted",
    )


def _suppression(name: str) -> Record:
    balanced = name == "zoo/balanced"
    rho = (0.21, 0.18, 0.25) if balanced else (0.93, 0.88, 0.97)
    return record(
        "balance-suppression",
        name,
        Verdict.SUPPORTED if balanced else Verdict.REFUTED,
        reason="" if balanced else "rho, median over layers = 0.93 [0.88, 0.97], claimed < 0.5 (48 sequences)",
        criteria=[
            criterion("rho, median over layers", rho, "< 0.5"),
            criterion("retained energy", (0.34, 0.3, 0.39), "< 0.5", decides=False),
        ],
        null=[criterion("rho, untrained router", (0.99, 0.95, 1.04), "< 0.5")],
        figure=figures.alignment(name),
        expected=None if balanced else "supported",
    )


def _similarity(name: str, *, large: bool) -> Record:
    similar = (0.52, 0.41, 0.62) if large else (0.71, 0.64, 0.77)
    return record(
        "sequence-similarity",
        name,
        Verdict.INCONCLUSIVE if large else Verdict.SUPPORTED,
        reason="Spearman straddles 0.5; about 85 more sequences would decide it" if large else "",
        criteria=[criterion("Spearman, all pairs", similar, ">= 0.5")],
        null=[criterion("Spearman, permuted labels", (0.01, -0.06, 0.08), ">= 0.5")],
        figure=figures.similarity(name),
        notes=["2 sequences shorter than 64 tokens were left out."],
    )


def _tightness(name: str, *, large: bool) -> list[Record]:
    good = criterion("gain of the variant", (2.42, 2.31, 2.55), ">= 1.5")
    poor = criterion("gain of the variant", (1.12, 1.08, 1.17), ">= 1.5")
    return [
        record(
            "bound-tightness",
            name,
            Verdict.SUPPORTED if found is good else Verdict.REFUTED,
            variant={"projector": projector},
            primary=projector == "whitened",
            criteria=[criterion("pairs above the bound", (0, 0, 0), "<= 0", 131_072, unit="pair"), found],
            null=[criterion("gain on random states", (1.02, 0.99, 1.05), ">= 1.5")],
            figure=figures.tightness(name),
        )
        for projector, found in (("exact data span", good if large else poor), ("whitened", good))
    ]


def _kernel(name: str, *, large: bool) -> Record:
    if large or name == "zoo/unbalanced":
        why = "the router is not linear: the residual of W h + b is 0.31 of the largest logit"
        failed = "non-finite activations at layer 4"
        verdict, reason = (Verdict.NOT_APPLICABLE, why) if large else (Verdict.ERROR, failed)
        return record("kernel-counterexample", name, verdict, reason=reason)
    change = criterion("relative change of the MoE output", (0.99966, 0.99951, 0.99983), ">= 0.1")
    unmoved = criterion("choices changed by kernel moves", (0, 0, 0), "<= 0", 36_864)
    both, moves = [unmoved, change], figures.moves(name)
    return record("kernel-counterexample", name, Verdict.SUPPORTED, criteria=both, figure=moves)


def _certificate(name: str) -> Certificate:
    file = f"certificates/necessity-full-space-{name.replace('/', '-')}.npz"
    says = "two inputs ten norms apart with identical logits and experts at layer 3"
    return Certificate(file, "9f" * 32, "blind-move", says, {"norm": 10.0})
