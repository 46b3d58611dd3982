"""Alignment of experts' Jacobians at single tokens: exact for given pairs, or estimated by random probes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from metrics.arrays import Float64Array, FloatArray, IntArray, as_float64
from metrics.jacobians.expert import Expert, LocalJacobians, local_jacobians
from metrics.jacobians.spectra import jacobian_times
from metrics.jacobians.token_products import cosines, frobenius_norms, inner_products


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
Gate = Callable[[int], tuple[FloatArray, FloatArray]]
"""Gate of an expert at the given tokens, (N,), and its gradient in the expert's input, (N, D)."""


class Probed(NamedTuple):
    """Estimated cosines and their standard errors, float64 (P, M); standard error of the mean of pairs, (M,)."""

    cosine: Float64Array
    error: Float64Array
    mean_error: Float64Array


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


def pair_cosines(
    experts: Sequence[Expert],
    states: FloatArray,
    pairs: IntArray,
    gate: Gate | None = None,
    tokens: IntArray | None = None,
) -> Float64Array:
    """Frobenius cosines of J_i(x_t) and J_j(x_t), exact, float64 (P, M) (ASY, a fork; reconstructed).

    Parameters
    ----------
    states : x, float array of shape (N, D)
    pairs : integer array of shape (P, 2)
    gate : for the Jacobians with the gate, at all N tokens
    tokens : int64 (M,), which of the N tokens; all by default

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
    rows = np.arange(len(points)) if tokens is None else tokens
    norms = {}
    for number in np.unique(numbers).tolist():
        expert = experts[number]
        norms[number] = frobenius_norms(expert, local_at(experts, number, points, gate, rows))
    found = np.empty((len(numbers), len(rows)))
    for i in np.unique(numbers[:, 0]).tolist():
        first, local = experts[i], local_at(experts, i, points, gate, rows)
        for place in np.flatnonzero(numbers[:, 0] == i).tolist():
            j = int(numbers[place, 1])
            product = inner_products(first, local, experts[j], local_at(experts, j, points, gate, rows))
            found[place] = cosines(product, norms[i], norms[j])
    return found


def cosines_between_tokens(expert: Expert, states: FloatArray, others: FloatArray) -> Float64Array:
    """Frobenius cosines of the Jacobians of one expert at two tokens, float64 (N,): the ceiling of alignment.

    Parameters
    ----------
    states, others : float arrays of shape (N, D); the t-th goes with the t-th

    Examples
    --------
    A linear map is the same everywhere:

    >>> from metrics.jacobians.activation import activation, gated_unit
    >>> expert = Expert(np.ones((1, 2)), None, np.ones((1, 1)), gated_unit(activation("linear")))
    >>> cosines_between_tokens(expert, np.zeros((1, 2)), np.ones((1, 2))).round(12).tolist()
    [1.0]
    """
    local, other = local_jacobians(expert, states), local_jacobians(expert, others)
    product = inner_products(expert, local, expert, other)
    return cosines(product, frobenius_norms(expert, local), frobenius_norms(expert, other))


def probed_cosines(
    experts: Sequence[Expert],
    states: FloatArray,
    pairs: IntArray,
    probes: int,
    rng: np.random.Generator,
    gate: Gate | None = None,
    tokens: IntArray | None = None,
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
    kept = np.arange(len(points)) if tokens is None else tokens
    step = max(1, probe_bytes // (8 * len(involved) * len(experts[0].down) * probes))
    parts = []
    for start in range(0, len(kept), step):
        rows = kept[start : start + step]
        vectors = rng.choice([-1.0, 1.0], size=(len(rows), points.shape[1], probes))
        seen = [jacobian_times(experts[n], local_at(experts, n, points, gate, rows), vectors) for n in involved]
        parts.append(_ratios(np.stack(seen), np.searchsorted(involved, numbers)))
    return Probed(*(np.concatenate([part[i] for part in parts], axis=-1) for i in range(3)))


def local_at(
    experts: Sequence[Expert], number: int, points: Float64Array, gate: Gate | None, rows: slice | IntArray
) -> LocalJacobians:
    """Local Jacobians of one of the experts at some rows of the states, with its gate if there is one.

    Examples
    --------
    >>> from metrics.jacobians.activation import activation, gated_unit
    >>> expert = Expert(np.ones((1, 2)), None, np.ones((1, 1)), gated_unit(activation("relu")))
    >>> local_at([expert], 0, np.array([[1.0, 1.0], [-1.0, -1.0]]), None, slice(1, None)).diagonal.tolist()
    [[0.0]]
    """
    if gate is None:
        return local_jacobians(experts[number], points[rows])
    value, slope = gate(number)
    return local_jacobians(experts[number], points[rows], (value[rows], slope[rows]))


def _ratios(seen: Float64Array, places: IntArray) -> tuple[Float64Array, Float64Array, Float64Array]:
    """Cosines of pairs and their errors, (P, N) each, and the error of their mean, (N,); from (E, N, D, probes)."""
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
    known = ~np.isnan(cosine)
    mean = np.where(known, residual, 0.0).sum(axis=-1) / np.maximum(known.sum(axis=-1), 1)
    mean_error = mean.std(axis=0, ddof=1) / np.sqrt(len(product))
    return np.clip(cosine, -1.0, 1.0).T, error.T, mean_error
