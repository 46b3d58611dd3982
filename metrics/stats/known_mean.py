"""The mean of the values that are known, where NaN stands for those that are not."""

import numpy as np

from metrics.arrays import Float64Array


def known_mean(values: Float64Array, axis: int) -> Float64Array:
    """Mean over an axis of what is not NaN; NaN, without a warning, where nothing is.

    Examples
    --------
    >>> known_mean(np.array([[1.0, np.nan, 3.0], [np.nan, np.nan, np.nan]]), axis=1).tolist()
    [2.0, nan]
    """
    known = ~np.isnan(values)
    count = known.sum(axis=axis)
    total = np.where(known, values, 0.0).sum(axis=axis)
    return np.asarray(np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0))
