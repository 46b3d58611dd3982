"""Alignment of experts' Jacobians at single tokens: exact for given pairs, or estimated by random probes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from metrics.arrays import Float64Array, FloatArray, IntArray, as_float64
from metrics.jacobians.cosines import frobenius_cosines
from metrics.jacobians.expert import Expert, local_jacobians
from metrics.jacobians.spectra import jacobian_times
from metrics.jacobians.token_products import inner_products


@dataclass(frozen=True)
class TokenCosines:
    """Frobenius cosines of the Jacobians of two experts at one token: means over the tokens of each block.

    Attributes
    ----------
    signed : float32 (B, E, E), in [-1, 1]; NaN for a pair that was not drawn, or has no cosine there
    absolute : float32 (B, E, E), of the absolute values
    tokens : int64 (B,), tokens that were looked at in each block
    method : how they were computed, in words
    noise : standard error of one cosine, mean over pairs and tokens, 0 where cosines are exact; the mean of absolute
        values may be too large by as much, since errors do not cancel in it
    """

    signed: FloatArray
    absolute: FloatArray
    tokens: IntArray
    method: str
    noise: float = 0.0


#: Bytes that the probed outputs of all experts may take at once.
PROBE_BYTES = 2**29


class Probed(NamedTuple):
    """Estimated cosines and their standard errors, float64 (P, N) each."""

    cosine: Float64Array
    error: Float64Array


def draw_pairs(experts: int, count: int, rng: np.random.Generator) -> IntArray:
    """Pairs of different experts i < j: all in order, or some drawn so that every expert comes equally often.

    The experts are put in a ring at random; pairs of neighbours come first, then of next but one, and so on.
    Every pair is as likely as any other.

    Parameters
    ----------
    count : how many; all of them where it is no less

    Returns
    -------
    int64 array of shape (count, 2), in ascending order

    Examples
    --------
    >>> draw_pairs(3, 3, np.random.default_rng(0)).tolist()
    [[0, 1], [0, 2], [1, 2]]
    """
    every = np.argwhere(np.triu(np.ones((experts, experts), dtype=bool), 1))
    if count >= len(every):
        return every
    ring = rng.permutation(experts)
    steps = [np.stack([ring, np.roll(ring, -step)], axis=1) for step in range(1, experts // 2 + 1)]
    if experts % 2 == 0:
        steps[-1] = steps[-1][: experts // 2]  # opposite experts meet twice
    drawn = np.sort(np.concatenate(steps)[:count], axis=1)
    return np.asarray(drawn[np.lexsort((drawn[:, 1], drawn[:, 0]))])


def pair_cosines(experts: Sequence[Expert], states: FloatArray, pairs: IntArray) -> Float64Array:
    """Frobenius cosines of J_i(x_t) and J_j(x_t), exact, float64 (P, N) (ASY, a variant; reconstructed).

    Parameters
    ----------
    states : x, float array of shape (N, D)
    pairs : integer array of shape (P, 2)

    Returns
    -------
    In [-1, 1]; NaN where one of the two is zero

    Examples
    --------
    >>> from metrics.jacobians.activation import activation, gated_unit
    >>> linear = gated_unit(activation("linear"))
    >>> experts = [Expert(np.array([row]), None, np.ones((1, 1)), linear) for row in ([1.0, 0.0], [3.0, 4.0])]
    >>> pair_cosines(experts, np.ones((1, 2)), np.array([[0, 1]])).tolist()
    [[0.6]]
    """
    points, numbers = as_float64(states), np.asarray(pairs)
    powers = {}
    for number in np.unique(numbers).tolist():
        own = local_jacobians(experts[number], points)
        powers[number] = inner_products(experts[number], own, experts[number], own)
    found = np.empty((len(numbers), len(points)))
    for i in np.unique(numbers[:, 0]).tolist():
        first, local = experts[i], local_jacobians(experts[i], points)
        for place in np.flatnonzero(numbers[:, 0] == i).tolist():
            j = int(numbers[place, 1])
            product = inner_products(first, local, experts[j], local_jacobians(experts[j], points))
            found[place] = frobenius_cosines(product, powers[i], powers[j])
    return found


def probed_cosines(
    experts: Sequence[Expert],
    states: FloatArray,
    pairs: IntArray,
    probes: int,
    rng: np.random.Generator,
    probe_bytes: int = PROBE_BYTES,
) -> Probed:
    """Estimate the cosines of `pair_cosines` from J v for random v of ones and minus ones.

    E <J_i v, J_j v> = <J_i, J_j>. Every token has probes of its own, the same for all experts; the standard
    error is that of the ratio of means over a token's probes, to first order.

    Parameters
    ----------
    probes : how many a token, 2 at least

    Raises
    ------
    ValueError
        For fewer than two probes.

    Examples
    --------
    >>> from metrics.jacobians.activation import activation, gated_unit
    >>> linear = gated_unit(activation("linear"))
    >>> experts = [Expert(np.array([row]), None, np.ones((1, 1)), linear) for row in ([1.0, 0.0], [2.0, 0.0])]
    >>> probed_cosines(experts, np.ones((1, 2)), np.array([[0, 1]]), 2, np.random.default_rng(0)).cosine.tolist()
    [[1.0]]
    """
    if probes < 2:
        raise ValueError(f"two probes are the fewest that show their own error, not {probes}")
    points, numbers = as_float64(states), np.asarray(pairs)
    involved = np.unique(numbers)
    step = max(1, probe_bytes // (8 * len(involved) * len(experts[0].down) * probes))
    parts = []
    for start in range(0, len(points), step):
        block = points[start : start + step]
        vectors = rng.choice([-1.0, 1.0], size=(len(block), points.shape[1], probes))
        seen = [jacobian_times(experts[n], local_jacobians(experts[n], block), vectors) for n in involved]
        parts.append(_ratios(np.stack(seen), np.searchsorted(involved, numbers)))
    return Probed(*(np.concatenate([part[i] for part in parts], axis=-1) for i in range(2)))


def _ratios(seen: Float64Array, places: IntArray) -> tuple[Float64Array, Float64Array]:
    """Cosines of pairs and their errors, (P, N) each; from (E, N, D, probes)."""
    each = np.moveaxis(seen, 3, 0).swapaxes(1, 2)  # (probes, N, E, D)
    grams = each @ each.swapaxes(2, 3)
    first, second = places.T
    product, one, two = grams[..., first, second], grams[..., first, first], grams[..., second, second]
    size = np.sqrt(one.mean(axis=0) * two.mean(axis=0))
    safe = np.where(size > 0, size, np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = one / one.mean(axis=0) + two / two.mean(axis=0)
    cosine = product.mean(axis=0) / safe
    residual = product / safe - cosine * share / 2
    error = residual.std(axis=0, ddof=1) / np.sqrt(len(product))
    return np.clip(cosine, -1.0, 1.0).T, error.T
