"""Estimate statistics over pairs of sequences, resampling the sequences, never the pairs, which share them."""

from collections.abc import Sequence

import numpy as np
from scipy.stats import rankdata

from metrics.arrays import BoolArray, Float64Array
from metrics.stats.estimate import Estimate
from metrics.stats.sampling import Sampling


def times_drawn(rows: Float64Array, count: int) -> Float64Array:
    """Return how often each of ``count`` sequences was drawn.

    Parameters
    ----------
    rows : (..., n, 1), resampled sequence numbers: what a statistic of ``np.arange(count)[:, None]`` receives

    Returns
    -------
    (..., count)
    """
    drawn = rows[..., 0].astype(np.int64)
    flat = drawn.reshape(-1, drawn.shape[-1])
    offset = np.arange(len(flat))[:, None] * count
    counts = np.bincount((flat + offset).ravel(), minlength=len(flat) * count)
    return counts.reshape(*drawn.shape[:-1], count).astype(np.float64)


def pair_mean(times: Float64Array, values: Float64Array, pairs: BoolArray) -> Float64Array:
    """Return the mean of a symmetric table over pairs i < j, each as often as both its sequences were drawn.

    Parameters
    ----------
    times : (..., S), from `times_drawn`
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


def pair_correlation(x: Float64Array, y: Float64Array, pairs: BoolArray, sampling: Sampling) -> Estimate:
    """Return Spearman's correlation of two symmetric tables over pairs i < j, resampling sequences.

    Ranks are those of the full set of pairs, whatever is drawn.

    Parameters
    ----------
    x, y : (S, S)
    pairs : (S, S), which pairs count
    """
    count = len(x)
    upper = np.triu(pairs, k=1)
    a, b = np.zeros((count, count)), np.zeros((count, count))
    a[upper], b[upper] = rankdata(x[upper]), rankdata(y[upper])

    def correlation(rows: Float64Array) -> Float64Array:
        w = times_drawn(rows, count)
        n = _total(w, upper.astype(np.float64))
        ma, mb = _total(w, a) / n, _total(w, b) / n
        va, vb = _total(w, a * a) / n - ma**2, _total(w, b * b) / n - mb**2
        return np.asarray((_total(w, a * b) / n - ma * mb) / np.sqrt(np.maximum(va * vb, 1e-30)))

    return sampling.of(np.arange(count)[:, None], correlation)


def _total(times: Float64Array, table: Float64Array) -> Float64Array:
    """Sum a table over pairs of drawn sequences: (..., S) and (S, S) to (...)."""
    return np.asarray(((times @ table) * times).sum(axis=-1))
