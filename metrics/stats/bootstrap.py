"""Intervals, p-values and their corrections. The unit is a sequence, a question or a seed, never a token."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from metrics.arrays import Float64Array, FloatArray, IntArray, as_float64
from metrics.stats.estimate import Estimate
from metrics.stats.resampling import Interval, Statistic, resample

RESAMPLES = 9999


def estimate_mean(values: FloatArray, *, seed: int, unit: str = "sequence", resamples: int = RESAMPLES) -> Estimate:
    """Mean over units with its 95 % BCa bootstrap interval (Efron 1987, Eq 6.8; scipy).

    Parameters
    ----------
    values : float array of shape (n,), one value a unit
    seed : seed of the resampling
    unit : what a unit is
    resamples : number of bootstrap draws

    Returns
    -------
    Estimate; with ``low == value == high`` when all units are equal, and an interval of NaN for n = 1

    Raises
    ------
    ValueError
        When there is no value, or when some are not finite (the message counts them).

    Examples
    --------
    >>> estimate_mean(np.array([2.0, 2.0, 2.0]), seed=0).method
    'mean; all 3 units are equal, so no resampling'
    """
    column = as_float64(values).reshape(-1, 1)
    return _estimates(column, _mean, "mean", seed=seed, unit=unit, resamples=resamples)[0]


def estimate_means(
    table: FloatArray, *, seed: int, unit: str = "sequence", resamples: int = RESAMPLES
) -> list[Estimate]:
    """Means of M values a unit, as `estimate_mean` of each column, from one set of draws: a matrix product.

    Parameters
    ----------
    table : float array of shape (n, M)
    seed, unit, resamples : as in `estimate_mean`

    Returns
    -------
    M estimates, those of `estimate_mean` but for rounding

    Raises
    ------
    ValueError
        As `estimate_mean` does.

    Examples
    --------
    >>> [found.value for found in estimate_means(np.array([[1.0, 2.0], [3.0, 2.0]]), seed=0, resamples=99)]
    [2.0, 2.0]
    """
    columns = as_float64(table)
    varied = (columns != columns[:1]).any(axis=0) & np.isfinite(columns).all(axis=0)
    options: dict[str, Any] = {"seed": seed, "unit": unit, "resamples": resamples}
    found = [None if own else estimate_mean(column, **options) for own, column in zip(varied, columns.T, strict=True)]
    if not varied.any():
        return [each for each in found if each is not None]
    values = columns[:, varied]

    def of_times(times: Float64Array) -> FloatArray:
        return np.moveaxis(times @ values / len(values), -1, 0)

    resampled = iter(_estimates(values, of_times, "mean", counted=True, **options))
    return [next(resampled) if each is None else each for each in found]


def estimate_statistic(
    rows: FloatArray,
    statistic: Statistic,
    *,
    seed: int,
    unit: str = "sequence",
    resamples: int = RESAMPLES,
    interval: Interval = "BCa",
    level: float = 0.95,
    strata: IntArray | None = None,
    counted: bool = False,
) -> Estimate:
    """Any statistic of paired rows with its bootstrap interval; whole rows are resampled.

    Resampling is chunked: memory is a small multiple of 16 MiB whatever n and ``resamples``.
    Where BCa is undefined (a degenerate distribution, or a value outside all draws) the percentile
    interval takes its place, and ``method`` says so. Resamples whose statistic is not finite are left
    out and counted in ``method``; above a share of 5 % the interval is NaN.

    Parameters
    ----------
    rows : float array of shape (n, q) or (n,), one row a unit
    statistic : maps (..., n, q) to (...), vectorised over the leading axes
    seed, unit, resamples : as in `estimate_mean`
    interval : ``BCa`` or ``percentile``
    level : coverage of the interval
    strata : stratum of each row, shape (n,): from each, as many rows are drawn as it has; None for a single one
    counted : the statistic maps how often each row was drawn, (..., n), in place of the rows drawn

    Raises
    ------
    ValueError
        When there is no row, a stratum has a single row, or some numbers are not finite (the message counts them).

    Examples
    --------
    >>> rows = np.array([[1.0, 2.0], [1.0, 2.0], [1.0, 2.0]])
    >>> estimate_statistic(rows, lambda x: (x[..., 1] - x[..., 0]).mean(-1), seed=0).value
    1.0
    """
    return estimate_statistics(
        rows,
        lambda drawn: np.asarray(statistic(drawn))[None],
        seed=seed,
        unit=unit,
        resamples=resamples,
        interval=interval,
        level=level,
        strata=strata,
        counted=counted,
    )[0]


def estimate_statistics(
    rows: FloatArray,
    statistics: Statistic,
    *,
    seed: int,
    unit: str = "sequence",
    resamples: int = RESAMPLES,
    interval: Interval = "BCa",
    level: float = 0.95,
    strata: IntArray | None = None,
    counted: bool = False,
) -> list[Estimate]:
    """Several statistics of the same draws: what they have in common is computed once.

    Parameters
    ----------
    statistics : maps (..., n, q) to (M, ...), vectorised over the leading axes
    rows, seed, unit, resamples, interval, level, strata, counted : as in `estimate_statistic`

    Returns
    -------
    M estimates, each as `estimate_statistic` gives it

    Raises
    ------
    ValueError
        As `estimate_statistic` does.

    Examples
    --------
    >>> rows = np.array([1.0, 2.0, 6.0])
    >>> both = estimate_statistics(rows, lambda x: np.stack([x[..., 0].min(-1), x[..., 0].max(-1)]), seed=0)
    >>> [found.value for found in both]
    [1.0, 6.0]
    """
    table = as_float64(rows)
    table = table.reshape(-1, 1) if table.ndim == 1 else table
    return _estimates(
        table,
        statistics,
        "the statistic",
        seed=seed,
        unit=unit,
        resamples=resamples,
        interval=interval,
        level=level,
        strata=strata,
        counted=counted,
    )


def exact(count: float, n: int, unit: str = "pair") -> Estimate:
    """Report an exact count among n cases: its own interval, no seed, no p-value.

    Raises
    ------
    ValueError
        When n < 1: a count over nothing says nothing.

    Examples
    --------
    >>> exact(3, 10).value
    3.0
    """
    if n < 1:
        raise ValueError("an exact count needs at least one case")
    return Estimate(float(count), float(count), float(count), n, unit, "exact count")


def p_value(estimate: Estimate, threshold: float, direction: str) -> float | None:
    """One-sided bootstrap p-value for the claimed side of a threshold.

    (1 + draws on the wrong side) / (B + 1) (Davison and Hinkley 1997, Eq 4.11, applied to the bootstrap
    distribution as its percentile interval is). None where nothing was drawn: exact counts, equal
    units, a single unit. Never 0; may disagree with a BCa interval by that interval's correction.

    Raises
    ------
    ValueError
        When ``direction`` is none of ``>``, ``>=``, ``<``, ``<=``.

    Examples
    --------
    One of three draws lies on the wrong side of 0, so p = (1 + 1) / (3 + 1):

    >>> p_value(Estimate(1.0, -1.0, 2.0, 3, "seed", "", 0, (-1.0, 1.0, 2.0)), 0.0, ">")
    0.5
    """
    draws = np.asarray(estimate.draws)
    match direction:
        case ">":
            wrong = draws <= threshold
        case ">=":
            wrong = draws < threshold
        case "<":
            wrong = draws >= threshold
        case "<=":
            wrong = draws > threshold
        case _:
            raise ValueError(f"direction must be one of > >= < <=, not {direction!r}")
    if draws.size == 0:
        return None
    return float((1 + np.count_nonzero(wrong)) / (draws.size + 1))


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Holm's step-down adjusted p-values, in the order given (Holm 1979); None passes through, uncounted.

    Examples
    --------
    3 x 0.01, then max(0.03, 2 x 0.02), then max(0.04, 1 x 0.03):

    >>> [None if p is None else round(p, 6) for p in holm([0.03, None, 0.01, 0.02])]
    [0.04, None, 0.03, 0.04]
    """
    adjusted: list[float | None] = [None] * len(p_values)
    known = sorted((p, index) for index, p in enumerate(p_values) if p is not None)
    running = 0.0
    for rank, (p, index) in enumerate(known):
        running = max(running, min(1.0, (len(known) - rank) * p))
        adjusted[index] = running
    return adjusted


def units_to_decide(estimate: Estimate, threshold: float) -> int | None:
    """How many MORE units would make the interval clear the threshold, if the estimate stayed put.

    Assumes that the interval shrinks as 1/sqrt(n). 0 when it is clear already; None where that cannot be
    told: an interval that is not finite, or an estimate on the threshold itself.

    Examples
    --------
    The interval reaches 2 below the estimate and must reach less than 1, hence just over 4 x as many units:

    >>> units_to_decide(Estimate(1.0, -1.0, 3.0, 10, "sequence", ""), 0.0)
    31
    """
    distance = abs(estimate.value - threshold)
    reach = estimate.value - estimate.low if estimate.value > threshold else estimate.high - estimate.value
    if not (math.isfinite(distance) and math.isfinite(reach)) or distance == 0:
        return None
    if reach < distance:
        return 0
    return max(1, math.floor(estimate.n * (reach / distance) ** 2) + 1 - estimate.n)


def _mean(rows: Float64Array) -> FloatArray:
    return np.asarray(rows[..., 0].mean(axis=-1))[None]


def _estimates(
    rows: Float64Array,
    statistics: Statistic,
    name: str,
    *,
    seed: int,
    unit: str,
    resamples: int = RESAMPLES,
    interval: Interval = "BCa",
    level: float = 0.95,
    strata: IntArray | None = None,
    counted: bool = False,
) -> list[Estimate]:
    bad = int(np.count_nonzero(~np.isfinite(rows)))
    if bad:
        raise ValueError(f"{bad} of {rows.size} values are not finite")
    n = len(rows)
    if n == 0:
        raise ValueError(f"no {unit} to estimate from")
    # Equal rows: their own row, so that no rounding of a mean makes the value differ from the units'.
    equal = bool((rows == rows[0]).all())
    observed = np.ones(n) if counted else rows[:1] if equal and name == "mean" else rows
    values = np.asarray(statistics(observed), dtype=np.float64)
    if n < 2:
        return [
            Estimate(v, math.nan, math.nan, n, unit, f"{name}; one {unit} has no interval", None)
            for v in values.tolist()
        ]
    if equal:
        return [
            Estimate(v, v, v, n, unit, f"{name}; all {n} units are equal, so no resampling") for v in values.tolist()
        ]
    options: dict[str, Any] = {
        "seed": seed,
        "resamples": resamples,
        "interval": interval,
        "level": level,
        "strata": strata,
        "counted": counted,
    }
    defined = np.isfinite(values)
    found = [Estimate(v, math.nan, math.nan, n, unit, f"{name}; undefined on these units") for v in values.tolist()]
    if not defined.any():
        return found
    drawn = resample(rows, lambda drawn: statistics(drawn)[defined], values[defined], **options)
    described = f"bootstrap of {'the mean' if name == 'mean' else name}, {resamples} resamples"
    if strata is not None:
        described += f", within {len(np.unique(strata))} strata"
    if level != 0.95:
        described += f", {level:.0%} interval"
    for place, (low, high, draws, kind) in zip(np.flatnonzero(defined).tolist(), drawn, strict=True):
        lost = resamples - draws.size if 0 < draws.size < resamples else 0
        method = f"{kind} {described}{f', {lost} of them undefined' if lost else ''}"
        found[place] = Estimate(float(values[place]), low, high, n, unit, method, seed, tuple(draws.tolist()))
    return found
