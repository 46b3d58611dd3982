"""Planted routers: linear or not, near logits, same experts, tight bounds."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from claims.core.verdict import Verdict
from claims.router import test_geo_fig01_linear_router, test_geo_fig01_same_experts, test_geo_fig13_tightness
from claims.tests.support.contract import Case, Contract, Null, contract_tests, true_by_far
from claims.tests.support.planted_routers import (
    TALL,
    WORLD,
    at_random,
    bent,
    deaf,
    nonlinear,
    partly_at_random,
    reading,
    unread,
)
from claims.tests.support.verdicts import finding_of, two_layers
from fixtures.evidence.trace import Trace
from fixtures.planted.tokens import World, planted_trace
from metrics.arrays import as_float64
from metrics.stats.sampling import Sampling

SMALL, TINY = World(sequences=12, length=5, width=16), World(sequences=4, length=2, width=6)
EXACT = "the counts are exact, and lie on one side or the other"


def computed(seed: int, logits: Any) -> Trace:
    """A router whose logits are what ``logits(hidden, weight)`` says, whatever its weight."""
    rng = np.random.default_rng(seed)
    hidden, weight = WORLD.normal(rng), WORLD.router(rng)
    return planted_trace(WORLD, [hidden], [weight], logits=[logits(hidden, weight)])


def two_layer_logits(hidden: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """A perceptron: its second layer reads what a hinge leaves of the first."""
    rng = np.random.default_rng(3)
    return np.asarray(
        np.maximum(hidden @ rng.standard_normal((hidden.shape[1], 32)), 0.0) @ rng.standard_normal((32, 8))
    )


def cosines(hidden: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Cosines of each state with each expert's row."""
    rows, states = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (weight, hidden))
    return np.asarray(states @ rows.T)


def jittered(hidden: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The router reads its input times a random number near 1."""
    return np.asarray((hidden * np.random.default_rng(3).uniform(0.99, 1.01, hidden.shape)) @ weight.T)


def rounded(size: float) -> Trace:
    """A linear router whose logits are off by up to this part of the largest one."""
    noise = np.random.default_rng(3).uniform(-size, size, (WORLD.tokens, WORLD.experts))
    return computed(0, lambda h, w: h @ w.T + noise * np.abs(h @ w.T).max())


def along_the_leading_direction(stretch: float) -> Trace:
    """States along W's leading direction, where the bound is reached, and logits that are longer by ``stretch``."""
    rng = np.random.default_rng(3)
    weight = WORLD.router(rng)
    hidden = rng.standard_normal((WORLD.tokens, 1)) * np.linalg.svd(weight)[2][0]
    return planted_trace(WORLD, [hidden], [weight], logits=[stretch * hidden @ weight.T])


def clustered(seed: int = 2, score: str = "identity") -> Trace:
    """Tokens around a few centres, so that near pairs are really near."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((10, WORLD.width))
    hidden = centres[rng.integers(0, 10, WORLD.tokens)] + 0.15 * WORLD.normal(rng)
    return planted_trace(WORLD, [hidden], [WORLD.router(rng)], score=score)


def rounded_away() -> Trace:
    """A router whose bias is so large that float64 holds too little of the rest: steps beyond the radius are lost."""
    layer = clustered().layers[0]
    states, bias = as_float64(layer.hidden), np.full(WORLD.experts, 1e13)
    return planted_trace(WORLD, [states], [as_float64(layer.router.weight)], bias=bias, experts=[layer.experts])


def without_a_rule() -> Trace:
    """A router whose choices no rule reproduces."""
    trace = clustered()
    layer = trace.layers[0]
    return replace(trace, layers=(replace(layer, router=replace(layer.router, rule=None, note="no rule fits")),))


def chosen_at_random(seed: int) -> Trace:
    """Isotropic states whose experts were chosen at random."""
    rng = np.random.default_rng(seed)
    experts = at_random(rng, WORLD)
    return planted_trace(WORLD, [WORLD.normal(rng)], [WORLD.router(rng)], experts=[experts])


def few_pairs() -> Trace:
    """Sixteen isotropic tokens, of which the nearest hundredth of the pairs is one pair; one expert of two a token."""
    world, rng = World(sequences=8, length=2, width=4, experts=2, top_k=1), np.random.default_rng(0)
    return planted_trace(world, [world.normal(rng)], [world.router(rng)])


def flat(gain: float, seed: int = 3, world: World = WORLD) -> Trace:
    """Data in four dimensions, and a router that reads a fifth by ``gain`` times as much: what the span gains."""
    rng = np.random.default_rng(seed)
    axes = np.linalg.qr(rng.standard_normal((world.width, world.width)))[0]
    left = np.linalg.qr(rng.standard_normal((world.experts, 5)))[0]
    weight = left * np.array([1.0, 1.0, 1.0, 1.0, gain]) @ axes[:5]
    return planted_trace(world, [rng.standard_normal((world.tokens, 4)) @ axes[:4]], [weight])


def at_the_end(weak: float = 0.8, seed: int = 1, world: World = WORLD) -> Trace:
    """States that are ``weak`` as long along the last two axes, which a router reads alone."""
    first = world.width - 2
    return reading(world, np.where(np.arange(world.width) < first, 1.0, weak), slice(first, world.width), seed)


def directions_known(seed: int) -> Trace:
    """A few such tokens, which gain 1.12, with the moments that they were drawn by.

    Moments of the few tokens themselves would be off by more than the intervals hold, which take the bound as given.
    """
    trace = at_the_end(0.85, seed, TINY)
    moment = np.diag(np.array([1.0, 1.0, 1.0, 1.0, 0.85, 0.85]) ** 2)
    return replace(trace, layers=(replace(trace.layers[0], mean=np.zeros(TINY.width), second_moment=moment),))


def on_the_axes() -> Trace:
    """As many tokens on either end of each axis: no direction is preferred, exactly."""
    token = np.arange(TALL.tokens)
    hidden = np.where(token % 2, 1.0, -1.0)[:, None] * np.eye(TALL.width)[token // 2 % TALL.width]
    return planted_trace(TALL, [hidden], [TALL.router(np.random.default_rng(1))])


CONTRACTS = (
    Contract(
        test_geo_fig01_linear_router.test_router_linearity,
        (
            Case("a linear router", Verdict.SUPPORTED, trace=lambda: two_layers(WORLD, 0)),
            Case("rounding of half the tolerance", Verdict.SUPPORTED, trace=lambda: rounded(5e-5)),
            Case("rounding of twice the tolerance", Verdict.REFUTED, trace=lambda: rounded(2e-4)),
            Case("a module that random probes find out", Verdict.REFUTED, proves=False, trace=bent),
            Case("two layers", Verdict.REFUTED, proves=True, trace=lambda: computed(0, two_layer_logits)),
            Case("cosines", Verdict.REFUTED, proves=True, trace=lambda: computed(0, cosines)),
            Case("a jittered input", Verdict.REFUTED, proves=True, trace=lambda: computed(0, jittered)),
        ),
        cannot={
            Verdict.PARTLY: "it has neither a null nor parts",
            Verdict.VACUOUS: "it has no null",
            Verdict.INCONCLUSIVE: "a largest residual is exact",
            Verdict.NOT_APPLICABLE: "it measures the premise of the others",
        },
    ),
    Contract(
        test_geo_fig01_linear_router.test_sufficiency_bound,
        (
            Case("a linear router", Verdict.SUPPORTED, trace=lambda: two_layers(WORLD, 1)),
            Case("logits at the bound", Verdict.SUPPORTED, trace=lambda: along_the_leading_direction(1.0)),
            Case(
                "logits a hundredth longer", Verdict.REFUTED, proves=True,
                trace=lambda: along_the_leading_direction(1.01),
            ),
            Case("a router that says nothing", Verdict.SUPPORTED, trace=deaf),
            nonlinear(),
        ),
        cannot={
            Verdict.INCONCLUSIVE: EXACT,
            Verdict.PARTLY: "a pair above the bound is a certificate",
            Verdict.VACUOUS: "a theorem has no null: the bound without the factor is a control",
        },
    ),
    Contract(
        test_geo_fig01_same_experts.test_sufficiency_topk,
        (
            Case("clusters, plain top-k", Verdict.SUPPORTED, trace=clustered),
            Case("clusters, sigmoid", Verdict.SUPPORTED, trace=lambda: clustered(score="sigmoid")),
            Case(
                "steps beyond the radius that change nothing", Verdict.PARTLY,
                says="unchanged just beyond the exact radius", trace=rounded_away,
            ),
            Case("experts at random", Verdict.REFUTED, trace=lambda: partly_at_random(clustered(), 1.0, 1)),
            Case(
                "three in four at random: a twentieth of the experts", Verdict.REFUTED,
                trace=lambda: partly_at_random(clustered(), 0.75, 1),
            ),
            Case(
                "so few pairs that re-paired tokens share as much by luck", Verdict.VACUOUS,
                trace=few_pairs, sampling=Sampling(8, 499),
            ),
            Case(
                "a gain at the threshold", Verdict.INCONCLUSIVE, trace=lambda: partly_at_random(clustered(), 0.4, 2)
            ),
            Case("no rule of the choice", Verdict.NOT_APPLICABLE, says="no rule fits", trace=without_a_rule),
            nonlinear(),
            unread(clustered),
        ),
        (
            Null("experts chosen at random", {"trace": chosen_at_random}),
            Null(
                "true at its threshold plus a margin",
                {"trace": lambda seed: partly_at_random(clustered(seed), 0.35, seed)},
                limits={Verdict.REFUTED: 0.5},
            ),
            true_by_far({"trace": clustered}),
        ),
    ),
    Contract(
        test_geo_fig13_tightness.test_bound_tightness,
        (
            Case("flat data that the router's leading direction misses", Verdict.SUPPORTED, trace=lambda: flat(1.6)),
            Case("a gain of a fifth, not of a half", Verdict.PARTLY, says="half as tight", trace=lambda: flat(1.2)),
            Case("a gain too small, beyond its null", Verdict.PARTLY, says="falls short", trace=lambda: flat(1.08)),
            Case("a gain that would not be seen", Verdict.REFUTED, trace=lambda: flat(1.04)),
            Case("isotropic data", Verdict.REFUTED, trace=lambda: two_layers(WORLD, 3)),
            Case("a router of the last axes, which isotropic states gain by too", Verdict.VACUOUS, trace=at_the_end),
            Case("a gain at the threshold", Verdict.INCONCLUSIVE, trace=lambda: at_the_end(0.9)),
            Case(
                "no direction preferred, exactly", Verdict.NOT_APPLICABLE, says="the data span 6 of 6",
                trace=on_the_axes,
            ),
            Case("a router that says nothing", Verdict.NOT_APPLICABLE, says="no valid variant", trace=deaf),
            nonlinear(),
            unread(lambda: flat(1.6)),
        ),
        (
            Null("isotropic data", {"trace": lambda seed: two_layers(SMALL, seed)}),
            Null(
                "true at its threshold plus a margin", {"trace": directions_known},
                limits={Verdict.REFUTED: 0.5},
            ),
            true_by_far({"trace": lambda seed: flat(1.6, seed, SMALL)}),
        ),
    ),
)  # fmt: skip

test_verdict, test_false_support = contract_tests(CONTRACTS)


@pytest.mark.parametrize(
    ("trace", "seen"),
    [
        (lambda: along_the_leading_direction(1.0), True),
        (lambda: along_the_leading_direction(0.4), False),
        (deaf, False),
    ],
)
def test_the_bound_without_the_factor_is_passed_by_pairs_that_come_near_the_bound(
    trace: Callable[[], Trace], seen: bool
) -> None:
    (control,) = finding_of(test_geo_fig01_linear_router.test_sufficiency_bound, trace=trace()).controls
    assert (control.estimate.value > 0) == seen
