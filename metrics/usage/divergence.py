"""How far apart usage profiles are: their Jensen-Shannon divergence."""

import numpy as np
from scipy.special import entr

from metrics.arrays import Float64Array, FloatArray, as_float64


def jensen_shannon(profiles: FloatArray) -> Float64Array:
    """Jensen-Shannon divergence of C profiles with equal weights, in bits (Lin 1991, Eq 5.1).

    H(mean of the profiles) - mean of H(profile), H the entropy to base 2.

    Parameters
    ----------
    profiles : visits or frequencies of E experts, float array of shape (..., C, E), not negative; every profile
        is divided by its sum

    Returns
    -------
    float64 array of shape (...), in [0, log2 C]; NaN where a profile is empty

    Examples
    --------
    Equal profiles, and two that share no expert:

    >>> jensen_shannon(np.array([[[1.0, 1.0], [2.0, 2.0]], [[1.0, 0.0], [0.0, 5.0]]])).tolist()
    [0.0, 1.0]
    """
    table = as_float64(profiles)
    total = table.sum(axis=-1, keepdims=True)
    share = np.divide(table, total, out=np.full_like(table, np.nan), where=total > 0)
    mixed = entr(share.mean(axis=-2)).sum(axis=-1)
    own = entr(share).sum(axis=-1).mean(axis=-1)
    return np.asarray(np.maximum(mixed - own, 0.0) / np.log(2.0))
