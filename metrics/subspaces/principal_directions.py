"""Principal directions of the states that an expert receives, weighted by how much of each it takes.

C_e = sum_x g_e(x) (x - mu_e)(x - mu_e)^T / sum_x g_e(x), with mu_e the weighted mean (PRB, arXiv 2601.11616;
the definition is reconstructed). Here from streaming moments; for states that were kept see `state_subspaces`.
"""

from typing import NamedTuple

import numpy as np

from metrics.arrays import Float64Array, FloatArray, IntArray, as_float64
from metrics.routing.low_rank import leading_directions


class WeightedMoments(NamedTuple):
    """Weighted moments of a set of states: total weight (...), mean (..., D) and E_g[x x^T] (..., D, D)."""

    total: Float64Array
    mean: Float64Array
    second: Float64Array


def weighted_moments(states: FloatArray, weights: FloatArray) -> WeightedMoments:
    """Moments of states under weights, in float64.

    Parameters
    ----------
    states : x, float array of shape (..., n, D)
    weights : g, not negative, float array of shape (..., n)

    Returns
    -------
    WeightedMoments; mean and second moment are NaN where all weights are 0

    Raises
    ------
    ValueError
        When a weight is negative.

    Examples
    --------
    >>> weighted_moments(np.array([[0.0], [4.0]]), np.array([3.0, 1.0])).mean.tolist()
    [1.0]
    """
    x, share = as_float64(states), shares(weights)
    mean = (share[..., None] * x).sum(axis=-2)
    second = np.swapaxes(share[..., None] * x, -1, -2) @ x
    return WeightedMoments(as_float64(weights).sum(axis=-1), np.asarray(mean), np.asarray(second))


def weighted_covariance(mean: FloatArray, second: FloatArray, *, centred: bool = True) -> Float64Array:
    """C_e from the moments; not centred it is the second moment itself.

    Centring cancels: the relative error of C is about that of the moments times ||mu||^2 over C's largest
    eigenvalue.

    Parameters
    ----------
    mean, second : mu and E_g[x x^T], float arrays of shape (..., D) and (..., D, D)

    Returns
    -------
    float64 array of shape (..., D, D), symmetric

    Examples
    --------
    >>> weighted_covariance(np.array([1.0]), np.array([[4.0]])).tolist()
    [[3.0]]
    """
    moment, mu = as_float64(second), as_float64(mean)
    spread = moment - mu[..., :, None] * mu[..., None, :] if centred else moment
    return np.asarray(0.5 * (spread + np.swapaxes(spread, -1, -2)))


def without_direction(covariance: FloatArray, direction: FloatArray) -> Float64Array:
    """P C P with P = I - v v^T / ||v||^2: the covariance of the states after one direction is taken off each.

    For the fork without the direction of the corpus mean, which all experts' states share.

    Parameters
    ----------
    covariance : float array of shape (..., D, D)
    direction : v, float array of shape (D,), of any length but 0

    Raises
    ------
    ValueError
        When the direction has length 0.

    Examples
    --------
    >>> without_direction(np.ones((2, 2)), np.array([5.0, 0.0])).tolist()
    [[0.0, 0.0], [0.0, 1.0]]
    """
    projector = off_projector(direction)
    return np.asarray(projector @ as_float64(covariance) @ projector)


def principal_variances(covariance: FloatArray) -> Float64Array:
    """Eigenvalues of a covariance, the largest first, rounding below 0 cut off; (..., D, D) to (..., D).

    Examples
    --------
    >>> principal_variances(np.diag([1.0, 4.0])).tolist()
    [4.0, 1.0]
    """
    return np.asarray(np.linalg.eigvalsh(as_float64(covariance))[..., ::-1].clip(min=0.0))


def rank_for_share(variances: FloatArray, share: float = 0.9) -> IntArray:
    """Fewest leading directions that hold a share of the variance (the papers' rank is unknown; a fork).

    Parameters
    ----------
    variances : descending, float array of shape (..., D), from `principal_variances`
    share : in (0, 1]

    Returns
    -------
    int array of shape (...), in 1..D. Subspaces are compared at one rank: take for example the median.

    Raises
    ------
    ValueError
        When the share is not in (0, 1], or there is no variance at all.

    Examples
    --------
    >>> int(rank_for_share(np.array([5.0, 4.0, 1.0])))
    2
    """
    if not 0 < share <= 1:
        raise ValueError(f"share must lie in (0, 1], not {share}")
    held = as_float64(variances).cumsum(axis=-1)
    total = held[..., -1:]
    if not (total > 0).all():
        raise ValueError("states that do not vary have no principal direction")
    # A share is reached when it is reached to rounding: 0.9 of (5, 4, 1) is 9.
    return np.asarray((held < share * total * (1 - 1e-12)).sum(axis=-1) + 1)


def leading_subspaces(covariance: FloatArray, rank: int) -> Float64Array:
    """U_e, eigenvectors of the ``rank`` largest eigenvalues of each covariance.

    Parameters
    ----------
    covariance : float array of shape (..., D, D)

    Returns
    -------
    float64 array of shape (..., D, rank), orthonormal columns, most variance first

    Raises
    ------
    ValueError
        Unless 1 <= rank <= D.

    Examples
    --------
    >>> leading_subspaces(np.diag([1.0, 4.0]), 1).tolist()
    [[0.0], [1.0]]
    """
    stack = as_float64(covariance)
    width = stack.shape[-1]
    found = [leading_directions(each, rank).T for each in stack.reshape(-1, width, width)]
    return np.asarray(found).reshape(*stack.shape[:-2], width, rank)


def shares(weights: FloatArray) -> Float64Array:
    """Weights over their sum along the last axis, NaN where that is 0; not negative.

    Examples
    --------
    >>> shares(np.array([1.0, 3.0])).tolist()
    [0.25, 0.75]
    """
    g = as_float64(weights)
    if (g < 0).any():
        raise ValueError("a weight is negative")
    total = g.sum(axis=-1, keepdims=True)
    return np.asarray(np.divide(g, total, out=np.full_like(g, np.nan), where=total > 0))


def off_projector(direction: FloatArray) -> Float64Array:
    """I - v v^T / ||v||^2, (D, D), which takes a direction of any length but 0 off a state.

    Examples
    --------
    >>> off_projector(np.array([0.0, 2.0])).tolist()
    [[1.0, 0.0], [0.0, 0.0]]
    """
    v = as_float64(direction)
    length = float(np.linalg.norm(v))
    if not length > 0:
        raise ValueError("a direction of length 0 cannot be taken off")
    unit = v / length
    return np.asarray(np.eye(len(unit)) - np.outer(unit, unit))
