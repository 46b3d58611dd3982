"""How many experts two tokens share."""

import numpy as np

from metrics.arrays import Float32Array, IntArray


def choice_mask(experts: IntArray, num_experts: int) -> Float32Array:
    """Binary masks m of the chosen experts.

    Parameters
    ----------
    experts : int array of shape (N, k), distinct within a row
    num_experts : E

    Returns
    -------
    float32 array of shape (N, E), k ones a row

    Raises
    ------
    ValueError
        When an expert is out of range, or named twice in a row.

    Examples
    --------
    >>> choice_mask(np.array([[2, 0]]), 4).tolist()
    [[1.0, 0.0, 1.0, 0.0]]
    """
    chosen = np.asarray(experts, dtype=np.int64)
    if chosen.size and not (chosen.min() >= 0 and chosen.max() < num_experts):
        raise ValueError(f"experts must lie in 0..{num_experts - 1}")
    mask = np.zeros((len(chosen), num_experts), dtype=np.float32)
    np.put_along_axis(mask, chosen, np.float32(1), axis=1)
    twice = int(np.count_nonzero(mask.sum(axis=1) != chosen.shape[1]))
    if twice:
        raise ValueError(f"{twice} tokens name an expert twice")
    return mask


def overlap_matrix(mask_a: Float32Array, mask_b: Float32Array, k: int) -> Float32Array:
    """Top-k overlap m_i.m_j / k of every pair (GEO Eq 11).

    Parameters
    ----------
    mask_a, mask_b : `choice_mask` of shape (Na, E) and (Nb, E)
    k : experts a token

    Returns
    -------
    float32 array of shape (Na, Nb), in [0, 1]; 1 for the same experts, `chance_overlap` for random ones

    Examples
    --------
    Experts {0, 2} and {2, 3} share one of two:

    >>> mask = choice_mask(np.array([[0, 2], [2, 3]]), 4)
    >>> overlap_matrix(mask, mask, 2).tolist()
    [[1.0, 0.5], [0.5, 1.0]]
    """
    return np.asarray((mask_a @ mask_b.T) / np.float32(k))


def chance_overlap(k: int, num_experts: int) -> float:
    """Return k/E, the expected overlap of two independent, uniformly random choices.

    Examples
    --------
    >>> chance_overlap(2, 8)
    0.25
    """
    return k / num_experts
