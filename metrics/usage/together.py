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
    rows = np.asarray(experts, dtype=np.int64)
    _, layers, chosen = rows.shape
    cell = (np.arange(layers) * num_experts)[None, :] * num_experts
    found = np.zeros(layers * num_experts * num_experts, dtype=np.int64)
    for one in range(chosen):
        for other in range(chosen):
            pair = cell + rows[:, :, one] * num_experts + rows[:, :, other]
            found += np.bincount(pair.ravel(), minlength=len(found))
    return found.reshape(layers, num_experts, num_experts)
