"""Intervals from few units, such as trainings: Student's t, where a bootstrap would be too sure.

Resampling n values never leaves their range, and the range of n independent values holds their median with
probability 1 - 2^(1 - n): less than 95 % for fewer than six. Of twelve normal values a bootstrapped interval holds the
mean nine times in ten, Student's 19 times in 20.
"""

import numpy as np
from scipy import stats

from metrics.arrays import FloatArray, as_float64
from metrics.stats.estimate import LEVEL, Estimate


def student_mean(values: FloatArray, *, unit: str = "seed") -> Estimate:
    """Mean over units with Student's t interval (Student 1908): exact for normal values, however few.

    Parameters
    ----------
    values : float array of shape (n,), one value a unit
    unit : what a unit is

    Returns
    -------
    Estimate, without draws and so without a p-value; an interval of NaN for n = 1

    Raises
    ------
    ValueError
        When there is no value, or when some are not finite.

    Examples
    --------
    t of 2 degrees of freedom at 97.5 % is 4.303, and the standard error 1 / sqrt 3:

    >>> found = student_mean(np.array([1.0, 2.0, 3.0]))
    >>> found.value, round(found.high, 3)
    (2.0, 4.484)
    """
    known = as_float64(values).reshape(-1)
    if not len(known) or not np.isfinite(known).all():
        raise ValueError(f"a mean needs finite values, not {np.count_nonzero(~np.isfinite(known))} of {len(known)}")
    mean, count = float(known.mean()), len(known)
    if count == 1:
        return Estimate(mean, float("nan"), float("nan"), 1, unit, "mean of one unit, without an interval")
    reach = float(stats.t.ppf(0.5 + LEVEL / 2, count - 1) * known.std(ddof=1) / np.sqrt(count))
    return Estimate(mean, mean - reach, mean + reach, count, unit, f"mean, Student's t of {count} {unit}s")


def expanded_level(units: int) -> float:
    """Level to ask of a bootstrap over few units, so that its interval of a mean is as wide as Student's.

    Resampled values vary less than drawn ones, by the root of (n - 1) / n, and nothing is added for not knowing their
    spread (Hesterberg 2015, "What Teachers Should Know about the Bootstrap", expanded percentile interval).

    Parameters
    ----------
    units : n, resampled; at least 1, and of one there is no interval

    Examples
    --------
    >>> [round(expanded_level(units), 3) for units in (5, 20, 1000)]
    [0.998, 0.968, 0.95]
    """
    if units < 2:
        return LEVEL
    reach = np.sqrt(units / (units - 1)) * stats.t.ppf(0.5 + LEVEL / 2, units - 1)
    return float(2 * stats.norm.cdf(reach) - 1)
