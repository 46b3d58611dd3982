"""Estimate what a controlled comparison found, with trainings as its units: the only ones that tell of training."""

import numpy as np

from claims.core.verdict import TRAINING
from metrics.arrays import Float64Array
from metrics.stats.estimate import Estimate
from metrics.stats.few_units import student_mean
from metrics.stats.jackknife import estimate_jackknife


def over_trainings(values: Float64Array) -> Estimate:
    """Mean over trainings with Student's t interval; the layers of one training are one unit, their mean.

    Fewer than five trainings are judged open, whatever the interval says.

    Parameters
    ----------
    values : (K,) or (K, L), for example paired differences of two arms; NaN for a layer that has none

    Returns
    -------
    Estimate in the unit ``training``; an interval of NaN for one training

    Raises
    ------
    ValueError
        When no training has a value.

    Examples
    --------
    >>> found = over_trainings(np.array([[1.0, 3.0], [4.0, np.nan], [6.0, 6.0]]))
    >>> found.value, found.n
    (4.0, 3)
    """
    means = _by_training(values)
    return student_mean(means[np.isfinite(means)], unit=TRAINING)


def ratio_over_trainings(one: Float64Array, other: Float64Array) -> Estimate:
    """Ratio of two means over trainings, with the interval of the delete-one jackknife.

    Parameters
    ----------
    one, other : (K,) or (K, L), as for `over_trainings`; trainings that lack either are left out

    Returns
    -------
    Estimate in the unit ``training``; NaN where the second mean is zero, an interval of NaN where it is zero without
    one of the trainings, and for one training

    Examples
    --------
    >>> found = ratio_over_trainings(np.array([1.0, 2.0]), np.array([2.0, 4.0]))
    >>> found.value, found.low, found.n
    (0.5, 0.5, 2)
    """
    table = np.array([_by_training(values) for values in (one, other)])
    both = table[:, np.isfinite(table).all(axis=0)]
    without = both.sum(axis=1, keepdims=True) - both  # (2, K): the sums without each training
    with np.errstate(divide="ignore", invalid="ignore"):
        value, left = np.divide(*both.sum(axis=1)), np.divide(*without)
    return estimate_jackknife(float(value), left if left.size else np.array([np.nan]), TRAINING)


def _by_training(values: Float64Array) -> Float64Array:
    """Mean over the layers that have a value, (K,); NaN for a training without one."""
    rows = [row[np.isfinite(row)] for row in np.asarray(values, dtype=np.float64).reshape(len(values), -1)]
    return np.array([row.mean() if len(row) else np.nan for row in rows])
