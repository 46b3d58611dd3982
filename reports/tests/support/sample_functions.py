"""Sample records of the claims about functions and representations: on checkpoints, in an experiment, generated."""

from typing import Any

import numpy as np

from claims.core.record import Figure, Record, Series
from claims.core.verdict import Verdict
from reports.tests.support.sample_kinds import experiment
from reports.tests.support.samples import CHECKPOINTS, criterion, record

TOKENS = ("own", "shared", "single")


def cosines(experts: int, title: str = "mean Jacobians, layer 3", size: float = 0.3, seed: int = 0) -> Figure:
    """Return a symmetric matrix of cosines as a heat map, its diagonal left out."""
    rng = np.random.default_rng([seed, experts])
    vectors = rng.normal(size=(experts, 8)) + 0.4
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    found = (size * vectors @ vectors.T).round(4)
    np.fill_diagonal(found, np.nan)
    columns = [float(j) for j in range(experts)]
    rows = [Series(f"{i}", columns, [float(v) for v in row]) for i, row in enumerate(found)]
    return Figure("heat", title, "ASY claim A", "expert", "expert", rows)


def functions() -> list[Record]:
    """Return a claim on every checkpoint, the same experiment in a transformer and in models trained in the run."""
    in_transformer = "topk-sharpening-function-transformer"
    told = _texts(in_transformer, "ASY claim C")
    return [
        *(_decorrelation(name, tokens) for name in CHECKPOINTS for tokens in TOKENS),
        *(_sharpening(capacity) for capacity in ("active", "total")),
        experiment(in_transformer, "routing: small", Verdict.SUPPORTED, **told),
    ]


def _texts(claim: str, figure: str) -> dict[str, Any]:
    return {
        "kind": "finding",
        "group": "E",
        "title": claim.replace("-", " ").capitalize(),
        "source": "ASY (arXiv 2605.16349v1)",
        "figures": [figure],
        "statement": "Made up to look at.",
        "null_says": "The same experts, their weights drawn anew.",
    }


def _decorrelation(name: str, tokens: str) -> Record:
    refuted = tokens == "single" and name == "zoo/unbalanced"
    ends = (0.21, 0.17, 0.25) if refuted else (0.03, 0.02, 0.05)
    own = tokens == "own"
    return record(
        "functional-decorrelation",
        name,
        Verdict.REFUTED if refuted else Verdict.SUPPORTED,
        variant={"tokens": tokens},
        primary=own,
        criteria=[criterion("mean cosine", ends, "<= 0.1", unit="block of sequences")],
        figure=cosines(CHECKPOINTS[name]["experts"], seed=len(name)) if own else None,
        **_texts("functional-decorrelation", "ASY claim A"),
    )


def _sharpening(capacity: str) -> Record:
    active = capacity == "active"
    return record(
        "topk-sharpening-function",
        "generated",
        Verdict.REFUTED if active else Verdict.INCONCLUSIVE,
        variant={"capacity": capacity},
        primary=active,
        criteria=[criterion("alignment(top-k) - alignment(soft)", (0.1, 0.05, 0.15), "< 0", 12, unit="seed")],
        **_texts("topk-sharpening-function", "ASY claim C"),
    )
