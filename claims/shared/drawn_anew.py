"""Whether an alignment is any other than that of experts whose weights are drawn anew.

Resampling text says nothing of the luck of the draw: experts drawn twice differ. Every interval of a difference
from them is widened by what one more draw would change.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.stats import t

from metrics.arrays import Float64Array
from metrics.stats.estimate import Estimate

#: Coverage of the intervals.
LEVEL = 0.95


def luck_of_draw(values: Sequence[Float64Array]) -> float:
    """Half the 95 % interval of the mean alignment of experts drawn anew, over draws.

    The alignments of pairs of independent experts are uncorrelated, whether pairs share an expert or not, so that
    their spread over pairs tells that of their mean.

    Parameters
    ----------
    values : for each layer the alignments of its pairs of experts drawn anew, (P,), NaN where there is none

    Returns
    -------
    At least 0; infinite for a single pair, which has no spread
    """
    every = np.concatenate([each[~np.isnan(each)] for each in values])
    if len(every) < 2:
        return math.inf
    return float(t.ppf((1 + LEVEL) / 2, len(every) - 1) * every.std(ddof=1) / math.sqrt(len(every)))


def widened(estimate: Estimate, luck: float) -> Estimate:
    """Widen an interval by ``luck`` on either side; it keeps no draws, and so has no p-value."""
    method = f"{estimate.method}, widened by {luck:.2g} for the luck of drawing experts anew"
    return replace(estimate, low=estimate.low - luck, high=estimate.high + luck, method=method, draws=())


def difference_from_drawn(estimate: Estimate, luck: float) -> Estimate:
    """Widen the difference of an alignment from that of one draw, as if both were draws."""
    return widened(estimate, math.sqrt(2) * luck)


def too_large(estimate: Estimate, by: float, other: float = 0.0) -> Estimate:
    """Lower the lower end by what the value may be too large, and raise the upper end by ``other``.

    Means of absolute values of estimated cosines are too large, by no more than the mean standard error of one.
    """
    if by == 0 and other == 0:
        return estimate
    method = f"{estimate.method}, {by:.2g} below and {other:.2g} above for absolute values of estimates"
    return replace(estimate, low=estimate.low - by, high=estimate.high + other, method=method, draws=())


def size_of(difference: Estimate) -> Estimate:
    """|difference| with the interval that its own gives; NaN ends where that has none, or reaches without end."""
    low, high = max(0.0, difference.low, -difference.high), max(abs(difference.low), abs(difference.high))
    if not math.isfinite(low + high):
        low = high = math.nan
    return replace(difference, value=abs(difference.value), low=low, high=high, draws=())
