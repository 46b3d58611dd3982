"""Alignment of experts' Jacobians, signed and absolute, in every reading of it (ASY; CLAIMS.md).

"Cross-expert Jacobian alignment" is reconstructed as the Frobenius cosine of two Jacobians. The readings are
that of the mean Jacobians over an expert's own tokens, or over one set of tokens that all experts share, and
the mean over tokens of the alignments at each of them.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np

from metrics.arrays import BoolArray, Float64Array, FloatArray, IntArray, as_float64
from metrics.jacobians.cost_model import Plan, Shape, plan_alignment
from metrics.jacobians.expert import Expert, LocalJacobians
from metrics.jacobians.spectra import mean_rest
from metrics.jacobians.token_cosines import Gate, draw_pairs, local_at, pair_cosines, probed_cosines
from metrics.jacobians.token_products import Rest, mean_alignment, mean_products

Fork = Literal["own tokens", "shared tokens", "per token"]


@dataclass(frozen=True)
class Alignment:
    """Alignments of pairs of experts.

    Attributes
    ----------
    pairs : int64 (P, 2), experts i < j that have an alignment
    signed : float64 (P,), in [-1, 1]; per token: the mean over tokens
    absolute : float64 (P,), in [0, 1]; per token: the mean of the absolute values
    tokens : int64 (M,), rows of the states that were looked at, per token; empty otherwise
    signed_at, absolute_at : float64 (M,), means over the pairs at each of those tokens
    method : how it was computed, in words
    error : standard error of the mean of ``signed`` over all pairs and tokens that comes from looking at some
        of the pairs, at some of the tokens, or through probes; 0 when nothing of that was done
    noise : root mean square error of one alignment at one token; probes make ``absolute`` too large, by no
        more than this; 0 without probes
    left_out : experts without an alignment with any other: no tokens, or a Jacobian of zero
    """

    pairs: IntArray
    signed: Float64Array
    absolute: Float64Array
    tokens: IntArray
    signed_at: Float64Array
    absolute_at: Float64Array
    method: str
    error: float
    noise: float
    left_out: tuple[int, ...]


def jacobian_alignment(
    experts: Sequence[Expert],
    states: FloatArray,
    fork: Fork,
    rng: np.random.Generator,
    *,
    used: BoolArray | None = None,
    gate: Gate | None = None,
    plan: Plan | None = None,
    error: float = 0.01,
) -> Alignment:
    """Alignment of every pair of experts at given tokens, in one of the readings.

    Parameters
    ----------
    experts : E experts on the same D dimensions
    states : x, inputs of the experts, float array of shape (N, D)
    fork : which reading
    rng : draws pairs, tokens and probes where the plan needs them; left alone otherwise
    used : which experts each token is routed to, bool array of shape (N, E); needed for "own tokens"
    gate : gate of each expert and its gradient at all N tokens, for the variant with the gate
    plan : how to compute "per token"; by default `plan_alignment` chooses
    error : wanted standard error of the mean alignment, for that choice

    Raises
    ------
    ValueError
        For an unknown fork, for "own tokens" without ``used``, and as `plan_alignment`.

    Examples
    --------
    >>> from metrics.jacobians.activation import activation, gated_unit
    >>> linear = gated_unit(activation("linear"))
    >>> experts = [Expert(np.array([row]), None, np.ones((1, 1)), linear) for row in ([1.0, 0.0], [-3.0, 4.0])]
    >>> found = jacobian_alignment(experts, np.ones((1, 2)), "per token", np.random.default_rng(0))
    >>> found.signed.tolist(), found.absolute.tolist(), found.error
    ([-0.6], [0.6], 0.0)
    """
    points = as_float64(states)
    if fork not in get_args(Fork):
        raise ValueError(f"unknown fork {fork!r}; known: {', '.join(get_args(Fork))}")
    if fork == "per token":
        shape = shape_of(experts, len(points))
        return _per_token(experts, points, plan or plan_alignment(shape, error), rng, gate)
    if fork == "own tokens" and used is None:
        raise ValueError("the experts' own tokens are not known: give used, a (N, E) mask")
    return _of_means(experts, points, None if fork == "shared tokens" else used, gate)


def alignment_of_means(experts: Sequence[Expert], mean_diagonals: FloatArray, rest: Rest | None = None) -> Alignment:
    """Alignment of mean Jacobians whose diagonals were averaged elsewhere, for example while a model ran.

    Parameters
    ----------
    mean_diagonals, rest : as in `metrics.jacobians.token_products.mean_products`

    Examples
    --------
    >>> from metrics.jacobians.activation import activation, gated_unit
    >>> linear = gated_unit(activation("linear"))
    >>> experts = [Expert(np.array([row]), None, np.ones((1, 1)), linear) for row in ([1.0, 0.0], [-3.0, 4.0])]
    >>> alignment_of_means(experts, np.ones((2, 1))).signed.tolist()
    [-0.6]
    """
    table = mean_alignment(mean_products(experts, mean_diagonals, rest))
    pairs = np.argwhere(np.triu(np.ones(table.shape, dtype=bool), 1))
    values = table[pairs[:, 0], pairs[:, 1]]
    return _summary(pairs, values[:, None], np.empty(0, dtype=np.int64), len(experts), "exact mean Jacobians")


def shape_of(experts: Sequence[Expert], tokens: int) -> Shape:
    """What the cost of an alignment depends on.

    Examples
    --------
    >>> shape_of([Expert(np.ones((3, 5)), None, np.ones((5, 3)), None)] * 2, 7)
    Shape(experts=2, inner=3, width=5, parts=1, tokens=7)
    """
    inner, width = experts[0].gate.shape
    return Shape(len(experts), inner, width, 1 if experts[0].up is None else 2, tokens)


def _of_means(experts: Sequence[Expert], points: Float64Array, used: BoolArray | None, gate: Gate | None) -> Alignment:
    """Mean Jacobians over tokens: the diagonals are averaged, and so are rank-one terms where there are any."""

    def local(number: int) -> LocalJacobians:
        rows = slice(None) if used is None else np.flatnonzero(used[:, number])
        return local_at(experts, number, points, gate, rows)

    means = np.full((len(experts), shape_of(experts, 0).parts * len(experts[0].gate)), np.nan)
    for number in range(len(experts)):
        found = local(number).diagonal
        if len(found):
            means[number] = found.mean(axis=0)
    plain = gate is None and all(expert.norm is None for expert in experts)
    return alignment_of_means(experts, means, None if plain else lambda number: mean_rest(local(number)))


def _per_token(
    experts: Sequence[Expert], points: Float64Array, plan: Plan, rng: np.random.Generator, gate: Gate | None
) -> Alignment:
    """Alignments at single tokens, in the way that was planned."""
    every = len(experts) * (len(experts) - 1) // 2
    pairs = draw_pairs(len(experts), plan.pairs, rng)
    tokens = np.arange(len(points))
    if plan.tokens < len(points):
        tokens = np.sort(rng.choice(len(points), size=plan.tokens, replace=False))
    if plan.probes:
        found = probed_cosines(experts, points, pairs, plan.probes, rng, gate, tokens)
        cosine, noise, mean_noise = found.cosine, found.error, found.mean_error
    else:
        cosine = pair_cosines(experts, points, pairs, gate, tokens)
        noise, mean_noise = np.zeros(1), np.zeros(len(tokens))
    summary = _summary(pairs, cosine, tokens, len(experts), plan.sentence())
    share = len(tokens) / len(points)
    error = _sampling_error(summary.signed, 1 - len(pairs) / every) + _sampling_error(summary.signed_at, 1 - share)
    error += share * _mean(mean_noise**2) / len(tokens)
    return replace(summary, error=math.sqrt(error), noise=math.sqrt(_mean(noise**2)))


def _summary(pairs: IntArray, cosine: Float64Array, tokens: IntArray, experts: int, method: str) -> Alignment:
    """Means of cosines (P, M) over tokens and over pairs; pairs that never have one are left out."""
    known = ~np.isnan(cosine).all(axis=1)
    kept, values = pairs[known], cosine[known]
    alone = np.setdiff1d(np.unique(pairs), np.unique(kept))
    return Alignment(
        pairs=kept,
        signed=_means(values, axis=1),
        absolute=_means(np.abs(values), axis=1),
        tokens=tokens,
        signed_at=_means(values, axis=0)[: len(tokens)],
        absolute_at=_means(np.abs(values), axis=0)[: len(tokens)],
        method=method,
        error=0.0,
        noise=0.0,
        left_out=tuple(int(number) for number in alone),
    )


def _means(values: Float64Array, axis: int) -> Float64Array:
    """Means of what is known; NaN where nothing is."""
    known = ~np.isnan(values)
    count = known.sum(axis=axis)
    total = np.where(known, values, 0.0).sum(axis=axis)
    return np.asarray(np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0))


def _mean(values: Float64Array) -> float:
    return float(_means(values.ravel(), axis=0))


def _sampling_error(values: Float64Array, left: float) -> float:
    """Squared standard error of a mean over a sample drawn without replacement, ``left`` of the whole undrawn."""
    known = values[~np.isnan(values)]
    if left <= 0:
        return 0.0
    return left * float(known.var(ddof=1)) / len(known) if len(known) > 1 else math.inf
