"""How often two experts of a layer are chosen for one token."""

import numpy as np

from metrics.arrays import Int64Array, IntArray


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
