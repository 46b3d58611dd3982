"""What a linear router can see of a hidden state (its row space) and what it cannot (its kernel)."""

from typing import NamedTuple

import numpy as np

from metrics.arrays import Float64Array, FloatArray, as_float64


class RowSpace(NamedTuple):
    """The row space of a router weight.

    Attributes
    ----------
    basis : float64 (D, r), orthonormal columns: right singular vectors, leading first
    singular : float64 (r,), the positive singular values, descending
    rank : r
    """

    basis: Float64Array
    singular: Float64Array
    rank: int


def row_space(weight: FloatArray) -> RowSpace:
    """Row space of W by a singular value decomposition in float64.

    Rank tolerance is numpy's, max(E, D) eps s_max, with the eps of the weight's own dtype: the singular
    values of a float32 matrix carry float32 noise, however precisely they are then computed.

    Parameters
    ----------
    weight : W, float array of shape (E, D)

    Examples
    --------
    >>> row_space(np.array([[3.0, 0.0, 0.0], [0.0, 0.0, 2.0]])).singular.tolist()
    [3.0, 2.0]
    """
    _, basis, singular = _decompose(weight)
    return RowSpace(basis, singular, len(singular))


def row_part(hidden: FloatArray, basis: FloatArray) -> Float64Array:
    """Pi_row h, the part that the router sees: (N, D) projected on the columns of (D, r).

    Examples
    --------
    >>> row_part(np.array([[3.0, 4.0]]), np.array([[1.0], [0.0]])).tolist()
    [[3.0, 0.0]]
    """
    columns = as_float64(basis)
    return as_float64(hidden) @ columns @ columns.T


def kernel_part(hidden: FloatArray, basis: FloatArray) -> Float64Array:
    """Pi_ker h = h - Pi_row h, the part that the router cannot see; float64 (N, D).

    Examples
    --------
    >>> kernel_part(np.array([[3.0, 4.0]]), np.array([[1.0], [0.0]])).tolist()
    [[0.0, 4.0]]
    """
    return as_float64(hidden) - row_part(hidden, basis)


def row_squared_norm(logits: FloatArray, weight: FloatArray, bias: FloatArray | None) -> Float64Array:
    """||Pi_row h||^2 = ||W^+ (z - b)||^2, from the logits alone.

    The rounding of z is amplified by 1/sigma_min+ of W: relative error up to (sigma_max/sigma_min+) eps.

    Parameters
    ----------
    logits : z = W h + b, float array of shape (N, E)
    weight : W, float array of shape (E, D)
    bias : b, float array of shape (E,), or None

    Returns
    -------
    float64 array of shape (N,), in the squared units of h

    Examples
    --------
    W = (2, 0) and z = 6 can only come from a first coordinate of 3:

    >>> row_squared_norm(np.array([[6.0]]), np.array([[2.0, 0.0]]), None).tolist()
    [9.0]
    """
    left, _, singular = _decompose(weight)
    centred = as_float64(logits) if bias is None else as_float64(logits) - as_float64(bias)
    return np.asarray((((centred @ left) / singular) ** 2).sum(axis=1))


def random_subspace(dim: int, rank: int, rng: np.random.Generator) -> Float64Array:
    """Orthonormal basis (dim, rank) of a uniformly distributed subspace (Haar; Mezzadri 2007).

    Raises
    ------
    ValueError
        Unless 0 <= rank <= dim.
    """
    if not 0 <= rank <= dim:
        raise ValueError(f"no subspace of dimension {rank} in {dim} dimensions")
    q, r = np.linalg.qr(rng.standard_normal((dim, rank)))
    # QR is unique, hence Haar, only once the signs of R's diagonal are fixed.
    return np.asarray(q * np.where(np.diagonal(r) < 0, -1.0, 1.0))


def _decompose(weight: FloatArray) -> tuple[Float64Array, Float64Array, Float64Array]:
    """Left vectors (E, r), right vectors (D, r) and singular values (r,) above the rank tolerance."""
    left, singular, right = np.linalg.svd(as_float64(weight), full_matrices=False)
    resolution = np.finfo(weight.dtype).eps
    rank = int(np.count_nonzero(singular > max(weight.shape) * resolution * singular.max(initial=0.0)))
    return left[:, :rank], right[:rank].T, singular[:rank]
