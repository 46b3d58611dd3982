"""Distances between tokens, and the nearest pairs among them."""

from itertools import product

import numpy as np

from metrics.arrays import BoolArray, Float64Array, FloatArray, as_float64

#: Rows, and columns, of a block of a table of pairs.
BLOCK = 128


def squared_distances(a: FloatArray, b: FloatArray) -> Float64Array:
    """||a_i - b_j||^2 for all pairs, through Gram matrices in float64 of rows centred on their common mean.

    Centring takes off the shared offset that would otherwise cancel: the absolute error is about
    D eps (||a_i||^2 + ||b_j||^2) of the *centred* rows.

    Parameters
    ----------
    a, b : float arrays of shape (Ma, D) and (Mb, D)

    Returns
    -------
    float64 array of shape (Ma, Mb), not negative; exactly 0 on the diagonal, and symmetric, when b is a

    Examples
    --------
    >>> points = np.array([[0.0, 0.0], [3.0, 4.0]])
    >>> squared_distances(points, points).tolist()
    [[0.0, 25.0], [25.0, 0.0]]
    """
    same = b is a
    left = as_float64(a)
    right = left if same else as_float64(b)
    rows = len(left) + len(right)
    if rows == 0:
        return np.zeros((0, 0))
    centre = (left.sum(axis=0) + right.sum(axis=0)) / rows
    left, right = left - centre, right - centre
    squares: Float64Array = (left**2).sum(axis=1)[:, None] + (right**2).sum(axis=1)
    squares -= 2 * (left @ right.T)
    np.maximum(squares, 0.0, out=squares)
    return _symmetric(squares) if same else squares


def _symmetric(squares: Float64Array) -> Float64Array:
    """Mean of a table (M, M) and its transpose, 0 on the diagonal; by blocks, since whole columns fit into no cache."""
    found = np.empty_like(squares)
    parts = [slice(start, start + BLOCK) for start in range(0, len(squares), BLOCK)]
    for rows, columns in product(parts, parts):
        np.add(squares[rows, columns], squares[columns, rows].T, out=found[rows, columns])
    found /= 2
    np.fill_diagonal(found, 0.0)
    return found


def nearest_pairs_mask(distance: FloatArray, share: float) -> BoolArray:
    """Mark the nearest share of the pairs of different tokens.

    Parameters
    ----------
    distance : symmetric float array of shape (M, M); only its upper triangle is read
    share : of the M (M - 1) / 2 pairs i < j, in (0, 1]; rounded to a whole number of pairs, at least one

    Returns
    -------
    bool array of shape (M, M), symmetric, False on the diagonal: a pair is marked at (i, j) and at (j, i).
    Among ties at the last place the pairs first in row order are taken: the same input gives the same pairs.

    Raises
    ------
    ValueError
        When there is no pair, ``share`` is not in (0, 1], or a distance is NaN.

    Examples
    --------
    >>> nearest_pairs_mask(np.array([[0, 1, 9], [1, 0, 5], [9, 5, 0]]), 1 / 3).tolist()
    [[False, True, False], [True, False, False], [False, False, False]]
    """
    size = len(distance)
    if size < 2:
        raise ValueError("fewer than two tokens make no pair")
    if not 0 < share <= 1:
        raise ValueError(f"share must lie in (0, 1], not {share}")
    upper = np.triu(np.ones((size, size), dtype=np.bool_), 1)
    values = np.asarray(distance)[upper]
    if np.isnan(values).any():
        raise ValueError(f"{np.count_nonzero(np.isnan(values))} distances are NaN")
    count = max(1, round(share * len(values)))
    last = np.partition(values, count - 1)[count - 1]
    taken = values < last
    tied = np.flatnonzero(values == last)[: count - int(np.count_nonzero(taken))]
    taken[tied] = True
    mask = np.zeros((size, size), dtype=np.bool_)
    mask[upper] = taken
    return mask | mask.T
