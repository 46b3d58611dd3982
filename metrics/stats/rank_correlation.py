"""Rank correlation that knows about ties and about constants."""

import numpy as np

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
    return correlate_ranks(centred_ranks(a), centred_ranks(b))


def centred_ranks(values: FloatArray) -> Float64Array:
    """Average ranks of finite values (..., C) along the last axis, minus their mean; whole or half numbers.

    Examples
    --------
    >>> centred_ranks(np.array([[9.0, 4.0, 9.0]])).tolist()
    [[0.5, -1.0, 0.5]]
    """
    order = np.argsort(values, axis=-1)
    ordered = np.take_along_axis(values, order, axis=-1)
    count = values.shape[-1]
    place = np.broadcast_to(np.arange(count, dtype=np.float64), values.shape)
    differs = ordered[..., 1:] != ordered[..., :-1]
    if not differs.all():
        first, last = place.copy(), place.copy()
        first[..., 1:][~differs] = 0.0
        last[..., :-1][~differs] = count
        np.maximum.accumulate(first, axis=-1, out=first)
        last = np.minimum.accumulate(last[..., ::-1], axis=-1)[..., ::-1]
        place = (first + last) / 2
    ranks = np.empty(values.shape)
    np.put_along_axis(ranks, order, place - (count - 1) / 2, axis=-1)
    return ranks


def correlate_ranks(a: Float64Array, b: Float64Array) -> Float64Array:
    """Return the correlation of `centred_ranks` (..., C), as `row_spearman` does: (...), NaN where there is none.

    Examples
    --------
    >>> correlate_ranks(np.array([[-0.5, 0.5]]), np.array([[0.5, -0.5]])).tolist()
    [-1.0]
    """
    shared, power_a, power_b = (np.einsum("...i,...i->...", x, y) for x, y in ((a, b), (a, a), (b, b)))
    power = power_a * power_b
    rho = np.divide(shared, np.sqrt(power), out=np.full_like(shared, np.nan), where=power > 0)
    return np.asarray(rho.clip(-1.0, 1.0))
