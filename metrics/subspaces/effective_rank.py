"""Over how many directions a spectrum is spread: effective rank, and the spectrum over its largest value."""

from typing import Literal

import numpy as np

from metrics.arrays import Float64Array, FloatArray, as_float64


def effective_rank(singular: FloatArray, power: Literal[1, 2] = 2) -> Float64Array:
    """Exp of the entropy of a spectrum's shares, exp(-sum_k p_k ln p_k), p_k = s_k^power / sum_j s_j^power.

    PRB (arXiv 2601.11616) does not say which shares: ``power`` 2, shares of the energy, is our default; 1 is
    the definition of Roy and Vetterli (2007). For the eigenvalues of a covariance pass their square roots.

    Parameters
    ----------
    singular : s, not negative, float array of shape (..., n), in any order; zeros add nothing

    Returns
    -------
    float64 array of shape (...), in [1, n]; NaN where all s are 0 or one is NaN

    Raises
    ------
    ValueError
        When a singular value is negative.

    Examples
    --------
    Shares of 4/5 and 1/5, and of 2/3 and 1/3:

    >>> singular = np.array([2.0, 1.0, 0.0])
    >>> float(effective_rank(singular).round(6)), float(effective_rank(singular, 1).round(6))
    (1.649385, 1.889882)
    """
    values = as_float64(singular)
    if (values < 0).any():
        raise ValueError("a singular value is negative")
    # Scaled first: squares of extreme values would leave the range of floats.
    scaled = np.divide(values, values.max(axis=-1, keepdims=True), out=np.full_like(values, np.nan), where=values > 0)
    energy = np.where(values == 0, 0.0, scaled) ** power
    total = energy.sum(axis=-1, keepdims=True)
    share = np.divide(energy, total, out=np.full_like(energy, np.nan), where=total > 0)
    logarithm = np.log(share, out=np.zeros_like(share), where=share > 0)
    return np.asarray(np.exp(-(share * logarithm).sum(axis=-1)))


def normalised_spectrum(singular: FloatArray) -> Float64Array:
    """s_k / s_1, the largest first: how fast a spectrum decays, whatever its scale (PRB, reconstructed).

    Parameters
    ----------
    singular : s, not negative, float array of shape (..., n), in any order

    Returns
    -------
    float64 array of the same shape, descending from 1; NaN where all s are 0

    Raises
    ------
    ValueError
        When a singular value is negative.

    Examples
    --------
    >>> normalised_spectrum(np.array([1.0, 4.0])).tolist()
    [1.0, 0.25]
    """
    values = -np.sort(-as_float64(singular), axis=-1)
    if (values < 0).any():
        raise ValueError("a singular value is negative")
    largest = values[..., :1]
    return np.asarray(np.divide(values, largest, out=np.full_like(values, np.nan), where=largest > 0))
