"""Distances between the subspaces of groups of visits, of all of them and with each block of sequences left out.

A jackknife, because drawing blocks with replacement would repeat visits, and repeated visits span fewer directions
than as many different ones: resampled subspaces would lie nearer together, or farther apart, by that alone.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from metrics.arrays import BoolArray, Float64Array, FloatArray, IntArray
from metrics.subspaces.grassmann import angles_from_products, normalised_geodesic, pairs_of, subspace_overlap
from metrics.subspaces.principal_directions import off_direction
from metrics.subspaces.symmetric import eigh, eigvalsh

#: Pairs of subspaces that are compared: all pairs of 32 groups, of more groups as many drawn at random.
PAIRS = 496
#: A direction whose variance is a smaller share of the mean square of the states is rounding, of float32.
RESOLVED = 1e-14

Pairs = tuple[IntArray, IntArray]


@dataclass(frozen=True)
class Groups:
    """G groups of n visits.

    Attributes
    ----------
    states : (G, n, D)
    weights : positive, (G, n)
    block : of the sequence of each visit, int64 (G, n)
    removed : a direction (D,) that is taken off each state, or None
    """

    states: FloatArray
    weights: FloatArray
    block: IntArray
    removed: FloatArray | None = None


@dataclass(frozen=True)
class Distances:
    """Distances between G subspaces of one rank; the replicates are those of `fixtures.evidence.subspaces.Reading`.

    Attributes
    ----------
    geodesic, overlap : float64 (1 + B,), mean over pairs of the normalised d_G, and of mean cos^2
    angles : float64 (r,), mean over pairs, all visits
    known : bool (G,), whose visits span r directions
    bases : float64 (G, D, r), all visits
    variances : as `group_variances`
    error : float64 (2,), standard errors of d_G and of mean cos^2 of all visits, had the groups been drawn from many
    """

    geodesic: Float64Array
    overlap: Float64Array
    angles: Float64Array
    known: BoolArray
    bases: Float64Array
    variances: Float64Array
    error: Float64Array


def distances(groups: Groups, ranks: Sequence[int], blocks: int, pairs: Pairs) -> dict[int, Distances]:
    """Compare the groups' weighted principal subspaces at several ranks, from one decomposition a replicate.

    Visits of the block that is left out count nothing; those of the other blocks stay in their groups.

    Parameters
    ----------
    ranks : at most n - 1 and D
    blocks : B
    pairs : from `some_pairs`

    Examples
    --------
    Two groups that share no direction, whichever block is left out:

    >>> states = np.array([[[1.0, 0], [-1, 0], [2, 0], [-2, 0]], [[0, 1], [0, -1], [0, 2], [0, -2]]])
    >>> groups = Groups(states, np.ones((2, 4)), np.array([[0, 0, 1, 1]] * 2))
    >>> distances(groups, [1], 2, pairs_of(2))[1].geodesic.round(6).tolist()
    [1.0, 1.0, 1.0]
    """
    geodesic = {rank: np.full(1 + blocks, np.nan) for rank in ranks}
    overlap = {rank: np.full(1 + blocks, np.nan) for rank in ranks}
    found: dict[int, Distances] = {}
    left, right = pairs
    frames, states, smallest = _coordinates(groups)
    between = None if frames is None else _between(frames, pairs)
    for number, (variances, directions) in enumerate(_decomposed(groups, states, smallest, max(ranks), blocks)):
        crossed = _crossed(directions, pairs, between)
        for rank in ranks:
            known = variances[:, rank - 1] > 0
            both = np.flatnonzero(known[left] & known[right])
            bases = _Bases(frames, directions[..., :rank])
            angles = angles_from_products(crossed[both, :rank, :rank], bases.of_pairs(left[both], right[both]))
            distance, shared = normalised_geodesic(angles), subspace_overlap(angles)
            if len(angles):
                geodesic[rank][number], overlap[rank][number] = distance.mean(), shared.mean()
            if number == 0:
                mean = angles.mean(axis=0) if len(angles) else np.full(rank, np.nan)
                error = [sampling_error(each, left[both], right[both]) for each in (distance, shared)]
                every = bases(np.arange(len(known)))
                found[rank] = Distances(geodesic[rank], overlap[rank], mean, known, every, variances, np.array(error))
    return found


class _Bases(NamedTuple):
    """Bases of the groups, (G, D, r), made of some when asked for."""

    frames: Float64Array | None
    directions: Float64Array

    def __call__(self, some: IntArray) -> Float64Array:
        return self.directions[some] if self.frames is None else self.frames[some] @ self.directions[some]

    def of_pairs(self, left: IntArray, right: IntArray) -> Callable[[IntArray], tuple[Float64Array, Float64Array]]:
        """Bases of both members of some of the pairs."""
        return lambda some: (self(left[some]), self(right[some]))


def _between(frames: Float64Array, pairs: Pairs) -> Float64Array:
    """Products of the frames of pairs, (P, n, n), one by one: frames gathered for all pairs would be much."""
    found = np.empty((len(pairs[0]), *(frames.shape[2],) * 2))
    for place, (left, right) in enumerate(zip(*pairs, strict=True)):
        np.matmul(frames[left].T, frames[right], out=found[place])
    return found


def _crossed(directions: Float64Array, pairs: Pairs, between: Float64Array | None) -> Float64Array:
    """Products of the bases of pairs, (P, r, r), through those of their frames; one by one, as there."""
    found = np.empty((len(pairs[0]), *(directions.shape[2],) * 2))
    for place, (left, right) in enumerate(zip(*pairs, strict=True)):
        first = directions[left].T if between is None else directions[left].T @ between[place]
        np.matmul(first, directions[right], out=found[place])
    return found


def sampling_error(values: Float64Array, left: IntArray, right: IntArray) -> float:
    """Standard error of a mean over pairs of things, had these been drawn from many: leaving out one at a time.

    Parameters
    ----------
    values : of the pairs, (P,)
    left, right : members of each pair, (P,)

    Returns
    -------
    NaN with fewer than three things

    Examples
    --------
    >>> left, right = pairs_of(4)
    >>> round(sampling_error((left == 0).astype(float), left, right), 3), sampling_error(np.ones(6), left, right)
    (0.5, 0.0)
    """
    members = np.unique(np.concatenate([left, right]))
    if len(members) < 3:
        return float("nan")
    without = [values[(left != each) & (right != each)] for each in members]
    means = np.array([each.mean() for each in without if len(each)])
    return float(np.sqrt((len(means) - 1) / len(means) * np.square(means - means.mean()).sum()))


def group_variances(groups: Groups) -> Float64Array:
    """Variances along the principal directions of each group, descending, (G, min(n, D)); 0 what is rounding.

    Examples
    --------
    >>> groups = Groups(np.array([[[1.0, 0.0], [-1.0, 0.0]]]), np.ones((1, 2)), np.zeros((1, 2), dtype=np.int64))
    >>> group_variances(groups).round(12).tolist()
    [[1.0, 0.0]]
    """
    _, states, smallest = _coordinates(groups)
    moments, total = next(_moments(groups, states, 0))
    return _resolved(eigvalsh(moments), total, smallest)


def some_pairs(count: int, rng: np.random.Generator) -> Pairs:
    """All pairs of a number of groups, or `PAIRS` of them.

    Examples
    --------
    >>> [part.tolist() for part in some_pairs(3, np.random.default_rng(0))]
    [[0, 0, 1], [1, 2, 2]]
    """
    left, right = pairs_of(count)
    if len(left) <= PAIRS:
        return left, right
    drawn = np.sort(rng.choice(len(left), PAIRS, replace=False))
    return left[drawn], right[drawn]


def pairs_compared(count: int) -> int:
    """How many pairs of a number of groups are compared.

    Examples
    --------
    >>> pairs_compared(3), pairs_compared(64)
    (3, 496)
    """
    return min(count * (count - 1) // 2, PAIRS)


def overlap_table(bases: Float64Array) -> FloatArray:
    """Mean cos^2 of all pairs of subspaces, float32 (G, G); bases of shape (G, D, r).

    Examples
    --------
    >>> overlap_table(np.eye(3)[None, :, :2].repeat(2, axis=0)).tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """
    count, width, rank = bases.shape
    flat = bases.transpose(1, 0, 2).reshape(width, count * rank)
    rows = [np.square((each.T @ flat).reshape(rank, count, rank)).sum(axis=(0, 2)) / rank for each in bases]
    return np.array(rows, dtype=np.float32).reshape(count, count)


def _decomposed(
    groups: Groups, states: Float64Array, smallest: Float64Array, rank: int, blocks: int
) -> Iterator[tuple[Float64Array, Float64Array]]:
    """For all visits, then without each block: variances (G, c), descending, and leading directions (G, c, r)."""
    for moments, total in _moments(groups, states, blocks):
        values, vectors = eigh(moments)
        yield _resolved(values, total, smallest), np.ascontiguousarray(vectors[..., ::-1][..., :rank])


def _resolved(values: Float64Array, total: Float64Array, smallest: Float64Array) -> Float64Array:
    variances = values[..., ::-1] / total[:, None]
    return np.where(variances > smallest[:, None], variances, 0.0)


def _moments(groups: Groups, states: Float64Array, blocks: int) -> Iterator[tuple[Float64Array, Float64Array]]:
    """For all visits, then without each block: moments (G, c, c), and what they are to be divided by, (G,).

    The visits of a block are taken off the moment of all, which rounds by little unless they are the most of it:
    then the moment is that of the others.
    """
    root = np.sqrt(groups.weights / groups.weights.sum(axis=1, keepdims=True))
    states = root[..., None] * states
    whole = np.swapaxes(states, 1, 2) @ states
    for left_out in range(-1, blocks):
        out = groups.block == left_out
        kept = np.where(out, 0.0, root)
        total = np.square(kept).sum(axis=1)
        total[total == 0] = 1.0
        mean = kept[:, None] @ states / np.sqrt(total)[:, None, None]
        taken = np.concatenate([_some_rows(states, out), mean], axis=1)
        moments = whole - np.swapaxes(taken, 1, 2) @ taken
        few = np.trace(moments, axis1=1, axis2=2) < 0.1 * np.trace(whole, axis1=1, axis2=2)
        if few.any():
            spread = (~out[few])[..., None] * states[few]
            moments[few] = np.swapaxes(spread, 1, 2) @ spread - np.swapaxes(mean[few], 1, 2) @ mean[few]
        yield moments, total


def _some_rows(states: Float64Array, chosen: BoolArray) -> Float64Array:
    """Chosen rows of each of a stack, (G, m, c), m the most that are chosen of one; zeros where fewer are."""
    order = np.argsort(~chosen, axis=1, kind="stable")[:, : chosen.sum(axis=1).max(), None]
    return np.where(np.take_along_axis(chosen[..., None], order, 1), np.take_along_axis(states, order, 1), 0.0)


def _coordinates(groups: Groups) -> tuple[Float64Array | None, Float64Array, Float64Array]:
    """Frames, the states off their mean, in frames, and the smallest variance of each group that is not rounding.

    A frame is orthonormal, (G, D, n), of the span of a group's states where n < D; else there is none.
    """
    states = np.array(groups.states, dtype=np.float64)
    smallest = RESOLVED * np.square(states).sum(axis=2).mean(axis=1)
    if groups.removed is not None:
        states = off_direction(states, groups.removed)
    share = groups.weights / groups.weights.sum(axis=1, keepdims=True)
    states = states - (share[..., None] * states).sum(axis=1, keepdims=True)
    count, width = states.shape[1:]
    if count >= width:
        return None, states, smallest
    frames = np.linalg.qr(np.swapaxes(states, 1, 2))[0]
    return frames, states @ frames, smallest
