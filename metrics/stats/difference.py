"""The difference of two estimates that were had apart, for example on two models."""

import math
from dataclasses import replace

import numpy as np

from metrics.arrays import Float64Array
from metrics.stats.estimate import Estimate


def difference(first: Estimate, second: Estimate, *, seed: int) -> Estimate:
    """Return ``first`` minus ``second``, with the interval that theirs give it.

    By the "method of variance estimates recovery" (Zou and Donner 2008): what either interval reaches to the side in
    question is added as two deviations are, sqrt(a^2 + b^2 - 2 r a b). r is the correlation of their draws where both
    were drawn from as many units with one seed, hence from the same ones; else they are taken for independent, r = 0,
    which makes the interval too wide where they rise and fall together.

    Parameters
    ----------
    first, second : in one unit of measurement; ``n`` and ``unit`` of the result are those of the one with fewer units
    seed : of the pairing of draws that are independent, from which a p-value follows where both have some

    Returns
    -------
    Estimate; with an interval of NaN where one of theirs is not finite

    Examples
    --------
    >>> one = Estimate(5.0, 2.0, 9.0, 10, "sequence", "")
    >>> other = Estimate(1.0, 0.0, 5.0, 8, "sequence", "")
    >>> found = difference(one, other, seed=0)
    >>> found.value, found.low, found.high, found.n
    (4.0, -1.0, 8.123105625617661, 8)
    """
    ours, theirs = _draws(first, second, seed)
    r = _correlation(ours, theirs) if _same_units(first, second) else 0.0
    value = first.value - second.value
    low = value - _together(first.value - first.low, second.high - second.value, r)
    high = value + _together(first.high - first.value, second.value - second.low, r)
    fewer = min(first, second, key=lambda each: each.n)
    how = f"draws with correlation {r:.2g}" if _same_units(first, second) else "taken for independent"
    method = f"difference of two estimates, each with its own interval, {how}"
    draws = tuple((ours - theirs).tolist())
    return Estimate(value, low, high, fewer.n, fewer.unit, method, seed if draws else None, draws)


def distance(estimate: Estimate) -> Estimate:
    """Return the distance from zero of an estimate; an interval that holds zero begins there.

    Examples
    --------
    >>> found = distance(Estimate(-2.0, -3.0, 1.0, 9, "sequence", ""))
    >>> found.value, found.low, found.high
    (2.0, 0.0, 3.0)
    """
    ends = sorted((abs(estimate.low), abs(estimate.high)))
    low = 0.0 if estimate.low <= 0.0 <= estimate.high else ends[0]
    draws = tuple(map(abs, estimate.draws))
    return replace(estimate, value=abs(estimate.value), low=low, high=ends[1], draws=draws)


def _same_units(first: Estimate, second: Estimate) -> bool:
    """Tell whether the k-th draws of both are of the same units."""
    return (first.seed, first.n, len(first.draws)) == (second.seed, second.n, len(second.draws)) and bool(first.draws)


def _draws(first: Estimate, second: Estimate, seed: int) -> tuple[Float64Array, Float64Array]:
    """Draws of both side by side; none without either's."""
    ours, theirs = np.asarray(first.draws, dtype=np.float64), np.asarray(second.draws, dtype=np.float64)
    if not len(ours) or not len(theirs):
        return ours[:0], theirs[:0]
    return ours, theirs if _same_units(first, second) else np.random.default_rng(seed).choice(theirs, len(ours))


def _correlation(ours: Float64Array, theirs: Float64Array) -> float:
    varied = np.ptp(ours) > 0 and np.ptp(theirs) > 0
    return float(np.corrcoef(ours, theirs)[0, 1]) if varied else 0.0


def _together(one: float, other: float, r: float) -> float:
    return math.sqrt(max(one**2 + other**2 - 2 * r * one * other, 0.0))  # NaN stays
