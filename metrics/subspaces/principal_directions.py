"""Principal directions of the states that an expert receives, weighted by how much of each it takes.

C_e = sum_x g_e(x) (x - mu_e)(x - mu_e)^T / sum_x g_e(x), with mu_e the weighted mean (PRB, arXiv 2601.11616;
the definition is reconstructed). Few tokens inflate the distance between subspaces, so experts are compared at one
number of tokens, and beside them random groups of as many: the ceiling of overlap.
"""

import numpy as np

from metrics.arrays import BoolArray, Float64Array, FloatArray, IntArray, as_float64

#: An expert with fewer tokens than this many times the rank has no subspace worth the name.
TOKENS_A_DIRECTION = 4


def state_subspaces(states: FloatArray, weights: FloatArray, rank: int) -> Float64Array:
    """Leading eigenvectors of C_e from n states each, without forming C_e: cheap where n < D.

    Parameters
    ----------
    states : float array of shape (..., n, D)
    weights : not negative, float array of shape (..., n)
    rank : r

    Returns
    -------
    float64 array of shape (..., D, r), orthonormal columns

    Raises
    ------
    ValueError
        When n states cannot span r directions, all weights of one set are 0, or some are negative.

    Examples
    --------
    >>> np.abs(state_subspaces(np.array([[0.0, 1.0], [0.0, -1.0], [0.1, 0.0]]), np.ones(3), 1)).round(6).tolist()
    [[0.0], [1.0]]
    """
    rows = _weighted(states, weights)
    count, width = np.shape(states)[-2:]
    if not 1 <= rank <= min(count - 1, width):
        raise ValueError(f"{count} states of width {width} cannot span {rank} directions")
    # The triangle of QR has the same right vectors, and none of the n left ones that nobody asks for.
    directions = np.linalg.svd(np.linalg.qr(rows, mode="r") if count > width else rows, full_matrices=False)[2]
    return np.asarray(np.swapaxes(directions, -1, -2)[..., :rank])


def state_spectra(states: FloatArray, weights: FloatArray) -> Float64Array:
    """Square roots of the eigenvalues of C_e, the largest first, from n states each.

    Parameters
    ----------
    states, weights : as in `state_subspaces`

    Returns
    -------
    float64 array of shape (..., min(n, D)), in the units of the states; for `effective_rank`

    Raises
    ------
    ValueError
        As for `state_subspaces`.

    Examples
    --------
    >>> state_spectra(np.array([[3.0], [-3.0]]), np.ones(2)).round(6).tolist()
    [3.0]
    """
    return np.asarray(np.linalg.svd(_weighted(states, weights), compute_uv=False))


def rank_for_share(variances: FloatArray, share: float = 0.9) -> IntArray:
    """Fewest leading directions that hold a share of the variance (the papers' rank is unknown; a variant).

    Parameters
    ----------
    variances : descending, float array of shape (..., D)
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


def enough_tokens(count: IntArray, rank: int) -> BoolArray:
    """Which experts received at least 4 r tokens; the others are left out, and counted.

    Examples
    --------
    >>> enough_tokens(np.array([31, 32]), 8).tolist()
    [False, True]
    """
    return np.asarray(np.asarray(count) >= TOKENS_A_DIRECTION * rank)


def regrouped(states: FloatArray, weights: FloatArray, rng: np.random.Generator) -> tuple[Float64Array, Float64Array]:
    """Deal the visits of all experts out again at random, in groups of the same size: the ceiling of overlap.

    Subspaces of such groups differ by sampling noise alone; experts whose subspaces lie no further apart
    than these are not distinct. A state keeps its weight.

    Parameters
    ----------
    states, weights : float arrays of shape (E, n, D) and (E, n)

    Returns
    -------
    the same rows in another order, in the same shapes

    Examples
    --------
    >>> numbers = np.arange(4.0).reshape(2, 2)
    >>> states, weights = regrouped(numbers[..., None], numbers, np.random.default_rng(0))
    >>> bool((states[..., 0] == weights).all()), sorted(weights.ravel().tolist())
    (True, [0.0, 1.0, 2.0, 3.0])
    """
    x, g = as_float64(states), as_float64(weights)
    order = rng.permutation(g.size)
    return x.reshape(-1, x.shape[-1])[order].reshape(x.shape), g.reshape(-1)[order].reshape(g.shape)


def off_direction(states: FloatArray, direction: FloatArray) -> Float64Array:
    """States (..., D) less their part along a direction (D,) of any length but 0.

    Raises
    ------
    ValueError
        When the direction has length 0.

    Examples
    --------
    >>> off_direction(np.array([[3.0, 4.0]]), np.array([0.0, 2.0])).tolist()
    [[3.0, 0.0]]
    """
    v, x = as_float64(direction), as_float64(states)
    length = float(np.linalg.norm(v))
    if not length > 0:
        raise ValueError("a direction of length 0 cannot be taken off")
    unit = v / length
    return np.asarray(x - (x @ unit)[..., None] * unit)


def _weighted(states: FloatArray, weights: FloatArray) -> Float64Array:
    """States (..., n, D) off their weighted mean, times the roots of their shares: X with X^T X = C_e."""
    x, share = as_float64(states), _shares(weights)
    if not (share.sum(axis=-1) > 0).all():
        raise ValueError("states that all have weight 0 have no principal direction")
    centred = x - (share[..., None] * x).sum(axis=-2, keepdims=True)
    return np.asarray(np.sqrt(share)[..., None] * centred)


def _shares(weights: FloatArray) -> Float64Array:
    """Weights over their sum along the last axis, NaN where that is 0."""
    g = as_float64(weights)
    if (g < 0).any():
        raise ValueError("a weight is negative")
    total = g.sum(axis=-1, keepdims=True)
    return np.asarray(np.divide(g, total, out=np.full_like(g, np.nan), where=total > 0))
