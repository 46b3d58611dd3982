"""How many of its experts a token keeps from one reading to another, and how many the loads of both make it keep."""

from typing import NamedTuple

import numpy as np

from metrics.arrays import Float64Array, IntArray
from metrics.usage.profiles import usage


class KeptChoices(NamedTuple):
    """Of each of S sequences, float64 (S,), in [0, 1].

    Attributes
    ----------
    kept : share of a token's experts that it has in both readings, mean over the sequence's tokens
    by_loads : the same were each token's experts in one reading those of another token of its sequence: the exact mean
        over all orders of the tokens, which keeps both loads
    """

    kept: Float64Array
    by_loads: Float64Array


def kept_choices(
    one: IntArray, other: IntArray, sequence: IntArray, num_sequences: int, num_experts: int
) -> KeptChoices:
    """Compare the experts of the same tokens in two readings (router saturation: OLMoE, arXiv 2409.02060, section 5.1).

    Parameters
    ----------
    one, other : int arrays of shape (N, k), ids in 0..E-1, distinct within a row, in any order
    sequence : int array of shape (N,), each token's sequence in 0..S-1
    num_sequences : S
    num_experts : E

    Returns
    -------
    KeptChoices

    Raises
    ------
    ValueError
        When the readings differ in shape, a sequence has no token, or an index is out of range.

    Examples
    --------
    The first token keeps both its experts, the second one of two; all four loads are those of the experts 0, 1 and 2:

    >>> found = kept_choices(np.array([[0, 1], [0, 2]]), np.array([[1, 0], [2, 1]]), np.array([0, 0]), 1, 4)
    >>> found.kept.tolist(), found.by_loads.tolist()
    ([0.75], [0.625])
    """
    if one.shape != other.shape:
        raise ValueError(f"one reading has choices of shape {one.shape}, the other of {other.shape}")
    top_k = one.shape[1]
    loads, others = (usage(experts, sequence, num_sequences, num_experts) for experts in (one, other))
    shared = sum((one == column[:, None]).sum(axis=1) for column in other.T) / top_k
    kept = np.bincount(sequence, weights=shared, minlength=num_sequences) / np.bincount(
        sequence, minlength=num_sequences
    )
    return KeptChoices(kept, np.asarray(top_k * (loads * others).sum(axis=1)))
