"""How often two experts of a layer are chosen for one token, and how often their loads alone would have it."""

import numpy as np
import numpy.typing as npt

from metrics.arrays import Float64Array, Int64Array, IntArray


def chosen_together(experts: IntArray, num_experts: int) -> Int64Array:
    """Count the tokens for which two experts were both chosen (OLMoE, arXiv 2409.02060, section 5.2).

    Parameters
    ----------
    experts : int array of shape (n, L, k), experts of n tokens at L layers, ids in 0..E-1, none twice in a row
    num_experts : E

    Returns
    -------
    int64 array of shape (L, E, E), symmetric; its diagonal holds the visits of each expert

    Examples
    --------
    >>> chosen_together(np.array([[[0, 2]], [[2, 1]]]), 3)[0].tolist()
    [[1, 0, 1], [0, 1, 1], [1, 1, 2]]
    """
    rows = np.asarray(experts)
    one, other = np.triu_indices(rows.shape[2])
    found = np.empty((rows.shape[1], num_experts, num_experts), dtype=np.int64)
    for layer in range(rows.shape[1]):  # one at a time: its table of pairs fits into a cache
        chosen = np.ascontiguousarray(rows[:, layer].T, dtype=np.int64)
        pair = chosen[one] * num_experts + chosen[other]
        half = np.bincount(pair.ravel(), minlength=num_experts**2).reshape(num_experts, num_experts)
        found[layer] = half + half.T - np.diag(np.diagonal(half))
    return found


def lift(together: npt.ArrayLike, top_k: int) -> Float64Array:
    """How many times as often two experts are chosen together as the product of their loads says.

    lift_ij = n n_ij / (n_i n_j), with n tokens, n_i of which use expert i and n_ij both. Of k experts that are drawn
    for each token from E, all alike, it is (k - 1)/k E/(E - 1) on average: a little below 1, and half for k = 2.

    Parameters
    ----------
    together : array of shape (..., E, E), from `chosen_together`, or sums of such
    top_k : k

    Returns
    -------
    float64 array of shape (..., E, E), symmetric, not negative; NaN on the diagonal and for experts that no token used

    Examples
    --------
    Four tokens, two by two: experts that come in pairs do so twice as often as loads of a half say.

    >>> lift(np.array([[2, 2, 0, 0], [2, 2, 0, 0], [0, 0, 2, 2], [0, 0, 2, 2]]), 2)[0].tolist()
    [nan, 2.0, 0.0, 0.0]
    """
    counts = np.asarray(together, dtype=np.float64)
    visits = np.diagonal(counts, axis1=-2, axis2=-1)
    product = visits[..., :, None] * visits[..., None, :]
    tokens = visits.sum(axis=-1)[..., None, None] / top_k
    found = np.divide(tokens * counts, product, out=np.full_like(counts, np.nan), where=product > 0)
    found[..., np.arange(visits.shape[-1]), np.arange(visits.shape[-1])] = np.nan
    return np.asarray(found)


def grouped(visits: npt.ArrayLike, top_k: int) -> Float64Array:
    """Tokens for which two experts would both be chosen, were experts chosen in fixed groups of k of like load.

    The strongest ties that leave the loads as they are, to rounding: the experts in the order of their loads, k by k,
    and of two of a group the less used one never without the other. What is left over by the groups has no tie.

    Parameters
    ----------
    visits : array of shape (..., E), tokens that use each expert
    top_k : k

    Returns
    -------
    float64 array of shape (..., E, E), as of `chosen_together`

    Examples
    --------
    >>> grouped(np.array([5, 2, 4, 3]), 2).astype(int).tolist()
    [[5, 0, 4, 0], [0, 2, 0, 2], [4, 0, 4, 0], [0, 2, 0, 3]]
    """
    load = np.asarray(visits, dtype=np.float64)
    experts = load.shape[-1]
    place = np.argsort(np.argsort(-load, axis=-1, kind="stable"), axis=-1)
    group = np.where(place < experts // top_k * top_k, place // top_k, -1 - place)
    same = group[..., :, None] == group[..., None, :]
    return np.where(same, np.minimum(load[..., :, None], load[..., None, :]), 0.0)
