"""Intervals by leaving units out one at a time, where drawing a unit twice would spoil the statistic."""

import math

import numpy as np
from scipy.stats import t

from metrics.arrays import FloatArray, as_float64
from metrics.stats.estimate import LEVEL, Estimate


def estimate_jackknife(full: float, replicates: FloatArray, unit: str) -> Estimate:
    """Estimate a statistic, with the 95 % interval of the delete-one jackknife (Tukey 1958).

    se^2 = (B - 1)/B sum_b (r_b - mean r)^2 (Efron and Tibshirani 1993, Eq 11.5) and the interval is full +- t se
    with B - 1 degrees of freedom. For smooth statistics of states that must not be repeated: a bootstrap draws
    some units twice, and repeated states span fewer directions than as many different ones. The value is the
    statistic of all units, not corrected for bias: the claims compare it with a reference from as many states,
    which shares its bias, and the correction would multiply the noise of the replicates by B - 1.

    Parameters
    ----------
    full : the statistic of all units
    replicates : r_b, the statistic without unit b, float array of shape (B,)
    unit : what a unit is; its plural takes an s

    Returns
    -------
    Estimate; ``draws`` is empty, so that there is no p-value, as nothing was drawn. The interval is NaN for
    B = 1, and where the statistic, or one of its replicates, is not finite; ``method`` says so.

    Raises
    ------
    ValueError
        When there is no replicate, or the replicates are not one row.

    Examples
    --------
    Of a mean it is the usual t interval: 2 +- 4.3027 / sqrt(3).

    >>> values = np.array([1.0, 2.0, 3.0])
    >>> found = estimate_jackknife(values.mean(), (values.sum() - values) / 2, "sequence block")
    >>> found.value, round(found.low, 4), round(found.high, 4), found.n
    (2.0, -0.4841, 4.4841, 3)
    """
    without = as_float64(replicates)
    if without.ndim != 1:
        raise ValueError(f"replicates come in one row, not in shape {without.shape}")
    count = len(without)
    if count == 0:
        raise ValueError(f"no {unit} to leave out")
    name = f"delete-one jackknife over {unit}s"
    if count == 1:
        return Estimate(float(full), math.nan, math.nan, 1, unit, f"{name}; one {unit} has no interval")
    undefined = int(np.count_nonzero(~np.isfinite(without)))
    if undefined or not math.isfinite(full):
        why = f"{undefined} of {count} replicates are undefined" if undefined else f"undefined on these {unit}s"
        return Estimate(float(full), math.nan, math.nan, count, unit, f"{name}; {why}")
    error = math.sqrt((count - 1) / count * float(np.square(without - without.mean()).sum()))
    reach = float(t.ppf((1 + LEVEL) / 2, count - 1)) * error
    method = f"{name}, t interval with {count - 1} degrees of freedom"
    return Estimate(float(full), float(full) - reach, float(full) + reach, count, unit, method)
