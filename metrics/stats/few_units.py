"""Intervals from few units, such as trainings: their range or Student's t where a bootstrap would be too sure.

Resampling n values never leaves their range, and the range of n independent values holds their median with
probability 1 - 2^(1 - n): less than 95 % for fewer than six. Of twelve normal values a bootstrapped interval holds the
mean nine times in ten, Student's 19 times in 20.
"""

from dataclasses import replace

import numpy as np
from scipy import stats

from metrics.arrays import FloatArray, as_float64
from metrics.stats.bootstrap import estimate_mean
from metrics.stats.estimate import Estimate
from metrics.stats.sampling import Sampling


def student_mean(values: FloatArray, *, unit: str = "seed", level: float = 0.95) -> Estimate:
    """Mean over units with Student's t interval (Student 1908): exact for normal values, however few.

    Parameters
    ----------
    values : float array of shape (n,), one value a unit
    unit : what a unit is
    level : coverage of the interval, in (0, 1)

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
    reach = float(stats.t.ppf(0.5 + level / 2, count - 1) * known.std(ddof=1) / np.sqrt(count))
    return Estimate(mean, mean - reach, mean + reach, count, unit, f"mean, Student's t of {count} {unit}s")


#: Fewer values have no 95 % interval, not even their range.
FEWEST = 6
#: From so many values on their range says less than they do.
FEW = 8
#: From so many values on a bootstrapped interval of the mean is nearly as wide as Student's.
BOOTSTRAPPED = 20


def estimate_few(values: FloatArray, unit: str, sampling: Sampling) -> Estimate:
    """Estimate the mean of one value a unit: by their range, from eight units on Student's t, from 20 on a bootstrap.

    Parameters
    ----------
    values : (n,)

    Returns
    -------
    Estimate; of two to seven units its ends are the smallest and the largest value; below 20 nothing was drawn, so
    that there is no p-value; of one unit NaN

    Examples
    --------
    >>> found = estimate_few(np.array([1.0, 2.0, 6.0]), "seed", Sampling(0))
    >>> found.low, found.value, found.high
    (1.0, 3.0, 6.0)
    """
    count = len(values)
    if count == 1 or count >= BOOTSTRAPPED:
        return estimate_mean(values, seed=sampling.seed, unit=unit, resamples=sampling.resamples)
    if count >= FEW:
        return student_mean(values, unit=unit)
    method = f"mean, and the range of {count} {unit}s: too few to resample"
    return Estimate(float(values.mean()), float(values.min()), float(values.max()), count, unit, method)


def spanning(estimate: Estimate, trainings: FloatArray) -> Estimate:
    """Widen an interval over sequences until it holds the value of every training as well.

    Sequences say nothing of the luck of a training: where two disagree, no text decides between them. A widened
    interval has no draws, and so no p-value.

    Parameters
    ----------
    trainings : (K,), the estimated quantity from each training by itself

    Examples
    --------
    >>> found = spanning(Estimate(1.0, 0.9, 1.1, 40, "sequence", "mean"), np.array([0.5, 1.0]))
    >>> found.low, found.high
    (0.5, 1.1)
    """
    if len(trainings) < 2:
        return estimate
    low, high = min(estimate.low, float(trainings.min())), max(estimate.high, float(trainings.max()))
    if (low, high) == (estimate.low, estimate.high) or not np.isfinite(low + high):
        return estimate
    method = f"{estimate.method}, widened to the range of {len(trainings)} trainings"
    return replace(estimate, low=low, high=high, method=method, draws=())
