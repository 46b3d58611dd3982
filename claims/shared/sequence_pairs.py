"""Estimate statistics over pairs of sequences, resampling the sequences, never the pairs, which share them."""

from collections.abc import Callable, Sequence

import numpy as np
from scipy.stats import rankdata

from metrics.arrays import BoolArray, Float64Array, IntArray
from metrics.stats.estimate import Estimate
from metrics.stats.sampling import Sampling


def pair_mean(times: Float64Array, values: Float64Array, pairs: BoolArray) -> Float64Array:
    """Return the mean of a symmetric table over pairs i < j, each as often as both its sequences were drawn.

    Parameters
    ----------
    times : (..., S), how often each sequence was drawn
    values : (S, S)
    pairs : (S, S), which pairs count

    Returns
    -------
    (...); NaN where no such pair was drawn
    """
    chosen = np.triu(pairs, k=1).astype(np.float64)
    weight = _total(times, chosen)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(weight > 0, _total(times, chosen * values) / weight, np.nan))


def block_mean(times: Float64Array, values: Float64Array, blocks: Sequence[BoolArray]) -> Float64Array:
    """Return the mean of `pair_mean` over blocks of pairs, so that each counts alike, whatever was drawn.

    Parameters
    ----------
    times, values : as in `pair_mean`
    blocks : one table (S, S) a block, for example a pair of corpora

    Returns
    -------
    (...)
    """
    return np.asarray(np.mean([pair_mean(times, values, block) for block in blocks], axis=0))


def pair_ranks(values: Float64Array, pairs: BoolArray) -> Float64Array:
    """Return the ranks of a symmetric table among its pairs i < j, and 0 elsewhere.

    Parameters
    ----------
    values : (S, S)
    pairs : (S, S), which pairs count

    Returns
    -------
    (S, S), what `rank_correlation` receives
    """
    upper, ranks = np.triu(pairs, k=1), np.zeros(values.shape)
    ranks[upper] = rankdata(values[upper])
    return ranks


def rank_correlation(
    times: Float64Array, x: Float64Array, y: Float64Array, pairs: BoolArray, part: Float64Array | None = None
) -> Float64Array:
    """Return Spearman's correlation of two tables over pairs i < j, each as often as both its sequences were drawn.

    Ranks are those of the full set of pairs, whatever is drawn.

    Parameters
    ----------
    times : (..., S), how often each sequence was drawn
    x, y : (S, S), from `pair_ranks`
    pairs : (S, S), which pairs count
    part : what of y goes along with x, in ranks (S, S), while y still counts whole in the spread; None for all of it

    Returns
    -------
    (...), in [-1, 1]; NaN where no such pair was drawn, 0 where those drawn are all alike
    """
    along = y if part is None else part
    with np.errstate(invalid="ignore", divide="ignore"):
        n = _total(times, np.triu(pairs, k=1).astype(np.float64))
        mx, my, ma = (_total(times, ranks) / n for ranks in (x, y, along))
        vx, vy = _total(times, x * x) / n - mx**2, _total(times, y * y) / n - my**2
        return np.asarray((_total(times, x * along) / n - mx * ma) / np.sqrt(np.maximum(vx * vy, 1e-30)))


def within_bands(ranks: Float64Array, band: IntArray) -> Float64Array:
    """Return the mean rank of the pairs between the same two bands, for each pair i < j: (S, S), 0 elsewhere.

    It is what a pair's rank is on average over all permutations of the sequences within bands.

    Parameters
    ----------
    ranks : (S, S), from `pair_ranks` of all pairs
    band : number of each sequence's band, (S,)

    Examples
    --------
    >>> ranks = np.array([[0.0, 1.0, 2.0], [0.0, 0.0, 3.0], [0.0, 0.0, 0.0]])
    >>> within_bands(ranks, np.array([0, 0, 1])).tolist()
    [[0.0, 1.0, 2.5], [0.0, 0.0, 2.5], [0.0, 0.0, 0.0]]
    """
    rows, columns = np.triu_indices(len(ranks), 1)
    _, number = np.unique(band, return_inverse=True)
    ends = np.sort(np.stack([number[rows], number[columns]]), axis=0)
    block = ends[0] * (int(number.max(initial=0)) + 1) + ends[1]
    total, count = np.bincount(block, ranks[rows, columns]), np.bincount(block)
    found = np.zeros(ranks.shape)
    found[rows, columns] = (total / np.maximum(count, 1))[block]
    return found


def over_sequences(
    count: int, statistic: Callable[[Float64Array], Float64Array], sampling: Sampling, unit: str = "sequence"
) -> Estimate:
    """Estimate a statistic of how often each of ``count`` sequences was drawn, (..., S) to (...)."""
    return sampling.of(np.arange(count), statistic, counted=True, unit=unit)


def pair_correlation(x: Float64Array, y: Float64Array, pairs: BoolArray, sampling: Sampling) -> Estimate:
    """Return Spearman's correlation of two symmetric tables (S, S) over pairs i < j, resampling sequences."""
    a, b = pair_ranks(x, pairs), pair_ranks(y, pairs)
    return over_sequences(len(x), lambda times: rank_correlation(times, a, b, pairs), sampling)


def _total(times: Float64Array, table: Float64Array) -> Float64Array:
    """Sum a table over pairs of drawn sequences: (..., S) and (S, S) to (...)."""
    return np.asarray(((times @ table) * times).sum(axis=-1))
