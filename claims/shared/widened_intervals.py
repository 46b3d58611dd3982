"""Widen intervals over text by the luck of a null that was drawn: reinitialised experts, routers, random subspaces.

Resampling text, or leaving blocks of it out, says nothing of that luck: experts initialised twice differ, and so do the
overlaps of a few pairs of random subspaces.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.stats import norm, t

from fixtures.evidence.subspaces import Reading
from metrics.arrays import Float64Array, FloatArray
from metrics.stats.estimate import LEVEL, Estimate
from metrics.subspaces.grassmann import chance_overlap
from metrics.subspaces.jackknife_distances import pairs_compared


def widen(estimate: Estimate, below: float, above: float, why: str) -> Estimate:
    """Move both ends of an interval outwards by these amounts; it keeps no draws, and so has no p-value."""
    method = f"{estimate.method}, {why}"
    return replace(estimate, low=estimate.low - below, high=estimate.high + above, method=method, draws=())


def widen_for_luck(estimate: Estimate, halfwidth: float, of: str) -> Estimate:
    """Widen an interval by an independent source of luck: either side is the root of the sum of two squares.

    Parameters
    ----------
    estimate : with an interval; it keeps no draws, and so has no p-value
    halfwidth : half the 95 % interval that the luck has by itself, for example of `null_draw_halfwidth`
    of : whose luck it is, in words
    """
    below, above = (math.hypot(end - estimate.value, halfwidth) for end in (estimate.low, estimate.high))
    method = f"{estimate.method}, widened for the luck of {of}, +-{halfwidth:.2g} by itself"
    return replace(estimate, low=estimate.value - below, high=estimate.value + above, method=method, draws=())


def widen_for_reinitialising(estimate: Estimate, halfwidth: float) -> Estimate:
    """Widen an interval on either side by what experts that are initialised once more would change."""
    return widen(estimate, halfwidth, halfwidth, f"widened by {halfwidth:.2g} for the luck of reinitialising experts")


def sample_halfwidth(values: Sequence[float], errors: Sequence[float], share: float) -> float:
    """Half the 95 % interval of a mean over layers that owes to which layers, and which of their experts, were drawn.

    Layers are taken for a random sample without replacement of all, experts for one of their layer's (Cochran 1977,
    chapter 10): (1 - f) s^2 / n + f sum e^2 / n^2. An even spread over depth does better where values change slowly.

    Parameters
    ----------
    values : of the n layers
    errors : e, standard error that each owes to the draw of its experts, 0 where all are looked at
    share : f, of all layers

    Returns
    -------
    0 where everything is looked at; infinite for a single layer of more

    Examples
    --------
    >>> sample_halfwidth([1.0, 2.0], [0.0, 0.0], 1.0), round(sample_halfwidth([1.0, 2.0, 3.0], [0.0] * 3, 0.5), 3)
    (0.0, 1.757)
    """
    count, within = len(values), float(np.square(errors).sum()) / len(values) ** 2
    if share >= 1:
        return float(norm.ppf((1 + LEVEL) / 2)) * math.sqrt(within)
    if count < 2:
        return math.inf
    between = (1 - share) * float(np.var(values, ddof=1)) / count
    return float(t.ppf((1 + LEVEL) / 2, count - 1)) * math.sqrt(between + share * within)


def widen_for_sample(estimate: Estimate, halfwidth: float) -> Estimate:
    """Widen an interval for the layers and experts that were not looked at; the same where all were."""
    return estimate if halfwidth == 0 else widen_for_luck(estimate, halfwidth, "drawing layers and experts")


def experts_error(without: FloatArray, count: int) -> float:
    """Standard error of a statistic that owes to which experts of a layer were drawn, by leaving out one at a time.

    Parameters
    ----------
    without : the statistic without each of the n experts that were looked at, (n,)
    count : how many experts the layer has: the share that was looked at takes from the error

    Returns
    -------
    0 where all were looked at; infinite where the statistic is not known without one of them

    Examples
    --------
    >>> experts_error(np.array([1.0, 2.0]), 2), experts_error(np.array([1.0, 3.0]), 4)
    (0.0, 0.7071067811865476)
    """
    looked = len(without)
    if looked >= count:
        return 0.0
    if not np.isfinite(without).all():
        return math.inf
    spread = float(np.square(without - without.mean()).sum())
    return float(np.sqrt((1 - looked / count) * (looked - 1) / looked * spread))


def open_above(largest: Estimate, share: float) -> Estimate:
    """Let the largest value of the layers that were looked at be any larger one, where these are a share of all."""
    if share >= 1:
        return largest
    method = f"{largest.method}, open above: not all layers were looked at"
    return replace(largest, high=math.inf, method=method, draws=())


def null_draw_halfwidth(draws: Sequence[FloatArray]) -> float:
    """Half the 95 % interval of the mean over layers of one more draw of a null minus the mean of K draws.

    Parameters
    ----------
    draws : for each layer the values under K draws, (K,), K > 1; layers are independent
    """
    variance = sum(float(each.var(ddof=1)) * (1 + 1 / len(each)) for each in draws)
    freedom = sum(len(each) - 1 for each in draws)
    return float(t.ppf((1 + LEVEL) / 2, freedom)) * math.sqrt(variance) / len(draws)


def null_pairs_halfwidth(values: Sequence[Float64Array]) -> float:
    """Half the 95 % interval, over initialisations, of the mean alignment of experts that are reinitialised once.

    The alignments of pairs of independent experts are uncorrelated, whether pairs share an expert or not, so that
    their spread over pairs tells that of their mean.

    Parameters
    ----------
    values : for each layer the alignments of its pairs of reinitialised experts, (P,), NaN where there is none

    Returns
    -------
    At least 0; infinite for a single pair, which has no spread
    """
    every = np.concatenate([each[~np.isnan(each)] for each in values])
    if len(every) < 2:
        return math.inf
    return float(t.ppf((1 + LEVEL) / 2, len(every) - 1) * every.std(ddof=1) / math.sqrt(len(every)))


def null_overlap_halfwidth(variants: Sequence[Reading], room: Sequence[float] | None = None) -> float:
    """Half the 95 % interval of the mean over layers of mean cos^2, were all subspaces random ones.

    The overlaps of pairs of random subspaces are uncorrelated, whether pairs share a subspace or not, so that their
    standard deviation (`chance_overlap`) and the number of pairs tell that of the mean.

    Parameters
    ----------
    variants : one a layer
    room : what each layer's overlap is divided by first; 1 by default
    """
    divisors = [1.0] * len(variants) if room is None else room
    deviations = [chance_overlap(v.rank, v.width)[1] / math.sqrt(pairs_compared(len(v.experts))) for v in variants]
    spread = math.hypot(*(each / by for each, by in zip(deviations, divisors, strict=True)))
    return float(norm.ppf((1 + LEVEL) / 2)) * spread / len(variants)
