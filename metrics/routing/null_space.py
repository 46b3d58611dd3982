"""What a linear router can see of a hidden state (its row space) and what it cannot (its null space, or kernel)."""

from typing import NamedTuple

import numpy as np

from metrics.arrays import Float64Array, FloatArray, as_float64

#: Precision of float64, for `row_space` where nothing that the weights respond to may be left in the kernel.
EPS64 = float(np.finfo(np.float64).eps)


class RowSpace(NamedTuple):
    """The row space of a router weight.

    Attributes
    ----------
    basis : float64 (D, r), orthonormal columns: right singular vectors, leading first
    singular : float64 (r,), the positive singular values, descending
    """

    basis: Float64Array
    singular: Float64Array

    @property
    def rank(self) -> int:
        """Dimensions that the router sees."""
        return len(self.singular)

    @property
    def full(self) -> bool:
        """Whether nothing is hidden from the router."""
        return self.rank == len(self.basis)


def row_space(weight: FloatArray, eps: float | None = None) -> RowSpace:
    """Row space of W by a singular value decomposition in float64.

    A singular value counts when it exceeds max(E, D) eps s_max, the tolerance of numpy's ``matrix_rank``. By default
    eps is that of the weight's own type: the singular values of a float32 matrix carry float32 noise, however
    precisely they are then computed, and a direction below it must not add to the rank, nor be divided by its
    singular value. Where a move has to be invisible, however far it goes, pass `EPS64`: then whatever the
    weights respond to at all is a part of the row space.

    Parameters
    ----------
    weight : W, float array of shape (E, D)
    eps : relative precision of the weights; None for that of their type

    Examples
    --------
    >>> row_space(np.array([[3.0, 0.0, 0.0], [0.0, 0.0, 2.0]])).singular.tolist()
    [3.0, 2.0]
    >>> faint = np.array([[1.0, 0.0], [0.0, 1e-7]], dtype=np.float32)
    >>> row_space(faint).rank, row_space(faint, eps=EPS64).rank
    (1, 2)
    """
    _, basis, singular = _decompose(weight, eps)
    return RowSpace(basis, singular)


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

    Projected twice, so that rounding leaves nothing of the row space behind.

    Examples
    --------
    >>> kernel_part(np.array([[3.0, 4.0]]), np.array([[1.0], [0.0]])).tolist()
    [[0.0, 4.0]]
    """
    once = as_float64(hidden) - row_part(hidden, basis)
    return once - row_part(once, basis)


def row_squared_norm(logits: FloatArray, weight: FloatArray, bias: FloatArray | None) -> Float64Array:
    """||Pi_row h||^2 = ||W^+ (z - b)||^2, from the logits alone.

    The rounding of z is amplified by 1/sigma_min+ of W: relative error up to (sigma_max/sigma_min+) eps.
    Directions below the tolerance of `row_space` are left out.

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
    left, _, singular = _decompose(weight, None)
    centred = as_float64(logits) if bias is None else as_float64(logits) - as_float64(bias)
    return np.asarray((((centred @ left) / singular) ** 2).sum(axis=1))


def directions(space: RowSpace, tokens: int, *, kernel: bool, random: np.random.Generator) -> Float64Array:
    """One random unit vector a token, uniform in the kernel or in the row space; shape (N, D).

    Examples
    --------
    >>> space = row_space(np.array([[2.0, 0.0, 0.0]]))
    >>> np.abs(directions(space, 2, kernel=False, random=np.random.default_rng(0))).tolist()
    [[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]]
    """
    drawn = random.standard_normal((tokens, len(space.basis)))
    kept = kernel_part(drawn, space.basis) if kernel else row_part(drawn, space.basis)
    return np.asarray(kept / np.linalg.norm(kept, axis=1, keepdims=True))


def reflect(space: RowSpace, states: FloatArray, gains: FloatArray) -> Float64Array:
    """The other state on the norm's ellipsoid with the same row-space part, along the kernel part.

    An RMSNorm with gains g puts h on {h : ||h / g||^2 = c}. Along u = Pi_ker h the condition
    ||(h - t u) / g||^2 = ||h / g||^2 is a quadratic in t with the roots 0 and
    2 <h/g, u/g> / ||u/g||^2; the second gives the state returned. With equal gains it mirrors the kernel
    part.

    Parameters
    ----------
    states : array of shape (N, D), outputs of the norm
    gains : array of shape (D,), none of them 0

    Returns
    -------
    float64 array of shape (N, D)

    Examples
    --------
    >>> reflect(row_space(np.array([[2.0, 0.0]])), np.array([[3.0, 4.0]]), np.ones(2)).tolist()
    [[3.0, -4.0]]
    """
    h = as_float64(states)
    u = kernel_part(h, space.basis)
    across = u / gains
    root = 2.0 * (h / gains * across).sum(axis=1) / np.maximum((across * across).sum(axis=1), 1e-300)
    return np.asarray(h - root[:, None] * u)


def random_subspace(dim: int, rank: int, rng: np.random.Generator) -> Float64Array:
    """Orthonormal basis (dim, rank) of a uniformly distributed subspace (Haar; Mezzadri 2007).

    Raises
    ------
    ValueError
        Unless 0 <= rank <= dim.

    Examples
    --------
    >>> basis = random_subspace(5, 2, np.random.default_rng(0))
    >>> bool(np.allclose(basis.T @ basis, np.eye(2)))
    True
    """
    if not 0 <= rank <= dim:
        raise ValueError(f"no subspace of dimension {rank} in {dim} dimensions")
    q, r = np.linalg.qr(rng.standard_normal((dim, rank)))
    # QR is unique, hence Haar, only once the signs of R's diagonal are fixed.
    return np.asarray(q * np.where(np.diagonal(r) < 0, -1.0, 1.0))


def _decompose(weight: FloatArray, eps: float | None) -> tuple[Float64Array, Float64Array, Float64Array]:
    """Left vectors (E, r), right vectors (D, r) and singular values (r,) above the rank tolerance."""
    left, singular, right = np.linalg.svd(as_float64(weight), full_matrices=False)
    resolution = float(np.finfo(weight.dtype).eps) if eps is None else eps
    rank = int(np.count_nonzero(singular > max(weight.shape) * resolution * singular.max(initial=0.0)))
    return left[:, :rank], right[:rank].T, singular[:rank]
