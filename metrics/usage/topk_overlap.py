"""How many experts the same token shares across contexts, beside different tokens in the same contexts."""

from typing import NamedTuple

import numpy as np

from metrics.arrays import Float32Array, Float64Array, IntArray


class TokenOverlap(NamedTuple):
    """Mean top-k overlap (GEO Eq 11) of pairs of the same token, and of pairs of different tokens, in [0, 1]."""

    same: float
    different: float


def type_overlap(
    mask_a: Float32Array, token_a: IntArray, mask_b: Float32Array, token_b: IntArray, k: int
) -> TokenOverlap:
    """Overlap of the token types that two sequences share.

    The mean over occurrences of a type comes first and the mean over types second, so that a frequent token
    counts no more than a rare one. Different tokens are the same types, each with every other one.

    Parameters
    ----------
    mask_a, mask_b : `metrics.usage.topk_overlap.choice_mask` of the sequences, shapes (Na, E) and (Nb, E)
    token_a, token_b : their token ids, shapes (Na,) and (Nb,)
    k : experts a token

    Returns
    -------
    TokenOverlap; NaN for what does not exist: no shared type, or a single one, which has no other

    Examples
    --------
    The sequences share the types 5 and 7. Token 5 uses the same expert in both; token 7 another one:

    >>> masks = np.eye(3, dtype=np.float32)
    >>> type_overlap(masks[[0, 1]], np.array([5, 7]), masks[[2, 0, 1]], np.array([7, 5, 9]), 1)
    TokenOverlap(same=0.5, different=0.0)
    """
    types = np.intersect1d(token_a, token_b)
    table = _type_means(mask_a, token_a, types) @ _type_means(mask_b, token_b, types).T / k
    same = np.eye(len(types), dtype=np.bool_)
    return TokenOverlap(_mean(table[same]), _mean(table[~same]))


def aligned_overlap(mask: Float32Array, token: IntArray, k: int) -> TokenOverlap:
    """Overlap of the tokens of one span across the contexts that it stands in.

    Pairs are of two contexts: the same place of the span in both, or two places with different tokens.

    Parameters
    ----------
    mask : `metrics.usage.topk_overlap.choice_mask` of the span in each context, shape (C, T, E)
    token : token ids of the span, shape (T,)
    k : experts a token

    Returns
    -------
    TokenOverlap; NaN for what does not exist: with one context, or with one token id throughout

    Examples
    --------
    Two contexts, two tokens; only the first token keeps its expert:

    >>> masks = np.eye(3, dtype=np.float32)
    >>> aligned_overlap(masks[[[0, 1], [0, 2]]], np.array([5, 7]), 1)
    TokenOverlap(same=0.5, different=0.0)
    """
    contexts = len(mask)
    if contexts < 2:
        return TokenOverlap(np.nan, np.nan)
    visits = np.asarray(mask, dtype=np.float64)
    total = visits.sum(axis=0)
    within = np.einsum("cie,cje->ij", visits, visits)
    table = (total @ total.T - within) / (contexts * (contexts - 1) * k)
    return TokenOverlap(_mean(np.diagonal(table)), _mean(table[token[:, None] != token[None, :]]))


def _type_means(mask: Float32Array, token: IntArray, types: IntArray) -> Float64Array:
    """Mean mask of each type, (C, E); every type occurs."""
    belongs = (types[:, None] == token[None, :]).astype(np.float64)
    return np.asarray(belongs @ mask / belongs.sum(axis=1, keepdims=True))


def _mean(values: Float64Array) -> float:
    return float(values.mean()) if values.size else np.nan


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
