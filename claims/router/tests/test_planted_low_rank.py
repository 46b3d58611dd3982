"""Planted routers: which directions decide, and which expert is settled first."""

from dataclasses import replace

import numpy as np

from claims.core.verdict import Verdict
from claims.router import test_geo_fig24_low_rank
from claims.tests.support.contract import Case, Contract, Null, contract_tests, true_by_far
from claims.tests.support.planted_routers import WORLD, nonlinear, unread
from claims.tests.support.verdicts import two_layers
from fixtures.evidence.trace import Trace
from fixtures.planted.tokens import World, planted_trace
from metrics.stats.sampling import Sampling

WIDE, MANY = World(width=24, experts=10, top_k=3), World(sequences=24)
#: How often each of eight directions settles the third expert.
ALIKE, UNEVEN = (0.125,) * 8, (0.79, *(0.03,) * 7)


def settled(near: float, far: float, often: tuple[float, ...] = ALIKE, seed: int = 8) -> Trace:
    """Experts 0 and 1 lead by a bias and swap along one data direction; the third expert is settled by eight others.

    ``near`` is how long states are along the one direction, ``far`` along one of the eight: where that is longer, a
    RANDOM projection loses the first pair sooner than the third expert, whichever direction leads the data.
    """
    rng = np.random.default_rng(seed)
    weight = np.zeros((WIDE.experts, WIDE.width))
    weight[0, 0], weight[1, 0] = 1.0, -1.0
    weight[2:10, 1:9] = 4 * np.eye(8)
    hidden = 0.02 * WIDE.normal(rng)
    hidden[:, 0] += near * rng.choice([-1.0, 1.0], WIDE.tokens)
    hidden[np.arange(WIDE.tokens), 1 + rng.choice(8, WIDE.tokens, p=often)] += far
    bias = np.array([40.0, 40.0] + [0.0] * (WIDE.experts - 2))
    return planted_trace(WIDE, [hidden], [weight], bias=bias)


def first_by_bias(seed: int) -> Trace:
    """Isotropic states, a first expert that its bias alone settles, and the directions of other isotropic states."""
    rng = np.random.default_rng(seed)
    bias = np.array([9.0] + [0.0] * (MANY.experts - 1))
    return _of_others(planted_trace(MANY, [MANY.normal(rng)], [MANY.router(rng)], bias=bias), MANY, rng)


def directions_of_others(seed: int) -> Trace:
    """Isotropic tokens with the directions of other isotropic tokens: those of the same ones fit them a little."""
    rng = np.random.default_rng(seed)
    return _of_others(planted_trace(WORLD, [WORLD.normal(rng)], [WORLD.router(rng)]), WORLD, rng)


def _of_others(trace: Trace, world: World, rng: np.random.Generator) -> Trace:
    others = world.normal(rng)
    return replace(trace, layers=(replace(trace.layers[0], second_moment=others.T @ others / len(others)),))


def steep(last: float, seed: int = 9) -> Trace:
    """Data whose length falls from direction to direction, to ``last`` of the first."""
    rng = np.random.default_rng(seed)
    return planted_trace(WORLD, [WORLD.normal(rng) * np.geomspace(1, last, WORLD.width)], [WORLD.router(rng)])


def one_direction() -> Trace:
    """States along one direction, both ways: a random set of directions settles them all, or none of one way."""
    world, rng = World(sequences=8, length=2, width=6, experts=4, top_k=1), np.random.default_rng(3)
    weight, direction = world.router(rng), rng.standard_normal(world.width)
    return planted_trace(world, [np.resize([1.0, -1.0], (world.tokens, 1)) * direction], [weight])


def routed_by_the_weakest() -> Trace:
    """A router that reads only the weakest directions of the data."""
    world, rng = World(sequences=64), np.random.default_rng(9)
    weight = world.router(rng)
    weight[:, :16] = 0.0
    return planted_trace(world, [world.normal(rng) * np.repeat([1.3, 1.0], [16, 8])], [weight])


CONTRACTS = (
    Contract(
        test_geo_fig24_low_rank.test_low_rank_routing,
        (
            Case("first expert first, by data directions alone", Verdict.SUPPORTED, trace=lambda: settled(1.3, 2.5)),
            Case(
                "first expert first, but later than the third on one direction", Verdict.PARTLY, says="at its worst",
                trace=lambda: settled(0.9, 2.5, UNEVEN),
            ),
            Case(
                "first expert last, on random directions yet later", Verdict.REFUTED, trace=lambda: settled(0.3, 2.5)
            ),
            Case("random routers on isotropic states", Verdict.REFUTED, trace=lambda: two_layers(WORLD, 8)),
            Case("a first expert that any direction settles", Verdict.VACUOUS, trace=lambda: first_by_bias(1)),
            Case("an order at the threshold", Verdict.INCONCLUSIVE, trace=lambda: steep(0.05, 1)),
            Case(
                "one expert a token", Verdict.NOT_APPLICABLE, says="one expert a token",
                trace=lambda: two_layers(World(top_k=1), 8),
            ),
            nonlinear(),
            unread(lambda: settled(1.3, 2.5)),
        ),
        (
            Null("a first expert that any direction settles", {"trace": first_by_bias}),
            Null(
                "true at its threshold plus a margin", {"trace": lambda seed: steep(0.05, seed)},
                limits={Verdict.REFUTED: 0.5},
            ),
            true_by_far({"trace": lambda seed: settled(1.3, 2.5, seed=seed)}),
        ),
    ),
    Contract(
        test_geo_fig24_low_rank.test_low_rank_directions,
        (
            Case("energy in a few directions", Verdict.SUPPORTED, trace=lambda: steep(0.003)),
            Case("routing by the weakest directions", Verdict.REFUTED, trace=routed_by_the_weakest),
            Case("directions of other isotropic tokens", Verdict.REFUTED, trace=lambda: directions_of_others(1)),
            Case(
                "one direction, which one more random set settles as well, by luck", Verdict.VACUOUS,
                trace=one_direction, sampling=Sampling(17, 499),
            ),
            Case("a lead at the threshold", Verdict.INCONCLUSIVE, trace=lambda: steep(0.3, 1)),
            nonlinear(),
            unread(lambda: steep(0.003)),
        ),
        (
            Null("directions of other tokens", {"trace": directions_of_others}),
            Null(
                "true at its threshold plus a margin", {"trace": lambda seed: steep(0.3, seed)},
                limits={Verdict.REFUTED: 0.5},
            ),
            true_by_far({"trace": lambda seed: steep(0.003, seed)}),
        ),
        cannot={Verdict.PARTLY: "the excess never exceeds the lead, and it has no parts"},
    ),
)  # fmt: skip

test_verdict, test_false_support = contract_tests(CONTRACTS)
