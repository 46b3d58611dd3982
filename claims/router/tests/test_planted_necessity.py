"""Planted routers: whether equal or near routing takes near states, in the full space, in text, in the row space."""

from typing import Any

import numpy as np

from claims.core.verdict import Verdict
from claims.router import test_geo_prop1_necessity, test_geo_review_row_space
from claims.tests.support.contract import Case, Contract, Null, contract_tests, refused, true_by_far
from claims.tests.support.planted_moves import NO_MOVES, reachable
from claims.tests.support.planted_routers import (
    DEEP,
    WORLD,
    deaf,
    nonlinear,
    partly_at_random,
    reading,
    unread,
    without_kernel,
)
from claims.tests.support.verdicts import two_layers
from fixtures.evidence.trace import Trace
from fixtures.planted.tokens import World, planted_trace
from metrics.arrays import as_float64

MANY = World(sequences=24)
DISTANCE, COSINE = {"similarity": "distance"}, {"similarity": "cosine"}
LINEAR: dict[str, Any] = {"trace": lambda: two_layers(WORLD, 4)}


def strong(weak: float, read: slice = slice(0, 8), seed: int = 1, world: World = MANY) -> Trace:
    """Eight directions of length 1, the others of length ``weak``; the router reads the strong ones by default."""
    sizes = np.where(np.arange(world.width) < 8, 1.0, weak)
    return reading(world, sizes, read, seed)


def few_directions(seed: int) -> Trace:
    """Data that fade from direction to direction, under routers drawn at random: most linear maps see what there is."""
    rng = np.random.default_rng(seed)
    sizes = np.geomspace(1.0, 0.1, MANY.width)
    return planted_trace(MANY, [MANY.normal(rng) * sizes for _ in range(2)], [MANY.router(rng) for _ in range(2)])


def same_for_all() -> Trace:
    """Experts that every token shares."""
    trace = two_layers(WORLD, 4)
    experts = [np.tile([0, 1], (WORLD.tokens, 1))] * 2
    weights = [as_float64(layer.router.weight) for layer in trace.layers]
    return planted_trace(WORLD, [as_float64(layer.hidden) for layer in trace.layers], weights, experts=experts)


def nearer_than_allowed() -> Trace:
    """Logits nearer than the row space allows; the experts are those of the router."""
    rng = np.random.default_rng(5)
    hidden, weight = WORLD.normal(rng), WORLD.router(rng)
    return planted_trace(WORLD, [hidden], [weight], logits=[0.05 * hidden @ weight.T])


def unread_noise(seed: int, share: float) -> Trace:
    """A router that reads eight of forty alike directions; this share of the choices is at random."""
    return partly_at_random(reading(DEEP, np.ones(DEEP.width), slice(0, 8), seed), share, seed, DEEP)


CONTRACTS = (
    Contract(
        test_geo_prop1_necessity.test_necessity_full_space,
        (
            Case(
                "the other reachable state lies far away", Verdict.REFUTED, proves=True,
                null_space_moves=lambda: reachable(1.4), **LINEAR,
            ),
            Case("just beyond half a norm", Verdict.REFUTED, null_space_moves=lambda: reachable(0.52), **LINEAR),
            Case(
                "the other reachable state is near", Verdict.SUPPORTED, proves=False,
                null_space_moves=lambda: reachable(0.48), **LINEAR,
            ),
            Case(
                "no router has a kernel", Verdict.SUPPORTED, proves=False, trace=without_kernel,
                null_space_moves=lambda: NO_MOVES,
            ),
            *refused(
                "null_space_moves",
                ("no norm before the block", "no norm feeds the block", lambda: NO_MOVES),
                ("a move that the router sees", "none of 1 reachable", lambda: reachable(1.4, seen=0.01)),
                ("a state that no norm returns", "none of 1 reachable", lambda: reachable(1.4, longer=1.01)),
                **LINEAR,
            ),
            nonlinear(null_space_moves=lambda: reachable(1.4)),
        ),
        cannot={
            Verdict.PARTLY: "it has neither a null nor parts",
            Verdict.VACUOUS: "it has no null",
            Verdict.INCONCLUSIVE: "one pair of states is exact",
        },
    ),
    Contract(
        test_geo_prop1_necessity.test_necessity_in_practice,
        (
            Case("a router that reads where states differ", Verdict.SUPPORTED, trace=lambda: strong(0.5)),
            Case("one that reads where they do not", Verdict.REFUTED, trace=lambda: strong(0.5, slice(16, 24))),
            Case("isotropic states", Verdict.REFUTED, trace=lambda: strong(1.0, world=World(sequences=60))),
            Case("states that any map tells apart", Verdict.VACUOUS, trace=lambda: strong(0.05)),
            Case(
                "fewer exceptions than by chance, but more than few", Verdict.PARTLY, says="falls short",
                trace=lambda: strong(0.7, world=World(sequences=60, width=40)),
            ),
            Case("a share at the threshold", Verdict.INCONCLUSIVE, trace=lambda: strong(0.75)),
            nonlinear(),
            unread(lambda: strong(0.5)),
        ),
        (
            Null("routers drawn at random, on few directions", {"trace": few_directions}),
            Null(
                "true at its threshold plus a margin", {"trace": lambda seed: strong(0.75, seed=seed)},
                limits={Verdict.REFUTED: 0.5},
            ),
            true_by_far({"trace": lambda seed: strong(0.5, seed=seed, world=World(sequences=60))}),
        ),
    ),
    Contract(
        test_geo_review_row_space.test_necessity_row_space,
        (
            Case("linear, by distance", Verdict.SUPPORTED, trace=lambda: two_layers(DEEP, 5), variant=DISTANCE),
            Case("linear, by cosine", Verdict.SUPPORTED, trace=lambda: two_layers(DEEP, 5), variant=COSINE),
            Case("logits nearer than the row space allows", Verdict.PARTLY, trace=nearer_than_allowed),
            Case("experts chosen at random", Verdict.REFUTED, trace=lambda: unread_noise(1, 1.0)),
            Case("little but what the router reads", Verdict.REFUTED, trace=lambda: strong(0.3, world=DEEP)),
            Case("the data's leading directions do as well", Verdict.VACUOUS, trace=lambda: strong(0.45, world=DEEP)),
            Case(
                "they do half as well", Verdict.SUPPORTED,
                trace=lambda: reading(DEEP, np.where(np.arange(40) < 8, 1.0, 0.6), slice(2, 10), 1),
            ),
            Case("a gain at the threshold", Verdict.INCONCLUSIVE, trace=lambda: unread_noise(1, 0.65)),
            *refused(
                "trace",
                ("a router without a kernel", "rank", without_kernel),
                ("a router that says nothing", "rank", deaf),
                ("the same experts everywhere", "no overlap to predict", same_for_all),
            ),
            nonlinear(),
            unread(lambda: two_layers(DEEP, 5)),
        ),
        (
            Null("experts chosen at random", {"trace": lambda seed: unread_noise(seed, 1.0)}),
            Null("the data's leading directions", {"trace": lambda seed: strong(0.45, seed=seed, world=DEEP)}),
            Null(
                "true at its threshold plus a margin", {"trace": lambda seed: unread_noise(seed, 0.65)},
                limits={Verdict.REFUTED: 0.5},
            ),
            true_by_far({"trace": lambda seed: two_layers(DEEP, seed)}),
        ),
    ),
)  # fmt: skip

test_verdict, test_false_support = contract_tests(CONTRACTS)
