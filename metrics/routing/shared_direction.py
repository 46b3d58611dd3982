"""How much of the direction that all tokens share is in the states, and how much of it a router lets through."""

import numpy as np

from metrics.arrays import Float64Array, FloatArray, as_float64


def contrasts(values: FloatArray) -> Float64Array:
    """Pi_e applied from the left: what is left of logits, or of W, after the mean over the experts is taken off.

    Pi_e = I - 11^T / E. A softmax ignores a common shift of its logits, so only this part routes.

    Parameters
    ----------
    values : float array of shape (E,) or (E, D)

    Returns
    -------
    float64 array of the same shape, whose sum over the experts is 0

    Examples
    --------
    >>> contrasts(np.array([3.0, 1.0])).tolist()
    [1.0, -1.0]
    """
    table = as_float64(values)
    return np.asarray(table - table.mean(axis=0))


def contrast_scale(weight: FloatArray) -> float:
    """||Pi_e W||_F / sqrt(D), the root mean square of ||Pi_e W v|| over all unit v.

    Parameters
    ----------
    weight : W, float array of shape (E, D)

    Raises
    ------
    ValueError
        When all rows of W are equal: such a router prefers no expert, whatever the state.

    Examples
    --------
    Pi_e W = ((1, 0), (-1, 0)), of squared norm 2 over D = 2:

    >>> contrast_scale(np.array([[1.0, 5.0], [-1.0, 5.0]]))
    1.0
    """
    size = float(np.linalg.norm(contrasts(weight)))
    if size == 0:
        raise ValueError("all rows of the router weight are equal, so it prefers no expert")
    return size / float(np.sqrt(weight.shape[1]))


def shared_response(weight: FloatArray, mean: FloatArray, bias: FloatArray | None = None) -> float:
    """Response of a router to the shared direction, rho (GEO Prop 2; the normalisation is reconstructed).

    rho = ||Pi_e (W mu + b)|| / (||Pi_e W||_F ||mu|| / sqrt(D)). Without a bias, rho^2 of a router with
    independent rows of isotropic direction is 1 on average, whatever mu is; 0 is a router that ignores mu.

    Parameters
    ----------
    weight : W, float array of shape (E, D)
    mean : mu, mean of the states that the router receives, float array of shape (D,)
    bias : b, float array of shape (E,); None leaves it out

    Returns
    -------
    In [0, sqrt(D)] without a bias, not negative with one; NaN where mu is 0

    Raises
    ------
    ValueError
        As for `contrast_scale`.

    Examples
    --------
    W tells its experts apart along the first axis alone, and mu has 3/5 of its length there: sqrt(2) x 3/5.

    >>> round(shared_response(np.array([[1.0, 0.0], [-1.0, 0.0]]), np.array([3.0, 4.0])), 6)
    0.848528
    """
    direction = as_float64(mean)
    length = float(np.linalg.norm(direction))
    logits = as_float64(weight) @ direction
    heard = contrasts(logits if bias is None else logits + as_float64(bias))
    scale = contrast_scale(weight)
    return float(np.linalg.norm(heard)) / (scale * length) if length > 0 else float("nan")


def retained_energy(energy: FloatArray, heard: FloatArray, logit_energy: FloatArray) -> Float64Array:
    """Share of the logits' energy that comes from one direction (GEO Fig 2, reconstructed).

    ||W v||^2 s^2 / sum_i ||W v_i||^2 s_i^2: Eq 7 after the router, without its bias. Equal to the direction's
    share before the router when the router hears all directions alike.

    Parameters
    ----------
    energy : s^2 / sum_i s_i^2, share of the states' energy along the direction, float array of any shape
    heard : ||W v||^2 for the unit vector of the direction, float array of the same shape
    logit_energy : sum_t ||W h_t||^2 / sum_t ||h_t||^2, float array of the same shape

    Returns
    -------
    float64 array of the same shape, in [0, 1]; NaN where the router hears nothing at all

    Examples
    --------
    Half of the energy on a direction heard three times as loudly as the other:

    >>> retained_energy(np.array([0.5]), np.array([3.0]), np.array([2.0])).tolist()
    [0.75]
    """
    total = as_float64(logit_energy)
    part = as_float64(heard) * as_float64(energy)
    return np.asarray(np.divide(part, total, out=np.full(np.shape(part), np.nan), where=total > 0))
