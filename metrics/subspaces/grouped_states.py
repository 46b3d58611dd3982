"""Subspaces of states that were kept, as many an expert: beside them, the ceiling that random groups give.

The same weighted principal directions as in `weighted_pca`, for samples of equal size: few tokens inflate the
distance between subspaces, so experts are compared at one number of tokens.
"""

import numpy as np

from metrics.arrays import BoolArray, Float64Array, FloatArray, IntArray, as_float64
from metrics.subspaces.principal_directions import off_projector, shares

#: An expert with fewer tokens than this many times the rank has no subspace worth the name.
TOKENS_A_DIRECTION = 4


def state_subspaces(
    states: FloatArray,
    weights: FloatArray,
    rank: int,
    *,
    centred: bool = True,
    removed: FloatArray | None = None,
) -> Float64Array:
    """Leading eigenvectors of C_e from n states each, without forming C_e: cheap where n < D.

    Parameters
    ----------
    states : float array of shape (..., n, D)
    weights : not negative, float array of shape (..., n)
    rank : r
    centred : whether the weighted mean is taken off
    removed : a direction (D,) taken off each state first, or None

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
    _, directions = _decomposed(states, weights, centred, removed)
    count, width = np.shape(states)[-2:]
    most = min(count - centred, width - (removed is not None))
    if not 1 <= rank <= most:
        raise ValueError(f"{count} states of width {width} cannot span {rank} directions")
    return np.asarray(np.swapaxes(directions, -1, -2)[..., :rank])


def state_spectra(
    states: FloatArray, weights: FloatArray, *, centred: bool = True, removed: FloatArray | None = None
) -> Float64Array:
    """Square roots of the eigenvalues of C_e, the largest first, from n states each.

    Parameters
    ----------
    states, weights, centred, removed : as in `state_subspaces`

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
    return _decomposed(states, weights, centred, removed)[0]


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


def _decomposed(
    states: FloatArray, weights: FloatArray, centred: bool, removed: FloatArray | None
) -> tuple[Float64Array, Float64Array]:
    """Singular values (..., min(n, D)) and right vectors, as rows, of the states times the roots of their shares."""
    x, share = as_float64(states), shares(weights)
    if not (share.sum(axis=-1) > 0).all():
        raise ValueError("states that all have weight 0 have no principal direction")
    if removed is not None:
        x = x @ off_projector(removed)
    if centred:
        x = x - (share[..., None] * x).sum(axis=-2, keepdims=True)
    _, singular, directions = np.linalg.svd(np.sqrt(share)[..., None] * x, full_matrices=False)
    return np.asarray(singular), np.asarray(directions)
