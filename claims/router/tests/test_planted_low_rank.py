"""Planted spectra: which expert is settled by how many directions."""

from dataclasses import replace

import numpy as np

from claims.core.verdict import Verdict
from claims.router.test_geo_fig24_low_rank import test_low_rank_directions as low_rank_directions
from claims.router.test_geo_fig24_low_rank import test_low_rank_routing as low_rank_routing
from claims.tests.support.verdicts import SAMPLING, two_layers, verdict
from fixtures.evidence.trace import Trace
from fixtures.planted.tokens import World, planted_trace
from metrics.stats.sampling import Sampling

# The claims are imported under names that pytest does not collect.


def settled_first(world: World, rng: np.random.Generator) -> Trace:
    """Experts 0 and 1 lead by a bias and swap along the leading data direction; the third lies in eight weak ones.

    On a token, its weak direction is longer than the leading one, so that a RANDOM projection loses the first
    pair sooner than the third expert: only data directions settle the first expert first.
    """
    weight = np.zeros((world.experts, world.width))
    weight[0, 0], weight[1, 0] = 1.0, -1.0
    weight[2:10, 1:9] = 4 * np.eye(8)
    hidden = 0.02 * world.normal(rng)
    hidden[:, 0] += rng.choice([-1.0, 1.0], world.tokens)
    hidden[np.arange(world.tokens), 1 + rng.integers(0, 8, world.tokens)] += 2.5
    bias = np.array([40.0, 40.0] + [0.0] * (world.experts - 2))
    return planted_trace(world, [hidden], [weight], bias=bias)


def swapped_first(world: World, rng: np.random.Generator) -> Trace:
    """Experts 0 and 1 swap along the weakest data direction; the third is settled by the leading ones."""
    weight = np.zeros((world.experts, world.width))
    weight[0, 8], weight[1, 8] = 1.0, -1.0
    weight[2:10, :8] = 4 * np.eye(8)
    hidden = 0.02 * world.normal(rng)
    hidden[:, 8] += 0.3 * rng.choice([-1.0, 1.0], world.tokens)
    hidden[np.arange(world.tokens), rng.integers(0, 8, world.tokens)] += 2.5
    bias = np.array([40.0, 40.0] + [0.0] * (world.experts - 2))
    return planted_trace(world, [hidden], [weight], bias=bias)


def order(trace: Trace) -> Verdict:
    return verdict(low_rank_routing, trace=trace, sampling=SAMPLING)


def few(trace: Trace, sampling: Sampling = SAMPLING) -> Verdict:
    return verdict(low_rank_directions, trace=trace, sampling=sampling)


WIDE = World(width=24, experts=10, top_k=3)


def test_first_expert_settled_first_is_supported_when_only_data_directions_do_it() -> None:
    assert order(settled_first(WIDE, np.random.default_rng(8))) == Verdict.SUPPORTED


def test_first_expert_settled_last_is_refuted() -> None:
    assert order(swapped_first(WIDE, np.random.default_rng(8))) == Verdict.REFUTED


def test_first_expert_settled_first_is_vacuous_for_a_random_router_on_isotropic_states() -> None:
    assert order(two_layers(World(sequences=48), 8)) == Verdict.VACUOUS


def test_few_data_directions_supported_for_flat_data() -> None:
    world = World()
    rng = np.random.default_rng(9)
    hidden = world.normal(rng) * np.geomspace(3, 0.01, world.width)
    assert few(planted_trace(world, [hidden], [world.router(rng)])) == Verdict.SUPPORTED


def test_few_data_directions_refuted_when_routing_lives_in_the_weakest_ones() -> None:
    world = World(sequences=64)
    rng = np.random.default_rng(9)
    weight = world.router(rng)
    weight[:, :16] = 0.0
    hidden = world.normal(rng) * np.repeat([1.3, 1.0], [16, 8])
    assert few(planted_trace(world, [hidden], [weight])) == Verdict.REFUTED


def few_directions_null(seed: int) -> Verdict:
    world = World()
    rng = np.random.default_rng(seed)
    trace = planted_trace(world, [world.normal(rng)], [world.router(rng)])
    others = world.normal(rng)  # directions of other isotropic tokens: those of the same ones do fit them a little
    layer = replace(trace.layers[0], second_moment=others.T @ others / len(others))
    return few(replace(trace, layers=(layer,)), Sampling(seed, 199))
