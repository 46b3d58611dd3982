"""Whether a router listens to a direction more than a random router of its norm would."""

import numpy as np

from metrics.arrays import Float64Array, FloatArray, as_float64


def router_alignment(weight: FloatArray, directions: FloatArray) -> Float64Array:
    """||W v||^2 over its expectation under a random router of the same norm (GEO Eq 4).

    For R with independent, equally distributed rows of isotropic direction and ||R||_F = ||W||_F,
    E ||R v||^2 = ||W||_F^2 / D for a unit v. The paper plots both curves; their ratio is reconstructed.

    Parameters
    ----------
    weight : W, float array of shape (E, D)
    directions : float array of shape (r, D), one direction a row, of any length but 0

    Returns
    -------
    float64 array of shape (r,), in [0, D]; 1 is chance. Over an orthonormal basis of all D directions the
    mean is exactly 1.

    Raises
    ------
    ValueError
        When W or a direction is 0.

    Examples
    --------
    W hears only the first of two axes, twice what a random router would:

    >>> router_alignment(np.array([[3.0, 0.0]]), np.eye(2)).tolist()
    [2.0, 0.0]
    """
    rows = as_float64(directions)
    length = (rows**2).sum(axis=1)
    if not (length > 0).all():
        raise ValueError("a direction of length 0 has no alignment")
    heard = ((rows @ as_float64(weight).T) ** 2).sum(axis=1)
    return np.asarray(heard / length / _chance(weight))


def energy_weighted_alignment(logit_energy: FloatArray, hidden_energy: FloatArray, weight: FloatArray) -> Float64Array:
    """Eq 4 averaged over a sequence's own directions, weighted by their energy (GEO, reconstructed).

    (sum_t ||W h_t||^2 / sum_t ||h_t||^2) / (||W||_F^2 / D), which equals sum_i s_i^2 alignment(v_i)
    / sum_i s_i^2 over the singular vectors of the sequence's hidden states.

    Parameters
    ----------
    logit_energy : sum over tokens of ||W h||^2 (the router's bias taken off), float array, one a sequence
    hidden_energy : sum over tokens of ||h||^2, float array of the same shape
    weight : W, float array of shape (E, D)

    Returns
    -------
    float64 array of the same shape, in [0, D]; 1 is chance

    Raises
    ------
    ValueError
        When W is 0 or a sequence has no energy.

    Examples
    --------
    >>> energy_weighted_alignment(np.array([9.0]), np.array([2.0]), np.array([[3.0, 0.0]])).tolist()
    [1.0]
    """
    hidden = as_float64(hidden_energy)
    if not (hidden > 0).all():
        raise ValueError("a sequence without energy has no alignment")
    return np.asarray(as_float64(logit_energy) / hidden / _chance(weight))


def _chance(weight: FloatArray) -> float:
    power = float((as_float64(weight) ** 2).sum())
    if power == 0:
        raise ValueError("a router weight of zeros listens to nothing")
    return power / int(weight.shape[1])
