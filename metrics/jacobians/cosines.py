"""Frobenius cosines of matrices from their inner products: the alignment of two experts' Jacobians."""

import numpy as np

from metrics.arrays import Float64Array, FloatArray, as_float64


def frobenius_cosines(product: FloatArray, power: FloatArray, other: FloatArray) -> Float64Array:
    """<A, B> / (||A|| ||B||), the Frobenius cosine, in [-1, 1] (ASY, reconstructed).

    Parameters
    ----------
    product : <A, B>, float array of any shape
    power, other : ||A||^2 and ||B||^2, float arrays of shapes that broadcast with it

    Returns
    -------
    float64 array of the common shape; NaN where a matrix is zero

    Examples
    --------
    >>> frobenius_cosines(np.array([3.0, 0.0]), np.array([4.0, 0.0]), np.array([9.0, 1.0])).tolist()
    [0.5, nan]
    """
    first, second = (np.sqrt(np.where(each > 0, each, np.nan)) for each in (as_float64(power), as_float64(other)))
    return np.asarray(np.clip(as_float64(product) / first / second, -1.0, 1.0))


def cosine_table(products: FloatArray) -> Float64Array:
    """Frobenius cosines of all pairs of E matrices from the table of their products, both float64 (..., E, E).

    Returns
    -------
    In [-1, 1], 1 for a matrix with itself; NaN in the row and column of a matrix of zeros

    Examples
    --------
    >>> cosine_table(np.array([[4.0, 3.0], [3.0, 9.0]])).tolist()
    [[1.0, 0.5], [0.5, 1.0]]
    """
    power = np.diagonal(products, axis1=-2, axis2=-1)
    return frobenius_cosines(products, power[..., :, None], power[..., None, :])
