"""Intervals from a few trainings, or pairs of them, of which a bootstrap would be surer than it may be.

Resampling n values never leaves their range, and the range of n independent values holds their median with
probability 1 - 2^(1 - n): less than 95 % for fewer than six. Of twelve normal values a bootstrapped interval holds the
mean nine times in ten, Student's 19 times in 20.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from claims.sampling import Sampling
from metrics.estimate import Estimate
from metrics.statistics import estimate_mean
from metrics.student import student_mean

FloatArray = npt.NDArray[np.float64]

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
    """
    if len(trainings) < 2:
        return estimate
    low, high = min(estimate.low, float(trainings.min())), max(estimate.high, float(trainings.max()))
    if (low, high) == (estimate.low, estimate.high) or not np.isfinite(low + high):
        return estimate
    method = f"{estimate.method}, widened to the range of {len(trainings)} trainings"
    return replace(estimate, low=low, high=high, method=method, draws=())
