"""Planted routers: linear or not, near logits, same experts, tight bounds, row spaces, and which directions decide."""

from dataclasses import replace
from typing import Any

import numpy as np

from claims.core.verdict import Verdict
from claims.router import (
    test_geo_fig01_linear_router,
    test_geo_fig01_same_experts,
    test_geo_fig13_tightness,
    test_geo_fig24_low_rank,
    test_geo_prop1_necessity,
    test_geo_review_kernel,
)
from claims.tests.support.contract import MEASURED, Case, Contract, Null, contract_tests
from claims.tests.support.verdicts import two_layers
from fixtures.evidence.null_space_moves import Kind, Move, NullSpaceMoves
from fixtures.evidence.trace import Trace
from fixtures.planted.tokens import World, planted_trace

WORLD, DEEP, TALL = World(), World(width=40), World(width=6, experts=12)
WIDE = World(width=24, experts=10, top_k=3)
COUNTS = "the counts are exact, and lie on one side or the other"


def computed(seed: int, logits: Any) -> Trace:
    """A router whose logits are what ``logits(hidden, weight)`` says, whatever its weight."""
    rng = np.random.default_rng(seed)
    hidden, weight = WORLD.normal(rng), WORLD.router(rng)
    return planted_trace(WORLD, [hidden], [weight], logits=[logits(hidden, weight)])


def bent(seed: int = 0) -> Trace:
    """Routers that were measured not to be linear."""
    return two_layers(WORLD, seed, linear=False)


def deaf(world: World = WORLD) -> Trace:
    """A router that says nothing."""
    rng = np.random.default_rng(1)
    return planted_trace(world, [world.normal(rng)], [np.zeros((world.experts, world.width))])


def clustered(seed: int = 2, spread: float = 0.15, score: str = "identity", chosen: Any = None) -> Trace:
    """Tokens around a few centres, so that near pairs are really near."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((10, WORLD.width))
    hidden = centres[rng.integers(0, 10, WORLD.tokens)] + spread * WORLD.normal(rng)
    experts = None if chosen is None else [chosen(rng, WORLD)]
    return planted_trace(WORLD, [hidden], [WORLD.router(rng)], score=score, experts=experts)


def at_random(rng: np.random.Generator, world: World) -> np.ndarray:
    """Experts that have nothing to do with the states."""
    return np.stack([rng.permutation(world.experts)[: world.top_k] for _ in range(world.tokens)])


def chosen_at_random(world: World, seed: int) -> Trace:
    """Isotropic states whose experts were chosen at random."""
    rng = np.random.default_rng(seed)
    chosen = at_random(rng, world)
    return planted_trace(world, [world.normal(rng)], [world.router(rng)], experts=[chosen])


def flat(seed: int = 3) -> Trace:
    """Data in a plane that the router's leading direction does not see."""
    rng = np.random.default_rng(seed)
    weight = WORLD.router(rng)
    _, _, directions = np.linalg.svd(weight)
    weight = weight + 6 * np.outer(rng.standard_normal(WORLD.experts), directions[-1]) / np.sqrt(WORLD.experts)
    return planted_trace(WORLD, [rng.standard_normal((WORLD.tokens, 4)) @ directions[2:6]], [weight])


def without_kernel(last: float = 1.0) -> Trace:
    """More experts than dimensions, and orthogonal columns, of lengths from 1 to ``last``."""
    rng = np.random.default_rng(4)
    weight = np.linalg.qr(rng.standard_normal((TALL.experts, TALL.width)))[0]
    return planted_trace(TALL, [TALL.normal(rng)], [weight * np.geomspace(1, last, TALL.width)])


def tilted(seed: int, towards: float, world: World = WORLD) -> Trace:
    """States with energy moved into the row space (towards > 1) or out of it (< 1)."""
    rng = np.random.default_rng(seed)
    weight = world.router(rng)
    basis = np.linalg.svd(weight, full_matrices=False)[2]
    hidden = world.normal(rng)
    return planted_trace(world, [hidden + (towards - 1) * hidden @ basis.T @ basis], [weight])


def moves(*, kernel: float = 0.0, row: float = 0.9, output: float = 0.5, **fields: Any) -> NullSpaceMoves:
    """Moves over 12 sequences of 8 tokens whose choices change at the given rates."""
    rng = np.random.default_rng(0)

    def move(kind: Kind, norm: float, rate: float) -> Move:
        return Move(
            layer=0,
            kind=kind,
            norm=norm,
            sequence=np.repeat(np.arange(12, dtype=np.int32), 8),
            same_experts=rng.random(96) >= rate,
            near_tie=np.zeros(96, dtype=bool),
            weight_change=np.full(96, 1e-7),
            output_change=output * rng.uniform(0.8, 1.2, 96),
            example={"weight": np.eye(2), "hidden": np.ones(2), "moved": np.ones(2)},
        )

    injected = [move("kernel", norm, kernel) for norm in (0.1, 1.0, 10.0)]
    return replace(NullSpaceMoves(moves=(*injected, move("row", 1.0, row)), not_applicable={}), **fields)


def settled(first: slice | int, third: slice, near: float, far: float) -> Trace:
    """Experts 0 and 1 lead by a bias and swap along one data direction; the third expert is settled by eight others.

    ``near`` is how long states are along the one direction, ``far`` along one of the eight: where that is longer, a
    RANDOM projection loses the first pair sooner than the third expert, whichever direction leads the data.
    """
    rng = np.random.default_rng(8)
    weight = np.zeros((WIDE.experts, WIDE.width))
    weight[0, first], weight[1, first] = 1.0, -1.0
    weight[2:10, third] = 4 * np.eye(8)
    hidden = 0.02 * WIDE.normal(rng)
    hidden[:, first] += near * rng.choice([-1.0, 1.0], WIDE.tokens)
    hidden[np.arange(WIDE.tokens), third.start + rng.integers(0, 8, WIDE.tokens)] += far
    bias = np.array([40.0, 40.0] + [0.0] * (WIDE.experts - 2))
    return planted_trace(WIDE, [hidden], [weight], bias=bias)


def steep(seed: int = 9) -> Trace:
    """Data whose energy falls from direction to direction."""
    rng = np.random.default_rng(seed)
    hidden = WORLD.normal(rng) * np.geomspace(3, 0.01, WORLD.width)
    return planted_trace(WORLD, [hidden], [WORLD.router(rng)])


def routed_by_the_weakest() -> Trace:
    """A router that reads only the weakest directions of the data."""
    world, rng = World(sequences=64), np.random.default_rng(9)
    weight = world.router(rng)
    weight[:, :16] = 0.0
    return planted_trace(world, [world.normal(rng) * np.repeat([1.3, 1.0], [16, 8])], [weight])


def directions_of_others(seed: int) -> Trace:
    """Isotropic tokens with the directions of other isotropic tokens: those of the same ones fit them a little."""
    rng = np.random.default_rng(seed)
    trace = planted_trace(WORLD, [WORLD.normal(rng)], [WORLD.router(rng)])
    others = WORLD.normal(rng)
    return replace(trace, layers=(replace(trace.layers[0], second_moment=others.T @ others / len(others)),))


NONLINEAR = Case("routers that are not linear", Verdict.NOT_APPLICABLE, says=r"residual of 0\.5", trace=bent)
DISTANCE, COSINE = {"similarity": "distance"}, {"similarity": "cosine"}
ENERGY, VARIANCE = {"of": "energy"}, {"of": "variance"}
NEARER: dict[str, Any] = {"trace": lambda: computed(5, lambda h, w: 0.05 * h @ w.T), "variant": DISTANCE}
TRACE: dict[str, Any] = {"trace": lambda: two_layers(WORLD, 6)}

CONTRACTS = (
    Contract(
        test_geo_fig01_linear_router.test_router_linearity,
        (
            Case("a linear router", Verdict.SUPPORTED, trace=lambda: two_layers(WORLD, 0)),
            Case("a router measured not to be linear", Verdict.REFUTED, trace=bent),
            Case(
                "logits that no affine map explains", Verdict.REFUTED, proves=True,
                trace=lambda: computed(0, lambda h, w: np.tanh(2 * h @ w.T)),
            ),
        ),
        cannot={
            Verdict.VACUOUS: "it has no null",
            Verdict.INCONCLUSIVE: "a largest residual is exact",
            Verdict.NOT_APPLICABLE: "it measures the premise of the others",
        },
    ),
    Contract(
        test_geo_fig01_linear_router.test_sufficiency_bound,
        (
            Case("a linear router", Verdict.SUPPORTED, trace=lambda: two_layers(WORLD, 1)),
            Case(
                "logits that stretch further than the router can", Verdict.REFUTED, proves=True,
                trace=lambda: computed(1, lambda h, w: 9 * h @ w.T),
            ),
            Case("a router that says nothing", Verdict.VACUOUS, trace=deaf),
            NONLINEAR,
        ),
        cannot={Verdict.INCONCLUSIVE: COUNTS},
    ),
    Contract(
        test_geo_fig01_same_experts.test_sufficiency_topk,
        (
            Case("clusters, plain top-k", Verdict.SUPPORTED, trace=clustered),
            Case("clusters, sigmoid", Verdict.SUPPORTED, trace=lambda: clustered(score="sigmoid")),
            Case("experts chosen at random", Verdict.REFUTED, trace=lambda: clustered(chosen=at_random)),
            Case("a gain that re-paired tokens have too", Verdict.VACUOUS, at={"gain": -0.5}, trace=clustered),
            Case("a gain at the threshold", Verdict.INCONCLUSIVE, at={"gain": MEASURED}, trace=clustered),
            NONLINEAR,
        ),
        (Null("experts chosen at random", {"trace": lambda seed: chosen_at_random(WORLD, seed)}),),
    ),
    Contract(
        test_geo_fig13_tightness.test_bound_tightness,
        (
            Case("flat data", Verdict.SUPPORTED, trace=flat),
            Case("isotropic data", Verdict.REFUTED, trace=lambda: two_layers(WORLD, 3)),
            Case("a gain that isotropic states have too", Verdict.VACUOUS, at={"gain": 0.5}, trace=flat),
            Case("a gain at the threshold", Verdict.INCONCLUSIVE, at={"gain": MEASURED}, trace=flat),
            NONLINEAR,
        ),
        (Null("isotropic data", {"trace": lambda seed: two_layers(World(sequences=12, length=5, width=16), seed)}),),
    ),
    Contract(
        test_geo_prop1_necessity.test_necessity_full_space,
        (
            Case("a router without a kernel", Verdict.SUPPORTED, trace=without_kernel),
            Case("fewer experts than dimensions", Verdict.REFUTED, proves=True, trace=lambda: two_layers(WORLD, 4)),
            Case("a router almost blind to some", Verdict.INCONCLUSIVE, trace=lambda: without_kernel(0.03)),
            Case("a router all but blind to most", Verdict.REFUTED, proves=False, trace=lambda: without_kernel(1e-6)),
            NONLINEAR,
        ),
        cannot={Verdict.VACUOUS: "it has no null"},
    ),
    Contract(
        test_geo_prop1_necessity.test_necessity_row_space,
        (
            Case("linear, by distance", Verdict.SUPPORTED, trace=lambda: two_layers(DEEP, 5), variant=DISTANCE),
            Case("linear, by cosine", Verdict.SUPPORTED, trace=lambda: two_layers(DEEP, 5), variant=COSINE),
            Case("logits nearer than the row space allows", Verdict.REFUTED, **NEARER),
            Case(
                "a gain that a random subspace has too", Verdict.VACUOUS, at={"gain": -1.0},
                trace=lambda: two_layers(DEEP, 5),
            ),
            Case(
                "a gain at the threshold", Verdict.INCONCLUSIVE, at={"gain": MEASURED},
                trace=lambda: two_layers(DEEP, 5),
            ),
            NONLINEAR,
        ),
        (Null("experts chosen at random", {"trace": lambda seed: chosen_at_random(DEEP, seed)}),),
    ),
    Contract(
        test_geo_review_kernel.test_kernel_counterexample,
        (
            Case("moves that no router sees", Verdict.SUPPORTED, null_space_moves=moves, **TRACE),
            Case("moves seen", Verdict.REFUTED, null_space_moves=lambda: moves(kernel=0.3), **TRACE),
            Case("moves without effect", Verdict.REFUTED, null_space_moves=lambda: moves(output=0.01), **TRACE),
            Case("a router that sees nothing", Verdict.VACUOUS, null_space_moves=lambda: moves(row=0.0), **TRACE),
            Case(
                "an effect at the threshold", Verdict.INCONCLUSIVE, null_space_moves=lambda: moves(output=0.1), **TRACE
            ),
            Case(
                "an impossible reachable move", Verdict.NOT_APPLICABLE, says="no norm feeds the block",
                null_space_moves=lambda: moves(not_applicable={0: "no norm feeds the block"}),
                variant={"move": "reachable"}, **TRACE,
            ),
        ),
    ),
    Contract(
        test_geo_review_kernel.test_kernel_energy,
        (
            Case("energy where the router looks", Verdict.SUPPORTED, trace=lambda: tilted(7, 2.0), variant=ENERGY),
            Case("variance where the router looks", Verdict.SUPPORTED, trace=lambda: tilted(7, 2.0), variant=VARIANCE),
            Case("energy where it does not", Verdict.REFUTED, trace=lambda: tilted(7, 0.5), variant=ENERGY),
            Case("variance where it does not", Verdict.REFUTED, trace=lambda: tilted(7, 0.5), variant=VARIANCE),
            Case(
                "margins that a random router has too", Verdict.VACUOUS, at={"margin": -1.0, "luck": -1.0},
                trace=lambda: tilted(7, 2.0),
            ),
            Case(
                "a share at the threshold", Verdict.INCONCLUSIVE, at={"margin": MEASURED}, trace=lambda: tilted(7, 2.0),
            ),
            Case("a router without a kernel", Verdict.NOT_APPLICABLE, says="no kernel", trace=without_kernel),
        ),
        (Null("isotropic data", {"trace": lambda seed: tilted(seed, 1.0), "variant": ENERGY}),),
    ),
    Contract(
        test_geo_fig24_low_rank.test_low_rank_routing,
        (
            Case(
                "first expert first, by data directions alone", Verdict.SUPPORTED,
                trace=lambda: settled(0, slice(1, 9), near=1.0, far=2.5),
            ),
            Case("first expert last", Verdict.REFUTED, trace=lambda: settled(8, slice(0, 8), near=0.3, far=2.5)),
            Case(
                "a random router on isotropic states", Verdict.VACUOUS,
                trace=lambda: two_layers(World(sequences=48), 8),
            ),
            Case(
                "an order at the threshold", Verdict.INCONCLUSIVE, at={"later": MEASURED},
                trace=lambda: settled(0, slice(1, 9), near=1.0, far=2.5),
            ),
            Case(
                "one expert a token", Verdict.NOT_APPLICABLE, says="one expert a token",
                trace=lambda: two_layers(World(top_k=1), 8),
            ),
        ),
    ),
    Contract(
        test_geo_fig24_low_rank.test_low_rank_directions,
        (
            Case("energy in a few directions", Verdict.SUPPORTED, trace=steep),
            Case("routing by the weakest directions", Verdict.REFUTED, trace=routed_by_the_weakest),
            Case("a gain that random directions have too", Verdict.VACUOUS, at={"gain": -1.0}, trace=steep),
            Case("a gain at the threshold", Verdict.INCONCLUSIVE, at={"gain": MEASURED}, trace=steep),
            NONLINEAR,
        ),
        (Null("directions of other tokens", {"trace": directions_of_others}),),
    ),
)  # fmt: skip

test_verdict, test_false_support = contract_tests(CONTRACTS)
