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
    mask_a, mask_b : `metrics.overlap.choice_mask` of the sequences, shapes (Na, E) and (Nb, E)
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
    mask : `metrics.overlap.choice_mask` of the span in each context, shape (C, T, E)
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
