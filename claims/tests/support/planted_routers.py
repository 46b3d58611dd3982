"""Planted routers that several contracts share, and the cases of a premise that is not met."""

from collections.abc import Callable
from typing import Any

import numpy as np

from claims.core.verdict import Verdict
from claims.tests.support.contract import Case
from claims.tests.support.text_fits import predicted
from claims.tests.support.verdicts import two_layers
from fixtures.evidence.trace import Trace
from fixtures.planted.tokens import World, planted_trace
from metrics.arrays import as_float64

WORLD, DEEP, TALL = World(), World(width=40), World(width=6, experts=12)


def bent(seed: int = 0) -> Trace:
    """Routers that were measured not to be linear."""
    return two_layers(WORLD, seed, linear=False)


def deaf(world: World = WORLD) -> Trace:
    """A router that says nothing."""
    rng = np.random.default_rng(1)
    return planted_trace(world, [world.normal(rng)], [np.zeros((world.experts, world.width))])


def at_random(rng: np.random.Generator, world: World) -> np.ndarray:
    """Experts that have nothing to do with the states."""
    return np.stack([rng.permutation(world.experts)[: world.top_k] for _ in range(world.tokens)])


def partly_at_random(trace: Trace, share: float, seed: int, world: World = WORLD) -> Trace:
    """Return a trace of one layer in which this share of the tokens use experts drawn at random."""
    rng = np.random.default_rng([seed, 7])
    layer = trace.layers[0]
    redrawn = rng.random(world.tokens) < share
    experts = np.where(redrawn[:, None], at_random(rng, world), layer.experts)
    return planted_trace(world, [as_float64(layer.hidden)], [as_float64(layer.router.weight)], experts=[experts])


def without_kernel() -> Trace:
    """More experts than dimensions, and orthogonal columns of length 1."""
    rng = np.random.default_rng(4)
    weight = np.linalg.qr(rng.standard_normal((TALL.experts, TALL.width)))[0]
    return planted_trace(TALL, [TALL.normal(rng)], [weight])


def reading(world: World, sizes: np.ndarray, directions: slice, seed: int) -> Trace:
    """States that spread by ``sizes`` (D,) along the axes, and a router that reads some of the axes alone, alike."""
    rng = np.random.default_rng(seed)
    axes = np.eye(world.width)[directions]
    weight = np.linalg.qr(rng.standard_normal((world.experts, len(axes))))[0] @ axes
    return planted_trace(world, [world.normal(rng) * sizes], [weight])


def nonlinear(**same: Any) -> Case:
    """Return the case of routers that were measured not to be linear, of which nothing is asked."""
    says = r"residual of 0\.5"
    return Case("routers that are not linear", Verdict.NOT_APPLICABLE, says=says, trace=bent, **same)


def unread(trace: Callable[[], Trace], **same: Any) -> Case:
    """Return the case of a model that does not model its text, of an otherwise supporting trace."""
    says = r"premise .* gained on .* over token frequencies = 0\.3"
    name = "a model that does not model its text"
    return Case(name, Verdict.NOT_APPLICABLE, says=says, trace=lambda: predicted(trace(), 0.3), **same)
