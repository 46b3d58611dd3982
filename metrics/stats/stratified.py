"""Intervals where the units come in groups of fixed size: every group is resampled by itself."""

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy.stats import bootstrap

from metrics.arrays import Float64Array, FloatArray, IntArray
from metrics.stats.estimate import Estimate
from metrics.stats.resampling import UNDEFINED_SHARE

#: Resamples that the statistic sees at once.
CHUNK = 256

#: Maps how often each unit was drawn, (B, n), to one value a resample, (B,).
Weighted = Callable[[Float64Array], FloatArray]


def estimate_stratified(
    groups: IntArray, statistic: Weighted, *, seed: int, resamples: int, unit: str = "sequence"
) -> Estimate:
    """A statistic of weighted units with its 95 % BCa interval, resampling units within their group.

    BCa for several samples is scipy's (Efron and Tibshirani 1993, section 14.3). Where it is undefined the
    percentile interval takes its place, and ``method`` says so. Resamples whose statistic is not finite are
    left out and counted in ``method``; above a share of 5 % the interval is NaN.

    Parameters
    ----------
    groups : group of each unit, int array of shape (n,)
    statistic : maps draws (B, n), how often each unit was drawn, to (B,); all ones give the estimate
    seed, resamples, unit : as for `metrics.stats.bootstrap.estimate_statistic`

    Raises
    ------
    ValueError
        When a group has fewer than two units: it cannot be resampled.

    Examples
    --------
    Two groups whose members are equal: no draw changes the difference of their means.

    >>> value = np.array([1.0, 1.0, 3.0, 3.0])
    >>> estimate_stratified(np.array([0, 0, 1, 1]), lambda draws: draws @ value, seed=0, resamples=99).low
    8.0
    """
    members = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    if min((len(own) for own in members), default=0) < 2:
        raise ValueError(f"a group of fewer than two {unit}s cannot be resampled")
    value = float(statistic(np.ones((1, len(groups))))[0])
    ends, draws = _draw(members, statistic, seed=seed, resamples=resamples)
    finite = draws[np.isfinite(draws)]
    if not math.isfinite(value) or finite.size < (1 - UNDEFINED_SHARE) * draws.size:
        return Estimate(value, math.nan, math.nan, len(groups), unit, "the statistic; undefined on these units")
    kind = "BCa"
    if finite.size < draws.size or not all(math.isfinite(end) for end in ends):
        kind = "percentile (no BCa)"
        ends = (float(np.quantile(finite, 0.025)), float(np.quantile(finite, 0.975)))
    method = f"{kind} bootstrap of the statistic within {len(members)} groups, {resamples} resamples"
    if finite.size < draws.size:
        method += f", {draws.size - finite.size} of them undefined"
    return Estimate(value, *ends, len(groups), unit, method, seed, tuple(np.sort(finite).tolist()))


def _draw(
    members: Sequence[IntArray], statistic: Weighted, *, seed: int, resamples: int
) -> tuple[tuple[float, float], Float64Array]:
    """Ends of scipy's interval, possibly NaN, and the bootstrap distribution (B,)."""
    count = sum(len(own) for own in members)

    def of_members(*drawn: Any, axis: int = -1) -> Any:
        leading = np.broadcast_shapes(*(np.shape(part)[:-1] for part in drawn))
        parts = [np.broadcast_to(part, (*leading, np.shape(part)[-1])) for part in drawn]
        rows = np.concatenate([p.reshape(-1, p.shape[-1]) for p in parts], axis=1).astype(np.intp)
        offset = np.arange(len(rows))[:, None] * count
        times = np.bincount((rows + offset).ravel(), minlength=len(rows) * count).reshape(len(rows), count)
        return np.asarray(statistic(times.astype(np.float64))).reshape(leading)

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        # Degenerate resamples are found by value in the caller.
        warnings.simplefilter("ignore", RuntimeWarning)
        result = bootstrap(
            tuple(members),
            of_members,
            n_resamples=resamples,
            batch=CHUNK,
            vectorized=True,
            axis=-1,
            method="BCa",
            rng=np.random.default_rng(seed),
        )
    low, high = result.confidence_interval
    return (float(low), float(high)), np.asarray(result.bootstrap_distribution, dtype=np.float64)
