"""The bootstrap behind every interval: whole rows resampled in chunks, scipy's BCa, and what replaces one undefined.

The row numbers drawn are those that scipy draws. They depend on the number of rows, the strata, the seed and the number
of resamples alone, so that those of the last few such settings are kept.
"""

import math
import warnings
from collections.abc import Callable, Iterator
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, Literal, NamedTuple, TypeVar

import numpy as np
from scipy.stats import bootstrap

from metrics.arrays import Float64Array, FloatArray, IntArray

#: Floats that one chunk of resampled rows may hold (16 MiB); the statistic's temporaries come on top.
CHUNK = 2**21
#: Settings whose draws are kept, where they fit into one chunk: at most 16 MiB each, and as much for how often.
KEPT = 8
#: A value with fewer of its own draws than this share on one side is at their edge: there BCa's correction of its bias
#: turns on few draws, and the interval takes in the percentile interval too (ours; it only becomes wider).
EDGE = 0.1
#: More undefined resamples than this share, and there is no interval.
UNDEFINED_SHARE = 0.05

Statistic = Callable[[Float64Array], FloatArray]
Interval = Literal["BCa", "percentile"]
Kept = TypeVar("Kept", IntArray, Float64Array)
#: Row numbers of each stratum, which are drawn from it alone.
Samples = tuple[tuple[int, ...], ...]


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
    counted: bool = False,
) -> list[Resampled]:
    """Bootstrap M statistics of rows (n, q), n >= 2, whose observed values are ``values`` (M,), on the same draws.

    Where they are ``counted``, statistics receive how often each row was drawn, (..., n), in place of the rows drawn,
    (..., n, q). BCa (Efron 1987) is computed by scipy over row numbers, so that paired columns stay paired. At the
    edge of the draws (`EDGE`) the interval is that of BCa and the percentile interval together. The percentile
    interval alone replaces BCa where that is undefined: a degenerate distribution, a value outside all draws (its bias
    correction is infinite) or draws that are not finite. An interval always holds its value. Where more than
    `UNDEFINED_SHARE` of the draws are not finite, it is NaN.

    Examples
    --------
    >>> rows = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> options = {"seed": 0, "resamples": 99, "interval": "percentile", "level": 0.9}
    >>> found = resample(rows, lambda x: x[..., 0].mean(axis=-1)[None], np.array([1.5]), **options)
    >>> found[0].low < 1.5 < found[0].high, found[0].kind
    (True, 'percentile')
    """
    samples = _samples(len(rows), strata)
    batch = max(1, CHUNK // (len(rows) if counted else rows.size))
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        # Degenerate resamples are expected here; what they leave undefined is found by value below.
        warnings.simplefilter("ignore", RuntimeWarning)
        chunks = _received(rows, samples, seed=seed, resamples=resamples, batch=batch, counted=counted)
        drawn = np.concatenate([statistics(chunk) for chunk in chunks], axis=-1, dtype=np.float64)

        def of_numbers(*numbers: Any, axis: int = -1) -> Any:
            return statistics(_drawn(rows, np.concatenate(numbers, axis=-1).astype(np.intp), counted))

        ends = [(math.nan, math.nan)] * len(drawn)
        if interval == "BCa":
            ends = _bca(samples, of_numbers, drawn, batch=batch, level=level)
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


def times_drawn(numbers: IntArray, count: int) -> Float64Array:
    """Return how often each of ``count`` rows was drawn.

    Parameters
    ----------
    numbers : (..., n), of the rows drawn

    Returns
    -------
    (..., count)

    Examples
    --------
    >>> times_drawn(np.array([0, 2, 2]), 3).tolist()
    [1.0, 0.0, 2.0]
    """
    flat = numbers.reshape(-1, numbers.shape[-1])
    offset = np.arange(len(flat))[:, None] * count
    counts = np.bincount((flat + offset).ravel(), minlength=len(flat) * count)
    return counts.reshape(*numbers.shape[:-1], count).astype(np.float64)


def _samples(count: int, strata: IntArray | None) -> Samples:
    if strata is None:
        return (tuple(range(count)),)
    return tuple(tuple(np.flatnonzero(strata == stratum).tolist()) for stratum in np.unique(strata))


def _received(
    rows: Float64Array, samples: Samples, *, seed: int, resamples: int, batch: int, counted: bool
) -> Iterator[Float64Array]:
    """What statistics receive of all draws, ``batch`` draws at a time."""
    if resamples * len(rows) > CHUNK:
        yield from (_drawn(rows, numbers, counted) for numbers in _numbers(samples, seed, resamples, batch))
        return
    # The draws of several strata take turns from batch to batch; those of one are the same however they are cut.
    turn = resamples if len(samples) == 1 else min(batch, resamples)
    key = samples, seed, resamples, turn
    for start in range(0, resamples, batch):
        own = slice(start, start + batch)
        yield _kept_times(*key)[own] if counted else _drawn(rows, _kept_numbers(*key)[own], counted)


def _drawn(rows: Float64Array, numbers: IntArray, counted: bool) -> Float64Array:
    """What statistics receive of drawn row numbers (..., n)."""
    return times_drawn(numbers, len(rows)) if counted else np.take(rows, numbers, axis=0)


def _numbers(samples: Samples, seed: int, resamples: int, batch: int) -> Iterator[IntArray]:
    """Row numbers that scipy's bootstrap draws, (b, n), one stratum after the other, ``batch`` draws at a time."""
    rng, strata = np.random.default_rng(seed), [np.array(sample, dtype=np.intp) for sample in samples]
    for start in range(0, resamples, batch):
        draws = min(batch, resamples - start)
        yield np.concatenate([own[rng.integers(0, len(own), (draws, len(own)))] for own in strata], axis=-1)


@lru_cache(KEPT)
def _kept_numbers(samples: Samples, seed: int, resamples: int, batch: int) -> IntArray:
    """All of `_numbers`, (B, n)."""
    return _frozen(np.concatenate(list(_numbers(samples, seed, resamples, batch))))


@lru_cache(KEPT)
def _kept_times(samples: Samples, seed: int, resamples: int, batch: int) -> Float64Array:
    """How often each row was drawn, (B, n)."""
    numbers = _kept_numbers(samples, seed, resamples, batch)
    return _frozen(times_drawn(numbers, numbers.shape[-1]))


def _frozen(table: Kept) -> Kept:
    table.flags.writeable = False
    return table


def _bca(
    samples: Samples, statistics: Callable[..., Any], drawn: Float64Array, *, batch: int, level: float
) -> list[tuple[float, float]]:
    """Ends of scipy's M intervals, possibly NaN, of given bootstrap distributions (M, B)."""
    given: Any = SimpleNamespace(bootstrap_distribution=drawn)
    result: Any = bootstrap(
        [np.array(sample) for sample in samples],
        statistics,
        n_resamples=0,
        batch=batch,
        vectorized=True,
        axis=-1,
        confidence_level=level,
        method="BCa",
        bootstrap_result=given,
    )
    return [(float(low), float(high)) for low, high in np.stack(result.confidence_interval, axis=-1)]
