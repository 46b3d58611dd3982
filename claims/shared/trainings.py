"""Estimate what a controlled comparison found, with trainings as its units: the only ones that tell of training."""

import numpy as np

from claims.core.verdict import TRAINING
from metrics.arrays import Float64Array
from metrics.stats.estimate import Estimate
from metrics.stats.few_units import student_mean


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
    table = np.asarray(values, dtype=np.float64).reshape(len(values), -1)
    rows = [row[np.isfinite(row)] for row in table]
    return student_mean(np.array([row.mean() for row in rows if len(row)]), unit=TRAINING)
