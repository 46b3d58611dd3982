"""Planted texts: louder originals, topical sequences."""

import numpy as np
import pytest

from claims.core.finding import NotApplicable
from claims.core.verdict import Verdict
from claims.inputs.test_geo_fig03_confidence import test_ood_confidence as ood_confidence
from claims.inputs.test_geo_fig05_sequences import test_sequence_similarity as sequence_similarity
from claims.tests.support.verdicts import SAMPLING, verdict
from fixtures.evidence.trace import Trace
from fixtures.planted.tokens import World, planted_trace
from metrics.stats.sampling import Sampling

# The claims are imported under names that pytest does not collect.


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


FORK = {"against": "shuffled", "confidence": "softmax"}


@pytest.mark.parametrize(("gain", "expected"), [(1.6, Verdict.SUPPORTED), (0.6, Verdict.REFUTED)])
def test_ood_confidence(gain: float, expected: Verdict) -> None:
    assert verdict(ood_confidence, **louder(World(), 10, gain), variant=FORK, sampling=SAMPLING) == expected


def test_own_weights_are_not_applicable_to_a_softmax_router() -> None:
    variant = {"against": "shuffled", "confidence": "own weight"}
    with pytest.raises(NotApplicable, match="sigmoid"):
        ood_confidence(**louder(World(), 10, 1.6), variant=variant, sampling=SAMPLING)


def confidence_null(seed: int) -> Verdict:
    return verdict(ood_confidence, **louder(World(), seed, 1.0), variant=FORK, sampling=Sampling(seed, 199))


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


def test_sequence_similarity_supported_for_topical_sequences() -> None:
    assert verdict(sequence_similarity, trace=topical(LONG, 11, 1.0), sampling=SAMPLING) == Verdict.SUPPORTED


def test_sequence_similarity_refuted_when_experts_are_chosen_at_random() -> None:
    rng = np.random.default_rng(11)
    trace = topical(LONG, 11, 1.0)
    chosen = np.stack([rng.permutation(LONG.experts)[: LONG.top_k] for _ in range(LONG.tokens)])
    layer = trace.layers[0]
    doctored = planted_trace(
        LONG, [layer.hidden.astype(np.float64)], [layer.router.weight.astype(np.float64)], experts=[chosen], corpora=2
    )
    assert verdict(sequence_similarity, trace=doctored, sampling=SAMPLING) == Verdict.REFUTED


def similarity_null(seed: int) -> Verdict:
    return verdict(sequence_similarity, trace=topical(LONG, seed, 0.0), sampling=Sampling(seed, 199))
