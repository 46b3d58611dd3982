"""How even a usage profile is: what decides how alike two profiles are when nothing but balance makes them so."""

import numpy as np

from metrics.arrays import Float64Array, FloatArray, IntArray, as_float64


def evenness(usage: FloatArray | IntArray) -> Float64Array:
    """Cosine of a usage profile with the uniform one, sum f / (sqrt(E) ||f||).

    The product of two profiles' evenness is the exact mean of their cosine (GEO Eq 14) when the experts of one
    are renamed by a uniformly random permutation: every pair of experts then meets with probability 1/E.

    Parameters
    ----------
    usage : visits or frequencies, shape (..., E), not negative

    Returns
    -------
    float64 array of shape (...), in [1 / sqrt(E), 1], 1 for uniform usage; NaN for a profile of zeros

    Examples
    --------
    >>> evenness(np.array([[1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 7.0, 0.0]])).tolist()
    [1.0, 0.5]
    """
    table = as_float64(np.asarray(usage))
    norm = np.linalg.norm(table, axis=-1) * np.sqrt(table.shape[-1])
    return np.asarray(np.divide(table.sum(axis=-1), norm, out=np.full(np.shape(norm), np.nan), where=norm > 0))
