"""Planted routers that hear the mean state, or do not."""

from dataclasses import replace
from typing import Any

import numpy as np

from fixtures.evidence.trace import Trace
from fixtures.planted.tokens import World, planted_trace
from metrics.arrays import Float64Array
from metrics.routing.shared_direction import contrasts

WORLD = World(sequences=24, experts=16)


def heard(
    seed: int,
    rho: float,
    layers: int = 4,
    loss: float | None = 0.01,
    length: float = 3.0,
    world: World = WORLD,
    **doctored: Any,
) -> Trace:
    """States around a mean as long as so many noises; routers of exactly such a rho; the load is balanced."""
    rng = np.random.default_rng(seed)
    mean = rng.standard_normal(world.width)
    mean *= length * np.sqrt(world.width) / np.linalg.norm(mean)
    weight = [responding(world.router(rng), mean / np.linalg.norm(mean), rho) for _ in range(layers)]
    balanced = [np.arange(2 * world.tokens).reshape(-1, 2) % world.experts for _ in weight]
    states = [mean + world.normal(rng) for _ in weight]
    trace = planted_trace(world, states, weight, spectra=False, **{"experts": balanced, **doctored})
    return replace(trace, checkpoint={**trace.checkpoint, "balancing_loss": loss})


def responding(router: Float64Array, unit: Float64Array, rho: float) -> Float64Array:
    """Scale what a router makes of a direction until its rho there is the given one."""
    own, size = np.linalg.norm(contrasts(router) @ unit) ** 2, np.linalg.norm(contrasts(router)) ** 2
    gain = np.sqrt(rho**2 * (size - own) / (own * (len(unit) - rho**2)))
    return np.asarray(router + (gain - 1) * np.outer(router @ unit, unit))
