"""Rank correlation that knows about ties and about constants."""

import numpy as np
from scipy.stats import rankdata

from metrics.arrays import Float64Array, FloatArray, as_float64


def spearman(x: FloatArray, y: FloatArray) -> float:
    """Spearman's rank correlation of two samples of the same shape, with average ranks for ties.

    Returns
    -------
    In [-1, 1]; NaN, without a warning, where x or y is constant or shorter than 2

    Raises
    ------
    ValueError
        When shapes differ, or some values are not finite (ranks of NaN mean nothing).

    Examples
    --------
    Ranks 1 2 3 against 1 3 2: 1 - 6 (0 + 1 + 1) / (3 x 8).

    >>> spearman(np.array([1.0, 2.0, 3.0]), np.array([1.0, 9.0, 4.0]))
    0.5
    """
    return float(row_spearman(np.ravel(x)[None], np.ravel(y)[None])[0])


def row_spearman(x: FloatArray, y: FloatArray) -> Float64Array:
    """Spearman's rank correlation of each row of x with the same row of y.

    Parameters
    ----------
    x, y : float arrays of shape (R, C); any leading axes in place of R work as well

    Returns
    -------
    float64 array of shape (R,), in [-1, 1]; NaN for rows in which x or y is constant

    Raises
    ------
    ValueError
        As for `spearman`.

    Examples
    --------
    >>> row_spearman(np.array([[1.0, 2.0], [3.0, 3.0]]), np.array([[5.0, 4.0], [1.0, 2.0]])).tolist()
    [-1.0, nan]
    """
    a, b = as_float64(x), as_float64(y)
    if a.shape != b.shape:
        raise ValueError(f"shapes differ: {a.shape} and {b.shape}")
    bad = int(np.count_nonzero(~np.isfinite(a)) + np.count_nonzero(~np.isfinite(b)))
    if bad:
        raise ValueError(f"{bad} values are not finite")
    if a.shape[-1] < 2:
        return np.full(a.shape[:-1], np.nan)
    ranks_a, ranks_b = (rankdata(v, axis=-1) - (a.shape[-1] + 1) / 2 for v in (a, b))
    power = (ranks_a**2).sum(axis=-1) * (ranks_b**2).sum(axis=-1)
    shared = (ranks_a * ranks_b).sum(axis=-1)
    rho = np.divide(shared, np.sqrt(power), out=np.full_like(shared, np.nan), where=power > 0)
    return np.asarray(rho.clip(-1.0, 1.0))
