"""How far apart subspaces of R^D are: principal angles, distances between subspaces, and what chance gives.

Subspaces are given by bases with orthonormal columns, of shape (D, r), or stacks of them. The papers write
d_G(e_i, e_j) without a normalisation (ASY, arXiv 2605.16349v1); the one into [0, 1] is reconstructed.
"""

from collections.abc import Callable

import numpy as np

from metrics.arrays import BoolArray, Float64Array, FloatArray, IntArray, as_float64
from metrics.routing.null_space import random_subspace
from metrics.subspaces.symmetric import singular_values

_CLOSE = 1 - 1e-6  # cosines above this lose digits in arccos: the sines take over
_CHUNK = 1 << 24  # numbers in one block of remainders
_NEAR = 64  # pairs with small angles that are looked at together
_ORTHONORMAL = 1e-5  # allows for bases that were rounded to float32


def principal_angles(first: FloatArray, second: FloatArray) -> Float64Array:
    """Principal angles between two subspaces, ascending (Bjorck and Golub 1973).

    The cosines are the singular values of A^T B. Where one of them is within 1e-6 of 1 the angles below 45
    degrees come from the sines instead, the singular values of B - A A^T B (Knyazev and Argentati 2002):
    arccos alone cannot tell an angle of 1e-8 from 0. The absolute error is near 1e-11 at worst, and far
    below it for angles near 0, for bases that are orthonormal in float64. Not through
    ``scipy.linalg.subspace_angles``, which takes one pair at a time and, in scipy 1.17, leaves small angles
    to arccos where there are angles above 45 degrees beside them.

    Parameters
    ----------
    first, second : float arrays of shape (..., D, r1) and (..., D, r2), orthonormal columns; the leading
        axes broadcast

    Returns
    -------
    float64 array of shape (..., min(r1, r2)), radians in [0, pi/2]

    Raises
    ------
    ValueError
        When the columns are not orthonormal, or the two lie in spaces of different dimension.

    Examples
    --------
    The planes span(x, y) and span(x, y + z) share x and open by 45 degrees:

    >>> a, b = np.eye(3)[:, :2], np.array([[1, 0], [0, 0.5**0.5], [0, 0.5**0.5]])
    >>> np.rad2deg(principal_angles(a, b)).round(6).tolist()
    [0.0, 45.0]
    """
    a, b = as_float64(first), as_float64(second)
    if a.shape[-2] != b.shape[-2]:
        raise ValueError(f"a subspace of R^{a.shape[-2]} and one of R^{b.shape[-2]} have no angle")
    _require_orthonormal(a)
    _require_orthonormal(b)
    cross = np.swapaxes(a, -1, -2) @ b
    angles, close = _from_cosines(cross)
    if close.any():
        shape = cross.shape[:-2]
        left, right = (np.broadcast_to(basis, (*shape, *basis.shape[-2:]))[close] for basis in (a, b))
        angles[close] = _from_sines(left, right, cross[close], angles[close])
    return angles


def pair_angles(bases: FloatArray) -> Float64Array:
    """Principal angles of all pairs of E subspaces of one dimension, in the order of ``np.triu_indices(E, 1)``.

    Parameters
    ----------
    bases : float array of shape (E, D, r), orthonormal columns

    Returns
    -------
    float64 array of shape (E (E - 1) / 2, r), ascending, radians in [0, pi/2]; accurate as `principal_angles`.
    Its working memory is about (E r)^2 numbers.

    Raises
    ------
    ValueError
        When the columns are not orthonormal.

    Examples
    --------
    >>> axes = np.eye(3)
    >>> np.rad2deg(pair_angles(np.stack([axes[:, :2], axes[:, 1:], axes[:, :2]]))).round(6).tolist()
    [[0.0, 90.0], [0.0, 0.0], [0.0, 90.0]]
    """
    stack = as_float64(bases)
    _require_orthonormal(stack)
    count, width, rank = stack.shape
    flat = stack.transpose(0, 2, 1).reshape(count * rank, width)
    left, right = np.triu_indices(count, 1)
    cross = (flat @ flat.T).reshape(count, rank, count, rank)[left, :, right, :]
    angles, close = _from_cosines(cross)
    step = max(1, _CHUNK // (width * rank))
    near = np.flatnonzero(close)
    for part in (near[start : start + step] for start in range(0, len(near), step)):
        angles[part] = _from_sines(stack[left[part]], stack[right[part]], cross[part], angles[part])
    return angles


def angles_from_products(
    cross: Float64Array, bases: Callable[[IntArray], tuple[Float64Array, Float64Array]]
) -> Float64Array:
    """Principal angles of P pairs of subspaces of one dimension from the products A^T B of their bases.

    Parameters
    ----------
    cross : A^T B, float64 (P, r, r)
    bases : gives the bases (P', D, r) of some of the pairs; asked only where small angles need them

    Returns
    -------
    float64 array of shape (P, r), ascending, radians in [0, pi/2]; accurate as `principal_angles`

    Examples
    --------
    >>> angles_from_products(np.zeros((1, 1, 1)), lambda some: (np.zeros((1, 2, 1)),) * 2).round(6).tolist()
    [[1.570796]]
    """
    angles, close = _from_cosines(cross)
    near = np.flatnonzero(close)
    for part in (near[start : start + _NEAR] for start in range(0, len(near), _NEAR)):
        angles[part] = _from_sines(*bases(part), cross[part], angles[part])
    return angles


def geodesic_distance(angles: FloatArray) -> Float64Array:
    """d_G = ||theta||_2, length of the shortest path between the subspaces on the Grassmannian (ASY).

    Parameters
    ----------
    angles : principal angles, float array of shape (..., r)

    Returns
    -------
    float64 array of shape (...), radians in [0, (pi/2) sqrt(r)]

    Examples
    --------
    >>> float(geodesic_distance(np.array([0.3, 0.4])))
    0.5
    """
    return np.asarray(np.linalg.norm(as_float64(angles), axis=-1))


def normalised_geodesic(angles: FloatArray) -> Float64Array:
    """d_G / ((pi/2) sqrt(r)), in [0, 1]: 0 for equal subspaces, 1 for orthogonal ones (reconstructed).

    Examples
    --------
    Two planes that share one direction and are at right angles otherwise:

    >>> float(normalised_geodesic(np.array([0.0, np.pi / 2])).round(6))
    0.707107
    """
    rank = np.shape(angles)[-1]
    return np.asarray(geodesic_distance(angles) / (0.5 * np.pi * np.sqrt(rank)))


def subspace_overlap(angles: FloatArray) -> Float64Array:
    """Mean of cos^2 theta = ||A^T B||_F^2 / r, in [0, 1]; chance is r / D, see `chance_overlap`.

    Examples
    --------
    >>> float(subspace_overlap(np.array([0.0, np.pi / 2])))
    0.5
    """
    return np.asarray(np.square(np.cos(as_float64(angles))).mean(axis=-1))


def chance_overlap(rank: int, width: int) -> tuple[float, float]:
    """Mean and standard deviation of the overlap of two independent, uniformly distributed subspaces: the floor.

    Exact for every r and D: the mean is r / D, the variance 2 (D - r)^2 / (D^2 (D - 1) (D + 2)), from the second
    moments of a random projector. d_G has no such closed form; see `random_angles`.

    Raises
    ------
    ValueError
        Unless 1 <= rank <= width.

    Examples
    --------
    Two lines in the plane: cos^2 of an even angle has mean 1/2 and variance 1/8.

    >>> mean, deviation = chance_overlap(1, 2)
    >>> mean, round(deviation**2, 6)
    (0.5, 0.125)
    """
    if not 1 <= rank <= width:
        raise ValueError(f"no subspace of dimension {rank} in {width} dimensions")
    if rank == width:
        return 1.0, 0.0
    variance = 2.0 * (width - rank) ** 2 / (width**2 * (width - 1) * (width + 2))
    return rank / width, float(np.sqrt(variance))


def random_angles(width: int, rank: int, draws: int, rng: np.random.Generator) -> Float64Array:
    """Principal angles of pairs of independent, uniformly distributed subspaces: draws of the floor.

    Parameters
    ----------
    width, rank : D and r
    draws : number of pairs

    Returns
    -------
    float64 array of shape (draws, r), ascending, radians

    Raises
    ------
    ValueError
        Unless 0 <= rank <= width.

    Examples
    --------
    Two planes of R^3 always share a line:

    >>> angles = random_angles(3, 2, 5, np.random.default_rng(0))
    >>> bool((angles[:, 0] < 1e-12).all())
    True
    """
    # Only the angle between the two is random: one of them can as well be the span of the first axes.
    axes = np.eye(width, rank)
    found = [principal_angles(axes, random_subspace(width, rank, rng)) for _ in range(draws)]
    return np.asarray(found).reshape(draws, rank)


def pairs_of(count: int) -> tuple[IntArray, IntArray]:
    """First and second member of each pair of E things, in the order of `pair_angles`.

    Examples
    --------
    >>> [row.tolist() for row in pairs_of(3)]
    [[0, 0, 1], [1, 2, 2]]
    """
    return np.triu_indices(count, 1)


def _from_cosines(cross: Float64Array) -> tuple[Float64Array, BoolArray]:
    """Angles by arccos, and which of the stack have one that arccos cannot resolve."""
    cosines = singular_values(cross)
    close = np.asarray((cosines > _CLOSE).any(axis=-1))
    return np.asarray(np.arccos(cosines.clip(0.0, 1.0))), close


def _from_sines(first: Float64Array, second: Float64Array, cross: Float64Array, angles: Float64Array) -> Float64Array:
    """The same angles with those below 45 degrees from the sines; a stack of one leading axis."""
    sines = np.linalg.svd(second - first @ cross, compute_uv=False)[..., ::-1][..., : angles.shape[-1]]
    return np.where(angles < 0.25 * np.pi, np.arcsin(sines.clip(0.0, 1.0)), angles)


def _require_orthonormal(basis: Float64Array) -> None:
    """Refuse bases whose columns are not orthonormal, NaN included."""
    gram = np.swapaxes(basis, -1, -2) @ basis
    if not (np.abs(gram - np.eye(basis.shape[-1])) <= _ORTHONORMAL).all():
        raise ValueError("the columns of a basis are not orthonormal")
