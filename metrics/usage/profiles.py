"""Which experts a sequence uses, and how alike two sequences are."""

import numpy as np

from metrics.arrays import Float64Array, FloatArray, IntArray, as_float64


def usage(experts: IntArray, sequence: IntArray, num_sequences: int, num_experts: int) -> Float64Array:
    """Expert-usage frequency f_s of each sequence: visits over its tokens, unweighted (GEO Eq 13).

    Parameters
    ----------
    experts : int array of shape (N, k)
    sequence : int array of shape (N,), each token's sequence in 0..S-1
    num_sequences : S
    num_experts : E

    Returns
    -------
    float64 array of shape (S, E); each row sums to 1

    Raises
    ------
    ValueError
        When a sequence has no token (it has no usage), or an index is out of range.

    Examples
    --------
    >>> usage(np.array([[0, 1], [0, 2]]), np.array([0, 0]), 1, 4).tolist()
    [[0.5, 0.25, 0.25, 0.0]]
    """
    chosen, owner = np.asarray(experts, dtype=np.int64), np.asarray(sequence, dtype=np.int64)
    for name, index, bound in (("experts", chosen, num_experts), ("sequences", owner, num_sequences)):
        if index.size and not (index.min() >= 0 and index.max() < bound):
            raise ValueError(f"{name} must lie in 0..{bound - 1}")
    slots = (owner[:, None] * num_experts + chosen).ravel()
    visits = np.bincount(slots, minlength=num_sequences * num_experts).reshape(num_sequences, num_experts)
    total = visits.sum(axis=1, keepdims=True)
    empty = int(np.count_nonzero(total == 0))
    if empty:
        raise ValueError(f"{empty} of {num_sequences} sequences have no token")
    return np.asarray(visits / total)


def cosine_matrix(rows: FloatArray) -> Float64Array:
    """Cosine of every pair of rows; on usage rows, the usage similarity cos(f_s, f_s') (GEO Eq 14).

    Parameters
    ----------
    rows : float array of shape (S, C)

    Returns
    -------
    float64 array of shape (S, S), in [-1, 1] (in [0, 1] for usage); NaN in the rows and columns of a row of
    zeros, which has no direction

    Examples
    --------
    >>> cosine_matrix(np.array([[1.0, 0.0], [3.0, 4.0]])).round(12).tolist()
    [[1.0, 0.6], [0.6, 1.0]]
    """
    table = as_float64(rows)
    norm = np.linalg.norm(table, axis=1, keepdims=True)
    unit = np.divide(table, norm, out=np.full_like(table, np.nan), where=norm > 0)
    return np.asarray((unit @ unit.T).clip(-1.0, 1.0))


def pooled_similarity(pooled: FloatArray, centre: bool) -> Float64Array:
    """Pooled hidden similarity cos(mean_t h_t, mean_t h'_t) (GEO Eq 17, reconstructed).

    Parameters
    ----------
    pooled : mean hidden state of each sequence, float array of shape (S, D)
    centre : subtract the mean over the sequences first (the variant that removes the shared direction)

    Returns
    -------
    float64 array of shape (S, S), in [-1, 1]; NaN as in `cosine_matrix`

    Examples
    --------
    >>> pooled_similarity(np.array([[2.0, 1.0], [2.0, -1.0]]), centre=True).tolist()
    [[1.0, -1.0], [-1.0, 1.0]]
    """
    table = as_float64(pooled)
    return cosine_matrix(table - table.mean(axis=0) if centre else table)


def evenness(usage: FloatArray | IntArray) -> Float64Array:
    """Cosine of a usage profile with the uniform one, sum f / (sqrt(E) ||f||).

    The product of two profiles' evenness is the exact mean of their cosine (GEO Eq 14) when the experts of one
    are renamed by a uniformly random permutation: every pair of experts then meets with probability 1/E.

    Parameters
    ----------
    usage : visits or frequencies, shape (..., E), not negative

    Returns
    -------
    float64 array of shape (...), in [1 / sqrt(E), 1], 1 for uniform usage; NaN for a profile of zeros

    Examples
    --------
    >>> evenness(np.array([[1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 7.0, 0.0]])).tolist()
    [1.0, 0.5]
    """
    table = as_float64(np.asarray(usage))
    norm = np.linalg.norm(table, axis=-1) * np.sqrt(table.shape[-1])
    return np.asarray(np.divide(table.sum(axis=-1), norm, out=np.full(np.shape(norm), np.nan), where=norm > 0))
