"""Subspaces against chance: intervals that know of the luck of the text and of that of what is drawn at random."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.stats import norm, t

from fixtures.evidence.subspaces import Reading
from metrics.stats.estimate import Estimate
from metrics.stats.jackknife import LEVEL, estimate_jackknife
from metrics.subspaces.grassmann import chance_overlap
from metrics.subspaces.jackknife_distances import pairs_compared

UNIT = "sequence block"


def lead_over_drawn(readings: Sequence[Reading]) -> Estimate:
    """Mean over layers of normalised d_G under the router minus that under routers drawn at random.

    The half width is the root of the sum of two squares: that of the jackknife over blocks of sequences, and what
    one more draw of a router would change, t sd sqrt(1 + 1/K) with the standard deviation over the K draws of a
    layer; the layers' draws are independent. The router in question is judged as if it were one more draw.

    Parameters
    ----------
    readings : one a layer, all with drawn routers

    Returns
    -------
    Estimate over blocks of sequences, NaN ends where a replicate is undefined

    Raises
    ------
    ValueError
        When there is no reading.
    """
    level = float(np.mean([each.routed_geodesic[0] - each.draws.mean() for each in readings]))
    moved = np.mean([each.routed_geodesic[1:] - each.drawn_geodesic[1:] for each in readings], axis=0)
    found = estimate_jackknife(level, moved, UNIT)
    return widened(found, luck_of_draw([each.draws for each in readings]), "drawing routers")


def overlap_above_chance(readings: Sequence[Reading]) -> Estimate:
    """Mean over layers of mean cos^2 minus r/d, its interval widened by what that mean is by luck for random subspaces.

    Blocks of sequences say nothing of the luck of a few pairs of subspaces. The overlaps of pairs of random subspaces
    are uncorrelated, whether pairs share a subspace or not, so that their standard deviation (`chance_overlap`) and
    the number of pairs tell that of the mean.

    Parameters
    ----------
    readings : one a layer
    """
    tables = np.mean([each.overlap - each.floor_overlap for each in readings], axis=0)
    found = estimate_jackknife(float(tables[0]), tables[1:], UNIT)
    return widened(found, luck_of_overlap(readings), "random subspaces")


def luck_of_overlap(readings: Sequence[Reading], room: Sequence[float] | None = None) -> float:
    """Half the 95 % interval of the mean over layers of mean cos^2, were all subspaces random ones.

    Parameters
    ----------
    room : what each layer's overlap is divided by first; 1 by default
    """
    divisors = [1.0] * len(readings) if room is None else room
    deviations = [chance_overlap(r.rank, r.width)[1] / math.sqrt(pairs_compared(len(r.experts))) for r in readings]
    spread = math.hypot(*(each / by for each, by in zip(deviations, divisors, strict=True)))
    return float(norm.ppf((1 + LEVEL) / 2)) * spread / len(readings)


def widened(estimate: Estimate, luck: float, of: str) -> Estimate:
    """Widen an interval by an independent source of luck: the half width is the root of the sum of two squares."""
    reach = math.hypot(estimate.high - estimate.value, luck)
    method = f"{estimate.method}, widened for the luck of {of}, +-{luck:.2g} by itself"
    return replace(estimate, low=estimate.value - reach, high=estimate.value + reach, method=method)


def luck_of_draw(draws: Sequence[np.ndarray]) -> float:
    """Half the 95 % interval of the mean over layers of one more draw minus the mean of K draws.

    Parameters
    ----------
    draws : for each layer the values under K drawn routers, K > 1
    """
    variance = sum(float(each.var(ddof=1)) * (1 + 1 / len(each)) for each in draws)
    freedom = sum(len(each) - 1 for each in draws)
    return float(t.ppf((1 + LEVEL) / 2, freedom)) * math.sqrt(variance) / len(draws)


def lower_end(estimate: Estimate) -> Estimate:
    """The lower end of an interval as a number of its own: at most 0 where a lead is not shown."""
    method = f"lower end of the interval of: {estimate.method}"
    return replace(estimate, value=estimate.low, high=estimate.low, method=method)
