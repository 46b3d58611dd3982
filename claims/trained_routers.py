"""Linear routers trained here, on generated states, under several coefficients of the balancing loss.

Every token was made by one of E sources of uneven frequency and should go to that source's expert: the task
loss is the cross-entropy of the router's softmax. The router has no bias, so it can say how frequent a source
is only through the mean state that all tokens share. Plain gradient descent, closed-form gradients.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from claims.sampling import Sampling
from metrics.balance import balancing_logit_gradient
from metrics.shared_direction import shared_response

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.integer]


@dataclass(frozen=True)
class RouterWorld:
    """What is trained on: sizes, data and optimisation, the same for all arms of a seed.

    Attributes
    ----------
    coefficients : of the balancing loss, one an arm, rising
    null_coefficients : the same for the null's arms, each of which sees the data in an order of its own
    seeds : trainings of each arm; a seed decides data and initialisation
    experts, width, top_k : of the router
    tokens : states of each seed
    batch, steps, rate : of gradient descent
    shared : length of the shared direction, in standard deviations of the noise along one axis
    """

    coefficients: tuple[float, ...] = (0.0, 1e-3, 1e-2, 1e-1)
    null_coefficients: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0)
    seeds: int = 12
    experts: int = 8
    width: int = 32
    top_k: int = 2
    tokens: int = 2048
    batch: int = 128
    steps: int = 300
    rate: float = 0.1
    shared: float = 3.0


WORLD = RouterWorld()


def trained_responses(world: RouterWorld, sampling: Sampling) -> tuple[FloatArray, FloatArray]:
    """Train all arms of all seeds, and return rho of every trained router.

    Returns
    -------
    rho of the arms and of the null's arms, each float64 of shape (seeds, arms)
    """
    found = [_seed(world, sampling, seed) for seed in range(world.seeds)]
    return np.array([arms for arms, _ in found]), np.array([null for _, null in found])


def states_of(world: RouterWorld, rng: np.random.Generator) -> tuple[FloatArray, IntArray]:
    """Generate states h = mu + a centre of the token's source + noise, and the sources.

    Returns
    -------
    states (N, D) and sources (N,); the source of rank r has a frequency proportional to 1 / r
    """
    frequency = 1.0 / np.arange(1, world.experts + 1)
    source = rng.choice(world.experts, world.tokens, p=frequency / frequency.sum())
    direction = rng.standard_normal(world.width)
    mean = world.shared * direction / np.linalg.norm(direction)
    centres = rng.standard_normal((world.experts, world.width)) / np.sqrt(world.width)
    centres *= 2.0
    noise = rng.standard_normal((world.tokens, world.width))
    return mean + centres[source] + noise, source


def _seed(world: RouterWorld, sampling: Sampling, seed: int) -> tuple[list[float], list[float]]:
    """Rho of the arms and of the null's arms after training on one seed's data."""
    rng = sampling.rng("balance-theorem", seed)
    states, source = states_of(world, rng)
    initial = 0.02 * rng.standard_normal((world.experts, world.width))
    shape = (world.steps, 1, world.batch)
    same = np.broadcast_to(rng.integers(0, world.tokens, shape), (world.steps, len(world.coefficients), world.batch))
    own = rng.integers(0, world.tokens, (world.steps, len(world.null_coefficients), world.batch))
    mean = states.mean(axis=0)
    arms = _train(world, initial, states, source, same, world.coefficients)
    null = _train(world, initial, states, source, own, world.null_coefficients)
    return [shared_response(weight, mean) for weight in arms], [shared_response(weight, mean) for weight in null]


def _train(
    world: RouterWorld,
    initial: FloatArray,
    states: FloatArray,
    source: IntArray,
    order: IntArray,
    coefficients: tuple[float, ...],
) -> FloatArray:
    """Train one router an arm from the same start; ``order`` (steps, A, B) are token numbers. Returns (A, E, D)."""
    weight = np.repeat(initial[None], len(coefficients), axis=0)
    strength = np.array(coefficients)[:, None, None]
    target = np.eye(world.experts)
    for chosen in order:
        h = states[chosen]
        z = h @ weight.transpose(0, 2, 1)
        task = (softmax(z, axis=-1) - target[source[chosen]]) / world.batch
        gradient = task + strength * balancing_logit_gradient(z, _loads(z, world.top_k))
        weight = weight - world.rate * gradient.transpose(0, 2, 1) @ h
    return weight


def _loads(logits: FloatArray, top_k: int) -> FloatArray:
    """Share of the visits of each expert under top-k, (A, B, E) to (A, E)."""
    chosen = np.argpartition(-logits, top_k - 1, axis=-1)[..., :top_k]
    mask = np.zeros_like(logits)
    np.put_along_axis(mask, chosen, 1.0 / top_k, axis=-1)
    return np.asarray(mask.mean(axis=-2))
