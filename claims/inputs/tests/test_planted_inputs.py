"""Planted texts: louder originals, topical sequences."""

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import numpy as np

from claims.core.verdict import Verdict
from claims.inputs import test_geo_fig03_confidence, test_geo_fig05_sequences
from claims.tests.support.contract import MEASURED, Case, Contract, Null, contract_tests
from fixtures.evidence.trace import Trace
from fixtures.planted.tokens import World, planted_trace
from metrics.arrays import IntArray


@lru_cache(maxsize=1)
def louder(world: World, seed: int, gain: float) -> dict[str, Trace]:
    """Original text whose row-space part is ``gain`` times that of scrambled text; everything else alike."""
    rng = np.random.default_rng(seed)
    weight = [world.router(rng) for _ in range(4)]

    def read(factor: float, noise: np.random.Generator) -> Trace:
        hidden = []
        for matrix in weight:
            basis = np.linalg.svd(matrix, full_matrices=False)[2]
            states = world.normal(noise)
            hidden.append(states + (factor - 1) * states @ basis.T @ basis)
        return planted_trace(world, hidden, weight)

    original = read(gain, rng)
    return {
        "trace": original,
        "again": original,
        "shuffled": read(1.0, rng),
        "reversed_order": read(1.0, rng),
    }


SOFTMAX = {"against": "shuffled", "confidence": "softmax"}


def texts(gain: float) -> dict[str, Any]:
    """Evidence whose original text is so much louder than scrambled text."""

    def reading(name: str) -> Callable[..., Trace]:
        return lambda seed=10: louder(World(), seed, gain)[name]

    names = ("trace", "again", "shuffled", "reversed_order")
    return {name: reading(name) for name in names} | {"variant": SOFTMAX}


def topical(world: World, seed: int, pull: float) -> Trace:
    """Tokens point at experts drawn from their sequence's topic; ``pull`` 0 gives every sequence the same topic.

    Two corpora have base topics of their own, so that pairs across them lie lower.
    """
    rng = np.random.default_rng(seed)
    base = np.repeat(rng.dirichlet(np.full(world.experts, 0.5), 2), world.sequences // 2, axis=0)
    own = np.stack([rng.dirichlet(20 * row / row.sum() + 0.05) for row in base])
    topic = pull * own + (1 - pull) / world.experts
    drawn = np.concatenate([rng.choice(world.experts, world.length, p=row) for row in topic])
    hidden = np.eye(world.experts)[drawn] + 0.05 * rng.standard_normal((world.tokens, world.experts))
    return planted_trace(world, [hidden], [np.eye(world.experts)], corpora=2)


LONG = World(sequences=40, length=48, width=8, experts=8, top_k=1)


def topics_ignored() -> Trace:
    """Topical sequences whose experts were chosen at random."""
    rng, trace = np.random.default_rng(11), topical(LONG, 11, 1.0)
    chosen: IntArray = np.stack([rng.permutation(LONG.experts)[: LONG.top_k] for _ in range(LONG.tokens)])
    layer = trace.layers[0]
    hidden, weight = layer.hidden.astype(np.float64), layer.router.weight.astype(np.float64)
    return planted_trace(LONG, [hidden], [weight], experts=[chosen], corpora=2)


CONTRACTS = (
    Contract(
        test_geo_fig03_confidence.test_ood_confidence,
        (
            Case("louder originals", Verdict.SUPPORTED, **texts(1.6)),
            Case("quieter originals", Verdict.REFUTED, **texts(0.6)),
            Case("bounds that one text meets", Verdict.VACUOUS, at={"difference": -9.0, "layers": -1.0}, **texts(1.6)),
            Case("a difference at the threshold", Verdict.INCONCLUSIVE, at={"difference": MEASURED}, **texts(1.6)),
            Case(
                "own weights of a softmax router", Verdict.NOT_APPLICABLE, says="sigmoid",
                **texts(1.6) | {"variant": {"against": "shuffled", "confidence": "own weight"}},
            ),
        ),
        (Null("texts alike", texts(1.0)),),
    ),
    Contract(
        test_geo_fig05_sequences.test_sequence_similarity,
        (
            Case("topical sequences", Verdict.SUPPORTED, trace=partial(topical, LONG, 11, 1.0)),
            Case("experts chosen at random", Verdict.REFUTED, trace=topics_ignored),
            Case(
                "bounds that permuted labels meet", Verdict.VACUOUS, at={"correlation": -1.0},
                trace=partial(topical, LONG, 11, 1.0),
            ),
            Case(
                "correlations at the threshold", Verdict.INCONCLUSIVE, at={"correlation": 0.9},
                trace=partial(topical, LONG, 11, 1.0),
            ),
            Case(
                "a few sequences", Verdict.NOT_APPLICABLE, says="4 sequences make too few pairs",
                trace=partial(topical, World(sequences=4, width=8), 11, 1.0),
            ),
        ),
        (Null("one topic", {"trace": lambda seed: topical(LONG, seed, 0.0)}),),
    ),
)  # fmt: skip

test_verdict, test_false_support = contract_tests(CONTRACTS)
