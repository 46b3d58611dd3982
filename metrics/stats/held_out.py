"""Predicting one similarity from another by a straight line, judged on what the line was not fitted to."""

from typing import NamedTuple

import numpy as np

from metrics.arrays import BoolArray, Float64Array, FloatArray, as_float64


class HeldOut(NamedTuple):
    """Squared errors of held-out pairs, float64 (Q, Q) each, 0 where there is no pair.

    Attributes
    ----------
    line : of the line fitted to the pairs without the two units
    mean : of their mean, the prediction that knows nothing of x
    """

    line: Float64Array
    mean: Float64Array


def held_out_errors(x: FloatArray, y: FloatArray, pairs: BoolArray) -> HeldOut:
    """Predict y of each pair from its x by least squares over the pairs that share neither of its units.

    Leaving out one pair alone would leave in others of the same units, which are alike. A pair (i, i) belongs to
    one unit; if there are only such pairs, this is leave-one-out. R^2 = 1 - sum(line) / sum(mean), which is
    negative where the mean predicts better.

    Parameters
    ----------
    x, y : float arrays of shape (Q, Q), read where ``pairs`` holds
    pairs : bool array of shape (Q, Q), the pairs (i, j) with i <= j that there are

    Returns
    -------
    HeldOut; both errors of a pair are NaN when fewer than two others remain to predict from. A line through equal
    x is their mean.

    Examples
    --------
    y = 2 x: the line misses nothing, the mean of the other two does (4 - 4, 2 - 5 and 6 - 3):

    >>> errors = held_out_errors(np.diag([2.0, 1.0, 3.0]), np.diag([4.0, 2.0, 6.0]), np.eye(3, dtype=bool))
    >>> float(errors.line.sum().round(12)), np.diag(errors.mean).tolist()
    (0.0, [0.0, 9.0, 9.0])
    """
    known = np.asarray(pairs, dtype=np.bool_)
    a, b = (np.where(known, as_float64(table), 0.0) for table in (x, y))
    weight = known.astype(np.float64)
    count = np.maximum(weight.sum(), 1.0)
    # Sums of squares lose fewer digits around the mean of all pairs.
    a, b = (np.where(known, table - table.sum() / count, 0.0) for table in (a, b))
    n, sa, sb, saa, sab = (_others(table) for table in (weight, a, b, a * a, a * b))
    enough = n >= 2
    n = np.where(enough, n, 1.0)
    spread = saa - sa * sa / n
    flat = spread <= 1e-12 * np.maximum(saa, 1e-300)
    slope = np.where(flat, 0.0, (sab - sa * sb / n) / np.where(flat, 1.0, spread))
    mean = sb / n
    line = mean + slope * (a - sa / n)
    return HeldOut(*(np.where(known, np.where(enough, (b - guess) ** 2, np.nan), 0.0) for guess in (line, mean)))


def _others(table: Float64Array) -> Float64Array:
    """Sum over all pairs that share neither unit with the pair, shape (Q, Q), from a table with i <= j only."""
    diagonal = np.diagonal(table)
    own = table.sum(axis=0) + table.sum(axis=1) - diagonal
    both = own[:, None] + own[None, :] - table - table.T
    np.fill_diagonal(both, own)
    return np.asarray(table.sum() - both)
