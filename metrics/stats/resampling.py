"""The bootstrap behind every interval: whole rows resampled by scipy, in chunks, and what replaces an undefined BCa."""

import math
import warnings
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import numpy as np
from scipy.stats import bootstrap

from metrics.arrays import Float64Array, FloatArray, IntArray

#: Floats that one chunk of resampled rows may hold (16 MiB); the statistic's temporaries come on top.
CHUNK = 2**21
#: A value with fewer of its own draws than this share on one side is at their edge: there BCa's correction of its bias
#: turns on few draws, and the interval takes in the percentile interval too (ours; it only becomes wider).
EDGE = 0.1
#: More undefined resamples than this share, and there is no interval.
UNDEFINED_SHARE = 0.05

Statistic = Callable[[Float64Array], FloatArray]
Interval = Literal["BCa", "percentile"]


class Resampled(NamedTuple):
    """An interval, the finite draws behind it in their order (none where there is no interval), and its name."""

    low: float
    high: float
    draws: Float64Array
    kind: str


def resample(
    rows: Float64Array,
    statistics: Statistic,
    values: FloatArray,
    *,
    seed: int,
    resamples: int,
    interval: Interval,
    level: float,
    strata: IntArray | None = None,
) -> list[Resampled]:
    """Bootstrap M statistics of rows (n, q), n >= 2, whose observed values are ``values`` (M,), on the same draws.

    BCa (Efron 1987) is computed by scipy over row numbers, so that paired columns stay paired. At the edge of the
    draws (`EDGE`) the interval is that of BCa and the percentile interval together. The percentile interval alone
    replaces BCa where that is undefined: a degenerate distribution, a value outside all draws (its bias correction is
    infinite) or draws that are not finite. An interval always holds its value. Where more than `UNDEFINED_SHARE` of
    the draws are not finite, it is NaN.

    Examples
    --------
    >>> rows = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> options = {"seed": 0, "resamples": 99, "interval": "percentile", "level": 0.9}
    >>> found = resample(rows, lambda x: x[..., 0].mean(axis=-1)[None], np.array([1.5]), **options)
    >>> found[0].low < 1.5 < found[0].high, found[0].kind
    (True, 'percentile')
    """
    samples = _samples(len(rows), strata)
    ends, drawn = _draw(rows, samples, statistics, seed=seed, resamples=resamples, interval=interval, level=level)
    return [
        _resampled(each, draws, float(value), interval, level)
        for each, draws, value in zip(ends, drawn, values, strict=True)
    ]


def _resampled(
    ends: tuple[float, float], drawn: Float64Array, value: float, interval: Interval, level: float
) -> Resampled:
    """Choose the interval of one statistic."""
    chosen = _chosen(ends, drawn, value, interval, level)
    return chosen._replace(low=min(chosen.low, value), high=max(chosen.high, value)) if chosen.draws.size else chosen


def _chosen(
    ends: tuple[float, float], drawn: Float64Array, value: float, interval: Interval, level: float
) -> Resampled:
    finite = drawn[np.isfinite(drawn)]
    if finite.size < (1 - UNDEFINED_SHARE) * drawn.size:
        return Resampled(math.nan, math.nan, finite[:0], f"no interval, {drawn.size - finite.size} draws undefined:")
    tail = (1 - level) / 2
    low, high = (float(end) for end in np.quantile(finite, [tail, 1 - tail]))
    if interval == "percentile":
        return Resampled(low, high, finite, "percentile")
    side = min(np.mean(finite < value), np.mean(finite > value))
    inside = finite.min() <= value <= finite.max()
    if not (inside and finite.size == drawn.size and math.isfinite(sum(ends))):
        return Resampled(low, high, finite, "percentile (no BCa)")
    if side < EDGE:
        return Resampled(min(low, ends[0]), max(high, ends[1]), finite, "BCa and percentile")
    return Resampled(*ends, finite, "BCa")


def _samples(count: int, strata: IntArray | None) -> tuple[IntArray, ...]:
    """Row numbers of each stratum, which are drawn from it alone."""
    if strata is None:
        return (np.arange(count),)
    return tuple(np.flatnonzero(strata == stratum) for stratum in np.unique(strata))


def _draw(
    rows: Float64Array,
    samples: tuple[IntArray, ...],
    statistics: Statistic,
    *,
    seed: int,
    resamples: int,
    interval: Interval,
    level: float,
) -> tuple[list[tuple[float, float]], Float64Array]:
    """Ends of scipy's M intervals, possibly NaN, and the bootstrap distributions (M, B)."""
    batch = max(1, CHUNK // rows.size)

    def of_rows(*numbers: Any, axis: int = -1) -> Any:
        return statistics(rows[np.concatenate(numbers, axis=-1).astype(np.intp)])

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        # Degenerate resamples are expected here; what they leave undefined is found by value below.
        warnings.simplefilter("ignore", RuntimeWarning)
        result = bootstrap(
            samples,
            of_rows,
            n_resamples=resamples,
            batch=batch,
            vectorized=True,
            axis=-1,
            confidence_level=level,
            method="BCa" if interval == "BCa" else "percentile",
            rng=np.random.default_rng(seed),
        )
    ends = np.stack(result.confidence_interval, axis=-1)
    return [(float(low), float(high)) for low, high in ends], np.asarray(result.bootstrap_distribution, np.float64)
